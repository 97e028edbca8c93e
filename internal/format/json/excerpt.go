package json

import "github.com/holdfast-go/holdfast/internal/format/edit"

// Excerpt implements [edit.Excerpter]. encoding/json decodes a value in the same way wherever it is,
// unless a type decodes itself.
func (f grammar) Excerpt(doc *edit.Document, part *edit.Node) ([]byte, error) {
	if err := f.valid(doc.Text); err != nil {
		return nil, err
	}
	return edit.AppendPart(nil, doc.Text, part, ':'), nil
}
