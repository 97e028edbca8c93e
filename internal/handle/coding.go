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

// coding is the codec of one operation. It is looked up once per operation, since another codec
// may be registered meanwhile.
type coding[T any] struct {
	codec codec.Codec
	form  engine.Form // nil if the codec can't edit: then its encoding is the text of the file
	last  *format.LastWrite
	start *start[T]
}

func (f *File[T]) coding() (coding[T], error) {
	c, err := f.codec()
	if err != nil {
		return coding[T]{}, err
	}
	start, last := f.start(), &f.written
	if start != nil {
		last = nil // the text that was written last says nothing of what the defaults are now
	}
	if editor, ok := c.(codec.Editor); ok {
		form := &form[T]{codec: editor, max: f.options.MaxSize, log: f.request.Options.Policy.Log, last: last, start: start}
		return coding[T]{c, form, last, start}, nil
	}
	return coding[T]{codec: c, start: start}, nil
}

// decode gives a value that nobody else has.
func decode[T any](c codec.Codec, data []byte, max int64, s *start[T]) (v T, err error) {
	v = s.fresh()
	err = guarded(errors.ErrDecode, func() error { return c.Load(codec.NewSource(data, max), &v) })
	if err != nil {
		var none T
		return none, err
	}
	return v, nil
}

// decodeOriginal is decode for a text that is edited later. The form keeps the
// format.Original of the text, so that the edit need not decode it again.
func (f *form[T]) decodeOriginal(text []byte) (v T, err error) {
	c, ok := f.codec.(format.OriginalLoader)
	if !ok {
		return decode(f.codec, text, f.max, f.start)
	}
	v = f.start.fresh()
	var original *format.Original
	err = guarded(errors.ErrDecode, func() (err error) {
		original, err = c.LoadOriginal(text, f.max, &v, f.last)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	f.original = original
	return v, nil
}

// encode encodes v. A Write calls it before it takes the lock.
func (c coding[T]) encode(v T) ([]byte, error) {
	var buf bytes.Buffer
	err := guarded(errors.ErrEncode, func() error {
		if e, ok := c.codec.(format.Encoder); ok && c.form != nil {
			return e.Encode(&buf, v) // the form adds the comments
		}
		return c.codec.Dump(&buf, v)
	})
	if err != nil {
		return nil, err
	}
	if c.start != nil {
		return c.overDefaults(buf.Bytes(), v)
	}
	c.last.Encoded(buf.Bytes(), v)
	return buf.Bytes(), nil
}

// guarded calls a user's codec. Its error, or its panic, becomes an error that matches kind, or ErrTooLarge.
func guarded(kind error, call func() error) error {
	err := format.Guard(call)
	if err == nil || errors.Is(err, kind) || errors.Is(err, errors.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// form writes values of one type, by one codec, into the text of a file. It is an engine.Form.
type form[T any] struct {
	codec    codec.Editor
	max      int64
	log      *safety.Log
	last     *format.LastWrite
	original *format.Original // of the text that an Update has loaded; nil otherwise
	start    *start[T]
}

// Same is of the engine's Form interface.
func (f *form[T]) Same(other engine.Form) bool {
	o, ok := other.(*form[T])
	return ok && (f == o || f.start.same(o.start) && equal(f.codec, o.codec))
}

// equal reports whether two codecs are the same. Two codecs that can't be compared are different.
// Recovering is cheaper than reflect.Value.Comparable, and every function of a group commit
// comes here.
func equal(a, b codec.Codec) (same bool) {
	defer func() { _ = recover() }() // if == panics, same stays false
	return a == b
}

// New is of the engine's Form interface. The text of a new file has the comments of T's fields.
func (f *form[T]) New(value []byte) (text []byte, err error) {
	e, ok := f.codec.(format.Encoder)
	t := reflect.TypeFor[T]()
	if !ok || !e.Comments(t) {
		return value, nil
	}
	err = guarded(errors.ErrEncode, func() (err error) {
		text, err = e.Annotate(value, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return text, nil
}

// Edit is of the engine's Form interface.
func (f *form[T]) Edit(old, value []byte) (text []byte, tell func(), err error) {
	out := &editBuffer{max: f.max}
	err = guarded(errors.ErrEncode, func() error { return f.edit(out, old, value) })
	if err != nil {
		return nil, nil, err
	}
	if r := out.report; len(r.Lost) > 0 {
		tell = func() {
			f.log.Warn("a write could not keep all comments and unknown keys", "path", f.log.Path, "how", r.How, "lines", r.Lost)
		}
	}
	return out.Bytes(), tell, nil
}

// edit writes the encoded value into the old text. An OriginalLoader takes the encoding itself.
// Any other codec takes a value, so the encoding is decoded. If it does not decode, it replaces
// the whole text.
func (f *form[T]) edit(out *editBuffer, old, value []byte) error {
	o := f.original
	if c, ok := f.codec.(format.OriginalLoader); ok && !o.Of(old) {
		v := f.start.fresh()
		o, _ = c.LoadOriginal(old, f.max, &v, f.last) // a text that does not load is replaced
	}
	if o != nil {
		return o.Edit(out, value, reflect.TypeFor[T]())
	}
	v, err := decode(f.codec, value, 0, f.start)
	if err != nil {
		out.Write(value)
		return nil
	}
	return f.codec.Edit(out, old, v)
}

// editBuffer is the writer that a codec gets for an edit: it takes the edited text and the report,
// and limits the size to which the codec inflates the old text. See codec.Editor.
type editBuffer struct {
	bytes.Buffer
	max    int64
	report codec.EditReport
}

// MaxSize is called by codec.Gzip.
func (b *editBuffer) MaxSize() int64 { return b.max }

// Edited is called by the codec with its report.
func (b *editBuffer) Edited(r codec.EditReport) { b.report = r }
