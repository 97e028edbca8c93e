package handle

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
)

// Every change is a transaction. The plain operations are transactions of one
// step.

// Write makes v the file's content. It encodes v before it takes the lock.
func (f *File[T]) Write(ctx context.Context, v T) error {
	c, err := f.coding()
	var data []byte
	if err == nil {
		data, err = c.encode(v)
	}
	if err != nil {
		return f.fail("write", errors.ErrWrite, err)
	}
	return f.Do(ctx, "write", errors.ErrWrite, nil, func(tx *Tx[T]) error {
		return f.fail("write", errors.ErrWrite, tx.put(c, data))
	})
}

// WriteBytes makes a copy of data the file's content.
func (f *File[T]) WriteBytes(ctx context.Context, data []byte) error {
	return f.Do(ctx, "write", errors.ErrWrite, nil, func(tx *Tx[T]) error { return tx.WriteBytes(data) })
}

// Append adds text to the end of the file.
func (f *File[T]) Append(ctx context.Context, text string) error {
	return f.Do(ctx, "append", errors.ErrAppend, nil, func(tx *Tx[T]) error { return tx.Append(text) })
}

// Merge adds patch to the value of the file.
func (f *File[T]) Merge(ctx context.Context, patch T) error {
	c, err := f.coding()
	if err != nil {
		return f.fail("merge", errors.ErrWrite, err)
	}
	return f.Do(ctx, "merge", errors.ErrWrite, nil, func(tx *Tx[T]) error {
		return f.fail("merge", errors.ErrWrite, tx.merge(c, patch))
	})
}

// Remove removes the file. If there is no file, it makes neither a lock file nor parents.
func (f *File[T]) Remove(ctx context.Context) error {
	request := f.request
	request.Options.Existing, request.Options.Full, request.Target.Parents = true, true, 0
	return f.do(ctx, request, "remove", errors.ErrWrite, nil, func(tx *Tx[T]) error { return tx.Remove() })
}

// Locked runs the user's fn as one transaction.
func (f *File[T]) Locked(ctx context.Context, user any, fn func(*Tx[T]) error) error {
	return f.Do(ctx, "lock", errors.ErrWrite, user, fn)
}

// Update reads the file, lets fn change the value, and writes it.
func (f *File[T]) Update(ctx context.Context, fn func(v *T) error) error {
	c, err := f.coding()
	if err != nil {
		return f.fail("update", errors.ErrWrite, err)
	}
	return f.Do(ctx, "update", errors.ErrWrite, fn, func(tx *Tx[T]) error { return tx.update(c, fn) })
}
