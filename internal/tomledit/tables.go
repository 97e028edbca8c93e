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
	sc.statements = append(sc.statements, st)
	for _, t := range around {
		t.extent = append(t.extent, st)
	}
	n := s.dotted(st, base)
	if n == nil {
		s.lost = true
		return
	}
	if out := placeOf(n).left; out != nil {
		s.piece(out, st.start)
		_, st.value = s.leave()
		st.end = s.at
		s.endPiece()
		s.layout.pair(sc.header, st.start, st.keyEnd(), st.value.Start)
		return
	}
	if sc.body == nil {
		s.piece(nil, st.start)
	}
	key := st.keys[len(st.keys)-1]
	var value *textedit.Node
	value, st.value = s.value(s.want(placeOf(n).table.like, key))
	st.end = s.at
	placeOf(value).statement = st
	if child(n, key) != nil {
		s.lost = true
		return
	}
	add(n, key, value)
	s.layout.pair(sc.header, st.start, st.keyEnd(), st.value.Start)
}

// dotted finds or makes the table that all parts of a key but the last lead to. It gives
// nil if there can't be one.
func (s *scanner) dotted(st *statement, n *textedit.Node) *textedit.Node {
	for i, key := range st.keys[:len(st.keys)-1] {
		next := child(n, key)
		if next == nil {
			var like *textedit.Node
			if st.scope.body == nil { // in an inline table they are read whole
				like = s.opens(s.want(placeOf(n).table.like, key), textedit.Map)
			}
			next = s.tableLike(like, st.scope, st.scope.level+i+1, "")
			add(n, key, next)
		}
		p := placeOf(next)
		if p.table == nil || next.Kind != textedit.Map && p.left == nil {
			return nil
		}
		p.table.extent = append(p.table.extent, st)
		if n = next; p.left != nil {
			break
		}
	}
	return n
}

func (st *statement) keyEnd() int { return st.keys[len(st.keys)-1].End }

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
	s.layout.header(st, s.blockAbove(st.start))
	s.open(st)
	s.endPiece()
}

// open finds or makes the table of a header.
func (s *scanner) open(st *statement) {
	s.base, s.chain, s.outside = s.root, append(s.chain[:0], placeOf(s.root).table), nil
	for i := range st.keys {
		s.below(st, i)
		if s.lost || s.outside != nil {
			break
		}
	}
	if s.lost {
		return
	}
	s.piece(s.outside, st.start)
	s.scope.outside = s.outside != nil
	s.opened(st)
	for _, t := range s.chain {
		t.extent = append(t.extent, st)
	}
}

// opened makes the scope of a header the one of its table.
func (s *scanner) opened(st *statement) {
	t := s.chain[len(s.chain)-1]
	switch {
	case s.outside != nil && (t.level < len(st.keys) || s.outside.kind == textedit.List):
		// the header is of something in what is left out
	case t.scope == nil:
		t.scope = st.scope
		t.path = s.source[st.keys[0].Start:st.keyEnd()]
	case t.scope != st.scope && s.outside == nil:
		s.lost = true
	}
}

// below goes from the table base into the one of key i of a header, which it makes if
// there is none.
func (s *scanner) below(st *statement, i int) {
	key, last := st.keys[i], i == len(st.keys)-1
	next := child(s.base, key)
	path := s.source[st.keys[0].Start:key.End]
	if next == nil {
		like := s.want(placeOf(s.base).table.like, key)
		if last && st.header == 2 {
			next = s.listLike(s.opens(like, textedit.List), i+1, path)
		} else {
			next = s.tableLike(s.opens(like, textedit.Map), nil, i+1, path)
		}
		add(s.base, key, next)
	}
	p := placeOf(next)
	if p.table == nil {
		s.lost = true
		return
	}
	s.chain = append(s.chain, p.table)
	s.base, s.outside = next, p.left
	if next.Kind == textedit.List {
		s.element(st, last, path)
	}
}

// element goes into the last table of a list, which a [[header]] makes.
func (s *scanner) element(st *statement, last bool, path string) {
	list := s.base
	if last && st.header == 2 {
		list.Entries = append(list.Entries, textedit.Entry{Value: s.tableLike(s.wantElement(list), st.scope, len(st.keys), path)})
	}
	if len(list.Entries) == 0 {
		s.lost = true
		return
	}
	s.base = list.Entries[len(list.Entries)-1].Value
	s.chain = append(s.chain, placeOf(s.base).table)
	s.outside = placeOf(s.base).left
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
