package lockedfile

import (
	"context"
	"iter"

	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// ContextFile is a [LockedFile] for code that has a context. The context can end the wait for the
// lock; then the error matches the context's cause. A change that has begun is finished.
//
// # Joining a transaction
//
// The context that a transaction's function gets carries the lock. An operation with this context,
// by any ContextFile of the same file, joins the transaction:
//   - It sees what was staged before it, and its own changes are committed with the others.
//   - A joined Locked or Update is a savepoint: if its function returns an error or panics, only
//     its own changes are undone.
//   - Joined operations of several goroutines run one after the other.
//   - Open, Create, Verify and Watch can't join, and return an error.
//   - If a handle asks for more than the transaction does, such as a checksum, its
//     changes fail with ErrLock.
//
// When the transaction is over, its context carries no lock any more.
//
// All methods are safe for concurrent use. Each does what the method of the same name does in
// [safefile.SafeFile] or [LockedFile].
type ContextFile[T any] struct {
	file *handle.File[T]
}

// NewContext makes a handle as [New] does.
func NewContext[T any](path string, opts ...safefile.Option) *ContextFile[T] {
	return &ContextFile[T]{open[T](path, opts)}
}

// handle gives the file that every method works on. For a zero ContextFile its operations fail.
func (f *ContextFile[T]) handle() *handle.File[T] {
	if f == nil || f.file == nil {
		return handle.Unmade[T]("lockedfile.NewContext")
	}
	return f.file
}

// with is handle for a call with a context, which must not be nil.
func (f *ContextFile[T]) with(ctx context.Context) *handle.File[T] {
	if ctx == nil {
		panic("lockedfile.ContextFile: nil context")
	}
	return f.handle()
}

// Path gives the file's absolute path.
func (f *ContextFile[T]) Path() string { return f.handle().Path() }

// Read decodes the file. Inside a transaction it decodes the staged content.
func (f *ContextFile[T]) Read(ctx context.Context) (T, error) { return f.with(ctx).ReadIn(ctx) }

// ReadOr is [ContextFile.Read], but returns def if there is no file.
func (f *ContextFile[T]) ReadOr(ctx context.Context, def T) (T, error) {
	return f.with(ctx).ReadOrIn(ctx, def)
}

// ReadBytes reads the file without a codec. Inside a transaction it reads the staged content.
func (f *ContextFile[T]) ReadBytes(ctx context.Context) ([]byte, error) {
	return f.with(ctx).ReadBytesIn(ctx)
}

// ReadVersion is [ContextFile.Read] with the version of the content. Inside a transaction it is the version
// that a commit of the staged content would give the file.
func (f *ContextFile[T]) ReadVersion(ctx context.Context) (T, safefile.Version, error) {
	v, seen, err := f.with(ctx).ReadVersion(ctx)
	return v, safefile.Version(seen), err
}

// WriteIf is [ContextFile.Write] if the content is still the version seen; else the error is ErrChanged.
// Inside a transaction it compares the staged content.
func (f *ContextFile[T]) WriteIf(ctx context.Context, v T, seen safefile.Version) error {
	return f.with(ctx).WriteIf(ctx, v, handle.Version(seen))
}

// Write makes v the file's content.
func (f *ContextFile[T]) Write(ctx context.Context, v T) error { return f.with(ctx).Write(ctx, v) }

// WriteBytes makes data the file's content, without a codec.
func (f *ContextFile[T]) WriteBytes(ctx context.Context, data []byte) error {
	return f.with(ctx).WriteBytes(ctx, data)
}

// Merge adds the entries of patch to those of the file.
func (f *ContextFile[T]) Merge(ctx context.Context, patch T) error {
	return f.with(ctx).Merge(ctx, patch)
}

// Append adds text to the end of the file.
func (f *ContextFile[T]) Append(ctx context.Context, text string) error {
	return f.with(ctx).Append(ctx, text)
}

// Remove removes the file.
func (f *ContextFile[T]) Remove(ctx context.Context) error { return f.with(ctx).Remove(ctx) }

// Verify compares the file with its checksum. Inside a transaction on the file it is an error.
func (f *ContextFile[T]) Verify(ctx context.Context) error { return f.with(ctx).Verify(ctx) }

// Open opens the file for reading as a stream. Inside a transaction on the file it is an error.
func (f *ContextFile[T]) Open(ctx context.Context) (*safefile.Reader, error) {
	r, err := f.with(ctx).Open(ctx)
	return (*safefile.Reader)(r), err
}

// Create begins a new content as a stream. The context can end only the wait for the lock. Inside a
// transaction on the file it is an error.
func (f *ContextFile[T]) Create(ctx context.Context) (*safefile.Writer, error) {
	w, err := f.with(ctx).Create(ctx)
	return (*safefile.Writer)(w), err
}

// Watch yields the current value, and then the newest value after each change, until ctx ends. Inside a
// transaction on the file it yields an error and ends. See [safefile.SafeFile.Watch].
func (f *ContextFile[T]) Watch(ctx context.Context) iter.Seq2[T, error] {
	return f.with(ctx).Watch(ctx)
}

// Locked runs fn as one transaction, or as a part of the transaction that ctx carries. fn must
// pass on the context that it gets: an operation with an outer context waits for fn to end.
func (f *ContextFile[T]) Locked(ctx context.Context, fn func(ctx context.Context, tx *Tx[T]) error) error {
	if fn == nil {
		panic("lockedfile.Locked: nil function")
	}
	return f.with(ctx).Locked(ctx, fn, func(tx *handle.Tx[T]) error { return fn(tx.In(ctx), &Tx[T]{tx}) })
}

// Update runs a transaction that reads the file, lets fn change the value, and writes it. With a
// context that carries a transaction it joins that.
func (f *ContextFile[T]) Update(ctx context.Context, fn func(v *T) error) error {
	if fn == nil {
		panic("lockedfile.Update: nil function")
	}
	return f.with(ctx).Update(ctx, fn)
}
