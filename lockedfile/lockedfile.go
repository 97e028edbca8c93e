// Package lockedfile runs transactions on a file: read, think and write under
// one lock, commit all of it or nothing.
//
//	counter := lockedfile.New[Stats]("stats.json")
//	err := counter.Update(func(s *Stats) error {
//		s.Requests++
//		return nil
//	})
//
// A [LockedFile] has every method of [safefile.SafeFile] and its promises.
// [LockedFile.Locked] adds the transaction: its function reads the current
// state, from the disk and never from a cache, and stages changes; when it
// returns nil they are committed by one atomic and durable replace. An error or
// a panic stages nothing. Functions of one file never overlap, in this process
// or another.
//
// [ContextFile] is the same for code that has a context: the wait can be
// cancelled, and the context that its functions are given carries the lock, so
// that what they call can join the transaction.
//
// # Many at once
//
// Callers that wait for one file share the disk: while one commit is in its
// fsyncs the next functions already run, on the state that was staged before
// them, and are committed together. Each is acknowledged when the commit with
// its change is durable. If that commit fails, each of them gets the error.
//
// # Where it weakens
//
// The lock is advisory. An editor does not take it. If an editor saves between a
// function's read and the commit, that save is kept and the commit fails with
// ErrChanged. Two saves are not noticed: one in the last 40 µs before the rename, and
// one of a file that the function has not read.
//
// An Update of a file that was changed within the last 20 ms reads the file again before it
// is replaced, since a filesystem's clock may not tell such changes apart. Where
// timestamps have no fraction of a second, these are 2 s.
//
// A process that keeps a file busy leaves its lock free for 200 µs after every 5 ms of
// holding it. A process that waits in the kernel, as this library does, gets the lock
// then. A process that polls has to hit the gap: Python's filelock, at its 50 ms, waits
// half a second or more.
//
// A function that waits for its own lock, by Locked inside Locked on one file,
// waits like with any mutex. After 10 s a warning in the log names the call that
// holds the lock, by file and line, and so does the TimeoutError of a call that does
// not wait for ever. Use a ContextFile to nest.
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

// handle is what every method works on. That of a zero LockedFile fails.
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
		o.Reject("lockedfile can't do WithoutLock; use safefile for that")
	}
	return o
}

// Locked runs fn as one transaction, and returns nil when what it staged is
// durable. Several writes in it are one commit.
//
// An error of fn comes back as it is, and a panic goes on; in both cases the
// file is as it was. (If fn had read what another function staged, and the disk
// then failed that change, fn's error rests on nothing and the disk's comes
// back.) ErrTimeout means that fn did not run; ErrChanged that
// somebody changed the file without taking the lock, after fn had read it; ErrLockLost
// that the lock was taken away by force while fn ran, even if fn only read. After
// any other error nothing of fn is on disk, but for [errors.ErrNotDurable].
//
// fn runs on the caller's goroutine. It must not wait for the same file.
func (f *LockedFile[T]) Locked(fn func(tx *Tx[T]) error) error {
	if fn == nil {
		panic("lockedfile.Locked: nil function")
	}
	return f.handle().Locked(context.Background(), fn, func(tx *handle.Tx[T]) error { return fn(&Tx[T]{tx}) })
}

// Update is the transaction that reads the file, lets fn change the value and
// writes it. Without a file fn gets the zero value, or an empty map. A file
// that can't be decoded is ErrDecode and is left as it is.
func (f *LockedFile[T]) Update(fn func(v *T) error) error {
	if fn == nil {
		panic("lockedfile.Update: nil function")
	}
	return f.handle().Update(context.Background(), fn)
}

// Tx is the file inside a transaction. Reads see what was staged before them;
// what they return belongs to the caller. It ends with the function that it was
// given to, and panics if it is used later. It is safe for concurrent use.
type Tx[T any] struct {
	tx *handle.Tx[T]
}

func (tx *Tx[T]) made() *handle.Tx[T] {
	if tx == nil || tx.tx == nil {
		panic("lockedfile.Tx: the zero value is no transaction; Locked gives one to its function")
	}
	return tx.tx
}

// Read decodes the current state. A missing file is [fs.ErrNotExist].
func (tx *Tx[T]) Read() (T, error) { return tx.made().Read() }

// ReadOr is Read, but gives def if there is no file.
func (tx *Tx[T]) ReadOr(def T) (T, error) { return tx.made().ReadOr(def) }

// ReadBytes gives the current content as it is.
func (tx *Tx[T]) ReadBytes() ([]byte, error) { return tx.made().ReadBytes() }

// Write stages v. A value that can't be encoded is ErrEncode, at once.
func (tx *Tx[T]) Write(v T) error { return tx.made().Write(v) }

// WriteBytes stages a copy of data.
func (tx *Tx[T]) WriteBytes(data []byte) error { return tx.made().WriteBytes(data) }

// Merge stages patch put over the current state, as [safefile.SafeFile.Merge] does.
func (tx *Tx[T]) Merge(patch T) error { return tx.made().Merge(patch) }

// Append stages text at the end.
func (tx *Tx[T]) Append(text string) error { return tx.made().Append(text) }

// Remove stages the file's removal. A missing file is [fs.ErrNotExist].
func (tx *Tx[T]) Remove() error { return tx.made().Remove() }
