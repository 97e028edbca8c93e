package edit

import (
	"slices"
	"time"
)

// merged gives the value that a merge gives n for the key of s, or nil.
func (pl *planner) merged(n *Node, s Step) *Node {
	for _, e := range n.Entries {
		if !e.Merge {
			continue
		}
		for _, m := range pl.local.sources(e.Value) {
			if sameKey(m.Key, s.Key) {
				return m.Value
			}
		}
	}
	return nil
}

// unmerge replaces the merges of p by entries of its own, except the key of s.
func (pl *planner) unmerge(p *Patch, s Step) {
	for i, e := range p.base.Entries {
		if !e.Merge || p.Dropped(i) {
			continue
		}
		p.at(i).drop, pl.freed = true, true
		for _, m := range pl.local.sources(e.Value) {
			near := Step{Key: m.Key}
			if q, _ := p.added(m.Key); q != nil || sameKey(m.Key, s.Key) || len(pl.find(p, near)) > 0 {
				continue
			}
			p.insert(i, m.Key, false, m.Value)
		}
	}
}

// borrowed reports whether the path of op leads through an alias, into the value of an anchor elsewhere.
func (pl *planner) borrowed(op Op) bool {
	n := pl.doc.Root
	for i, s := range op.Path {
		if n.Kind == Alias {
			return true
		}
		at := s.Index
		if s.Key != nil {
			found := pl.doc.Keys.find(n, s)
			if len(found) == 0 {
				return pl.merged(n, s) != nil
			}
			at = found[len(found)-1]
		}
		if at >= len(n.Entries) || op.Kind != Set && i == len(op.Path)-1 {
			return false
		}
		n = n.Entries[at].Value
	}
	return n.Kind == Alias
}

// inherited reports whether the key that op deletes comes from a merge only.
func (pl *planner) inherited(op Op) bool {
	n := pl.doc.Root
	for i, s := range op.Path {
		for n.Kind == Alias && n.Target != nil {
			n = n.Target
		}
		at := s.Index
		if s.Key != nil {
			found := pl.doc.Keys.find(n, s)
			if len(found) == 0 {
				return i == len(op.Path)-1 && pl.merged(n, s) != nil
			}
			at = found[len(found)-1]
		}
		if at >= len(n.Entries) {
			return false
		}
		n = n.Entries[at].Value
	}
	return false
}

// settle decides the meaning of the deletions among ops. The same meaning is used for the text and
// for the value that it should have.
func settle(doc *Document, ops []Op, w way) []Op {
	pl := newPlanner(doc, w)
	settled := make([]Op, 0, len(ops))
	for _, op := range ops {
		if op.Kind == Rename && w.apart {
			settled = append(settled, op.apart()...)
			continue
		}
		settled = append(settled, op)
		if op.Kind != Delete || len(op.Path) == 0 {
			continue
		}
		last := op.Path[len(op.Path)-1]
		if last.Key == nil {
			continue
		}
		over, asNull := w.removal >= zero, w.removal == null || w.removal == nilOrZero && last.value().Kind == Map
		if pl.inherited(op) {
			over, asNull = w.removal < zero, w.removal == drop
		}
		switch {
		case over && asNull:
			settled[len(settled)-1] = Op{Kind: Set, Path: op.Path, Value: NewScalar(TypeNull, "null")}
		case over:
			settled[len(settled)-1] = Op{Kind: Set, Path: op.Path, Value: w.zeroOf(last.value())}
		}
	}
	return settled
}

// apart splits a Rename into the deletion of one key and the insertion of the other.
func (op Op) apart() []Op {
	at := slices.Clone(op.Path)
	at[len(at)-1].Key = op.Key
	return []Op{{Kind: Delete, Path: op.Path}, {Kind: Insert, Path: at, Value: op.Value}}
}

// zeroTime is the zero of a time.
const zeroTime = "0001-01-01T00:00:00Z"

// zeroOf gives the zero of a value's type. With nilOrZero a string in the form of a time counts as one, since JSON has
// no other times.
func (w way) zeroOf(n *Node) *Node {
	if w.removal == nilOrZero && n.Kind == Scalar && n.Type == TypeString {
		if _, err := time.Parse(time.RFC3339, n.Value); err == nil {
			return NewScalar(TypeString, zeroTime)
		}
	}
	return zeroOf(n)
}

// zeroOf gives the zero of a value's type.
func zeroOf(n *Node) *Node {
	switch {
	case n.Kind == Map || n.Kind == List:
		return &Node{Kind: n.Kind}
	case n.Type == TypeInt, n.Type == TypeFloat:
		return NewScalar(TypeInt, "0")
	case n.Type == TypeBool:
		return NewScalar(TypeBool, "false")
	case n.Type == TypeTime:
		return NewScalar(TypeTime, zeroTime)
	case n.Type == TypeNull:
		return NewScalar(TypeNull, "null")
	}
	return NewScalar(TypeString, "")
}

// keepAliases makes aliases local if their anchor is deleted.
func (pl *planner) keepAliases() {
	gone := make(map[*Node]bool)
	lose(pl.root, gone)
	if pl.moved {
		overtaken(pl.root.Result(), make(map[string]bool), gone)
	}
	if len(gone) > 0 {
		pl.localize(pl.doc.Root, pl.root, func() *Patch { return pl.root }, gone)
	}
}

// lose collects the anchored nodes that p deletes.
func lose(p *Patch, gone map[*Node]bool) {
	if p.Node == nil {
		return
	}
	if p.Node != p.base {
		anchored(p.Node, gone)
		if p.base.Anchor != "" {
			delete(gone, p.Node)
		}
		return
	}
	for i := range p.slots {
		switch {
		case p.away(i):
			lose(p.slots[i].inner, gone)
		case p.Dropped(i):
			anchored(p.Node.Entries[i].Value, gone)
			if k := p.Node.Entries[i].Key; k != nil {
				anchored(k, gone)
			}
		case p.Inner(i) != nil:
			lose(p.Inner(i), gone)
		}
	}
}

// overtaken collects the anchored nodes for which a move has put an alias before the anchor.
func overtaken(n *Node, seen map[string]bool, gone map[*Node]bool) {
	if n.Kind == Alias && n.Target != nil && !seen[n.Value] {
		gone[n.Target] = true
	}
	if n.Kind != Alias && n.Anchor != "" {
		seen[n.Anchor] = true
	}
	for _, e := range n.Entries {
		if e.Key != nil {
			overtaken(e.Key, seen, gone)
		}
		overtaken(e.Value, seen, gone)
	}
}

func anchored(n *Node, into map[*Node]bool) {
	if n.Anchor != "" {
		into[n] = true
	}
	for _, e := range n.Entries {
		if e.Key != nil {
			anchored(e.Key, into)
		}
		anchored(e.Value, into)
	}
}

// localize walks the parts of n that stay. p is the patch of n, or nil; then make makes one.
func (pl *planner) localize(n *Node, p *Patch, make func() *Patch, gone map[*Node]bool) {
	if p != nil && p.base != n {
		return
	}
	if n.Kind == Alias && gone[n.Target] {
		make().base, pl.freed = pl.local.node(n), true
		return
	}
	for i, e := range n.Entries {
		var inner *Patch
		if p != nil {
			if p.Dropped(i) && !p.away(i) {
				continue
			}
			if s := p.slots[i]; s != nil {
				inner = s.inner
			}
		}
		if e.Key != nil && e.Key.Kind == Alias && gone[e.Key.Target] {
			q := make()
			q.at(i).drop, pl.freed = true, true
			q.insert(i, pl.local.node(e.Key), false, pl.local.node(e.Value))
			continue
		}
		pl.localize(e.Value, inner, func() *Patch { return make().entry(i) }, gone)
	}
}
