package handle

import (
	"bytes"
	"fmt"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

// decode gives the caller a value of its own.
func decode[T any](c codec.Codec, data []byte, max int64) (v T, err error) {
	err = calm(errors.ErrDecode, func() error { return c.Load(codec.NewSource(data, max), &v) })
	if err != nil {
		var none T
		return none, matching(errors.ErrDecode, err)
	}
	return v, nil
}

// encode happens before anything touches the disk.
func (f *File[T]) encode(v T) ([]byte, error) {
	c, err := f.codec()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := calm(errors.ErrEncode, func() error { return c.Dump(&buf, v) }); err != nil {
		return nil, matching(errors.ErrEncode, err)
	}
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
