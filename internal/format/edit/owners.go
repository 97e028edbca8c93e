package edit

import (
	"cmp"
	"slices"
)

// Extent is a part of a text.
type Extent struct{ Start, End int }

// owners compares, for every list of doc to which elements are added, or in which elements are deleted
// or moved, the comments of each element in doc and in next.
type owners struct {
	format    Format
	doc, next *Document
	gone      []string // comments of deleted elements
	parted    []string // comments of elements that stay, which the elements do not have any more
	failed    bool     // an element has a comment of another element
}

// patch compares the node of p with n, its node in next.
func (o *owners) patch(p *Patch, n *Node) {
	if p.Node == nil || p.Node != p.base || len(p.slots) == 0 && !p.whole || p.Node.Kind != n.Kind {
		return
	}
	to := p.targets()
	if p.Node.Kind == List && (p.whole || p.structural()) {
		o.list(p, n, to)
	}
	for i, s := range p.slots {
		if s.inner == nil || s.drop {
			continue
		}
		if p.Node.Kind == Map && o.doc.Loose {
			key := p.Node.Entries[i].Key
			if s.key != nil {
				key = s.key
			}
			if e := lastOf(n, key); e != nil {
				o.patch(s.inner, e)
			}
			continue
		}
		if k := to[i]; k < len(n.Entries) {
			o.patch(s.inner, n.Entries[k].Value)
		}
	}
}

func lastOf(n, key *Node) *Node {
	for _, e := range slices.Backward(n.Entries) {
		if sameKey(e.Key, key) {
			return e.Value
		}
	}
	return nil
}

// targets gives for each entry its index in the result, or -1 if it is deleted.
func (p *Patch) targets() []int {
	to := unpaired(len(p.Node.Entries))
	k := 0
	for i := range len(p.Node.Entries) + 1 {
		for _, e := range p.Inserted(i) {
			if e.Moved != nil {
				to[e.Moved.Index] = k
			}
			k++
		}
		if i < len(p.Node.Entries) && !p.Dropped(i) {
			to[i] = k
			k++
		}
	}
	return to
}

// list compares the comments of each element of a list before and after.
func (o *owners) list(p *Patch, n *Node, to []int) {
	if len(o.doc.Comments) == 0 {
		return
	}
	was, is := o.format.Elements(o.doc, p.Node), o.format.Elements(o.next, n)
	if len(was) != len(to) || len(is) != len(n.Entries) {
		o.failed = true
		return
	}
	old := make([]bool, len(is))
	var foreign []string
	for i, k := range to {
		had := o.doc.within(was[i])
		if k < 0 {
			o.gone = append(o.gone, had...)
			continue
		}
		if k >= len(is) {
			o.failed = true
			return
		}
		old[k] = true
		more, less := unequal(had, o.next.within(is[k]))
		foreign = append(foreign, more...)
		o.parted = append(o.parted, less...)
	}
	for k, e := range is {
		if !old[k] {
			foreign = append(foreign, o.next.within(e)...)
		}
	}
	if len(foreign) > 0 {
		if more, _ := unequal(o.doc.outside(was), foreign); len(more) > 0 {
			o.failed = true
		}
	}
}

// commentsIn gives the comments in a part of the text.
func (doc *Document) commentsIn(e Extent) []Comment {
	at := func(offset int) int {
		i, _ := slices.BinarySearchFunc(doc.Comments, offset, func(c Comment, at int) int { return cmp.Compare(c.Start, at) })
		return i
	}
	first := at(e.Start)
	return doc.Comments[first:max(first, at(e.End))]
}

// within gives the texts of the comments in a part of the text.
func (doc *Document) within(e Extent) []string {
	var texts []string
	for _, c := range doc.commentsIn(e) {
		texts = append(texts, string(doc.comment(c)))
	}
	return texts
}

// outside gives the comments that are in none of the parts in list, which are sorted.
func (doc *Document) outside(list []Extent) []string {
	var texts []string
	for _, c := range doc.Comments {
		for len(list) > 0 && list[0].End <= c.Start {
			list = list[1:]
		}
		if len(list) == 0 || c.Start < list[0].Start {
			texts = append(texts, string(doc.comment(c)))
		}
	}
	return texts
}

// unequal gives the texts that only b has, and those that only a has.
func unequal(a, b []string) (more, less []string) {
	if slices.Equal(a, b) {
		return nil, nil
	}
	count := make(map[string]int)
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		if count[s]--; count[s] < 0 {
			more = append(more, s)
		}
	}
	for s, n := range count {
		for ; n > 0; n-- {
			less = append(less, s)
		}
	}
	return more, less
}
