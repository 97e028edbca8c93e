package json

import (
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// NewWithComments gives the codec of JSONC. It differs from that of JSON in what it loads.
func NewWithComments(s format.Settings) format.Codec { return commented{codec{s}} }

type commented struct{ codec }

// Load takes comments away and leaves everything else where it is.
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

func (c commented) Grammar() format.Grammar { return JSONC }

func (c commented) Open(text []byte, _ reflect.Type) format.Opened { return opened(c, text) }

func (c commented) LoadDocument(doc *edit.Document, v any) error { return c.Load(doc.Text, v) }
