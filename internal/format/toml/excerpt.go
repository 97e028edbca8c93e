package toml

import (
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Excerpt implements [edit.Excerpter]. The decoder decodes a value in the same way wherever it is,
// unless a type decodes itself or two keys of a table differ only in case. The decoder has read
// the whole text when doc was made. The tables of the part are written as inline tables, which the
// decoder does not distinguish from others.
func (grammar) Excerpt(doc *edit.Document, part *edit.Node) ([]byte, error) {
	switch {
	case doc.Data.(*layout).lost:
		return nil, errors.New("the text can't be followed")
	case !utf8.Valid(doc.Text):
		return nil, errors.New("the text is not valid UTF-8")
	case foldedAlike(doc.Root):
		return nil, errors.New("two keys of the text may mean one field")
	}
	var out []byte
	for _, e := range part.Entries {
		out = append(out, doc.Text[e.Key.Start:e.Key.End]...)
		out = append(edit.AppendPart(append(out, '='), doc.Text, e.Value, '='), '\n')
	}
	return out, nil
}

// foldedAlike reports whether a table that was read has two keys that differ only in case.
func foldedAlike(n *edit.Node) bool {
	var seen map[string]bool
	if n.Kind == edit.Map && len(n.Entries) > few {
		seen = make(map[string]bool, len(n.Entries))
	}
	for i, e := range n.Entries {
		if n.Kind == edit.Map && seen == nil {
			for _, other := range n.Entries[:i] {
				if strings.EqualFold(other.Key.Value, e.Key.Value) {
					return true
				}
			}
		} else if n.Kind == edit.Map {
			key := edit.Fold(e.Key.Value)
			if seen[key] {
				return true
			}
			seen[key] = true
		}
		if foldedAlike(e.Value) {
			return true
		}
	}
	return false
}
