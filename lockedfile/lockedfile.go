// Package lockedfile runs transactions on a file. A transaction reads, changes and writes the file
// under one lock, and commits all of its changes or none.
//
//	counter := lockedfile.New[Stats]("stats.json")
//	err := counter.Update(func(s *Stats) error {
//		s.Requests++
//		return nil
//	})
//
// A [LockedFile] has every method of [safefile.SafeFile], with the same guarantees. It adds
// [LockedFile.Update] and [LockedFile.Locked]. Their function reads the current content from the
// disk, never from a cache, and stages changes. When the function returns nil, one atomic and
// durable replace commits them. If it returns an error or panics, the file is unchanged. The
// functions of one file never overlap, in this process or in others.
//
// [ContextFile] does the same for code that has a context. The context can end the wait for the
// lock. The context that a function gets carries the lock, so that the functions it calls
// can join the transaction.
//
// # Many callers of one file
//
// Callers that wait for the same file share an fsync. While one commit waits for the disk, the
// next functions run. They see the changes that were staged before them, and are
// committed together. Each caller returns when the commit with its change is durable. If that commit
// fails, each of these callers gets the error.
//
// # Limits of the lock
//
// The lock is advisory: an editor does not take it. If an editor saves between a function's
// read and the commit, its save stays and the commit fails with ErrChanged. Two saves
// are not noticed, and are overwritten:
//   - a save in the last 40 µs before the rename
//   - a save of a file that the function has not read
//
// An Update of a file that was changed within the last 20 ms reads the file a second time
// before it replaces it, since the clock of a filesystem may not tell such changes apart. Where
// timestamps have no fraction of a second, the time is 2 s.
//
// # Fairness
//
// A process that keeps a file busy leaves the lock free for 200 µs after it has held it for
// 5 ms. A process that waits in the kernel, as this library does, gets the lock then. A
// process that polls may miss these 200 µs: Python's filelock, which polls every 50 ms, waits half a
// second or more.
//
// # Waiting for one's own lock
//
// A function that calls Locked on its own file waits for itself, as with any mutex. After 10 s a
// warning in the log names the call that holds the lock, by file and line. The TimeoutError of
// a call with a timeout names it too. To nest transactions, use a ContextFile.
package lockedfile

import (
	"context"

	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// LockedFile is a [safefile.SafeFile] with transactions. It holds nothing open, so there is
// no Close. All methods are safe for concurrent use. A function that runs in a transaction
// must not wait for its own file.
//
// A method that fails returns an *[errors.Error]. An error of the caller's own function
// comes back as it is.
type LockedFile[T any] struct {
	file *handle.File[T]
}

// New makes the handle of a file as [safefile.New] does, with the same options.
// A LockedFile always locks: with [safefile.WithoutLock] every call fails.
func New[T any](path string, opts ...safefile.Option) *LockedFile[T] {
	return &LockedFile[T]{open[T](path, opts)}
}

// handle gives the file that every method works on. For a zero LockedFile its operations fail.
func (f *LockedFile[T]) handle() *handle.File[T] {
	if f == nil || f.file == nil {
		return handle.Unmade[T]("lockedfile.New")
	}
	return f.file
}

func open[T any](path string, opts []safefile.Option) *handle.File[T] {
	return handle.New[T](path, collect(opts))
}

// collect gives the options of a handle that can't do without the lock. The check comes
// after all options, so that none of them can take the lock away again.
func collect(opts []safefile.Option) handle.Options {
	o := handle.Collect(opts)
	if o.NoLock {
		o.Reject("a handle of package lockedfile can't be WithoutLock; use package safefile")
	}
	return o
}

// Locked runs fn as one transaction, and returns nil when the changes that fn has staged are
// durable. Several writes in fn are one commit. fn runs on the caller's goroutine, and must not
// wait for the same file.
//
// If fn returns an error, Locked returns it as it is. If fn panics, the panic goes on. Either way
// the file is unchanged. If fn read uncommitted data whose commit then failed, Locked returns
// that commit's error instead of fn's.
//
// Other errors are:
//   - ErrTimeout: the lock was not free in time, and fn did not run.
//   - ErrChanged: another program changed the file without taking the lock, after fn had read it.
//   - ErrLockLost: the lock was taken away by force while fn ran. This is an error even if fn
//     only read.
//
// After any error no change of fn is on disk. The one exception is [errors.ErrNotDurable].
func (f *LockedFile[T]) Locked(fn func(tx *Tx[T]) error) error {
	if fn == nil {
		panic("lockedfile.Locked: nil function")
	}
	return f.handle().Locked(context.Background(), fn, func(tx *handle.Tx[T]) error { return fn(&Tx[T]{tx}) })
}

// Update runs a transaction that reads the file, lets fn change the value, and writes it. If there
// is no file, fn gets the defaults of [safefile.WithDefaults]. Without these it gets the zero value; a map
// is not nil but empty. A file that can't be decoded is
// ErrDecode, and stays as it is. The errors are those of [LockedFile.Locked].
func (f *LockedFile[T]) Update(fn func(v *T) error) error {
	if fn == nil {
		panic("lockedfile.Update: nil function")
	}
	return f.handle().Update(context.Background(), fn)
}

// Tx is the file inside a transaction. Its reads see what was staged before them. The caller may
// change what they return. A Tx may be used only until the function that got it returns; a later
// call panics. All methods are safe for concurrent use.
type Tx[T any] struct {
	tx *handle.Tx[T]
}

func (tx *Tx[T]) made() *handle.Tx[T] {
	if tx == nil || tx.tx == nil {
		panic("lockedfile.Tx: the zero value is no transaction; Locked gives one to its function")
	}
	return tx.tx
}

// Read decodes the current content. If there is no file the error is [fs.ErrNotExist], or the value is that of
// [safefile.WithDefaults].
func (tx *Tx[T]) Read() (T, error) { return tx.made().Read() }

// ReadOr is [Tx.Read], but returns def if there is no file.
func (tx *Tx[T]) ReadOr(def T) (T, error) { return tx.made().ReadOr(def) }

// ReadBytes gives a copy of the current content, without a codec.
func (tx *Tx[T]) ReadBytes() ([]byte, error) { return tx.made().ReadBytes() }

// ReadVersion is [Tx.Read] with the version of the content. Before anything was staged that is the version
// of the file.
func (tx *Tx[T]) ReadVersion() (T, safefile.Version, error) {
	v, seen, err := tx.made().ReadVersion()
	return v, safefile.Version(seen), err
}

// WriteIf is [Tx.Write] if the current content is the version seen. If it is not, the error is ErrChanged and
// nothing was staged.
func (tx *Tx[T]) WriteIf(v T, seen safefile.Version) error {
	return tx.made().WriteIf(v, handle.Version(seen))
}

// Write stages v. A value that can't be encoded is ErrEncode at once.
func (tx *Tx[T]) Write(v T) error { return tx.made().Write(v) }

// WriteBytes stages a copy of data.
func (tx *Tx[T]) WriteBytes(data []byte) error { return tx.made().WriteBytes(data) }

// Merge adds patch to the current value, as [safefile.SafeFile.Merge] does, and stages the result.
func (tx *Tx[T]) Merge(patch T) error { return tx.made().Merge(patch) }

// Append stages text at the end of the content.
func (tx *Tx[T]) Append(text string) error { return tx.made().Append(text) }

// Remove stages the removal of the file. If there is no file the error is [fs.ErrNotExist].
func (tx *Tx[T]) Remove() error { return tx.made().Remove() }
