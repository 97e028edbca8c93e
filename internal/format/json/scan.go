package json

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// scanner makes the tree of a text.
type scanner struct {
	reader
	source   string // the text from base on, for nodes to share
	base     int
	origin   *origin
	indirect bool        // a key comes twice
	depth    int         // of open collections
	free     []edit.Node // allocated together

	// The entries and items of the open collections, so that each can be given
	// just the memory it needs.
	entries []edit.Entry
	items   []bracket.Item
}

func newScanner(text []byte, jsonc bool, o *origin) *scanner {
	return &scanner{reader: reader{text: text, jsonc: jsonc}, source: string(text), origin: o}
}

func (s *scanner) from(start, end int) string { return s.source[start-s.base : end-s.base] }

// body is what the scanner remembers about a collection.
type body struct {
	bracket.Collection
	origin *origin
}

// scalar makes a node for text[start:at].
func (s *scanner) scalar(start int, typ, value string) *edit.Node {
	if len(s.free) == 0 {
		s.free = make([]edit.Node, min(64, 1+(len(s.text)-start)/8))
	}
	n := &s.free[0]
	s.free = s.free[1:]
	*n = edit.Node{Kind: edit.Scalar, Type: typ, Value: value, Text: value, Start: start, End: s.at, Data: s.origin}
	return n
}

// value reads the parts of a value that like needs, see [edit.Outliner].
func (s *scanner) value(like *edit.Node) *edit.Node {
	start := s.at
	if edit.IsLeftOut(like) {
		s.over()
		return s.scalar(start, edit.TypeSame, s.from(start, s.at))
	}
	switch s.peek() {
	case '{':
		return s.object(like)
	case '[':
		return s.array(like)
	case '"':
		return s.string()
	}
	s.literal()
	text := s.from(start, s.at)
	return s.scalar(start, typeOf(text), text)
}

func typeOf(literal string) string {
	for _, c := range []byte(literal) {
		switch c {
		case 't', 'f':
			return edit.TypeBool
		case 'n':
			return edit.TypeNull
		case '.', 'e', 'E':
			return edit.TypeFloat
		}
	}
	return edit.TypeInt
}

// string reads a string.
func (s *scanner) string() *edit.Node {
	start := s.at
	s.str()
	if s.err != nil {
		return s.scalar(start, edit.TypeString, "")
	}
	value := s.from(start+1, s.at-1)
	if bytes.IndexByte(s.text[start:s.at], '\\') >= 0 {
		value = ""
		if err := json.Unmarshal(s.text[start:s.at], &value); err != nil {
			s.fail(err)
		}
	}
	return s.scalar(start, edit.TypeString, value)
}

// object reads an object.
func (s *scanner) object(like *edit.Node) *edit.Node {
	if like != nil && like.Kind != edit.Map {
		like = nil
	}
	n := s.collection(edit.Map, '}', like)
	s.indirect = s.indirect || repeats(n)
	return n
}

// array reads an array. If like has another number of elements, the array is read again,
// whole.
func (s *scanner) array(like *edit.Node) *edit.Node {
	if like == nil || like.Kind != edit.List {
		return s.collection(edit.List, ']', nil)
	}
	before := *s
	n := s.collection(edit.List, ']', like)
	if s.err == nil && (like == oneLevel || len(n.Entries) == len(like.Entries)) || s.err != nil && s.err != errLonger {
		return n
	}
	*s = before
	return s.collection(edit.List, ']', nil)
}

// oneLevel is the like of an array of any length whose elements are left out.
var oneLevel = &edit.Node{Kind: edit.List}

var (
	errLonger = errors.New("an array has more elements than another one")
	errDeep   = errors.New("there are too many collections inside one another")
)

// collection reads an object or an array.
func (s *scanner) collection(kind edit.Kind, closing byte, like *edit.Node) *edit.Node {
	n := &edit.Node{Kind: kind, Start: s.at}
	c := &body{Collection: bracket.Collection{Open: s.at + 1}, origin: s.origin}
	if s.depth++; s.depth > maxDepth {
		s.fail(errDeep)
	}
	s.take(closing - 2) // the opening bracket
	open, wanted := len(s.entries), edit.Wanted{Like: like}
	for s.err == nil && s.peek() != closing {
		var e edit.Entry
		var inner *edit.Node
		start := s.at
		switch {
		case kind == edit.Map:
			e.Key = s.string()
			s.skip()
			s.take(':')
			inner = wanted.Of(e.Key)
		case like == oneLevel:
			inner = edit.Nothing
		case like == nil:
		case len(s.entries)-open < len(like.Entries):
			inner = like.Entries[len(s.entries)-open].Value
		default:
			s.fail(errLonger)
		}
		e.Value = s.value(inner)
		item := bracket.Item{Start: start, End: s.at, Comma: -1}
		if s.skip(); s.peek() == ',' {
			item.Comma = s.at
			s.take(',')
		} else if s.peek() != closing {
			s.unexpected()
		}
		s.entries = append(s.entries, e)
		s.items = append(s.items, item)
	}
	n.Entries, s.entries = slices.Clone(s.entries[open:]), s.entries[:open]
	c.Items, s.items = slices.Clone(s.items[open:]), s.items[:open]
	c.Close = s.at
	s.at = min(s.at+1, len(s.text))
	s.depth--
	n.End = s.at
	n.Data = c
	return n
}

// repeats reports whether there are duplicate keys.
func repeats(n *edit.Node) bool {
	if len(n.Entries) <= 8 {
		for i, e := range n.Entries {
			for _, other := range n.Entries[:i] {
				if e.Key.Value == other.Key.Value {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[string]bool, len(n.Entries))
	for _, e := range n.Entries {
		if seen[e.Key.Value] {
			return true
		}
		seen[e.Key.Value] = true
	}
	return false
}
