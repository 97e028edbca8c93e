package edit

import (
	"maps"
	"slices"
)

// Patch is what is to change in one node of a document: another value in its
// place, or changes among the entries it has. Every index counts the entries
// of Node, as they are in the text.
type Patch struct {
	Node *Node // as it is in the text; nil inside of what is new

	base  *Node // what the slots count: Node, or what takes its place
	whole bool  // write it anew, though its entries are known
	fixed bool  // no operation may change it any more
	slots map[int]*slot
	news  map[uint64][]place
}

// place is where a new entry was put.
type place struct {
	entry *added
	index int
}

// slot is one place among the entries of a collection.
type slot struct {
	before []*added
	drop   bool
	away   bool  // the element has moved
	key    *Node // another key for the entry, or nil
	inner  *Patch
}

// added is a new entry. Its value is a patch, for another operation may add to it.
type added struct {
	key   *Node
	merge bool
	value *Patch
	from  int // where in the list it was, -1 if it is new
}

// Moved is an element of a list that goes to another place of it.
type Moved struct {
	Index int    // where it is
	Patch *Patch // what changes in it
}

func newPatch(n *Node) *Patch { return &Patch{Node: n, base: n} }

func newValue(n *Node) *Patch { return &Patch{base: n} }

// Value is what takes the place of Node, or nil if the change is among its entries.
func (p *Patch) Value() *Node {
	if p.Node == p.base && !p.whole {
		return nil
	}
	return p.Result()
}

// Touched gives, in order, the indices where something changes; the number of
// entries means the end.
func (p *Patch) Touched() []int { return slices.Sorted(maps.Keys(p.slots)) }

// Dropped reports whether the entry goes, or goes to another place.
func (p *Patch) Dropped(i int) bool { s := p.slots[i]; return s != nil && (s.drop || s.away) }

// away reports whether the entry goes to another place.
func (p *Patch) away(i int) bool { s := p.slots[i]; return s != nil && s.away && !s.drop }

// Inner is the change in the value of an entry that stays, or nil.
func (p *Patch) Inner(i int) *Patch {
	if s := p.slots[i]; s != nil && !s.drop && !s.away {
		return s.inner
	}
	return nil
}

// Renamed is the new key of an entry that stays, or nil.
func (p *Patch) Renamed(i int) *Node {
	if s := p.slots[i]; s != nil && !s.drop {
		return s.key
	}
	return nil
}

// structural reports whether entries come, go or move.
func (p *Patch) structural() bool {
	for _, s := range p.slots {
		if s.drop || s.away || len(s.before) > 0 {
			return true
		}
	}
	return false
}

// Inserted gives the entries that come before the one at i: new ones, and
// elements that have moved.
func (p *Patch) Inserted(i int) []Entry {
	s := p.slots[i]
	if s == nil {
		return nil
	}
	var list []Entry
	for _, a := range s.before {
		e := Entry{Key: a.key, Value: a.value.Result(), Merge: a.merge}
		if a.from >= 0 {
			if p.slots[a.from].drop {
				continue
			}
			e.Moved = &Moved{a.from, a.value}
		}
		list = append(list, e)
	}
	return list
}

// Result is the node with all changes made. What did not change is shared with Node.
func (p *Patch) Result() *Node {
	if len(p.slots) == 0 {
		return p.base
	}
	n := *p.base
	n.hash = 0
	n.Entries = make([]Entry, 0, len(p.base.Entries)+len(p.slots))
	for i := range len(p.base.Entries) + 1 {
		for _, e := range p.Inserted(i) {
			e.Moved = nil
			n.Entries = append(n.Entries, e)
		}
		if i == len(p.base.Entries) || p.Dropped(i) {
			continue
		}
		e := p.base.Entries[i]
		if inner := p.Inner(i); inner != nil {
			e.Value = inner.Result()
		}
		if key := p.Renamed(i); key != nil {
			e.Key = key
		}
		n.Entries = append(n.Entries, e)
	}
	return &n
}

func (p *Patch) at(i int) *slot {
	s := p.slots[i]
	if s == nil {
		if p.slots == nil {
			p.slots = make(map[int]*slot)
		}
		s = new(slot)
		p.slots[i] = s
	}
	return s
}

// entry is the patch for the value of the entry at i.
func (p *Patch) entry(i int) *Patch {
	s := p.at(i)
	if s.inner == nil {
		s.inner = newPatch(p.base.Entries[i].Value)
		if p.Node != p.base {
			s.inner.Node = nil
		}
	}
	return s.inner
}

// replace puts n in place of all there is.
func (p *Patch) replace(n *Node) { p.base, p.slots, p.news, p.fixed = n, nil, nil, true }

// insert adds an entry before the one at i, after those that were added there.
func (p *Patch) insert(i int, key *Node, merge bool, value *Node) *Patch {
	a := &added{key, merge, newValue(value), -1}
	s := p.at(i)
	s.before = append(s.before, a)
	if key != nil {
		if p.news == nil {
			p.news = make(map[uint64][]place)
		}
		p.news[key.sum()] = append(p.news[key.sum()], place{a, i})
	}
	return a.value
}

// move takes the element at from before the one at to, after those that were added
// there.
func (p *Patch) move(from, to int) {
	a := &added{value: p.entry(from), from: from}
	p.at(from).away = true
	s := p.at(to)
	s.before = append(s.before, a)
}

// added finds a new entry by its key, and the index it was put before.
func (p *Patch) added(key *Node) (*Patch, int) {
	for _, at := range p.news[key.sum()] {
		if sameKey(at.entry.key, key) {
			return at.entry.value, at.index
		}
	}
	return nil, 0
}
