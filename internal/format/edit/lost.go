package edit

import (
	"bytes"
	"slices"
)

// weigh counts the parts of a list element that its encoding does not have: comments, unknown keys
// and tags in the text.
func (ed *editor) weigh(path []Step, encoded *Node) int {
	n, extent := ed.element(path)
	if n == nil {
		return 0
	}
	weight := len(ed.first.within(extent)) + len(ed.first.unknown(n, encoded, nil))
	if n.Type != encoded.Type {
		weight++
	}
	return weight
}

// element finds a list element of the text, and all that belongs to it.
func (ed *editor) element(path []Step) (*Node, Extent) {
	last := len(path) - 1
	list := ed.first.resolve(path[:last])
	if list == nil || list.Kind != List || len(list.Entries) != len(path[last].old.Entries) {
		return nil, Extent{}
	}
	if ed.extents == nil {
		ed.extents = make(map[*Node][]Extent)
	}
	all, known := ed.extents[list]
	if !known {
		all = ed.format.Elements(ed.first, list)
		ed.extents[list] = all
	}
	if len(all) != len(list.Entries) {
		return nil, Extent{}
	}
	i := path[last].Index
	return list.Entries[i].Value, all[i]
}

// resolve finds a node of the text, or nil if it comes through a merge or is not there.
func (doc *Document) resolve(path []Step) *Node {
	n := doc.Root
	for _, s := range path {
		for n.Kind == Alias && n.Target != nil {
			n = n.Target
		}
		at := s.Index
		if s.Key != nil {
			found := doc.Keys.find(n, s)
			if len(found) == 0 {
				return nil
			}
			at = found[len(found)-1]
		}
		if at >= len(n.Entries) {
			return nil
		}
		n = n.Entries[at].Value
	}
	for n.Kind == Alias && n.Target != nil {
		n = n.Target
	}
	return n
}

// unknown appends the keys under n that the encoding does not have.
func (doc *Document) unknown(n, encoded *Node, to []*Node) []*Node {
	switch {
	case n.Kind != encoded.Kind:
	case n.Kind == List && len(n.Entries) == len(encoded.Entries):
		for i, e := range n.Entries {
			to = doc.unknown(e.Value, encoded.Entries[i].Value, to)
		}
	case n.Kind == Map:
		known := make(map[int]bool)
		for _, e := range encoded.Entries {
			for _, i := range doc.Keys.find(n, Step{Key: e.Key, old: encoded}) {
				if !known[i] {
					to = doc.unknown(n.Entries[i].Value, e.Value, to)
				}
				known[i] = true
			}
		}
		for i, e := range n.Entries {
			if !known[i] && !e.Merge {
				to = append(to, e.Key)
			}
		}
	}
	return to
}

// unpaired gives Report.Unpaired. Its lines belong to entries that were deleted while others were
// added. It is unknown whether such an entry was only changed.
func (ed *editor) unpaired(ended []string) []int {
	var lines []int
	for _, op := range ed.ops {
		switch {
		case op.Kind != Delete || !op.Unsure:
		case op.Path[len(op.Path)-1].Key == nil:
			lines = ed.ofElement(op, lines)
		default:
			lines = ed.ofEntry(op, ended, lines)
		}
	}
	return lines
}

// ofElement appends the lines of the comments and unknown keys of a list element.
func (ed *editor) ofElement(op Op, lines []int) []int {
	n, extent := ed.element(op.Path)
	if n == nil {
		return lines
	}
	for _, c := range ed.first.commentsIn(extent) {
		lines = append(lines, c.Line)
	}
	last := op.Path[len(op.Path)-1]
	return append(lines, ed.first.lines(ed.first.unknown(n, last.old.Entries[last.Index].Value, nil))...)
}

// ofEntry appends the lines of the comments at line ends in the entry of a map, if
// they are in ended.
func (ed *editor) ofEntry(op Op, ended []string, lines []int) []int {
	last := op.Path[len(op.Path)-1]
	n := ed.first.resolve(op.Path[:len(op.Path)-1])
	if n == nil || n.Kind != Map {
		return lines
	}
	for _, i := range ed.first.Keys.find(n, last) {
		key, value := n.Entries[i].Key, n.Entries[i].Value
		end := len(ed.first.Text) // for a value that is not in the text
		if value.End > 0 {
			end = max(value.End, key.End)
			if at := bytes.IndexAny(ed.first.Text[end:], "\r\n"); at >= 0 {
				end += at
			}
		}
		for _, c := range ed.first.commentsIn(Extent{key.Start, end}) {
			if !c.Own && slices.Contains(ended, string(ed.first.comment(c))) {
				lines = append(lines, c.Line)
			}
		}
	}
	return lines
}

// replacedKeys gives Report.Keys: the lines of the unknown keys in maps that are gone. A map goes if a
// nil pointer is written as a null or leaves its key out, and if a list replaces a list that the
// encoding had left out.
func (ed *editor) replacedKeys() []int {
	var lines []int
	replaced := make(map[*Node]bool)
	for _, op := range ed.ops {
		if len(op.Path) == 0 {
			continue
		}
		if list, step := ed.uneven(op.Path); list != nil {
			if !replaced[list] {
				replaced[list] = true
				lines = append(lines, ed.first.lines(ed.first.unknownOfAny(list, step.old))...)
			}
			continue
		}
		last := op.Path[len(op.Path)-1]
		if op.Kind == Insert && last.Key != nil {
			if n := ed.first.resolve(op.Path); n != nil { // its value was zero, so the encoding has left it out
				lines = append(lines, ed.first.lines(ed.first.overwritten(n, op.Value, nil))...)
			}
			continue
		}
		set := op.Kind == Set && op.Value.Kind != Map
		deleted := op.Kind == Delete && last.Key != nil && ed.way.removal != spare
		if !set && !deleted {
			continue
		}
		n, encoded := ed.first.resolve(op.Path), last.value()
		if n != nil && encoded != nil {
			lines = append(lines, ed.first.lines(ed.first.unknown(n, encoded, nil))...)
		}
	}
	return lines
}

// uneven finds the first list on a path that has another number of elements in the
// text than in the encoding; nil if there is none. Its elements can't be matched,
// so the whole list is replaced.
func (ed *editor) uneven(path []Step) (*Node, Step) {
	for i, s := range path {
		if s.Key != nil {
			continue
		}
		if n := ed.first.resolve(path[:i]); n != nil && n.Kind == List && len(n.Entries) != len(s.old.Entries) {
			return n, s
		}
	}
	return nil, Step{}
}

// overwritten appends the unknown keys in lists under n that are lost when n is replaced by value. Maps
// keep their unknown keys.
func (doc *Document) overwritten(n, value *Node, to []*Node) []*Node {
	switch {
	case n.Kind == List && value.Kind == List:
		return append(to, doc.unknownOfAny(n, value)...)
	case n.Kind == Map && value.Kind == Map:
		for _, e := range value.Entries {
			if found := doc.Keys.find(n, Step{Key: e.Key, new: value}); len(found) > 0 {
				to = doc.overwritten(n.Entries[found[len(found)-1]].Value, e.Value, to)
			}
		}
	}
	return to
}

// unknownOfAny gives the keys in the elements of a list that no element of the encoded
// list has.
func (doc *Document) unknownOfAny(list, encoded *Node) []*Node {
	all := &Node{Kind: Map}
	for _, e := range encoded.Entries {
		if e.Value.Kind == Map {
			all.Entries = append(all.Entries, e.Value.Entries...)
		}
	}
	var keys []*Node
	for _, e := range list.Entries {
		keys = doc.unknown(e.Value, all, keys)
	}
	return keys
}

// lines gives the lines of keys. Keys that come from a merge are left out.
func (doc *Document) lines(keys []*Node) []int {
	var lines []int
	for _, key := range keys {
		if key.End > 0 {
			lines = append(lines, 1+bytes.Count(doc.Text[:key.Start], []byte("\n")))
		}
	}
	return lines
}
