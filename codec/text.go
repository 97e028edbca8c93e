package codec

import (
	"bytes"
	"encoding"
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
)

// Text is the format of plain text: the value is the bytes of the file. Nothing is added, and no
// encoding is checked. It has no options yet.
//
// Load stores into a string, a []byte, a type of one of these kinds, an encoding.TextUnmarshaler, or an
// interface, which gets a string. Dump takes the same, with encoding.TextMarshaler. Another type is an
// error.
func Text(opts ...Option) Codec {
	newSettings(traits{constructor: "codec.Text", format: "text"}, opts)
	return textCodec{}
}

type textCodec struct{}

const textTypes = "text holds a string, a []byte, or a type with the methods MarshalText and UnmarshalText"

func (c textCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	err = format.Guard(func() error { return c.store(data, reflect.ValueOf(v)) })
	if err != nil {
		return format.DecodeFailure("text", nil, -1, err)
	}
	return nil
}

// store stores data in *p.
func (c textCodec) store(data []byte, p reflect.Value) error {
	if u, ok := p.Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText(bytes.Clone(data))
	}
	dst := p.Elem()
	switch {
	case dst.Kind() == reflect.Pointer:
		target := reflect.New(dst.Type().Elem())
		if err := c.store(data, target); err != nil {
			return err
		}
		dst.Set(target)
	case dst.Kind() == reflect.String:
		dst.SetString(string(data))
	case isBytes(dst.Type()):
		dst.SetBytes(append([]byte{}, data...))
	case dst.Kind() == reflect.Interface && dst.NumMethod() == 0:
		dst.Set(reflect.ValueOf(string(data)))
	default:
		return fmt.Errorf("a %s can't be loaded; %s", dst.Type(), textTypes)
	}
	return nil
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

func (c textCodec) Dump(w io.Writer, v any) error {
	var text []byte
	err := format.Guard(func() (err error) {
		text, err = c.text(reflect.ValueOf(format.Addressable(v)))
		return err
	})
	if err != nil {
		return format.EncodeFailure("text", v, err, "")
	}
	return emit(w, text)
}

// text gives the bytes of v. It uses a method of v before it follows a pointer.
func (c textCodec) text(v reflect.Value) ([]byte, error) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil, errors.New("nil has no text; " + textTypes)
		}
		if m, ok := v.Interface().(encoding.TextMarshaler); ok {
			return m.MarshalText()
		}
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.String:
		return []byte(v.String()), nil
	case v.IsValid() && isBytes(v.Type()):
		return v.Bytes(), nil
	}
	return nil, errors.New("this type has no text; " + textTypes)
}
