package json

import "github.com/holdfast-go/holdfast/internal/format/edit"

// Excerpt is of [edit.Excerpter]: encoding/json makes of a value the same wherever
// it is, unless a type decodes itself.
func (f grammar) Excerpt(doc *edit.Document, part *edit.Node) ([]byte, error) {
	if err := f.valid(doc.Text); err != nil {
		return nil, err
	}
	return appendPart(nil, doc.Text, part), nil
}

// appendPart writes a value of the text, of a collection what is left in n.
func appendPart(out, text []byte, n *edit.Node) []byte {
	if n.End > 0 || n.Kind == edit.Scalar {
		return append(out, text[n.Start:n.End]...)
	}
	brackets := "[]"
	if n.Kind == edit.Map {
		brackets = "{}"
	}
	out = append(out, brackets[0])
	for i, e := range n.Entries {
		if i > 0 {
			out = append(out, ',')
		}
		if e.Key != nil {
			out = append(append(out, text[e.Key.Start:e.Key.End]...), ':')
		}
		out = appendPart(out, text, e.Value)
	}
	return append(out, brackets[1])
}
