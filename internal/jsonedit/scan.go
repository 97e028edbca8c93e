package jsonedit

import (
	"bytes"
	"encoding/json"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/bracket"
)

// scanner finds the values of a text that encoding/json has accepted.
type scanner struct {
	text     []byte
	at       int
	comments []textedit.Comment // those not passed yet
	layout   *layout
	doc      *textedit.Document
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
	for s.at < len(s.text) && bytes.IndexByte([]byte(" \t\r\n,]}/"), s.text[s.at]) < 0 {
		s.at++
	}
	n := textedit.NewScalar(typeOf(s.text[start:s.at]), string(s.text[start:s.at]))
	n.Start, n.End, n.Data = start, s.at, s.layout
	return n
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
	value := string(s.text[start+1 : s.at-1])
	if bytes.IndexByte(s.text[start:s.at], '\\') >= 0 {
		value = ""
		// A valid string always decodes; if not, the proof would see it.
		_ = json.Unmarshal(s.text[start:s.at], &value)
	}
	n := textedit.NewScalar(textedit.TypeString, value)
	n.Start, n.End, n.Data = start, s.at, s.layout
	return n
}

// collection reads an object or an array.
func (s *scanner) collection(kind textedit.Kind, closing byte) *textedit.Node {
	n := &textedit.Node{Kind: kind, Start: s.at}
	c := &body{Collection: bracket.Collection{Open: s.at + 1}, layout: s.layout}
	s.pass()
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
		n.Entries = append(n.Entries, e)
		c.Items = append(c.Items, item)
	}
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
	seen := make(map[string]bool, len(n.Entries))
	for _, e := range n.Entries {
		if seen[e.Key.Value] {
			return true
		}
		seen[e.Key.Value] = true
	}
	return false
}
