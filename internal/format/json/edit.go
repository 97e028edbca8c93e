package json

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// The grammars.
var (
	JSON  format.Grammar = grammar{}
	JSONC format.Grammar = grammar{comments: true}
)

type grammar struct{ comments bool }

// Parse reads a text of at most one value.
func (f grammar) Parse(text []byte) (*edit.Document, error) {
	if err := f.valid(text); err != nil {
		return nil, err
	}
	return f.scan(text, nil)
}

// Outline implements [edit.Outliner]. It does not prove that the parts that it leaves out are valid
// JSON. For an invalid text the result may be wrong.
func (f grammar) Outline(text []byte, like *edit.Node) (*edit.Document, error) {
	if like == nil {
		return f.Parse(text)
	}
	return f.scan(text, like)
}

// scan makes the document of a text.
func (f grammar) scan(text []byte, like *edit.Node) (*edit.Document, error) {
	o := newOrigin(text, f.comments)
	s := newScanner(text, f.comments, o)
	s.at = mark(text)
	s.skip()
	root := edit.NewScalar(edit.TypeNull, "null")
	if s.at < len(text) {
		root = s.value(like)
		s.skip()
	}
	if s.at < len(text) {
		s.unexpected()
	}
	if s.err != nil {
		return nil, s.err
	}
	return &edit.Document{
		Text: text, Root: root, Comments: s.comments, Data: o,
		Indirect: s.indirect, Keys: edit.MatchFoldLast, Appends: true,
	}, nil
}

// CommentAbove is of [edit.Commenter].
func (f grammar) CommentAbove(before []byte) (mark string, ok bool) {
	return "//", f.comments && len(bytes.Trim(before, " \t")) == 0
}

// Release does nothing: a document of JSON holds no tree of a parser.
func (grammar) Release(*edit.Document) {}

// valid gives encoding/json's error for a text that is not blank.
func (f grammar) valid(text []byte) error {
	if f.comments {
		var err error
		if text, err = withoutComments(text); err != nil {
			return err
		}
	}
	text = text[mark(text):]
	switch {
	case blank(text):
		return nil
	case !json.Valid(text):
		return json.Unmarshal(text, new(json.RawMessage))
	case !utf8.Valid(text):
		return errors.New("not valid UTF-8")
	}
	return nil
}
