// Package faultfs makes a filesystem fail on purpose. It is for tests.
//
// Wrap counts the operations of another filesystem and asks a hook before each:
//
//	disk := faultfs.Wrap(vfs.OS)
//	disk.FailAt(3, syscall.ENOSPC) // the third operation from now finds no space
//	err := write(disk)
//	disk.Reset()                   // and everything works again
//
// A write that fails has written the first half, as on a disk that becomes full.
// A close that fails has closed the file, as on Linux; a second close panics. Any other operation
// that fails has done nothing.
package faultfs

import (
	"fmt"
	"io/fs"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// ErrSkip, returned by a hook, makes an operation return success without doing anything. The
// tests of a protocol must notice that.
var ErrSkip = errors.New("faultfs: skip")

// Op is one operation.
type Op struct {
	N    int    // its number, from 1
	Verb string // as in the constants
	Path string // what it is about
}

// The verbs, named after the methods of package vfs.
const (
	OpenDir    = "open directory"
	Open       = "open"
	OpenRecord = "open record"
	Create     = "create"
	Stat       = "stat"
	Volume     = "volume"
	Lock       = "lock"
	Same       = "same"
	Readlink   = "readlink"
	Mkdir      = "mkdir"
	Rmdir      = "rmdir"
	Notifier   = "notifier"
	Watch      = "watch"
	Writable   = "writable"
	Rename     = "rename"
	Link       = "link"
	Remove     = "remove"
	Names      = "names"
	SyncDir    = "sync directory"
	Confirm    = "confirm directory"
	Read       = "read"
	Write      = "write"
	Chmod      = "chmod"
	Chown      = "chown"
	Attrs      = "attrs"
	Attr       = "attr"
	SetAttr    = "set attr"
	RemoveAttr = "remove attr"
	Clone      = "clone"
	Truncate   = "truncate"
	SetMtime   = "set mtime"
	Sync       = "sync"
	Close      = "close"
)

func (op Op) String() string { return fmt.Sprintf("%d %s %s", op.N, op.Verb, op.Path) }

// FS is a filesystem whose operations fail when a hook says so. It is safe for concurrent use.
type FS struct {
	inner vfs.FS

	mu   sync.Mutex
	hook func(Op) error
	ops  []Op
}

// Wrap makes a filesystem that works like fs until a hook is set.
func Wrap(fs vfs.FS) *FS { return &FS{inner: fs} }

// Before sets a hook that is called before every operation, on the goroutine of the operation. If
// the hook returns an error, the operation fails with it, as an *fs.PathError; see [ErrSkip]. Nil
// is no hook. Counting starts again at 1.
func (f *FS) Before(hook func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook, f.ops = hook, nil
}

// FailAt fails the n-th operation from now, and no other, with err.
func (f *FS) FailAt(n int, err error) {
	f.Before(func(op Op) error {
		if op.N == n {
			return err
		}
		return nil
	})
}

// FailAll fails each operation of one verb with err.
func (f *FS) FailAll(verb string, err error) {
	f.Before(func(op Op) error {
		if op.Verb == verb {
			return err
		}
		return nil
	})
}

// Reset takes the hook away and starts counting again.
func (f *FS) Reset() { f.Before(nil) }

// Ops lists the operations since the last Before, FailAt, FailAll or Reset, failed ones too.
func (f *FS) Ops() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Op(nil), f.ops...)
}

// begin counts an operation and calls the hook. It does not hold the mutex during the call, so that
// a hook may use the filesystem below.
func (f *FS) begin(verb, path string) error {
	f.mu.Lock()
	op := Op{len(f.ops) + 1, verb, path}
	f.ops = append(f.ops, op)
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return nil
	}
	err := hook(op)
	if err == nil || err == ErrSkip {
		return err
	}
	return &fs.PathError{Op: verb, Path: path, Err: err}
}

// do runs an operation that returns only an error.
func (f *FS) do(verb, path string, run func() error) error {
	err := f.begin(verb, path)
	if err == nil {
		return run()
	}
	if err == ErrSkip {
		return nil
	}
	return err
}

// ask runs an operation that returns a value. A skipped operation returns the zero value.
func ask[T any](f *FS, verb, path string, run func() (T, error)) (v T, err error) {
	err = f.do(verb, path, func() error {
		v, err = run()
		return err
	})
	return v, err
}
