package handle

import (
	"bytes"
	"context"
	"io/fs"
	"reflect"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
)

// Tx is a transaction on a file: reads see what was staged before them, and
// what is staged is committed when the function that was given the Tx returns.
type Tx[T any] struct {
	file *File[T]
	tx   *engine.Tx
}

// Read decodes the current state, for this caller alone.
func (tx *Tx[T]) Read() (T, error) {
	v, err := tx.read()
	return v, tx.file.fail("read", errors.ErrRead, err)
}

func (tx *Tx[T]) read() (none T, err error) {
	c, err := tx.file.codec()
	if err != nil {
		return none, err
	}
	data, exists, err := tx.tx.Value(tx.file.form(c), tx.file.options.forCodec())
	if err == nil && !exists {
		err = fs.ErrNotExist
	}
	if err != nil {
		return none, err
	}
	return decode[T](c, data, tx.file.options.MaxSize)
}

// ReadOr is Read, but gives def if there is no file.
func (tx *Tx[T]) ReadOr(def T) (T, error) { return orDefault(def)(tx.Read()) }

// ReadBytes gives the current content, for this caller alone.
func (tx *Tx[T]) ReadBytes() ([]byte, error) {
	data, exists, err := tx.tx.Text(tx.file.options.forBytes())
	if err == nil && !exists {
		err = fs.ErrNotExist
	}
	return bytes.Clone(data), tx.file.fail("read", errors.ErrRead, err)
}

// Write stages v.
func (tx *Tx[T]) Write(v T) error {
	c, data, err := tx.file.encode(v)
	if err != nil {
		return tx.file.fail("write", errors.ErrWrite, err)
	}
	return tx.put(c, data)
}

// put stages the encoding of a value by a codec. Nobody else has the bytes.
func (tx *Tx[T]) put(c codec.Codec, data []byte) error {
	form := tx.file.form(c)
	if form == nil {
		tx.tx.Put(data)
		return nil
	}
	return tx.file.fail("write", errors.ErrWrite, tx.tx.PutValue(form, data, tx.file.options.forCodec()))
}

// WriteBytes stages a copy of data.
func (tx *Tx[T]) WriteBytes(data []byte) error {
	tx.tx.Put(bytes.Clone(data))
	return nil
}

// Append stages text at the end.
func (tx *Tx[T]) Append(text string) error {
	return tx.file.fail("append", errors.ErrAppend, tx.tx.Append([]byte(text)))
}

// Update lets fn change the current state; without a file, the zero value, with
// a map made.
func (tx *Tx[T]) Update(fn func(v *T) error) error {
	v, err := tx.read()
	if err != nil && !noFile(err) {
		return tx.file.fail("update", errors.ErrWrite, err)
	}
	if m := reflect.ValueOf(&v).Elem(); m.Kind() == reflect.Map && m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	if err := fn(&v); err != nil {
		return err
	}
	return tx.Write(v)
}

// In gives a context that carries the transaction, so that operations with it
// join instead of waiting.
func (tx *Tx[T]) In(ctx context.Context) context.Context { return tx.tx.In(ctx) }

// Merge stages patch over the current state; without a file, over nothing.
func (tx *Tx[T]) Merge(patch T) error {
	old, err := tx.read()
	if err != nil && !noFile(err) {
		return tx.file.fail("merge", errors.ErrWrite, err)
	}
	merged, err := merge(old, patch)
	if err != nil {
		return tx.file.fail("merge", errors.ErrWrite, err)
	}
	return tx.Write(merged)
}

// Remove stages the file's removal.
func (tx *Tx[T]) Remove() error {
	return tx.file.fail("remove", errors.ErrWrite, tx.tx.Remove())
}
