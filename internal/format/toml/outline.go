package toml

import (
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// Outline is Parse, but leaves out what like does not ask for; see [edit.Outliner].
// A table with headers or dotted keys that is left out is its statements and the
// comments between two that follow one another, except above a header below dotted keys.
func (grammar) Outline(text []byte, like *edit.Node) (*edit.Document, error) {
	p, err := readText(text)
	if err != nil {
		return nil, err
	}
	return p.Document(like)
}

// left is a value that is left out.
type left struct {
	node    *edit.Node
	kind    edit.Kind  // Map or List
	tabular bool       // as [tabular] says of the value
	shown   *edit.Node // for what is written like it: an array's first element and where that stands

	start, end int      // of its statements: the last of those that follow one another,
	before     []string // and those before
}

// outline is what a scanner knows about what is left out.
type outline struct {
	outside *left               // what the header that is open is part of, if that is left out
	last    *left               // what the last statement is part of, likewise
	inside  int                 // how many comments there are up to the end of that statement
	quiet   int                 // comments are not listed
	lists   []list              // to be as long as what they are to be like
	made    []*left             // those made of statements
	whole   map[*edit.Node]bool // what asks for something else than there is
	wanted  map[*edit.Node]*edit.Wanted
}

// list is a list of the text that is read as far as like asks for it.
type list struct{ node, like *edit.Node }

// errOutside is why a part of what was left out can't be changed.
var errOutside = errors.New("what is to be changed was not read")

// scan finds everything in a text that like asks for. Where like has a list of another
// length than the text, that is known only at the end of the list, and the scan begins
// again, to read it whole.
func scan(text []byte, source string, like *edit.Node) *scanner {
	whole := make(map[*edit.Node]bool)
	for {
		s := newScanner(text, source)
		s.whole = whole
		dataOf(s.root).table.like = s.opens(like, edit.Map)
		s.document()
		again := false
		for _, l := range s.lists {
			if len(l.node.Entries) != len(l.like.Entries) {
				whole[l.like], again = true, true
			}
		}
		if !again || s.lost {
			return s
		}
	}
}

// opens gives what like asks for in a collection of a kind: nil for all of it.
func (s *scanner) opens(like *edit.Node, kind edit.Kind) *edit.Node {
	if like == nil || edit.IsLeftOut(like) || like.Kind == kind && !s.whole[like] {
		return like
	}
	return nil
}

// want gives what like, a map or nil for all, asks for in the entry of a key. A table may be
// opened more than once.
func (s *scanner) want(like, key *edit.Node) *edit.Node {
	if like == nil {
		return nil
	}
	w := s.wanted[like]
	if w == nil {
		if s.wanted == nil {
			s.wanted = make(map[*edit.Node]*edit.Wanted)
		}
		w = &edit.Wanted{Like: like}
		s.wanted[like] = w
	}
	return w.Of(key)
}

// wantElement gives what is asked for in the element that a header adds to a list.
func (s *scanner) wantElement(n *edit.Node) *edit.Node {
	like := dataOf(n).table.like
	if like == nil || len(n.Entries) >= len(like.Entries) {
		return nil
	}
	return s.opens(like.Entries[len(n.Entries)].Value, edit.Map)
}

// leftCell is the node of a value that is left out and what belongs to it.
type leftCell struct {
	node       edit.Node
	data       nodeData
	table      table
	left       left
	statements [2]*statement // most have a header, and one for the last line
}

// tableLike makes a table without entries, to be read as far as like asks for it.
func (s *scanner) tableLike(like *edit.Node, sc *scope, level int, path string) *edit.Node {
	if edit.IsLeftOut(like) {
		return s.leftTable(edit.Map, sc, level, path)
	}
	n := s.table(sc, level, path)
	dataOf(n).table.like = like
	return n
}

// listLike makes a list of tables with headers.
func (s *scanner) listLike(like *edit.Node, level int, path string) *edit.Node {
	if edit.IsLeftOut(like) {
		return s.leftTable(edit.List, nil, level, path)
	}
	n := &edit.Node{Kind: edit.List, Data: &nodeData{table: &table{level: level, path: path, like: like}, layout: s.layout}}
	if like != nil {
		s.lists = append(s.lists, list{n, like})
	}
	return n
}

func (s *scanner) leftTable(kind edit.Kind, sc *scope, level int, path string) *edit.Node {
	c := &leftCell{table: table{scope: sc, level: level, path: path}}
	c.table.extent = c.statements[:0]
	c.left = left{node: &c.node, kind: kind, tabular: true}
	c.data = nodeData{table: &c.table, layout: s.layout, left: &c.left}
	c.node = edit.Node{Type: edit.TypeSame, Data: &c.data}
	s.made = append(s.made, &c.left)
	return &c.node
}

// piece says what a statement that begins at start is part of, nil if of nothing that is
// left out. If the statement before is of the same, so are the comments in between.
func (s *scanner) piece(out *left, start int) {
	switch {
	case out == nil:
	case s.last == out:
		s.comments = s.comments[:s.inside]
	default:
		if out.end > 0 {
			out.before = append(out.before, s.source[out.start:out.end])
		}
		out.start = start
	}
	s.last = out
}

// endPiece ends the statement that piece began.
func (s *scanner) endPiece() {
	if s.last != nil {
		s.last.end = s.at
		s.inside = len(s.comments)
	}
}

// finish gives what is left out its value. No TOML has the separator in it.
func (s *scanner) finish() {
	for _, out := range s.made {
		out.node.Value = strings.Join(append(out.before, s.source[out.start:out.end]), "\x00")
		out.before = nil
	}
	s.made, s.wanted = nil, nil
}

// pairOutside passes a key with its value below a header that is left out.
func (s *scanner) pairOutside() {
	s.piece(s.outside, s.at)
	start := s.at
	s.pass(s.scope.header)
	s.endPiece()
	sc := s.scope
	if len(sc.statements) == 0 {
		sc.statements = sc.statements[:1]
		for _, t := range s.chain {
			t.extent = append(t.extent, sc.statements[0])
		}
	}
	sc.statements[0].start, sc.statements[0].end = start, s.at
}

// pass passes a key with its value, and learns from how it is written.
func (s *scanner) pass(header *statement) {
	start, end := s.at, 0
	for {
		s.space(false)
		s.part()
		end = s.at
		s.space(false)
		if s.peek() != '.' {
			break
		}
		s.at++
	}
	s.expect('=')
	s.space(false)
	value := s.at
	s.quiet++
	s.skip()
	s.quiet--
	if !s.lost {
		s.layout.pair(header, start, end, value)
	}
}

// leave leaves a value out, of which the second node shows how it is written.
func (s *scanner) leave() (n, shown *edit.Node) {
	s.quiet++
	defer func() { s.quiet-- }()
	start := s.at
	out := new(left)
	switch s.peek() {
	case '[':
		out.kind = edit.List
		out.tabular, shown = s.skipArray(true)
	case '{':
		out.kind, out.tabular = edit.Map, true
		s.skipInline()
	default:
		n, _ = s.value(nil)
		s.lost = s.lost || !s.decode(n)
		return n, n
	}
	n = &edit.Node{Type: edit.TypeSame, Value: s.source[start:s.at], Start: start, End: s.at,
		Data: &nodeData{layout: s.layout, left: out}}
	if shown == nil {
		shown = n
	}
	shown.Start, shown.End = start, s.at
	out.node, out.shown = n, shown
	return n, shown
}

// skip passes a value, and learns from how its collections are written.
func (s *scanner) skip() {
	start := s.at
	switch s.peek() {
	case '"', '\'':
		s.str()
	case '[':
		s.skipArray(false)
	case '{':
		s.skipInline()
	default:
		s.literal()
	}
	s.lost = s.lost || s.at == start
}

// skipArray passes an array. It reports whether its elements are inline tables, and gives
// the array with its first element alone, if that is asked for.
func (s *scanner) skipArray(show bool) (tables bool, shown *edit.Node) {
	s.at++
	var items [3]bracket.Item // the first two and the last
	c := bracket.Collection{Open: s.at, Items: items[:0]}
	tables = true
	for s.space(true); s.peek() != ']' && !s.lost; s.space(true) {
		start := s.at
		tables = tables && s.peek() == '{'
		if show && len(c.Items) == 0 {
			first, _ := s.value(nil)
			s.lost = s.lost || !s.decode(first)
			shown = &edit.Node{Kind: edit.List, Entries: []edit.Entry{{Value: first}}}
		} else {
			s.skip()
		}
		c.Items = append(c.Items[:min(2, len(c.Items))], s.item(start))
	}
	c.Close = s.at
	s.expect(']')
	s.layout.array(&c)
	if shown != nil {
		shown.Data = &nodeData{layout: s.layout, items: &bracket.Collection{Open: c.Open, Close: c.Close, Items: []bracket.Item{c.Items[0]}}}
	}
	return tables && len(c.Items) > 0, shown
}

func (s *scanner) skipInline() {
	s.at++
	var items [3]bracket.Item
	c := bracket.Collection{Open: s.at, Items: items[:0]}
	for s.space(true); s.peek() != '}' && !s.lost; s.space(true) {
		start := s.at
		s.pass(nil)
		c.Items = append(c.Items[:min(2, len(c.Items))], s.item(start))
	}
	c.Close = s.at
	s.expect('}')
	s.layout.inline(&c)
}
