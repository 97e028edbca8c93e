package edit

import (
	"slices"
	"strings"
)

// way is one of several meanings an operation may have for the decoder; the
// caller's check decides between them.
type way struct {
	removal removal
	retag   bool // the new value's type counts, not the tag that the text gives the old one
	apart   bool // a key with another name is another key
}

// removal is what it means that a key is gone from an encoding. It may be
// deleted, or be left out because its value is a zero.
type removal uint8

const (
	spare removal = iota // delete what the encoding knows of it; write a zero over what a merge brings
	drop                 // delete it with all in it; write a null over what a merge brings
	zero                 // write its zero; take the merge apart
	null                 // write a null; take the merge apart
	removals
)

// planner lays operations onto a document.
type planner struct {
	doc   *Document
	root  *Patch
	local *effective // what aliases and merges give, for copies
	way   way
	freed bool // something was made local
	moved bool // an element has moved
	short bool // a value is needed that Compare left out
}

// plan makes the patch that carries out ops. Operations on values that belong to an
// anchor elsewhere wait while there are others: those may change the anchor's.
func plan(doc *Document, ops []Op, w way) *planner {
	pl := newPlanner(doc, w)
	waiting := 0
	for _, op := range ops {
		if doc.Indirect && pl.borrowed(op) {
			waiting++
			continue
		}
		pl.apply(op)
	}
	if waiting == len(ops) {
		for _, op := range ops {
			pl.apply(op)
		}
	}
	if doc.Indirect {
		pl.keepAliases()
	}
	return pl
}

func newPlanner(doc *Document, w way) *planner {
	return &planner{doc: doc, root: newPatch(doc.Root), local: newEffective(), way: w}
}

// apply walks the path of op and makes its change at the end.
func (pl *planner) apply(op Op) {
	p := pl.root
	for i, s := range op.Path {
		if p.fixed {
			return
		}
		if !pl.fits(p, s) {
			pl.short = pl.short || abridged(s.new)
			pl.put(p, s.new)
			return
		}
		if i == len(op.Path)-1 {
			pl.change(p, s, op)
			return
		}
		if p = pl.descend(p, s, op.Path[i+1], op.Kind); p == nil {
			return
		}
	}
	pl.put(p, op.Value)
}

// fits makes p a collection that the step can be taken in, if it can be one.
func (pl *planner) fits(p *Patch, s Step) bool {
	if p.base.Kind == Alias {
		p.base, pl.freed = pl.local.node(p.base), true
	}
	if s.Key != nil {
		if p.base.IsNull() {
			p.base = keep(p.base, &Node{Kind: Map}, true)
		}
		return p.base.Kind == Map
	}
	if p.base.IsNull() && len(s.old.Entries) == 0 {
		p.base = keep(p.base, &Node{Kind: List}, true)
	}
	return p.base.Kind == List && len(p.base.Entries) == len(s.old.Entries)
}

// descend gives the patch of the entry that s leads to, made where it is
// missing, or nil if nothing is left to do.
func (pl *planner) descend(p *Patch, s, next Step, kind OpKind) *Patch {
	if s.Key == nil {
		return p.entry(s.Index)
	}
	if found := pl.find(p, s); len(found) > 0 {
		return p.entry(found[len(found)-1])
	}
	if q, _ := p.added(s.Key); q != nil {
		return q
	}
	if merged := pl.merged(p.base, s); merged != nil {
		pl.freed = true
		return p.insert(pl.position(p, s), s.Key, false, merged)
	}
	switch {
	case kind == Delete:
		return nil
	case next.Key != nil:
		return p.insert(pl.position(p, s), s.Key, false, &Node{Kind: Map})
	case len(next.old.Entries) == 0:
		return p.insert(pl.position(p, s), s.Key, false, &Node{Kind: List})
	}
	pl.short = pl.short || abridged(next.new)
	p.insert(pl.position(p, s), s.Key, false, next.new).fixed = true
	return nil
}

// abridged reports whether something in n was left out.
func abridged(n *Node) bool {
	return n.Type == TypeSame || slices.ContainsFunc(n.Entries, func(e Entry) bool { return abridged(e.Value) })
}

// change makes the change of op in the collection p.
func (pl *planner) change(p *Patch, s Step, op Op) {
	switch {
	case s.Key == nil && op.Kind == Set:
		pl.put(p.entry(s.Index), op.Value)
	case s.Key == nil && op.Kind == Insert:
		p.insert(s.Index, nil, false, op.Value)
	case op.Kind == Move:
		p.move(s.Index, op.To)
		pl.moved = true
	case s.Key == nil:
		p.at(s.Index).drop = true
	case op.Kind == Delete:
		pl.remove(p, s)
	case op.Kind == Rename:
		pl.rename(p, s, op)
	default:
		pl.putKey(p, s, op.Value)
	}
}

// find gives the entries of p, as it was, that the decoder takes for the key of s.
func (pl *planner) find(p *Patch, s Step) []int {
	return slices.DeleteFunc(pl.doc.Keys.find(p.base, s), p.Dropped)
}

// putKey gives the key of s the value n.
func (pl *planner) putKey(p *Patch, s Step, n *Node) {
	found := pl.find(p, s)
	if len(found) > 0 {
		pl.put(p.entry(found[len(found)-1]), n)
		return
	}
	if q, _ := p.added(s.Key); q != nil {
		pl.put(q, n)
		return
	}
	pl.freed = pl.freed || pl.merged(p.base, s) != nil
	p.insert(pl.position(p, s), s.Key, false, n)
}

// put makes n the value of p. A map goes into a map that is there, so that
// keys which only the text knows stay.
func (pl *planner) put(p *Patch, n *Node) {
	if n.Kind == Map && p.base.Kind == Map && !p.fixed && len(n.Entries) > 0 {
		for _, e := range n.Entries {
			pl.putKey(p, Step{Key: e.Key, new: n}, e.Value)
		}
		return
	}
	pl.freed = pl.freed || p.base.Kind == Alias
	p.replace(keep(p.base, n, !pl.way.retag))
}

// keep gives the new value the anchor of the old one, and the type its owner gave it:
// its tag, and a time without an offset stays one.
func keep(old, n *Node, tag bool) *Node {
	c := *n
	c.hash = 0
	if old.Kind != Alias {
		c.Anchor = old.Anchor
	}
	if tag && old.Kind == n.Kind && old.Type != "" && !strings.HasPrefix(old.Type, "!!") {
		c.Type = old.Type
	}
	if tag && old.Type == TypeTime && n.Type == TypeTime {
		c.Value = localTime(n.Value, old.Value)
		c.Text = c.Value
	}
	return &c
}

// rename gives the entry of s another key. Where that is not to be had, the one key
// goes and the other comes.
func (pl *planner) rename(p *Patch, s Step, op Op) {
	to := s
	to.Key = op.Key
	found := pl.find(p, s)
	q, _ := p.added(op.Key)
	if len(found) == 1 && q == nil && len(pl.find(p, to)) == 0 && pl.merged(p.base, to) == nil && p.base.Entries[found[0]].Key.Kind == Scalar {
		p.at(found[0]).key = op.Key
		return
	}
	pl.remove(p, s)
	pl.putKey(p, to, op.Value)
}

// remove takes away the key of s.
func (pl *planner) remove(p *Patch, s Step) {
	found := pl.find(p, s)
	for _, i := range found {
		pl.freed = pl.freed || p.base.Entries[i].Key.Kind == Alias
		if pl.way.removal == spare && !pl.known(p.base.Entries[i].Value, s.value()) {
			pl.removeKnown(p.entry(i), s.value())
			continue
		}
		p.at(i).drop = true
	}
	if pl.merged(p.base, s) != nil {
		pl.unmerge(p, s)
	}
}

// value is what the old encoding has at s, or nil.
func (s Step) value() *Node {
	if s.Key == nil {
		return s.old.Entries[s.Index].Value
	}
	for _, e := range s.old.Entries {
		if e.Key != nil && sameKey(e.Key, s.Key) {
			return e.Value
		}
	}
	return nil
}

// known reports whether every key in the text's n is in the encoding.
func (pl *planner) known(n, encoded *Node) bool {
	if n.Kind != Map || encoded == nil || encoded.Kind != Map {
		return true
	}
	seen, own := 0, 0
	for _, e := range n.Entries {
		if !e.Merge {
			own++
		}
	}
	for _, e := range encoded.Entries {
		found := pl.doc.Keys.find(n, Step{Key: e.Key, old: encoded})
		seen += len(found)
		for _, i := range found {
			if !pl.known(n.Entries[i].Value, e.Value) {
				return false
			}
		}
	}
	return seen == own
}

// removeKnown takes away the keys that the encoding has.
func (pl *planner) removeKnown(p *Patch, encoded *Node) {
	for _, e := range encoded.Entries {
		pl.remove(p, Step{Key: e.Key, old: encoded, new: encoded})
	}
}

// position is where a new key goes: after the one before it in the encoding, or
// before the one after it, or at the end. The encoding of a Go map is sorted, which
// says nothing of where its owner would put the key.
func (pl *planner) position(p *Patch, s Step) int {
	order := s.new.Entries
	if pl.doc.Appends && slices.IsSortedFunc(order, func(a, b Entry) int { return strings.Compare(a.Key.Value, b.Key.Value) }) {
		return len(p.base.Entries)
	}
	at := slices.IndexFunc(order, func(e Entry) bool { return sameKey(e.Key, s.Key) })
	if at < 0 && s.old != nil {
		order = s.old.Entries
		at = slices.IndexFunc(order, func(e Entry) bool { return sameKey(e.Key, s.Key) })
	}
	for j := at - 1; j >= 0; j-- {
		near := Step{Key: order[j].Key, old: s.old, new: s.new}
		if q, i := p.added(near.Key); q != nil {
			return i
		}
		if found := pl.find(p, near); len(found) > 0 {
			return found[len(found)-1] + 1
		}
	}
	for j := at + 1; j < len(order); j++ {
		near := Step{Key: order[j].Key, old: s.old, new: s.new}
		if found := pl.find(p, near); len(found) > 0 {
			return found[0]
		}
	}
	return len(p.base.Entries)
}
