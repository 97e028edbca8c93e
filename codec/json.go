package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	jsonformat "github.com/holdfast-go/holdfast/internal/format/json"
)

// JSON is the format of RFC 8259, with encoding/json and its struct tags. Its options are [AllowEmpty],
// [Indent], [Strict], [Rewrite], [KeepComments] and [OnEdit].
//
// Dump indents by two spaces and ends the text with a newline. It writes <, > and & as they are.
//
// Load differs from encoding/json:
//   - In a value that can hold an interface, a number in it becomes a json.Number, so that
//     every digit is kept.
//   - Bytes after the value are an error.
//   - A blank file is an error, since a crash often leaves one; see [AllowEmpty].
//   - A leading byte order mark is accepted.
//
// Two things are an error in both directions: text that is not valid UTF-8, where encoding/json would put
// U+FFFD in its place, and a value with more than 10,000 arrays and objects around it.
//
// A value in a map or an interface is not addressable, as with encoding/json. If its type has a MarshalJSON
// or MarshalText method with a pointer receiver, keep a pointer there.
func JSON(opts ...Option) Codec {
	s := newSettings(traits{"codec.JSON", "json", treeOptions, 0, 16}, opts)
	return s.editing(jsonCodec{s}, jsonformat.JSON)
}

type jsonCodec struct{ settings }

func (c jsonCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	data, bom := withoutBOM(data)
	if err := c.parse(data, v); err != nil {
		return shift(err, bom)
	}
	return nil
}

// parse stores the one value of data in v.
func (c jsonCodec) parse(data []byte, v any) error {
	if !utf8.Valid(data) {
		return notUTF8(c.format, data)
	}
	if blank(data) {
		if c.allowEmpty {
			return nil
		}
		return decodeFailure(c.format, data, int64(len(data)),
			errors.New("the file is blank, which may be what a crash left of it; codec.AllowEmpty accepts it as a zero value"))
	}
	var err error
	if guarded := guard(func() error { err = c.decode(data, v); return nil }); guarded != nil {
		err = guarded
	}
	if err == nil {
		return nil
	}
	return c.failure(data, err)
}

// decode takes encoding/json's direct way where it keeps all digits.
func (c jsonCodec) decode(data []byte, v any) error {
	if !c.strict && !holdsInterface.of(reflect.TypeOf(v)) {
		return json.Unmarshal(data, v)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if c.strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return err
	}
	if rest := data[d.InputOffset():]; !blank(rest) {
		at := d.InputOffset() + int64(len(rest)-len(bytes.TrimLeft(rest, " \t\r\n")))
		return decodeFailure(c.format, data, at, errors.New("there are bytes after the value"))
	}
	return nil
}

// failure finds the place of encoding/json's error.
func (c jsonCodec) failure(data []byte, err error) error {
	if _, ok := errors.AsType[*errors.DecodeError](err); ok {
		return err
	}
	told := &retold{text: strings.TrimPrefix(err.Error(), "json: "), err: err}
	if at, broken := syntaxError(data); broken {
		return decodeFailure(c.format, data, at, told)
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return decodeFailure(c.format, data, min(typ.Offset, int64(len(data))), told)
	}
	return decodeFailure(c.format, data, -1, told)
}

// syntaxError gives the offset of the byte that makes data no JSON, which is
// its length if the value is cut short. An offset in an error of Unmarshal is no
// help there, for it may come from a user's UnmarshalJSON.
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

func (c jsonCodec) Dump(w io.Writer, v any) error {
	if err := shallow(v); err != nil && !errors.Is(err, errCycle) { // encoding/json says more about a cycle
		return encodeFailure(c.format, v, err, "")
	}
	e := jsonEncoders.Get().(*jsonEncoder)
	defer e.free()
	if err := guard(func() error { return e.Encode(addressable(v)) }); err != nil {
		return encodeFailure(c.format, v, err, jsonAdvice(err))
	}
	text := e.text.Bytes()
	if path, found := replaced(text, v); found {
		return encodeFailure(c.format, v, fmt.Errorf("%s is a string that is not valid UTF-8", path),
			"hold binary data in a []byte, which is written as base64")
	}
	if c.indent > 0 {
		indented, err := indentJSON(text, c.indent)
		if err != nil {
			return encodeFailure(c.format, v, err, "write it on one line with codec.Indent(0)")
		}
		text = indented
	}
	return emit(w, text)
}

// jsonEncoder is an encoding/json encoder and what it has written, kept for their
// buffers: a transaction encodes while others wait for it.
type jsonEncoder struct {
	*json.Encoder
	text bytes.Buffer
}

// free gives the encoder back, unless what it wrote was so large that its memory
// is better given back.
func (e *jsonEncoder) free() {
	if e.text.Cap() <= 64<<10 {
		e.text.Reset()
		jsonEncoders.Put(e)
	}
}

var jsonEncoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.Encoder = json.NewEncoder(&e.text)
	e.SetEscapeHTML(false)
	return e
}}

func jsonAdvice(err error) string {
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

// replaced tells whether encoding/json put U+FFFD in place of invalid bytes of
// v. It looks at v only if text has that character at all, in either spelling.
func replaced(text []byte, v any) (path string, found bool) {
	if !bytes.Contains(text, []byte(`\ufffd`)) && !bytes.Contains(text, []byte("\uFFFD")) {
		return "", false
	}
	bad := inspect(v, "json", maxLevels, func(s place) error {
		if s.value.Kind() == reflect.String && !utf8.ValidString(s.value.String()) {
			return errors.New("not valid UTF-8")
		}
		return nil
	}, reflect.TypeFor[json.Marshaler]())
	if f, ok := errors.AsType[*flaw](bad); ok {
		return f.path(), true
	}
	return "", false
}

func blank(data []byte) bool {
	for _, b := range data {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}
