// Package json implements the formats JSON and JSONC: load, dump, and the edit of existing text.
//
// The codecs load and dump with encoding/json.
//
// [JSON] and [JSONC] are the grammars for [edit.Edit]. encoding/json decides whether a text
// is valid. A scanner finds the position of each value. A writer renders new values in the style of
// the text around them: indented or compact, with the commas, blanks and escapes of the neighbours.
//
// JSONC is JSON with // and /* */ comments and with commas before closing
// brackets. Both may begin with a byte order mark.
package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// New gives the format JSON, which indents by 0 to 16 blanks.
func New(s format.Settings) format.Format {
	return format.Format{Settings: s, Codec: codec{s}, Grammar: JSON, JSONNumbers: true}
}

// codec is a format.Codec.
type codec struct{ settings format.Settings }

func (c codec) Load(text []byte, v any) error {
	text, bom := format.WithoutBOM(text)
	if err := c.parse(text, v); err != nil {
		return format.Shift(err, bom)
	}
	return nil
}

// Open gives no Document, since encoding/json does not report positions: a document needs another
// parser.
func (c codec) Open(text []byte, _ reflect.Type) format.Opened {
	return format.Opened{Decode: func(v any) error { return c.Load(text, v) }, Plain: true}
}

func (c codec) LoadDocument(doc *edit.Document, v any) error { return c.Load(doc.Text, v) }

func (c codec) Encode(v any) ([]byte, error) { return c.Dump(v) }

func (c codec) EncodeLoaded(v any) (text []byte, known bool, err error) {
	text, known = c.DumpPlain(v)
	return text, known, nil
}

// parse stores the one value of data in v.
func (c codec) parse(data []byte, v any) error {
	if !utf8.Valid(data) {
		return format.NotUTF8(c.settings.Format, data)
	}
	if format.Blank(data) {
		if c.settings.AllowEmpty {
			return nil
		}
		return format.DecodeFailure(c.settings.Format, data, int64(len(data)),
			errors.New("the file is blank, which may be what a crash left of it; codec.AllowEmpty accepts it as a zero value"))
	}
	var err error
	if guarded := format.Guard(func() error { err = c.decode(data, v); return nil }); guarded != nil {
		err = guarded
	}
	if err == nil {
		return nil
	}
	return c.failure(data, err)
}

// decode uses json.Unmarshal if that keeps all digits.
func (c codec) decode(data []byte, v any) error {
	if !c.settings.Strict && !holdsInterface.Of(reflect.TypeOf(v)) {
		return json.Unmarshal(data, v)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if c.settings.Strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return err
	}
	if rest := data[d.InputOffset():]; !format.Blank(rest) {
		at := d.InputOffset() + int64(len(rest)-len(bytes.TrimLeft(rest, " \t\r\n")))
		return format.DecodeFailure(c.settings.Format, data, at, errors.New("there are bytes after the value"))
	}
	return nil
}

// failure adds the position to an error of encoding/json.
func (c codec) failure(data []byte, err error) error {
	if _, ok := errors.AsType[*errors.DecodeError](err); ok {
		return err
	}
	told := &format.Retold{Text: strings.TrimPrefix(err.Error(), "json: "), Err: err}
	if at, broken := syntaxError(data); broken {
		return format.DecodeFailure(c.settings.Format, data, at, told)
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return format.DecodeFailure(c.settings.Format, data, min(typ.Offset, int64(len(data))), told)
	}
	return format.DecodeFailure(c.settings.Format, data, -1, told)
}

// syntaxError gives the offset of the byte that makes data invalid JSON. If the value is cut short,
// that is the length of data. The offset in an error of Unmarshal can't be used, since the error may
// come from a user's UnmarshalJSON.
func syntaxError(data []byte) (offset int64, broken bool) {
	if json.Valid(data) {
		return 0, false
	}
	// A NUL is valid nowhere, so the scanner stops at a byte, not at the end.
	probe := append(bytes.Clone(data), 0)
	var raw json.RawMessage
	if syn, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(probe, &raw)); ok {
		return max(syn.Offset-1, 0), true
	}
	return 0, false
}

func (c codec) Dump(v any) ([]byte, error) {
	if err := format.Shallow(v); err != nil && !errors.Is(err, format.ErrCycle) { // the error of encoding/json for a cycle is better
		return nil, format.EncodeFailure(c.settings.Format, v, err, "")
	}
	e := encoders.Get().(*encoder)
	defer e.free()
	if err := format.Guard(func() error { return e.Encode(format.Addressable(v)) }); err != nil {
		return nil, format.EncodeFailure(c.settings.Format, v, err, advice(err))
	}
	text := e.text.Bytes()
	// encoding/json replaces invalid bytes by U+FFFD, in either spelling.
	if bytes.Contains(text, []byte(`\ufffd`)) || bytes.Contains(text, []byte("\uFFFD")) {
		if path, found := invalidUTF8(v); found {
			return nil, format.EncodeFailure(c.settings.Format, v, fmt.Errorf("%s is a string that is not valid UTF-8", path),
				"hold binary data in a []byte, which is written as base64")
		}
	}
	if c.settings.Indent > 0 {
		text, err := indentJSON(text, c.settings.Indent)
		if err != nil {
			return nil, format.EncodeFailure(c.settings.Format, v, err, "write it on one line with codec.Indent(0)")
		}
		return text, nil
	}
	return bytes.Clone(text), nil
}

// encoder is a json.Encoder and its output. Encoders are reused for their buffers, since a transaction
// encodes while others wait for it.
type encoder struct {
	*json.Encoder
	text bytes.Buffer
}

// free returns the encoder to the pool, unless its buffer is so large that the memory should be
// released.
func (e *encoder) free() {
	if e.text.Cap() <= 64<<10 {
		e.text.Reset()
		encoders.Put(e)
	}
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.Encoder = json.NewEncoder(&e.text)
	e.SetEscapeHTML(false)
	return e
}}

func advice(err error) string {
	switch {
	case as[*json.UnsupportedTypeError](err):
		return `leave it out with the tag json:"-" or give it a MarshalJSON method`
	case as[*json.UnsupportedValueError](err):
		return "leave it out, or hold it in a type with a MarshalJSON method"
	}
	return "see that the value's own methods return valid JSON"
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// invalidUTF8 finds a string in v that is not valid UTF-8.
func invalidUTF8(v any) (path string, found bool) {
	valid := format.Inspector{
		Tag: "json", Max: format.MaxLevels, Self: []reflect.Type{reflect.TypeFor[json.Marshaler]()},
		Check: func(p format.Part) error {
			if p.Value.Kind() == reflect.String && !utf8.ValidString(p.Value.String()) {
				return errors.New("not valid UTF-8")
			}
			return nil
		},
	}
	if f, ok := errors.AsType[*format.Flaw](valid.Inspect(v)); ok {
		return f.Path(), true
	}
	return "", false
}

// holdsInterface asks whether encoding/json can find an interface in a value. It would store a number
// there as a float64.
var holdsInterface = format.Question{
	Here: func(t reflect.Type) bool { return t.Kind() == reflect.Interface },
	Opaque: func(t reflect.Type) bool {
		return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	},
}
