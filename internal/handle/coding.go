package handle

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/safety"
)

// coding is how one operation reads and writes values: its codec, looked up once,
// for another may be registered meanwhile, and the form of what that encodes.
type coding[T any] struct {
	codec codec.Codec
	form  engine.Form // nil where the codec can't edit, so that its encoding is the text
	last  *format.LastWrite
}

func (f *File[T]) coding() (coding[T], error) {
	c, err := f.codec()
	if err != nil {
		return coding[T]{}, err
	}
	if editor, ok := c.(codec.Editor); ok {
		form := &form[T]{codec: editor, max: f.options.MaxSize, log: f.request.Options.Policy.Log, last: &f.written}
		return coding[T]{c, form, &f.written}, nil
	}
	return coding[T]{codec: c}, nil
}

// decode gives the caller a value of its own.
func decode[T any](c codec.Codec, data []byte, max int64) (v T, err error) {
	err = calm(errors.ErrDecode, func() error { return c.Load(codec.NewSource(data, max), &v) })
	if err != nil {
		var none T
		return none, matching(errors.ErrDecode, err)
	}
	return v, nil
}

// decodeOriginal is decode of the text that is to be edited. The form keeps what the
// codec finds out about it.
func (f *form[T]) decodeOriginal(text []byte) (v T, err error) {
	c, ok := f.codec.(format.OriginalLoader)
	if !ok {
		return decode[T](f.codec, text, f.max)
	}
	var original *format.Original
	err = calm(errors.ErrDecode, func() (err error) {
		original, err = c.LoadOriginal(text, f.max, &v, f.last)
		return err
	})
	if err != nil {
		var none T
		return none, matching(errors.ErrDecode, err)
	}
	f.original = original
	return v, nil
}

// encode happens before anything touches the disk.
func (c coding[T]) encode(v T) ([]byte, error) {
	var buf bytes.Buffer
	if err := calm(errors.ErrEncode, func() error { return c.codec.Dump(&buf, v) }); err != nil {
		return nil, matching(errors.ErrEncode, err)
	}
	c.last.Encoded(buf.Bytes(), v)
	return buf.Bytes(), nil
}

// calm turns a panic of a user's codec into an error: the data is what it
// stumbled over, and the data never panics.
func calm(kind error, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the codec panicked: %v", kind, p)
		}
	}()
	return call()
}

// matching makes sure that an error of a user's codec matches its kind.
func matching(kind, err error) error {
	if errors.Is(err, kind) || errors.Is(err, errors.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// form is how values of one type and one codec become the text of a file.
type form[T any] struct {
	codec    codec.Editor
	max      int64
	log      *safety.Log
	last     *format.LastWrite
	original *format.Original // of the text that an Update has loaded; nil of any other
}

// Same is of the engine's Form interface.
func (f *form[T]) Same(other engine.Form) bool {
	o, ok := other.(*form[T])
	return ok && (f == o || equal(f.codec, o.codec))
}

// equal takes two codecs that can't be compared for different. Comparing and
// seeing is cheaper by far than asking first: every function of a run comes here.
func equal(a, b codec.Codec) (same bool) {
	defer func() { _ = recover() }() // the runtime's panic for what is not comparable leaves false
	return a == b
}

// Edit is of the engine's Form interface.
func (f *form[T]) Edit(old, value []byte) (text []byte, tell func(), err error) {
	out := &editBuffer{max: f.max}
	err = calm(errors.ErrEncode, func() error { return f.edit(out, old, value) })
	if err != nil {
		return nil, nil, matching(errors.ErrEncode, err)
	}
	if r := out.report; len(r.Lost) > 0 {
		tell = func() {
			f.log.Warn("a write could not keep all comments and unknown keys", "path", f.log.Path, "how", r.How, "lines", r.Lost)
		}
	}
	return out.Bytes(), tell, nil
}

// edit gives the codec the encoding itself if it takes one, for what is encoded
// need not decode. To another codec such a value can only be written whole.
func (f *form[T]) edit(out *editBuffer, old, value []byte) error {
	o := f.original
	if c, ok := f.codec.(format.OriginalLoader); ok && !o.Of(old) {
		o, _ = c.LoadOriginal(old, f.max, new(T), f.last) // what does not load is replaced
	}
	if o != nil {
		return o.Edit(out, value, reflect.TypeFor[T]())
	}
	v, err := decode[T](f.codec, value, 0)
	if err != nil {
		out.Write(value)
		return nil
	}
	return f.codec.Edit(out, old, v)
}

// editBuffer takes an edited text, and what the codec tells of it. It tells a
// codec that inflates the old text how far it may.
type editBuffer struct {
	bytes.Buffer
	max    int64
	report codec.EditReport
}

// MaxSize is what codec.Gzip asks for.
func (b *editBuffer) MaxSize() int64 { return b.max }

// Edited is what a codec reports to.
func (b *editBuffer) Edited(r codec.EditReport) { b.report = r }
