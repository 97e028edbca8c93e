package toml

import (
	"bytes"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// scanner finds the keys and values of a text that the decoder has accepted.
type scanner struct {
	text     []byte
	source   string // the text, for nodes to share
	at       int
	line     int // of the offset counted
	counted  int
	comments []edit.Comment
	root     *edit.Node
	layout   *layout
	scope    *scope     // the open scope
	base     *edit.Node // the table of the open scope
	chain    []*table   // the table and those around it
	names    []name     // of the header that is open
	lost     bool       // the scanner does not understand the text
	outline             // the parts to leave out
	block    extent     // the last comment lines with no other line between

	nodes      slab[edit.Node]
	data       slab[nodeData]
	statements slab[statement]
}

// slab allocates values in blocks of growing size.
type slab[T any] struct {
	free []T
	size int
}

func (s *slab[T]) get() *T {
	if len(s.free) == 0 {
		s.size = min(2*s.size+1, 64)
		s.free = make([]T, s.size)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// scalar makes a node for text[start:at].
func (s *scanner) scalar(start int, typ, value string) *edit.Node {
	n := s.nodes.get()
	*n = edit.Node{Kind: edit.Scalar, Type: typ, Value: value, Text: value, Start: start, End: s.at}
	return n
}

func newScanner(text []byte, source string) *scanner {
	s := &scanner{text: text, source: source, at: mark(text), line: 1, scope: &scope{}, layout: newLayout(text)}
	s.root = s.table(s.scope, 0, "")
	s.base, s.chain = s.root, []*table{dataOf(s.root).table}
	return s
}

func (s *scanner) document() {
	s.layout.head = s.scope
	for s.space(true); s.at < len(s.text) && !s.lost; s.space(true) {
		switch {
		case s.peek() == '[':
			s.header()
		case s.outside != nil:
			s.pairOutside()
		default:
			s.pair(s.scope, s.base, s.chain)
		}
	}
	if len(s.root.Entries) > 0 {
		s.root.End = len(s.text)
	}
	s.finish()
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// expect passes c.
func (s *scanner) expect(c byte) {
	if s.peek() != c {
		s.lost = true
	}
	s.at = min(s.at+1, len(s.text))
}

// space passes blanks, and with lines also comments and line breaks.
func (s *scanner) space(lines bool) {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t':
		case lines && (c == '\n' || c == '\r'):
		case lines && c == '#':
			s.comment()
			s.at--
		default:
			return
		}
	}
}

func (s *scanner) comment() {
	start := s.at
	if n := bytes.IndexAny(s.text[start:], "\r\n"); n >= 0 {
		s.at += n
	} else {
		s.at = len(s.text)
	}
	before := bytes.TrimRight(s.text[mark(s.text):start], " \t")
	own := len(before) == 0 || before[len(before)-1] == '\n'
	s.joinBlock(own, start)
	if s.quiet > 0 {
		return
	}
	s.line += bytes.Count(s.text[s.counted:start], []byte("\n"))
	s.counted = start
	s.comments = append(s.comments, edit.Comment{Start: start, End: s.at, Line: s.line, Own: own})
}

// joinBlock adds a comment to the block of comment lines above it.
func (s *scanner) joinBlock(own bool, start int) {
	if !own {
		s.block = extent{}
		return
	}
	if start = lineStart(s.text, start); s.block.end != start {
		s.block.start = start
	}
	s.block.end = nextLine(s.text, s.at)
}

// blockAbove gives the start of the line of at, or of the comment lines
// right above it.
func (s *scanner) blockAbove(at int) int {
	if at = lineStart(s.text, at); s.block.end == at && s.block.start < at {
		return s.block.start
	}
	return at
}

// key reads the parts of a key.
func (s *scanner) key() []*edit.Node {
	var parts []*edit.Node
	for {
		s.space(false)
		start := s.at
		s.part()
		parts = append(parts, s.scalar(start, edit.TypeString, keyText(s.source[start:s.at])))
		s.space(false)
		if s.peek() != '.' {
			return parts
		}
		s.at++
	}
}

// part passes one part of a key.
func (s *scanner) part() {
	if c := s.peek(); c == '"' || c == '\'' {
		s.str()
		return
	}
	for isBare(s.peek()) {
		s.at++
	}
}

func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// str passes a string of any kind.
func (s *scanner) str() {
	quote := s.text[s.at : s.at+1]
	if n := s.at + 3; n <= len(s.text) && s.text[s.at+1] == quote[0] && s.text[s.at+2] == quote[0] {
		quote = s.text[s.at:n]
	}
	s.at += len(quote)
	for !bytes.HasPrefix(s.text[s.at:], quote) {
		if s.at >= len(s.text) {
			s.lost = true
			return
		}
		if s.text[s.at] == '\\' && quote[0] == '"' {
			s.at++
		}
		s.at = min(s.at+1, len(s.text))
	}
	s.at += len(quote)
	for n := 0; n < 2 && len(quote) == 3 && s.peek() == quote[0]; n++ {
		s.at++
	}
}

// value reads the parts of a value that like needs. The values of scalars are filled in later. The
// second node is the model for new neighbours: for a value that is left out, it shows the style.
func (s *scanner) value(like *edit.Node) (n, shown *edit.Node) {
	if c := s.peek(); edit.IsLeftOut(like) && (c == '[' || c == '{') {
		return s.leave()
	}
	n, p := s.scalar(s.at, "", ""), s.data.get()
	n.Data, p.layout = p, s.layout
	switch s.peek() {
	case '"', '\'':
		s.str()
	case '[':
		n.Kind = edit.List
		s.array(n, p, s.opens(like, edit.List))
	case '{':
		n = s.inline(s.opens(like, edit.Map))
	default:
		s.literal()
		n.Text = s.source[n.Start:s.at]
	}
	n.End = s.at
	if n.End == n.Start {
		s.lost = true
	}
	return n, n
}

// literal passes a number, a boolean or a time.
func (s *scanner) literal() {
	start := s.at
	word := func() {
		for s.at < len(s.text) && strings.IndexByte(" \t\r\n,]}#", s.text[s.at]) < 0 {
			s.at++
		}
	}
	word()
	if s.at-start == len("2006-01-02") && s.text[start+4] == '-' && s.peek() == ' ' &&
		s.at+1 < len(s.text) && s.text[s.at+1] >= '0' && s.text[s.at+1] <= '9' {
		s.at++
		word()
	}
}

func (s *scanner) array(n *edit.Node, p *nodeData, like *edit.Node) {
	s.at++
	p.items = &bracket.Collection{Open: s.at}
	for s.space(true); s.peek() != ']' && !s.lost; s.space(true) {
		start := s.at
		var e *edit.Node
		if like != nil && len(n.Entries) < len(like.Entries) {
			e = like.Entries[len(n.Entries)].Value
		}
		e, _ = s.value(e)
		n.Entries = append(n.Entries, edit.Entry{Value: e})
		p.items.Items = append(p.items.Items, s.item(start))
	}
	p.items.Close = s.at
	s.expect(']')
	s.layout.array(p.items)
	if like != nil {
		s.lists = append(s.lists, list{n, like})
	}
}

// item gives the item of an array or inline table that ends here, and passes the comma
// after it.
func (s *scanner) item(start int) bracket.Item {
	it := bracket.Item{Start: start, End: s.at, Comma: -1}
	s.space(true)
	switch c := s.peek(); {
	case c == ',':
		it.Comma = s.at
		s.at++
	case c != ']' && c != '}':
		s.lost = true
	}
	return it
}

func (s *scanner) inline(like *edit.Node) *edit.Node {
	start := s.at
	s.at++
	sc := &scope{body: &bracket.Collection{Open: s.at}}
	n := s.table(sc, 0, "")
	n.Start = start
	dataOf(n).items = sc.body
	dataOf(n).table.like = like
	for s.space(true); s.peek() != '}' && !s.lost; s.space(true) {
		from := s.at
		s.pair(sc, n, []*table{dataOf(n).table})
		sc.body.Items = append(sc.body.Items, s.item(from))
	}
	sc.body.Close = s.at
	s.expect('}')
	s.layout.inline(sc.body)
	return n
}
