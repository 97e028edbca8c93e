package tomledit

import (
	"slices"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// tableCell is the node of a table and what belongs to it, allocated at once.
type tableCell struct {
	node  textedit.Node
	place place
	table table
}

// table makes a table without entries.
func (s *scanner) table(sc *scope, level int, path string) *textedit.Node {
	c := &tableCell{table: table{scope: sc, level: level, path: path}}
	c.place = place{table: &c.table, layout: s.layout}
	c.node = textedit.Node{Kind: textedit.Map, Data: &c.place}
	return &c.node
}

// pair reads a key with its value into the table base, or into one that the
// key's first parts lead to. Around are the tables that the statement counts to.
func (s *scanner) pair(sc *scope, base *textedit.Node, around []*table) {
	st := s.statements.get()
	*st = statement{start: s.at, scope: sc, index: len(sc.statements)}
	st.keys = s.key()
	s.expect('=')
	s.space(false)
	st.value = s.value()
	st.end = s.at
	placeOf(st.value).statement = st
	sc.statements = append(sc.statements, st)
	for _, t := range around {
		t.extent = append(t.extent, st)
	}
	last := len(st.keys) - 1
	n := base
	for i, key := range st.keys[:last] {
		next := child(n, key)
		if next == nil {
			next = s.table(sc, sc.level+i+1, "")
			add(n, key, next)
		}
		if next.Kind != textedit.Map || placeOf(next).table == nil {
			s.lost = true
			return
		}
		t := placeOf(next).table
		t.extent = append(t.extent, st)
		n = next
	}
	if child(n, st.keys[last]) != nil {
		s.lost = true
		return
	}
	add(n, st.keys[last], st.value)
	s.layout.pair(st)
}

// header reads a header and opens its scope.
func (s *scanner) header() {
	st := &statement{header: 1, start: s.at, index: -1}
	s.at++
	if s.peek() == '[' {
		st.header++
		s.at++
	}
	st.keys = s.key()
	for range st.header {
		s.expect(']')
	}
	st.end = s.at
	s.scope.next = st
	s.scope = &scope{header: st, level: len(st.keys)}
	st.scope = s.scope
	s.layout.header(st)
	s.open(st)
}

// open finds or makes the table of a header.
func (s *scanner) open(st *statement) {
	s.base, s.chain = s.root, append(s.chain[:0], placeOf(s.root).table)
	last := len(st.keys) - 1
	for i, key := range st.keys {
		next := child(s.base, key)
		path := s.source[st.keys[0].Start:key.End]
		switch {
		case next == nil && i == last && st.header == 2:
			next = &textedit.Node{Kind: textedit.List, Data: &place{table: &table{level: i + 1, path: path}, layout: s.layout}}
			add(s.base, key, next)
		case next == nil:
			next = s.table(nil, i+1, path)
			add(s.base, key, next)
		}
		if placeOf(next).table == nil {
			s.lost = true
			return
		}
		s.chain = append(s.chain, placeOf(next).table)
		s.base = next
		if next.Kind == textedit.List {
			s.element(st, i == last, path)
		}
	}
	if t := placeOf(s.base).table; t.scope == nil {
		t.scope = st.scope
		t.path = s.source[st.keys[0].Start:st.keys[last].End]
	} else if t.scope != st.scope {
		s.lost = true
	}
	for _, t := range s.chain {
		t.extent = append(t.extent, st)
	}
}

// element goes into the last table of a list, which a [[header]] makes.
func (s *scanner) element(st *statement, last bool, path string) {
	list := s.base
	if last && st.header == 2 {
		list.Entries = append(list.Entries, textedit.Entry{Value: s.table(st.scope, len(st.keys), path)})
	}
	if len(list.Entries) == 0 {
		s.lost = true
		return
	}
	s.base = list.Entries[len(list.Entries)-1].Value
	s.chain = append(s.chain, placeOf(s.base).table)
}

// few is how many keys are looked through one by one.
const few = 8

// child gives the value of a key, or nil.
func child(n, key *textedit.Node) *textedit.Node {
	t := placeOf(n).table
	if t.index != nil {
		if i, ok := t.index[key.Value]; ok {
			return n.Entries[i].Value
		}
		return nil
	}
	for _, e := range n.Entries {
		if n.Kind == textedit.Map && e.Key.Value == key.Value {
			return e.Value
		}
	}
	return nil
}

func add(n, key, value *textedit.Node) {
	t := placeOf(n).table
	n.Entries = append(n.Entries, textedit.Entry{Key: key, Value: value})
	switch {
	case t.index != nil:
		t.index[key.Value] = len(n.Entries) - 1
	case len(n.Entries) > few:
		t.index = make(map[string]int, 2*len(n.Entries))
		for i, e := range n.Entries {
			t.index[e.Key.Value] = i
		}
	}
}

// span is from where the first of some statements begins to where the last ends.
func span(list []*statement) (first, last *statement) {
	return slices.MinFunc(list, byStart), slices.MaxFunc(list, byStart)
}

func byStart(a, b *statement) int { return a.start - b.start }
