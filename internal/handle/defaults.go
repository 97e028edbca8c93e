package handle

import (
	"context"
	"fmt"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
)

// DefaultValue makes the value that a decode begins with. Handles with the same one share their
// encodings in a group commit.
type DefaultValue struct {
	Of   reflect.Type
	Make any // a func() T
}

// defaultsFor gives the function of a handle of type T, or nil if it has none. Defaults of
// another type are refused.
func defaultsFor[T any](o *Options) func() T {
	d := o.Default
	if d == nil {
		return nil
	}
	make, ok := d.Make.(func() T)
	if !ok {
		o.Reject("WithDefaults gives a %s and the handle holds a %s; make them the same", d.Of, reflect.TypeFor[T]())
	}
	return make
}

// start is what the decodes of one operation begin with. The user's function is called once per
// operation, and before the lock is taken where that can be.
type start[T any] struct {
	of    *DefaultValue
	value T
}

// start calls the user's function. It gives nil if the handle has no defaults.
func (f *File[T]) start() *start[T] {
	if f.defaults == nil {
		return nil
	}
	return &start[T]{f.options.Default, f.defaults()}
}

// same reports whether two operations begin with the same defaults.
func (s *start[T]) same(o *start[T]) bool { return s == o || s != nil && o != nil && s.of == o.of }

// fresh gives a value to decode into, which shares nothing with another one: the zero value if
// there are no defaults.
func (s *start[T]) fresh() (v T) {
	if s != nil {
		v = format.Clone(s.value)
	}
	return v
}

// orStart turns the result of a read into that of a read with defaults, which needs no file.
func orStart[T any](s *start[T], v T, err error) (T, error) {
	if s != nil && noFile(err) {
		return s.fresh(), nil
	}
	return v, err
}

// read is Read: with defaults a missing file is no error.
func (f *File[T]) read(ctx context.Context) (T, error) {
	s := f.start()
	v, err := f.readFile(ctx, s)
	return orStart(s, v, err)
}

// readExisting is read for ReadOr, whose caller has a value of its own for a missing file.
func (f *File[T]) readExisting(ctx context.Context) (T, error) { return f.readFile(ctx, f.start()) }

// overDefaults makes sure that data, the encoding of v, reads as v over the defaults. An encoding that
// leaves out a value, as with omitempty, would read as the default. Then the value is written.
//
// The keys of a map are an exception: a map without a key of the default reads with that key.
func (c coding[T]) overDefaults(data []byte, v T) ([]byte, error) {
	got, err := decode(c.codec, data, 0, c.start)
	if err != nil {
		return data, nil // not every value that can be encoded can be decoded
	}
	text, err := c.complete(data, v, got)
	if text != nil {
		return text, nil
	}
	field := turnedDefault(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&got).Elem(), reflect.TypeFor[T]().String(), map[uintptr]bool{})
	switch {
	case field == "" && err == nil:
		return data, nil
	case field == "":
		field = "a value in " + reflect.TypeFor[T]().String()
	}
	return nil, fmt.Errorf("%w: the encoding leaves out %s, so a reader would get its default; "+
		"set another value, take omitempty or omitzero out of the field's tag, or make a field that is not a pointer one", errors.ErrEncode, field)
}

// complete writes the values into data that the encoder has left out and that read as defaults, as got has
// them. It gives nil without an error if the codec can't tell.
func (c coding[T]) complete(data []byte, v, got T) (text []byte, err error) {
	completer, ok := c.codec.(format.Completer)
	if !ok {
		return nil, nil
	}
	def, want := c.start.fresh(), format.Clone(v)
	format.AddKeys(&want, &got)
	err = guarded(errors.ErrEncode, func() (err error) {
		text, err = completer.Complete(data, want, &def)
		return err
	})
	return text, err
}

// turnedDefault gives the name of a field that has its zero value in v and another one in got, or "". A nil list is
// like an empty one. Maps are not compared. It knows nothing of fields that the codec never writes.
func turnedDefault(v, got reflect.Value, name string, seen map[uintptr]bool) string {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == format.TimeType {
			break
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() && !f.Anonymous {
				continue
			}
			if found := turnedDefault(v.Field(i), got.Field(i), name+"."+f.Name, seen); found != "" {
				return found
			}
		}
		return ""
	case reflect.Pointer:
		if !v.IsNil() && !got.IsNil() {
			if seen[v.Pointer()] {
				return ""
			}
			seen[v.Pointer()] = true // a field that is not encoded may lead back to its owner
			return turnedDefault(v.Elem(), got.Elem(), name, seen)
		}
	case reflect.Map:
		return ""
	case reflect.Slice:
		if v.Len() == 0 && got.Len() > 0 {
			return name
		}
		return ""
	}
	if v.IsZero() && !got.IsZero() {
		return name
	}
	return ""
}
