package handle

import (
	"bytes"
	"context"
	"io/fs"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
)

// Tx is a transaction on a file. Reads see the changes that were staged before them. The staged
// changes are committed when the function that got the Tx has returned nil.
type Tx[T any] struct {
	file *File[T]
	tx   *engine.Tx
}

// Read decodes the current content. Nobody else has the value.
func (tx *Tx[T]) Read() (v T, err error) {
	c, err := tx.file.coding()
	if err == nil {
		v, err = tx.read(c)
		v, err = orStart(c.start, v, err)
	}
	return v, tx.file.fail("read", errors.ErrRead, err)
}

// readExisting is Read, but a missing file is an error even with defaults.
func (tx *Tx[T]) readExisting() (v T, err error) {
	c, err := tx.file.coding()
	if err == nil {
		v, err = tx.read(c)
	}
	return v, tx.file.fail("read", errors.ErrRead, err)
}

func (tx *Tx[T]) read(c coding[T]) (none T, err error) {
	data, _, exists, err := tx.tx.Value(c.form, tx.file.options.forCodec())
	if err == nil && !exists {
		err = fs.ErrNotExist
	}
	if err != nil {
		return none, err
	}
	return decode(c.codec, data, tx.file.options.MaxSize, c.start)
}

// readOriginal is read of a value that is written later. If nothing is staged in the codec's form,
// the form keeps the loaded text for the edit.
func (tx *Tx[T]) readOriginal(c coding[T]) (none T, err error) {
	data, staged, exists, err := tx.tx.Value(c.form, tx.file.options.forCodec())
	if err == nil && !exists {
		err = fs.ErrNotExist
	}
	if err != nil {
		return none, err
	}
	if f, ok := c.form.(*form[T]); ok && !staged {
		return f.decodeOriginal(data)
	}
	return decode(c.codec, data, tx.file.options.MaxSize, c.start)
}

// ReadOr is Read, but gives def if there is no file.
func (tx *Tx[T]) ReadOr(def T) (T, error) { return orDefault(def)(tx.readExisting()) }

// ReadBytes gives a copy of the current content.
func (tx *Tx[T]) ReadBytes() ([]byte, error) {
	data, exists, err := tx.tx.Text(tx.file.options.forBytes())
	if err == nil && !exists {
		err = fs.ErrNotExist
	}
	return bytes.Clone(data), tx.file.fail("read", errors.ErrRead, err)
}

// Write stages v.
func (tx *Tx[T]) Write(v T) error {
	c, err := tx.file.coding()
	if err == nil {
		err = tx.write(c, v)
	}
	return tx.file.fail("write", errors.ErrWrite, err)
}

func (tx *Tx[T]) write(c coding[T], v T) error {
	data, err := c.encode(v)
	if err != nil {
		return err
	}
	return tx.put(c, data)
}

// put stages the encoding of a value. The caller must not change data afterwards.
func (tx *Tx[T]) put(c coding[T], data []byte) error {
	if c.form == nil {
		tx.tx.Put(data)
		return nil
	}
	return tx.tx.PutValue(c.form, data, tx.file.options.forCodec())
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

// update lets fn change the current value. If there is no file, fn gets the defaults; without
// defaults the zero value, or an empty map.
func (tx *Tx[T]) update(c coding[T], fn func(v *T) error) error {
	v, err := tx.readOriginal(c)
	v, err = orStart(c.start, v, err)
	if err != nil && !noFile(err) {
		return tx.file.fail("update", errors.ErrWrite, err)
	}
	if m := reflect.ValueOf(&v).Elem(); m.Kind() == reflect.Map && m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	if err := fn(&v); err != nil {
		return err
	}
	if err := tx.write(c, v); err != nil {
		return tx.file.fail("update", errors.ErrWrite, err)
	}
	return nil
}

// In gives a context that carries the transaction. Operations with it join the transaction.
func (tx *Tx[T]) In(ctx context.Context) context.Context { return tx.tx.In(ctx) }

// Merge adds patch to the current value and stages the result. A missing file counts as empty.
func (tx *Tx[T]) Merge(patch T) error {
	c, err := tx.file.coding()
	if err == nil {
		err = tx.merge(c, patch)
	}
	return tx.file.fail("merge", errors.ErrWrite, err)
}

func (tx *Tx[T]) merge(c coding[T], patch T) error {
	old, err := tx.read(c)
	old, err = orStart(c.start, old, err)
	if err != nil && !noFile(err) {
		return err
	}
	merged, err := merge(old, patch)
	if err != nil {
		return err
	}
	return tx.write(c, merged)
}

// Remove stages the file's removal.
func (tx *Tx[T]) Remove() error {
	return tx.file.fail("remove", errors.ErrWrite, tx.tx.Remove())
}
