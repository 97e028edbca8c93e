package codec

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
)

// Gzip makes a codec whose files are the compressed files of inner. The same value always gives the
// same bytes, since no time and no name is recorded. If inner is an [Editor], the result is one
// too. An edit that changes nothing keeps the compressed bytes. Gzip panics if inner is nil.
//
// Load accepts several gzip members in a row, as gzip(1) does. Content that is cut short, damaged or
// followed by other bytes is ErrDecode. Content that inflates to more than the reader's MaxSize is
// ErrTooLarge.
func Gzip(inner Codec) Codec {
	if inner == nil {
		panic("codec.Gzip: nil codec")
	}
	c := gzipped{inner}
	if editor, ok := inner.(Editor); ok {
		return gzippedEditor{c, editor}
	}
	return c
}

type gzipped struct{ inner Codec }

func (c gzipped) Load(r io.Reader, v any) error {
	data, max, err := content(r)
	if err != nil {
		return err
	}
	plain, err := inflate(data, max)
	if err != nil {
		return err
	}
	return c.inner.Load(NewSource(plain, max), v)
}

func (c gzipped) Dump(w io.Writer, v any) error {
	return deflate(w, func(plain io.Writer) error { return c.inner.Dump(plain, v) })
}

// Complete is of format.Completer.
func (c gzipped) Complete(enc []byte, v, def any) ([]byte, error) {
	inner, can := c.inner.(format.Completer)
	if !can {
		return nil, nil
	}
	plain, err := inflate(enc, 0)
	if err == nil {
		plain, err = inner.Complete(plain, v, def)
	}
	if err != nil || plain == nil {
		return nil, err
	}
	var text bytes.Buffer
	err = deflate(&text, func(z io.Writer) error { return emit(z, plain) })
	return text.Bytes(), err
}

// inflate stops at max bytes; 0 means no limit.
func inflate(data []byte, max int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, inflateFailure(err)
	}
	var limited io.Reader = z
	if max > 0 && max < math.MaxInt64 {
		limited = io.LimitReader(z, max+1)
	}
	plain, err := io.ReadAll(limited)
	if err != nil {
		return nil, inflateFailure(err)
	}
	if max > 0 && int64(len(plain)) > max {
		return nil, fmt.Errorf("%w: it inflates to more than %d bytes", errors.ErrTooLarge, max)
	}
	return plain, nil
}

func inflateFailure(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return format.DecodeFailure("gzip", nil, -1, err)
}

// deflate writes what dump writes, compressed, and nothing if dump fails.
func deflate(w io.Writer, dump func(io.Writer) error) error {
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	if err := dump(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return emit(w, text.Bytes())
}

type gzippedEditor struct {
	gzipped
	editor Editor
}

// Edit limits the inflated size of old only if w has a MaxSize. If old does not inflate, it can't be
// edited and v is written whole.
func (c gzippedEditor) Edit(w io.Writer, old []byte, v any) error {
	var max int64
	if limit, ok := w.(interface{ MaxSize() int64 }); ok {
		max = limit.MaxSize()
	}
	plain, err := inflate(old, max)
	if errors.Is(err, errors.ErrDecode) {
		return c.Dump(w, v)
	}
	if err != nil {
		return err
	}
	return edited(w, old, plain, func(w io.Writer) error { return c.editor.Edit(w, plain, v) })
}

// Encode is of format.Encoder, as are the next two.
func (c gzippedEditor) Encode(w io.Writer, v any) error {
	if inner, ok := c.editor.(format.Encoder); ok {
		return deflate(w, func(plain io.Writer) error { return inner.Encode(plain, v) })
	}
	return c.Dump(w, v)
}

func (c gzippedEditor) Comments(t reflect.Type) bool {
	inner, ok := c.editor.(format.Encoder)
	return ok && inner.Comments(t)
}

func (c gzippedEditor) Annotate(enc []byte, t reflect.Type) ([]byte, error) {
	inner, ok := c.editor.(format.Encoder)
	if !ok {
		return enc, nil
	}
	plain, err := inflate(enc, 0)
	if err == nil {
		plain, err = inner.Annotate(plain, t)
	}
	var text bytes.Buffer
	if err == nil {
		err = deflate(&text, func(z io.Writer) error { return emit(z, plain) })
	}
	return text.Bytes(), err
}

// LoadOriginal is of format.OriginalLoader.
func (c gzippedEditor) LoadOriginal(text []byte, max int64, v any, last *format.LastWrite) (*format.Original, error) {
	inner, can := c.editor.(format.OriginalLoader)
	if !can {
		return nil, c.Load(NewSource(text, max), v)
	}
	plain, err := inflate(text, max)
	if err != nil {
		return format.NewOriginal(text, func(w io.Writer, enc []byte, t reflect.Type) error {
			if !errors.Is(err, errors.ErrDecode) {
				return err
			}
			text, err := c.Annotate(enc, t)
			if err != nil {
				return err
			}
			return emit(w, text)
		}), err
	}
	o, err := inner.LoadOriginal(plain, max, v, last)
	if o == nil {
		return nil, err
	}
	return format.NewOriginal(text, func(w io.Writer, enc []byte, t reflect.Type) error {
		value, err := inflate(enc, 0)
		if err != nil {
			return err
		}
		return edited(w, text, plain, func(w io.Writer) error { return o.Edit(w, value, t) })
	}), err
}

// edited compresses the edited plain text. If the plain text did not change, it keeps the old compressed
// bytes.
func edited(w io.Writer, old, plain []byte, edit func(w io.Writer) error) error {
	text := inflated{outer: w}
	if err := edit(&text); err != nil {
		return err
	}
	if bytes.Equal(text.Bytes(), plain) {
		return emit(w, old)
	}
	return deflate(w, func(z io.Writer) error { return emit(z, text.Bytes()) })
}

// inflated takes the text of an edit and passes its report on.
type inflated struct {
	bytes.Buffer
	outer io.Writer
}

// Edited is what the inner codec reports to.
func (b *inflated) Edited(r EditReport) {
	if listener, ok := b.outer.(interface{ Edited(EditReport) }); ok {
		listener.Edited(r)
	}
}
