package handle

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
)

// With a context that carries a transaction on the file, a read sees the staged content. With any
// other context it is an ordinary read.

// ReadIn is Read with a context.
func (f *File[T]) ReadIn(ctx context.Context) (T, error) {
	return readIn(ctx, f, f.read, (*Tx[T]).Read)
}

// ReadOrIn is ReadOr with a context.
func (f *File[T]) ReadOrIn(ctx context.Context, def T) (T, error) {
	return orDefault(def)(readIn(ctx, f, f.readExisting, (*Tx[T]).readExisting))
}

// ReadBytesIn is ReadBytes with a context.
func (f *File[T]) ReadBytesIn(ctx context.Context) ([]byte, error) {
	return readIn(ctx, f, f.readBytes, (*Tx[T]).ReadBytes)
}

func readIn[T, R any](ctx context.Context, f *File[T], plain func(context.Context) (R, error), staged func(*Tx[T]) (R, error)) (result R, err error) {
	if f.err != nil {
		return plain(ctx)
	}
	if err := engine.Ended(ctx); err != nil {
		return result, f.fail("read", errors.ErrRead, err)
	}
	open, err := f.engine.Carried(ctx, f.request.Target)
	if err != nil {
		return result, f.fail("read", errors.ErrRead, err)
	}
	if open == nil {
		return plain(ctx)
	}
	err = f.Do(ctx, "read", errors.ErrRead, nil, func(tx *Tx[T]) error {
		result, err = staged(tx)
		return err
	})
	return result, err
}
