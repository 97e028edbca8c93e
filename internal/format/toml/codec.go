// Package toml implements the format TOML: load, dump, and the edit of existing text.
//
// The codec loads and dumps with github.com/BurntSushi/toml.
//
// [Grammar] is the grammar for [edit.Edit]. The decoder gives the values of a text. A scanner finds
// the position of each key and value. A writer renders new values in the style of the text around
// them: as a line, a dotted key, a part of an inline table or array, a [table] or a [[table]].
//
// The decoder gives no positions. So the scanner runs on a text that the decoder has accepted, and
// its result is compared with the decoded value. If the two differ, the text can only be rendered
// anew as a whole.
package toml

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// New gives the format TOML, which indents by 0 to 16 blanks.
func New(s format.Settings) format.Format {
	return format.Format{Settings: s, Codec: codec{s}, Grammar: Grammar, CommentTag: "toml"}
}

// codec is a format.Codec.
type codec struct{ settings format.Settings }

func (c codec) DumpPlain(any) (text []byte, ok bool) { return nil, false }

func (c codec) Load(text []byte, v any) error {
	data, bom := format.WithoutBOM(text)
	if !utf8.Valid(data) {
		// The decoder would drop a second byte order mark, and the key that it is a part of.
		return format.Shift(format.NotUTF8(c.settings.Format, data), bom)
	}
	if err := bound(data); err != nil {
		return format.Shift(c.failure(data, err), bom)
	}
	var meta toml.MetaData
	err := format.Guard(func() (err error) {
		meta, err = toml.Decode(string(data), v)
		return err
	})
	if err != nil {
		return format.Shift(c.failure(data, err), bom)
	}
	t := reflect.TypeOf(v)
	if c.settings.Strict {
		if err := c.unknown(meta, t); err != nil {
			return err
		}
	}
	return c.checked(meta.Keys(), v, func(v any) error { return toml.Unmarshal(data, v) })
}

// LoadDocument is Load of a text that was parsed before.
func (c codec) LoadDocument(doc *edit.Document, v any) error {
	if c.settings.Strict || !utf8.Valid(doc.Text) {
		return c.Load(doc.Text, v)
	}
	return c.decode(doc.Text, doc.Data.(*layout).parsed, v)
}

func (c codec) decode(text []byte, p *parsedText, v any) error {
	if err := format.Guard(func() error { return p.Decode(v) }); err != nil {
		return c.failure(text, err)
	}
	return c.checked(p.Keys(), v, p.Decode)
}

// Open parses a text once for a value and for its document.
func (c codec) Open(text []byte, _ reflect.Type) format.Opened {
	unshared := format.Opened{Decode: func(v any) error { return c.Load(text, v) }}
	if c.settings.Strict || !utf8.Valid(text) {
		return unshared
	}
	p, err := readText(text)
	if err != nil {
		return unshared
	}
	return format.Opened{
		Decode: func(v any) error {
			err := c.decode(text, p, v)
			p.Decoded()
			return err
		},
		Document: p.Document,
		Plain:    !bytes.ContainsRune(text, '#'),
	}
}

// checked refuses values that the decoder stores wrongly, or differently each time.
func (c codec) checked(keys []toml.Key, v any, load func(v any) error) error {
	if err := ambiguous(keys, reflect.TypeOf(v), load); err != nil {
		return format.DecodeFailure(c.settings.Format, nil, -1, err)
	}
	return c.unwrapped(v)
}

func (c codec) failure(data []byte, err error) error {
	if b, ok := errors.AsType[*boundError](err); ok {
		return format.DecodeFailure(c.settings.Format, data, int64(b.Offset), b)
	}
	p, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return format.LineFailure(c.settings.Format, err)
	}
	return &errors.DecodeError{
		Format: c.settings.Format,
		Line:   p.Position.Line,
		Column: p.Position.Col,
		Offset: int64(p.Position.Start),
		Err:    &format.Retold{Text: p.Message, Err: err},
	}
}

// unwrapped refuses a negative number that the decoder has stored in an unsigned integer. The stored
// number is larger than every number of TOML.
func (c codec) unwrapped(v any) error {
	if !holdsUint.Of(reflect.TypeOf(v)) {
		return nil
	}
	numbers := format.Inspector{Tag: "toml", Max: maxLevels + 1, Check: func(p format.Part) error {
		if tooLarge(p.Value) {
			return fmt.Errorf("is %d in the file, and a %s can't hold that", int64(p.Value.Uint()), p.Value.Type())
		}
		return nil
	}}
	if err := numbers.Inspect(v); err != nil {
		return format.DecodeFailure(c.settings.Format, nil, -1, err)
	}
	return nil
}

// unknown refuses keys that the type t can't hold.
func (c codec) unknown(meta toml.MetaData, t reflect.Type) error {
	var names []string
	for _, key := range meta.Undecoded() {
		if !knows(t, key) {
			names = append(names, key.String())
		}
	}
	if names == nil {
		return nil
	}
	return format.DecodeFailure(c.settings.Format, nil, -1, fmt.Errorf("%s has no field for %s", t.Elem(), strings.Join(names, ", ")))
}

// knows reports whether a value of type t can hold key. The decoder reports keys in an interface as
// not decoded, too.
func knows(t reflect.Type, key toml.Key) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[toml.Unmarshaler]()) || t == reflect.TypeFor[toml.Primitive]() {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return knows(t.Elem(), key)
	case reflect.Interface:
		return true
	}
	if len(key) == 0 {
		return true
	}
	switch t.Kind() {
	case reflect.Map:
		return knows(t.Elem(), key[1:])
	case reflect.Struct:
		field, ok := fieldOf(t, key[0])
		return ok && knows(field.Type, key[1:])
	}
	return false
}

// fieldOf finds the field that a key is decoded into.
func fieldOf(t reflect.Type, key string) (found reflect.StructField, ok bool) {
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		if name == key {
			return field, true
		}
		if strings.EqualFold(name, key) {
			found, ok = field, true
		}
	}
	return found, ok
}

func (c codec) Dump(v any) ([]byte, error) {
	text, err := c.Encode(v)
	if err != nil {
		return nil, err
	}
	if !surelyWritable(v, 0) && mayNotLoad.OfValue(v) {
		var again any // the decoder copies nothing for an any
		if err := toml.Unmarshal(text, &again); err != nil {
			return nil, format.EncodeFailure(c.settings.Format, v, fmt.Errorf("what was written does not load again: %w", err),
				"see that no two fields share a key, and that MarshalTOML methods return valid TOML")
		}
	}
	return text, nil
}

// Encode is Dump without the proof that the text loads.
func (c codec) Encode(v any) ([]byte, error) {
	if _, table := v.(map[string]any); !table || !surelyWritable(v, 0) {
		if err := writable(v); err != nil {
			return nil, format.EncodeFailure(c.settings.Format, v, err, "")
		}
	}
	text, err := c.write(v)
	if err != nil {
		return nil, err
	}
	if err := bound(text); err != nil { // a method of a value may have written any text
		return nil, format.EncodeFailure(c.settings.Format, v, err, "")
	}
	return text, nil
}

// buffers are reused for encoding, so that a growing buffer need not be allocated each time.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (c codec) write(v any) ([]byte, error) {
	text := buffers.Get().(*bytes.Buffer)
	defer func() {
		if text.Cap() <= 1<<20 {
			text.Reset()
			buffers.Put(text)
		}
	}()
	e := toml.NewEncoder(text)
	e.Indent = strings.Repeat(" ", c.settings.Indent)
	if err := format.Guard(func() error { return e.Encode(format.Addressable(shiftLocalTimes(v))) }); err != nil {
		return nil, format.EncodeFailure(c.settings.Format, v, err, `leave it out with the tag toml:"-" or give it a MarshalText method`)
	}
	return bytes.Clone(text.Bytes()), nil
}

// EncodeLoaded encodes a value that the decoder has just made. It skips the checks of Encode, since a
// decoded value has no nil in a map or an array, only numbers and times that TOML can write, and
// no type that is encoded differently each time.
func (c codec) EncodeLoaded(v any) (text []byte, known bool, err error) {
	if v == nil || madeOtherwise.Of(reflect.TypeOf(v)) {
		return nil, false, nil
	}
	text, err = c.write(v)
	return text, true, err
}

// holdsUint asks for the integers into which the TOML decoder wraps a negative number.
var holdsUint = format.Question{
	Here: func(t reflect.Type) bool {
		return t.Kind() == reflect.Uint || t.Kind() == reflect.Uint64
	},
	Opaque: func(reflect.Type) bool { return false },
}
