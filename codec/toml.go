package codec

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	tomlformat "github.com/holdfast-go/holdfast/internal/format/toml"
)

// TOML is the format of github.com/BurntSushi/toml, with its struct tags. Its options are [AllowEmpty],
// [Indent], [Strict], [Rewrite], [KeepComments] and [OnEdit].
//
// A TOML document is a table. So the value must be a struct or a map with string keys.
//
// Dump indents nested tables by two spaces. It refuses values that the encoder would drop or write wrongly
// without an error, such as a nil in a map, an integer that does not fit an int64, or a value that only a
// pointer can encode. It decodes its own text before it returns if a type in the value encodes itself, or has
// two fields that may have the same key.
//
// Load refuses:
//   - values with more than 1,000 tables and arrays around them
//   - a text whose keys and values would take the decoder more than 384 MiB; these are about 400,000
//     keys, and fewer if they are nested
//
// Dump refuses a value whose text Load would refuse.
//
// Load accepts a leading byte order mark. A blank file is the empty table. Into an any, Load stores a list of
// tables as []map[string]any if the text says [[name]], and as []any if it says [{...}]. Dump writes
// [[name]] for both.
func TOML(opts ...Option) Codec {
	s := newSettings(traits{"codec.TOML", "toml", treeOptions, 0, 16}, opts)
	return s.editing(tomlCodec{s}, tomlformat.Format)
}

type tomlCodec struct{ settings }

func (c tomlCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	data, bom := withoutBOM(data)
	if !utf8.Valid(data) {
		// The decoder would drop another byte order mark, and what it is part of.
		return shift(notUTF8(c.format, data), bom)
	}
	if err := tomlformat.Bound(data); err != nil {
		return shift(c.failure(data, err), bom)
	}
	var meta toml.MetaData
	err = guard(func() (err error) {
		meta, err = toml.Decode(string(data), v)
		return err
	})
	if err != nil {
		return shift(c.failure(data, err), bom)
	}
	t := reflect.TypeOf(v)
	if c.strict {
		if err := c.unknown(meta, t); err != nil {
			return err
		}
	}
	return c.checked(meta.Keys(), v, func(v any) error { return toml.Unmarshal(data, v) })
}

// loadDocument is Load of a text that is parsed already.
func (c tomlCodec) loadDocument(doc *edit.Document, v any) error {
	if c.strict || !utf8.Valid(doc.Text) {
		return c.Load(NewSource(doc.Text, 0), v)
	}
	return c.decode(doc.Text, tomlformat.ParsedOf(doc), v)
}

func (c tomlCodec) decode(text []byte, p *tomlformat.Parsed, v any) error {
	if err := guard(func() error { return p.Decode(v) }); err != nil {
		return c.failure(text, err)
	}
	return c.checked(p.Keys(), v, p.Decode)
}

// open parses a text once for a value and for its document.
func (c tomlCodec) open(text []byte, t reflect.Type) (*opened, error) {
	if c.strict || !utf8.Valid(text) {
		return nil, errNotShared
	}
	p, err := tomlformat.Read(text)
	if err != nil {
		return nil, err
	}
	return &opened{
		decode: func(v any) error {
			err := c.decode(text, p, v)
			p.Decoded()
			return err
		},
		document: p.Document,
		plain:    !bytes.ContainsRune(text, '#'),
	}, nil
}

// checked refuses what the decoder has stored wrongly, or as chance would have it.
func (c tomlCodec) checked(keys []toml.Key, v any, load func(v any) error) error {
	if err := ambiguous(keys, reflect.TypeOf(v), load); err != nil {
		return decodeFailure(c.format, nil, -1, err)
	}
	return c.unwrapped(v)
}

func (c tomlCodec) failure(data []byte, err error) error {
	if b, ok := errors.AsType[*tomlformat.BoundError](err); ok {
		return decodeFailure(c.format, data, int64(b.Offset), b)
	}
	p, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return lineFailure(c.format, err)
	}
	return &errors.DecodeError{
		Format: c.format,
		Line:   p.Position.Line,
		Column: p.Position.Col,
		Offset: int64(p.Position.Start),
		Err:    &retold{text: p.Message, err: err},
	}
}

// unwrapped refuses a negative number that the decoder has stored in an unsigned
// one. TOML has no number as large as what that gives.
func (c tomlCodec) unwrapped(v any) error {
	if !holdsUint.of(reflect.TypeOf(v)) {
		return nil
	}
	err := inspect(v, "toml", tomlformat.MaxLevels+1, func(p place) error {
		if tooLarge(p.value) {
			return fmt.Errorf("is %d in the file, and a %s can't hold that", int64(p.value.Uint()), p.value.Type())
		}
		return nil
	})
	if err != nil {
		return decodeFailure(c.format, nil, -1, err)
	}
	return nil
}

// unknown refuses keys for which the type t has no place.
func (c tomlCodec) unknown(meta toml.MetaData, t reflect.Type) error {
	var names []string
	for _, key := range meta.Undecoded() {
		if !knows(t, key) {
			names = append(names, key.String())
		}
	}
	if names == nil {
		return nil
	}
	return decodeFailure(c.format, nil, -1, fmt.Errorf("%s has no field for %s", t.Elem(), strings.Join(names, ", ")))
}

// knows tells whether a value of type t has a place for key. The decoder
// reports what lies in an interface as not decoded, too.
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
		field, ok := tomlField(t, key[0])
		return ok && knows(field.Type, key[1:])
	}
	return false
}

// tomlField finds the field that a key is decoded into.
func tomlField(t reflect.Type, key string) (found reflect.StructField, ok bool) {
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

func (c tomlCodec) Dump(w io.Writer, v any) error {
	text, err := c.encode(v)
	if err != nil {
		return err
	}
	if !surelyTOML(v, 0) && mayNotLoad.ofValue(v) {
		var again any // into which nothing is copied
		if err := toml.Unmarshal(text, &again); err != nil {
			return encodeFailure(c.format, v, fmt.Errorf("what was written does not load again: %w", err),
				"see that no two fields share a key, and that MarshalTOML methods return valid TOML")
		}
	}
	return emit(w, text)
}

// encode is Dump without reading the text back.
func (c tomlCodec) encode(v any) ([]byte, error) {
	if _, table := v.(map[string]any); !table || !surelyTOML(v, 0) {
		if err := tomlWritable(v); err != nil {
			return nil, encodeFailure(c.format, v, err, "")
		}
	}
	text, err := c.write(v)
	if err != nil {
		return nil, err
	}
	if err := tomlformat.Bound(text); err != nil { // a value's own method may have written anything
		return nil, encodeFailure(c.format, v, err, "")
	}
	return text, nil
}

// buffers are for texts while they are written, so that what they outgrow need not be
// allocated each time.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (c tomlCodec) write(v any) ([]byte, error) {
	text := buffers.Get().(*bytes.Buffer)
	defer func() {
		if text.Cap() <= 1<<20 {
			text.Reset()
			buffers.Put(text)
		}
	}()
	e := toml.NewEncoder(text)
	e.Indent = strings.Repeat(" ", c.indent)
	if err := guard(func() error { return e.Encode(addressable(shiftLocalTimes(v))) }); err != nil {
		return nil, encodeFailure(c.format, v, err, `leave it out with the tag toml:"-" or give it a MarshalText method`)
	}
	return bytes.Clone(text.Bytes()), nil
}

// encodeLoaded encodes what the decoder alone has made. That has none of the flaws that
// encode looks for: no nil in a map or an array, no number or time that has no form in
// TOML, nothing that is encoded differently each time.
func (c tomlCodec) encodeLoaded(v any) (text []byte, known bool, err error) {
	if v == nil || madeOtherwise.of(reflect.TypeOf(v)) {
		return nil, false, nil
	}
	text, err = c.write(v)
	return text, true, err
}
