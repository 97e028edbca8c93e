package codec

import (
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
)

// Pair makes a codec of a load and a dump function for type T. It serves handles of type T, and
// handles of type any, which then load a T. For another type the error names both types. Pair panics
// if a function is nil.
//
// An error of load is ErrDecode, and an error of dump is ErrEncode. errors.Is and As find the
// functions' own errors in them. A panic of a function becomes such an error too.
//
// load gets the reader that the handle passes, see [Source]. It must not keep the bytes, and should
// fail if it does not understand a part of the input. Both functions must be safe for concurrent use.
func Pair[T any](load func(io.Reader) (T, error), dump func(io.Writer, T) error) Codec {
	if load == nil {
		panic("codec.Pair: nil load")
	}
	if dump == nil {
		panic("codec.Pair: nil dump")
	}
	return pair[T]{load, dump}
}

type pair[T any] struct {
	load func(io.Reader) (T, error)
	dump func(io.Writer, T) error
}

func (c pair[T]) Load(r io.Reader, v any) error {
	if err := fits[T](v); err != nil {
		return format.DecodeFailure(nameOf[T](), nil, -1, err)
	}
	var loaded T
	err := format.Guard(func() (err error) {
		loaded, err = c.load(r)
		return err
	})
	if err == nil {
		err = store(v, loaded)
	}
	return decodeRefused[T](err)
}

func (c pair[T]) Dump(w io.Writer, v any) error {
	value, err := valueOf[T](v)
	if err == nil {
		err = format.Guard(func() error { return c.dump(w, value) })
	}
	return encodeRefused[T](err)
}

// decodeRefused wraps a user's error, unless it is a decode error already.
func decodeRefused[T any](err error) error {
	if err == nil || errors.Is(err, errors.ErrDecode) {
		return err
	}
	return format.DecodeFailure(nameOf[T](), nil, -1, err)
}

// encodeRefused wraps a user's error, unless it is an encode error already.
func encodeRefused[T any](err error) error {
	if err == nil || errors.Is(err, errors.ErrEncode) {
		return err
	}
	return &errors.EncodeError{Format: nameOf[T](), Err: err}
}

func nameOf[T any]() string { return reflect.TypeFor[T]().String() }

// fits reports whether the pointer v can take a T. If T is an interface, that is
// known only when there is a value.
func fits[T any](v any) error {
	from, to := reflect.TypeFor[T](), reflect.TypeOf(v).Elem()
	if from.Kind() == reflect.Interface || from.AssignableTo(to) {
		return nil
	}
	return fmt.Errorf("the codec loads a %s and the handle holds a %s; make them the same, or the handle one of any", from, to)
}

// store stores a loaded value in *v.
func store[T any](v any, loaded T) error {
	if p, ok := v.(*T); ok {
		*p = loaded
		return nil
	}
	dst := reflect.ValueOf(v).Elem()
	value := reflect.ValueOf(loaded)
	switch {
	case !value.IsValid():
		dst.SetZero()
	case value.Type().AssignableTo(dst.Type()):
		dst.Set(value)
	default:
		return fmt.Errorf("the codec loaded a %s and the handle holds a %s; make them the same, or the handle one of any",
			value.Type(), dst.Type())
	}
	return nil
}

// valueOf gives v as a T: v itself, the value that v points to, or v assigned to a T.
func valueOf[T any](v any) (value T, err error) {
	switch x := v.(type) {
	case T:
		return x, nil
	case *T:
		if x != nil {
			return *x, nil
		}
	}
	want := reflect.TypeFor[T]()
	if v == nil && want.Kind() == reflect.Interface {
		return value, nil
	}
	for _, rv := range []reflect.Value{reflect.ValueOf(v), format.Indirect(reflect.ValueOf(v))} {
		if rv.IsValid() && rv.Type().AssignableTo(want) {
			reflect.ValueOf(&value).Elem().Set(rv)
			return value, nil
		}
	}
	return value, fmt.Errorf("the codec dumps a %s and the handle holds a %s; make them the same", want, format.TypeName(v))
}
