package lockedfile

import (
	"context"

	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// ContextFile is a [LockedFile] for code that has a context. The context ends
// the wait for the lock, with an error that matches its cause; a change that
// has begun is finished.
//
// The context that a transaction's function is given carries the lock. An
// operation with it on the same file, by any ContextFile, joins the transaction:
// it sees what is staged, and what it stages is committed with the rest. A
// joined Locked or Update is a savepoint: if its function fails or panics, just
// its own writes are undone. Joins from several goroutines take turns. A change by
// a handle that asks for more than the transaction will keep, such as a checksum,
// fails with ErrLock. Once the transaction is over its context carries nothing.
//
// All methods are safe for concurrent use. Each does what the method of that
// name does in [safefile.SafeFile] or [LockedFile].
type ContextFile[T any] struct {
	file *handle.File[T]
}

// NewContext makes the handle of a file, as [New] does.
func NewContext[T any](path string, opts ...safefile.Option) *ContextFile[T] {
	return &ContextFile[T]{open[T](path, opts)}
}

// handle is what every method works on. That of a zero ContextFile fails.
func (f *ContextFile[T]) handle() *handle.File[T] {
	if f == nil || f.file == nil {
		return handle.Unmade[T]("lockedfile.NewContext")
	}
	return f.file
}

// with is handle for a call with a context, which must be one.
func (f *ContextFile[T]) with(ctx context.Context) *handle.File[T] {
	if ctx == nil {
		panic("lockedfile.ContextFile: nil context")
	}
	return f.handle()
}

// Path is the file's absolute path.
func (f *ContextFile[T]) Path() string { return f.handle().Path() }

// Read decodes the file, inside a transaction its staged state.
func (f *ContextFile[T]) Read(ctx context.Context) (T, error) { return f.with(ctx).ReadIn(ctx) }

// ReadOr is Read, but gives def if there is no file.
func (f *ContextFile[T]) ReadOr(ctx context.Context, def T) (T, error) {
	return f.with(ctx).ReadOrIn(ctx, def)
}

// ReadBytes gives the content as it is, inside a transaction the staged one.
func (f *ContextFile[T]) ReadBytes(ctx context.Context) ([]byte, error) {
	return f.with(ctx).ReadBytesIn(ctx)
}

// Write makes v the file's content.
func (f *ContextFile[T]) Write(ctx context.Context, v T) error { return f.with(ctx).Write(ctx, v) }

// WriteBytes makes data the file's content.
func (f *ContextFile[T]) WriteBytes(ctx context.Context, data []byte) error {
	return f.with(ctx).WriteBytes(ctx, data)
}

// Merge puts patch over what the file holds.
func (f *ContextFile[T]) Merge(ctx context.Context, patch T) error {
	return f.with(ctx).Merge(ctx, patch)
}

// Append puts text at the end.
func (f *ContextFile[T]) Append(ctx context.Context, text string) error {
	return f.with(ctx).Append(ctx, text)
}

// Remove takes the file away.
func (f *ContextFile[T]) Remove(ctx context.Context) error { return f.with(ctx).Remove(ctx) }

// Verify compares the file with its checksum. Inside a transaction on the file
// it is an error, and so are Open and Create.
func (f *ContextFile[T]) Verify(ctx context.Context) error { return f.with(ctx).Verify(ctx) }

// Open opens the file for reading as a stream.
func (f *ContextFile[T]) Open(ctx context.Context) (*safefile.Reader, error) {
	r, err := f.with(ctx).Open(ctx)
	return (*safefile.Reader)(r), err
}

// Create begins a new content as a stream. The context governs the wait for the
// lock only.
func (f *ContextFile[T]) Create(ctx context.Context) (*safefile.Writer, error) {
	w, err := f.with(ctx).Create(ctx)
	return (*safefile.Writer)(w), err
}

// Locked runs fn as one transaction, or as part of the one that ctx carries.
// Pass on the context that fn is given: one from further out waits for fn.
func (f *ContextFile[T]) Locked(ctx context.Context, fn func(ctx context.Context, tx *Tx[T]) error) error {
	if fn == nil {
		panic("lockedfile.Locked: nil function")
	}
	return f.with(ctx).Locked(ctx, fn, func(tx *handle.Tx[T]) error { return fn(tx.In(ctx), &Tx[T]{tx}) })
}

// Update is the transaction that reads the file, lets fn change the value and
// writes it.
func (f *ContextFile[T]) Update(ctx context.Context, fn func(v *T) error) error {
	if fn == nil {
		panic("lockedfile.Update: nil function")
	}
	return f.with(ctx).Update(ctx, fn)
}
