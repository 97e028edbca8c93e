package yaml

import (
	"bytes"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// scanner walks a text along the tree that yaml.v3 has made of it. It knows the kind of the next value,
// and only has to find its end.
type scanner struct {
	text    []byte
	pos     int
	line    int // the line of the last comment, and its end
	noted   int
	doc     *edit.Document
	layout  *layout
	anchors map[*yaml.Node]*edit.Node
	cells   []cell // not yet used

	out    bool       // within a collection that is left out
	level  int        // number of open collections within that one
	spares []*cell    // for each of these levels
	tail   *edit.Node // the last value there, if it is a block scalar
	source string     // the text, if anything is left out
}

// scan gives the tree of root with its spans in text, without the parts that like leaves out.
func scan(text []byte, root *yaml.Node, like *edit.Node) *edit.Document {
	s := newScanner(text)
	s.prolog()
	s.document(root, like)
	if s.layout.lost {
		s.doc.Comments = commentLines(text)
	}
	return s.doc
}

// read gives the tree of root without spans.
func read(text []byte, root *yaml.Node) *edit.Document {
	s := newScanner(text)
	s.fail()
	s.document(root, nil)
	return s.doc
}

func newScanner(text []byte) *scanner {
	s := &scanner{text: text, pos: markLength(text), layout: newLayout(text), anchors: map[*yaml.Node]*edit.Node{}, line: 1}
	s.doc = &edit.Document{Text: text, Data: s.layout}
	return s
}

func (s *scanner) document(root *yaml.Node, like *edit.Node) {
	s.layout.root = root
	if len(root.Content) == 0 {
		s.doc.Root = edit.NewScalar(edit.TypeNull, "null")
		s.doc.Root.Data = &nodeData{lead: -1, mark: -1, comma: -1}
		s.space()
	} else {
		s.doc.Root = s.node(root.Content[0], nil, -1, like)
		s.epilog()
	}
	s.layout.settle()
}

// cell is a node and its data. Cells are allocated in blocks of 8 KiB.
type cell struct {
	node edit.Node
	data nodeData
}

func (s *scanner) newNode() (*edit.Node, *nodeData) {
	if s.out {
		return s.spare()
	}
	if len(s.cells) == 0 {
		s.cells = make([]cell, 36)
	}
	c := &s.cells[0]
	s.cells = s.cells[1:]
	c.node.Data = &c.data
	return &c.node, &c.data
}

// prolog passes directives and the mark of the document's start.
func (s *scanner) prolog() {
	for {
		at := s.pos
		s.space()
		switch {
		case s.peek('%') && startsLine(s.text, s.pos):
			s.pos = nextLine(s.text, s.pos)
		case bytes.HasPrefix(s.text[s.pos:], []byte("---")) && startsLine(s.text, s.pos) && s.ends(s.pos+3):
			s.pos += 3
			return
		default:
			s.pos = at
			return
		}
	}
}

// epilog collects the comments behind the root, past the mark of the document's end.
func (s *scanner) epilog() {
	s.space()
	for bytes.HasPrefix(s.text[s.pos:], []byte("...")) {
		s.pos += 3
		s.space()
	}
	if s.pos < len(s.text) && s.text[s.pos] != 0 {
		s.fail()
	}
}

// fail stops the search for spans. The tree is completed without them.
func (s *scanner) fail() { s.layout.lost, s.pos = true, len(s.text) }

func (s *scanner) peek(c byte) bool { return s.pos < len(s.text) && s.text[s.pos] == c }

// ends reports whether a blank, a break or the text's end is at i.
func (s *scanner) ends(i int) bool {
	return i >= len(s.text) || blank(s.text[i]) || breakAt(s.text, i) > 0
}

// space passes blanks, breaks and comments, and collects those.
func (s *scanner) space() {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if blank(c) || c == '\n' {
			s.pos++
			continue
		}
		switch n := breakAt(s.text, s.pos); {
		case n > 0:
			s.pos += n
		case c == '#' && (s.pos == markLength(s.text) || s.ends(s.pos-1) || endsInBreak(s.text, s.pos)):
			s.comment()
		case c == 0xEF && s.pos > 0 && bytes.HasPrefix(s.text[s.pos:], []byte("\ufeff")):
			s.pos += 3
		default:
			return
		}
	}
}

// comment passes a comment, and notes it if it was not passed before and is not left out.
func (s *scanner) comment() {
	start := s.pos
	s.pos = lineEnd(s.text, s.pos)
	if s.out || start < s.noted {
		return
	}
	for ; s.noted < start; s.noted++ {
		if c := s.text[s.noted]; c > '\r' && c < 0xC2 {
			continue
		}
		if n := breakAt(s.text, s.noted); n > 0 {
			s.line++
			s.noted += n - 1
		}
	}
	s.noted = s.pos
	s.doc.Comments = append(s.doc.Comments, edit.Comment{Start: start, End: s.pos, Line: s.line, Own: startsLine(s.text, start)})
}

// seek passes space and the indicator c, if c comes next. It gives
// the indicator's offset, or -1.
func (s *scanner) seek(c byte, standsAlone bool) int {
	at := s.pos
	s.space()
	if s.peek(c) && (!standsAlone || s.ends(s.pos+1)) {
		s.pos++
		return s.pos - 1
	}
	s.pos = at
	return -1
}
