package edit

import (
	"slices"
	"strings"
)

// way is one of the meanings that operations may have for the decoder. The caller's check
// decides which is right.
type way struct {
	removal removal
	retag   bool // the new value has its own type, not the tag of the old value in the text
	apart   bool // a Rename deletes one key and inserts another

	// With defaults the encodings have keys that the text lacks. Then a list that the text lacks is
	// written whole if something in it changes, and so are these maps.
	defaults bool
	whole    map[string]bool // by pathName
}

// removal is the meaning of a key that is gone from an encoding. The key may have been
// deleted, or have been left out because its value is zero.
type removal uint8

const (
	spare removal = iota // delete the parts that the encoding has; if the key comes from a merge, write a zero
	drop                 // delete the key with all its parts; if the key comes from a merge, write a null
	zero                 // write the zero of its type; split the merge
	null                 // write a null; split the merge
	removals
	// nilOrZero writes a null for a map, which is the zero of a pointer to a struct, and the zero of a value's type for
	// any other. It is for several keys at once over defaults.
	nilOrZero = removals
)

// planner makes the patch of a document for a list of operations.
type planner struct {
	doc   *Document
	root  *Patch
	local *effective // the values that aliases and merges give, for copies
	way   way
	freed bool // an alias or a merge was made local
	moved bool // an element was moved
	short bool // a value is needed that Compare has left out
}

// plan makes the patch that carries out ops. Operations on values that belong to an
// anchor elsewhere come last, since the other operations may change the anchor's value.
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
		next := op.Path[i+1]
		whole := pl.way.defaults && (next.Key == nil || pl.way.whole[pathName(op.Path[:i+1])])
		if p = pl.descend(p, s, next, op.Kind, whole); p == nil {
			return
		}
	}
	pl.put(p, op.Value)
}

// fits reports whether p is a collection in which the step can be taken, and makes it one if possible.
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

// descend gives the patch of the entry that s leads to. A missing entry is added. It returns nil if
// nothing is left to do. With whole, a missing collection is added as a whole, not empty.
func (pl *planner) descend(p *Patch, s, next Step, kind OpKind, whole bool) *Patch {
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
	case kind == Delete && !whole:
		return nil
	case next.Key != nil && !whole:
		return p.insert(pl.position(p, s), s.Key, false, &Node{Kind: Map})
	case len(next.old.Entries) == 0 && !whole:
		return p.insert(pl.position(p, s), s.Key, false, &Node{Kind: List})
	}
	pl.short = pl.short || abridged(next.new)
	p.insert(pl.position(p, s), s.Key, false, next.new).fixed = true
	return nil
}

// abridged reports whether a part of n was left out.
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

// find gives the entries of p in the text that the decoder uses for the key of s.
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

// put makes n the value of p. If both are maps, the entries of n are put into the map, so that unknown
// keys of the text stay.
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

// keep gives the new value the anchor and the tag of the old value. A time without an offset stays
// without one.
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

// rename gives the entry of s another key. If that is impossible, it deletes the entry and inserts the
// other key.
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

// remove deletes the key of s.
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

// value gives the value that the old encoding has at s, or nil.
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

// removeKnown deletes the keys that the encoding has.
func (pl *planner) removeKnown(p *Patch, encoded *Node) {
	for _, e := range encoded.Entries {
		pl.remove(p, Step{Key: e.Key, old: encoded, new: encoded})
	}
}

// position gives the index before which a new key is inserted: after the key that precedes it in the
// encoding, or else before the key that follows it, or else at the end. In the sorted encoding of a
// Go map, the order of keys is no hint.
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
