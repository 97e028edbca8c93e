package toml

import (
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// Outline is Parse, but leaves out the parts that like does not need; see [edit.Outliner].
// If a table with headers or dotted keys is left out, its bytes are its statements and the comments
// between two neighbouring statements. Comments between dotted keys and a header are not among them.
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
	tabular bool       // the result of [tabular] for the value
	shown   *edit.Node // the model for new neighbours: an array with its first element only

	start, end int      // the bytes of its last neighbouring statements
	before     []string // the texts of the statements before these
}

// outline is the scanner's data about the parts that are left out.
type outline struct {
	outside *left               // the left out table of the open header, or nil
	last    *left               // the left out table of the last statement, or nil
	inside  int                 // number of comments up to the end of that statement
	quiet   int                 // comments are not listed
	lists   []list              // lists whose length must be that of their like
	made    []*left             // the left out tables that were made of statements
	whole   map[*edit.Node]bool // the likes that do not fit the text
	wanted  map[*edit.Node]*edit.Wanted
}

// list is a list of the text of which the parts are read that like needs.
type list struct{ node, like *edit.Node }

// errOutside is the error for a change in a part that was left out.
var errOutside = errors.New("what is to be changed was not read")

// scan finds the parts of a text that like needs. If a list of like has another length than the list
// of the text, this is known only at the end of the list. Then the scan begins again and reads the list
// whole.
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

// opens gives the like for the entries of a collection of a kind; nil means all of it.
func (s *scanner) opens(like *edit.Node, kind edit.Kind) *edit.Node {
	if like == nil || edit.IsLeftOut(like) || like.Kind == kind && !s.whole[like] {
		return like
	}
	return nil
}

// want gives the like of a key's entry. like is a map, or nil for all. A table may be
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

// wantElement gives the like of the element that a header adds to a list.
func (s *scanner) wantElement(n *edit.Node) *edit.Node {
	like := dataOf(n).table.like
	if like == nil || len(n.Entries) >= len(like.Entries) {
		return nil
	}
	return s.opens(like.Entries[len(n.Entries)].Value, edit.Map)
}

// leftCell is the node of a value that is left out and its data, allocated together.
type leftCell struct {
	node       edit.Node
	data       nodeData
	table      table
	left       left
	statements [2]*statement // most have two: the header and the last line
}

// tableLike makes a table without entries, of which the parts are read that like needs.
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

// piece gives the left out table of a statement that begins at start, or nil. If the statement before
// belongs to the same table, the comments in between do so too.
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

// finish gives the left out tables their values. The separator can't be part of a valid TOML text.
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

// pass passes a key with its value, and learns the layout from it.
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

// leave leaves a value out. The second node is the model for its style.
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

// skip passes a value, and learns the layout from its collections.
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

// skipArray passes an array. It reports whether its elements are inline tables. If asked to, it gives
// the array with its first element only.
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
