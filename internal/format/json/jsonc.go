package json

import (
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// NewWithComments gives the format JSONC. Its codec loads comments and trailing commas, and is otherwise
// the codec of JSON.
func NewWithComments(s format.Settings) format.Format {
	return format.Format{Settings: s, Codec: commented{codec{s}}, Grammar: JSONC, JSONNumbers: true, CommentTag: "json"}
}

type commented struct{ codec }

// Load replaces comments by spaces, so that positions in errors are right.
func (c commented) Load(text []byte, v any) error {
	text, bom := format.WithoutBOM(text)
	plain, err := withoutComments(text)
	if err == nil {
		err = c.parse(plain, v)
	} else if bad, ok := errors.AsType[unended](err); ok {
		err = format.DecodeFailure("jsonc", text, int64(bad.Offset), errors.New("the comment has no end"))
	}
	return format.Shift(err, bom)
}

// Open gives Plain too, since the codec writes no comments.
func (c commented) Open(text []byte, _ reflect.Type) format.Opened {
	return format.Opened{Decode: func(v any) error { return c.Load(text, v) }, Plain: true}
}

func (c commented) LoadDocument(doc *edit.Document, v any) error { return c.Load(doc.Text, v) }
