package codec

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
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
	return decodeFailure("gzip", nil, -1, err)
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
	_, err := c.edit(w, old, func(plain io.Writer, text []byte) (bool, error) {
		return true, c.editor.Edit(plain, text, v)
	}, func() error { return c.Dump(w, v) })
	return err
}

// EditEncoded is Edit with a value that is encoded and compressed.
func (c gzippedEditor) EditEncoded(w io.Writer, old, enc []byte, t reflect.Type) (done bool, err error) {
	editor, ok := c.editor.(encodedEditor)
	if !ok {
		return false, nil
	}
	value, err := inflate(enc, 0)
	if err != nil {
		return false, err
	}
	return c.edit(w, old, func(plain io.Writer, text []byte) (bool, error) {
		return editor.EditEncoded(plain, text, value, t)
	}, func() error { return emit(w, enc) })
}

// edit has the text that old holds edited, and written whole if it holds none.
func (c gzippedEditor) edit(w io.Writer, old []byte, edit func(w io.Writer, plain []byte) (bool, error), whole func() error) (done bool, err error) {
	var max int64
	if limit, ok := w.(interface{ MaxSize() int64 }); ok {
		max = limit.MaxSize()
	}
	plain, err := inflate(old, max)
	if errors.Is(err, errors.ErrDecode) {
		return true, whole()
	}
	if err != nil {
		return true, err
	}
	edited := inflated{outer: w}
	if done, err = edit(&edited, plain); err != nil || !done {
		return done, err
	}
	if bytes.Equal(edited.Bytes(), plain) {
		return true, emit(w, old)
	}
	return true, deflate(w, func(z io.Writer) error { return emit(z, edited.Bytes()) })
}

// inflated takes the text of an edit and passes on what is said about it.
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
