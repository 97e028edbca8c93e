package toml

import (
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// tableCell is the node of a table and its data, allocated together.
type tableCell struct {
	node  edit.Node
	data  nodeData
	table table
}

// table makes a table without entries.
func (s *scanner) table(sc *scope, level int, path string) *edit.Node {
	c := &tableCell{table: table{scope: sc, level: level, path: path}}
	c.data = nodeData{table: &c.table, layout: s.layout}
	c.node = edit.Node{Kind: edit.Map, Data: &c.data}
	return &c.node
}

// pair reads a key with its value into the table base, or into the table to which the first parts of
// the key lead. around are the tables to which the statement belongs.
func (s *scanner) pair(sc *scope, base *edit.Node, around []*table) {
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
	if out := dataOf(n).left; out != nil {
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
	var value *edit.Node
	value, st.value = s.value(s.want(dataOf(n).table.like, key))
	st.end = s.at
	dataOf(value).statement = st
	if child(n, key.Value) != nil {
		s.lost = true
		return
	}
	add(n, key, value)
	s.layout.pair(sc.header, st.start, st.keyEnd(), st.value.Start)
}

// dotted finds or makes the table to which all parts of a key except the last lead. It returns
// nil if there can't be a table.
func (s *scanner) dotted(st *statement, n *edit.Node) *edit.Node {
	for i, key := range st.keys[:len(st.keys)-1] {
		next := child(n, key.Value)
		if next == nil {
			var like *edit.Node
			if st.scope.body == nil { // an inline table is read whole
				like = s.opens(s.want(dataOf(n).table.like, key), edit.Map)
			}
			next = s.tableLike(like, st.scope, st.scope.level+i+1, "")
			add(n, key, next)
		}
		p := dataOf(next)
		if p.table == nil || next.Kind != edit.Map && p.left == nil {
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

// section is the data of one header, allocated together.
type section struct {
	header statement
	scope  scope
	last   statement // the last statement of a table that is left out
	list   [1]*statement
}

// header reads a header and opens its scope.
func (s *scanner) header() {
	c := new(section)
	st := &c.header
	*st = statement{header: 1, start: s.at, index: -1}
	s.at++
	if s.peek() == '[' {
		st.header++
		s.at++
	}
	s.headerKey()
	for range st.header {
		s.expect(']')
	}
	st.end = s.at
	s.scope.next = st
	s.scope = &c.scope
	c.scope = scope{header: st, level: len(s.names)}
	st.scope = s.scope
	s.layout.header(st, s.names, s.blockAbove(st.start))
	s.open(st)
	if s.outside == nil {
		for i := range s.names {
			s.headerName(st, i)
		}
	} else {
		c.list[0] = &c.last
		c.last.scope = s.scope
		s.scope.statements = c.list[:0]
	}
	s.endPiece()
}

// headerKey reads the parts of the key of a header. They become nodes only if they are needed. Most
// headers of a part that is left out need none.
func (s *scanner) headerKey() {
	s.names = s.names[:0]
	for {
		s.space(false)
		start := s.at
		s.part()
		s.names = append(s.names, name{keyText(s.source[start:s.at]), start, s.at})
		s.space(false)
		if s.peek() != '.' {
			return
		}
		s.at++
	}
}

// name is a part of a key.
type name struct {
	text       string
	start, end int
}

// headerName gives the node for a part of the key of a header.
func (s *scanner) headerName(st *statement, i int) *edit.Node {
	if st.keys == nil {
		st.keys = make([]*edit.Node, len(s.names))
	}
	if st.keys[i] == nil {
		n, name := s.nodes.get(), s.names[i]
		*n = edit.Node{Type: edit.TypeString, Value: name.text, Text: name.text, Start: name.start, End: name.end}
		st.keys[i] = n
	}
	return st.keys[i]
}

// open finds or makes the table of a header.
func (s *scanner) open(st *statement) {
	inside := s.outside
	s.base, s.chain, s.outside = s.root, append(s.chain[:0], dataOf(s.root).table), nil
	for i := range s.names {
		s.below(st, i)
		if s.lost || s.outside != nil {
			break
		}
	}
	if s.lost {
		return
	}
	if inside == nil {
		s.last = nil // another section may come between the dotted keys and the header of the same table
	}
	s.piece(s.outside, st.start)
	s.scope.outside = s.outside != nil
	s.opened(st)
	for _, t := range s.chain {
		t.extent = append(t.extent, st)
	}
}

// opened makes the scope of a header the scope of its table.
func (s *scanner) opened(st *statement) {
	t := s.chain[len(s.chain)-1]
	switch {
	case s.outside != nil && (t.level < len(s.names) || s.outside.kind == edit.List):
		// the table of the header is in a part that is left out
	case t.scope == nil:
		t.scope = st.scope
		t.path = s.path(len(s.names) - 1)
	case t.scope != st.scope && s.outside == nil:
		s.lost = true
	}
}

// below gives the table of key i of a header in the table base. It makes the table if there is
// none.
func (s *scanner) below(st *statement, i int) {
	last := i == len(s.names)-1
	next := child(s.base, s.names[i].text)
	if next == nil {
		key := s.headerName(st, i)
		like := s.want(dataOf(s.base).table.like, key)
		if last && st.header == 2 {
			next = s.listLike(s.opens(like, edit.List), i+1, s.path(i))
		} else {
			next = s.tableLike(s.opens(like, edit.Map), nil, i+1, s.path(i))
		}
		add(s.base, key, next)
	}
	p := dataOf(next)
	if p.table == nil {
		s.lost = true
		return
	}
	s.chain = append(s.chain, p.table)
	s.base, s.outside = next, p.left
	if next.Kind == edit.List {
		s.element(st, i)
	}
}

// path gives the parts of the header's key up to part i, as they are spelled.
func (s *scanner) path(i int) string { return s.source[s.names[0].start:s.names[i].end] }

// element makes the last table of a list, for a [[header]].
func (s *scanner) element(st *statement, i int) {
	list := s.base
	if i == len(s.names)-1 && st.header == 2 {
		list.Entries = append(list.Entries, edit.Entry{Value: s.tableLike(s.wantElement(list), st.scope, i+1, s.path(i))})
	}
	if len(list.Entries) == 0 {
		s.lost = true
		return
	}
	s.base = list.Entries[len(list.Entries)-1].Value
	s.chain = append(s.chain, dataOf(s.base).table)
	s.outside = dataOf(s.base).left
}

// few is the number of keys up to which a search is faster than an index.
const few = 8

// child gives the value of a key, or nil.
func child(n *edit.Node, key string) *edit.Node {
	t := dataOf(n).table
	if t.index != nil {
		if i, ok := t.index[key]; ok {
			return n.Entries[i].Value
		}
		return nil
	}
	for _, e := range n.Entries {
		if n.Kind == edit.Map && e.Key.Value == key {
			return e.Value
		}
	}
	return nil
}

func add(n, key, value *edit.Node) {
	t := dataOf(n).table
	n.Entries = append(n.Entries, edit.Entry{Key: key, Value: value})
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

// span gives the start of the first and the end of the last of some statements.
func span(list []*statement) (first, last *statement) {
	return slices.MinFunc(list, byStart), slices.MaxFunc(list, byStart)
}

func byStart(a, b *statement) int { return a.start - b.start }
