package jsonedit

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/bracket"
)

// scanner finds the values of a text that encoding/json has accepted.
type scanner struct {
	text     []byte
	source   string // the text, for nodes to share
	at       int
	comments []textedit.Comment // those not passed yet
	layout   *layout
	doc      *textedit.Document
	free     []textedit.Node // allocated together

	// The entries and items of the open collections, so that each can be given
	// just the memory it needs.
	entries []textedit.Entry
	items   []bracket.Item
}

// scalar makes a node for text[start:at].
func (s *scanner) scalar(start int, typ, value string) *textedit.Node {
	if len(s.free) == 0 {
		s.free = make([]textedit.Node, min(64, 1+(len(s.text)-start)/8))
	}
	n := &s.free[0]
	s.free = s.free[1:]
	*n = textedit.Node{Kind: textedit.Scalar, Type: typ, Value: value, Text: value, Start: start, End: s.at, Data: s.layout}
	return n
}

// skip passes space and comments.
func (s *scanner) skip() {
	for s.at < len(s.text) {
		switch {
		case isSpace(s.text[s.at]):
			s.at++
		case len(s.comments) > 0 && s.comments[0].Start == s.at:
			s.at = s.comments[0].End
			s.comments = s.comments[1:]
		default:
			return
		}
	}
}

// pass goes over one byte and what is skipped after it.
func (s *scanner) pass() {
	s.at++
	s.skip()
}

func (s *scanner) value() *textedit.Node {
	switch s.text[s.at] {
	case '{':
		return s.collection(textedit.Map, '}')
	case '[':
		return s.collection(textedit.List, ']')
	case '"':
		return s.str()
	}
	start := s.at
	for s.at < len(s.text) && !endsLiteral(s.text[s.at]) {
		s.at++
	}
	return s.scalar(start, typeOf(s.text[start:s.at]), s.source[start:s.at])
}

func endsLiteral(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}', '/':
		return true
	}
	return false
}

func typeOf(literal []byte) string {
	switch literal[0] {
	case 't', 'f':
		return textedit.TypeBool
	case 'n':
		return textedit.TypeNull
	}
	if bytes.ContainsAny(literal, ".eE") {
		return textedit.TypeFloat
	}
	return textedit.TypeInt
}

func (s *scanner) str() *textedit.Node {
	start := s.at
	s.at = afterString(s.text, start)
	value := s.source[start+1 : s.at-1]
	if bytes.IndexByte(s.text[start:s.at], '\\') >= 0 {
		value = ""
		// A valid string always decodes; if not, the proof would see it.
		_ = json.Unmarshal(s.text[start:s.at], &value)
	}
	return s.scalar(start, textedit.TypeString, value)
}

// collection reads an object or an array.
func (s *scanner) collection(kind textedit.Kind, closing byte) *textedit.Node {
	n := &textedit.Node{Kind: kind, Start: s.at}
	c := &body{Collection: bracket.Collection{Open: s.at + 1}, layout: s.layout}
	s.pass()
	open := len(s.entries)
	for s.text[s.at] != closing {
		var e textedit.Entry
		start := s.at
		if kind == textedit.Map {
			e.Key = s.str()
			s.skip()
			s.pass()
			s.layout.colon(s.text[e.Key.End:s.at])
		}
		e.Value = s.value()
		item := bracket.Item{Start: start, End: s.at, Comma: -1}
		s.skip()
		if s.text[s.at] == ',' {
			item.Comma = s.at
			s.pass()
		}
		s.entries = append(s.entries, e)
		s.items = append(s.items, item)
	}
	n.Entries, s.entries = slices.Clone(s.entries[open:]), s.entries[:open]
	c.Items, s.items = slices.Clone(s.items[open:]), s.items[:open]
	c.Close = s.at
	s.at++
	n.End = s.at
	n.Data = c
	s.layout.collection(s.text, n, c)
	if kind == textedit.Map && repeats(n) {
		s.doc.Indirect = true
	}
	return n
}

// repeats reports whether a key comes twice.
func repeats(n *textedit.Node) bool {
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
