package edit

import (
	"maps"
	"slices"
)

// Patch is a change of one node of a document: another value that replaces it, or changes
// of its entries. Every index counts the entries of Node in the text.
type Patch struct {
	Node *Node // the node of the text; nil for a new value

	base  *Node // the node whose entries the slots count: Node, or the value that replaces it
	whole bool  // render it anew, even if only some entries change
	fixed bool  // no operation may change it any more
	slots map[int]*slot
	news  map[uint64][]addedAt
}

// addedAt is the position of an added entry.
type addedAt struct {
	entry *added
	index int
}

// slot is one entry of a collection, with its changes and with the entries that are inserted before it.
type slot struct {
	before []*added
	drop   bool
	away   bool  // the element moves to another position
	key    *Node // the new key of the entry, or nil
	inner  *Patch
}

// added is an added entry. Its value is a patch, since another operation may change it.
type added struct {
	key   *Node
	merge bool
	value *Patch
	from  int // its old index in the list; -1 if it is new
}

// Moved is an element of a list that moves to another position of the list.
type Moved struct {
	Index int    // its old index
	Patch *Patch // its changes
}

func newPatch(n *Node) *Patch { return &Patch{Node: n, base: n} }

func newValue(n *Node) *Patch { return &Patch{base: n} }

// Value gives the value that replaces Node; nil if only entries change.
func (p *Patch) Value() *Node {
	if p.Node == p.base && !p.whole {
		return nil
	}
	return p.Result()
}

// Touched gives the indices of the entries that change, or before which entries are inserted, in order.
// The number of entries stands for the end.
func (p *Patch) Touched() []int { return slices.Sorted(maps.Keys(p.slots)) }

// Dropped reports whether the entry is deleted or moved.
func (p *Patch) Dropped(i int) bool { s := p.slots[i]; return s != nil && (s.drop || s.away) }

// away reports whether the entry is moved.
func (p *Patch) away(i int) bool { s := p.slots[i]; return s != nil && s.away && !s.drop }

// Inner gives the change of the value of an entry that stays, or nil.
func (p *Patch) Inner(i int) *Patch {
	if s := p.slots[i]; s != nil && !s.drop && !s.away {
		return s.inner
	}
	return nil
}

// Renamed gives the new key of an entry that stays, or nil.
func (p *Patch) Renamed(i int) *Node {
	if s := p.slots[i]; s != nil && !s.drop {
		return s.key
	}
	return nil
}

// structural reports whether entries are added, deleted or moved.
func (p *Patch) structural() bool {
	for _, s := range p.slots {
		if s.drop || s.away || len(s.before) > 0 {
			return true
		}
	}
	return false
}

// Inserted gives the entries that are inserted before entry i: new entries and moved elements.
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

// Result gives the node after all changes. Unchanged parts are shared with Node.
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

// entry gives the patch for the value of the entry at i.
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

// replace makes n the value, and drops all changes of entries.
func (p *Patch) replace(n *Node) { p.base, p.slots, p.news, p.fixed = n, nil, nil, true }

// insert adds an entry before entry i, after the entries that were added there before.
func (p *Patch) insert(i int, key *Node, merge bool, value *Node) *Patch {
	a := &added{key, merge, newValue(value), -1}
	s := p.at(i)
	s.before = append(s.before, a)
	if key != nil {
		if p.news == nil {
			p.news = make(map[uint64][]addedAt)
		}
		p.news[key.sum()] = append(p.news[key.sum()], addedAt{a, i})
	}
	return a.value
}

// move moves the element at from before the element at to, after the entries that were added there
// before.
func (p *Patch) move(from, to int) {
	a := &added{value: p.entry(from), from: from}
	p.at(from).away = true
	s := p.at(to)
	s.before = append(s.before, a)
}

// added finds an added entry by its key. It returns the index before which the entry was added.
func (p *Patch) added(key *Node) (*Patch, int) {
	for _, at := range p.news[key.sum()] {
		if sameKey(at.entry.key, key) {
			return at.entry.value, at.index
		}
	}
	return nil, 0
}
