package codec

import (
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format"
)

// Validate makes a codec that calls check after each Load and before each Dump of inner. If check returns
// an error, Load fails with ErrDecode and Dump with ErrEncode. errors.Is and As find check's
// own error in them. A panic of check becomes such an error too. If inner is an [Editor], the result is
// one too.
//
// The codec serves handles of type T, and handles of type any that load a T. If T is an interface, it
// serves handles of every type that implements T.
//
// check must be safe for concurrent use and must not change the value. Validate panics if inner or check
// is nil.
func Validate[T any](inner Codec, check func(T) error) Codec {
	if inner == nil {
		panic("codec.Validate: nil codec")
	}
	if check == nil {
		panic("codec.Validate: nil check")
	}
	c := validated[T]{inner, check}
	if editor, ok := inner.(Editor); ok {
		return &validatedEditor[T]{c, editor} // a pointer, since functions can't be compared
	}
	return c
}

type validated[T any] struct {
	inner Codec
	check func(T) error
}

func (c validated[T]) Load(r io.Reader, v any) error {
	if isInterface[T]() {
		return c.loadAny(r, v)
	}
	if p, ok := v.(*T); ok {
		if err := c.inner.Load(r, p); err != nil {
			return err
		}
		return decodeRefused[T](format.Guard(func() error { return c.check(*p) }))
	}
	if err := fits[T](v); err != nil {
		return decodeRefused[T](err)
	}
	var value T
	if format.HoldsDefaults(v) { // which a handle of type any has in an interface
		value, _ = valueOf[T](reflect.ValueOf(v).Elem().Interface())
	}
	if err := c.Load(r, &value); err != nil {
		return err
	}
	return decodeRefused[T](store(v, value))
}

// loadAny loads into *v and checks that the value is a T.
func (c validated[T]) loadAny(r io.Reader, v any) error {
	if err := c.inner.Load(r, v); err != nil {
		return err
	}
	return decodeRefused[T](c.checkLoaded(v))
}

// checkLoaded checks *v.
func (c validated[T]) checkLoaded(v any) error {
	value, err := valueOf[T](reflect.ValueOf(v).Elem().Interface())
	if err == nil {
		err = format.Guard(func() error { return c.check(value) })
	}
	return err
}

func isInterface[T any]() bool { return reflect.TypeFor[T]().Kind() == reflect.Interface }

func (c validated[T]) Dump(w io.Writer, v any) error {
	if err := c.before(v); err != nil {
		return err
	}
	return c.inner.Dump(w, v)
}

// before checks a value before it is written.
func (c validated[T]) before(v any) error {
	value, err := valueOf[T](v)
	if err == nil {
		err = format.Guard(func() error { return c.check(value) })
	}
	return encodeRefused[T](err)
}

type validatedEditor[T any] struct {
	validated[T]
	editor Editor
}

func (c *validatedEditor[T]) Edit(w io.Writer, old []byte, v any) error {
	if err := c.before(v); err != nil {
		return err
	}
	return c.editor.Edit(w, old, v)
}

// Encode is of format.Encoder, as are the next two.
func (c *validatedEditor[T]) Encode(w io.Writer, v any) error {
	inner, ok := c.editor.(format.Encoder)
	if !ok {
		return c.Dump(w, v)
	}
	if err := c.before(v); err != nil {
		return err
	}
	return inner.Encode(w, v)
}

func (c *validatedEditor[T]) Comments(t reflect.Type) bool {
	inner, ok := c.editor.(format.Encoder)
	return ok && inner.Comments(t)
}

func (c *validatedEditor[T]) Annotate(enc []byte, t reflect.Type) ([]byte, error) {
	if inner, ok := c.editor.(format.Encoder); ok {
		return inner.Annotate(enc, t)
	}
	return enc, nil
}

// Complete is of format.Completer.
func (c validated[T]) Complete(enc []byte, v, def any) ([]byte, error) {
	inner, can := c.inner.(format.Completer)
	if !can {
		return nil, nil
	}
	return inner.Complete(enc, v, def)
}

// LoadOriginal is of format.OriginalLoader. An edit needs no check: Dump has made it when it
// encoded the value.
func (c *validatedEditor[T]) LoadOriginal(text []byte, max int64, v any, last *format.LastWrite) (*format.Original, error) {
	inner, can := c.editor.(format.OriginalLoader)
	if _, same := v.(*T); !can || !same && !isInterface[T]() {
		return nil, c.Load(NewSource(text, max), v)
	}
	o, err := inner.LoadOriginal(text, max, v, last)
	if err != nil {
		return o, err
	}
	return o, decodeRefused[T](c.checkLoaded(v))
}
