// Package handle is what the handles of packages safefile and lockedfile share:
// one file with its options, its codec and the engine that runs its
// transactions. The public handles differ in what they let a caller say, not
// in what happens then.
package handle

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/registry"
)

// localDisk runs the transactions of all handles of the process.
var localDisk = engine.New(disk.New(vfs.OS))

// File is one file and how it is kept. It is safe for concurrent use.
type File[T any] struct {
	name    string // as the caller gave it, for errors
	err     error  // what was wrong with the arguments
	options Options
	request engine.Request
	engine  *engine.Engine
	written format.LastWrite
}

// New never fails: what is wrong with the arguments surfaces at the first call.
func New[T any](path string, o Options) *File[T] {
	f := &File[T]{name: path}
	f.engine, f.request, f.err = Target(path, &o)
	f.options = o
	return f
}

// Unmade is what a handle without a constructor, its zero value, has for a file: every
// call fails and says which function makes one.
func Unmade[T any](constructor string) *File[T] {
	return &File[T]{err: fmt.Errorf("the handle is a zero value; make it with %s: %w", constructor, fs.ErrInvalid)}
}

// Target is what the engine is asked for a path with these options, for calls
// that need no type.
func Target(path string, o *Options) (*engine.Engine, engine.Request, error) {
	abs, err := o.absolute(path)
	e := o.Engine
	if e == nil {
		e = localDisk
	}
	return e, o.request(abs), err
}

// Path is the absolute path.
func (f *File[T]) Path() string { return f.request.Target.Path }

// Reads take no lock. They wait for nothing but another program's lease on the file.

// Read decodes the file.
func (f *File[T]) Read() (T, error) { return f.read(context.Background()) }

func (f *File[T]) read(ctx context.Context) (T, error) {
	var none T
	c, err := f.codec()
	if err != nil {
		return none, f.fail("read", errors.ErrRead, err)
	}
	data, err := f.load(ctx, f.options.forCodec())
	if err != nil {
		return none, f.fail("read", errors.ErrRead, err)
	}
	v, err := decode[T](c, data, f.options.MaxSize)
	return v, f.fail("read", errors.ErrRead, err)
}

// ReadOr decodes the file, or gives def if there is none.
func (f *File[T]) ReadOr(def T) (T, error) { return orDefault(def)(f.Read()) }

// orDefault turns the answer of a read into that of a ReadOr.
func orDefault[T any](def T) func(T, error) (T, error) {
	return func(v T, err error) (T, error) {
		if noFile(err) {
			return def, nil
		}
		return v, err
	}
}

// noFile reports whether a read failed for want of a file. A codec may miss a
// file of its own, which says nothing about this one.
func noFile(err error) bool {
	return errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrDecode)
}

// ReadBytes gives the content as it is.
func (f *File[T]) ReadBytes() ([]byte, error) { return f.readBytes(context.Background()) }

func (f *File[T]) readBytes(ctx context.Context) ([]byte, error) {
	data, err := f.load(ctx, f.options.forBytes())
	return data, f.fail("read", errors.ErrRead, err)
}

func (f *File[T]) load(ctx context.Context, o store.ReadOptions) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	began := f.patient(ctx, &o)
	c, err := f.engine.Store().Read(ctx, f.request.Target, o)
	return c.Data, f.waited(ctx, began, err)
}

func (f *File[T]) openStore(ctx context.Context, o store.ReadOptions) (io.ReadCloser, error) {
	began := f.patient(ctx, &o)
	s, err := f.engine.Store().Open(ctx, f.request.Target, o)
	if err != nil {
		return nil, f.waited(ctx, began, err)
	}
	return s.ReadCloser, nil
}

// patient bounds the only wait of a read, that for another program's lease on the file, by
// the timeout. began is set only where something may end the wait.
func (f *File[T]) patient(ctx context.Context, o *store.ReadOptions) (began time.Time) {
	switch timeout := f.request.Timeout; timeout {
	case engine.Forever:
		if ctx.Done() == nil {
			return began
		}
	case 0:
		o.Wait = store.NoWait
	default:
		o.Wait = timeout
	}
	return time.Now()
}

// waited is the error of a read that the timeout or the context may have ended.
func (f *File[T]) waited(ctx context.Context, began time.Time, err error) error {
	if !errors.Is(err, store.ErrBusy) {
		return err
	}
	busy := &errors.TimeoutError{Path: f.Path(), Timeout: f.request.Timeout, Holder: engine.LeaseHolder}
	switch ended := engine.Ended(ctx); {
	case errors.Is(ended, context.DeadlineExceeded):
		busy.Timeout, busy.Cause = time.Since(began), ended
	case ended != nil:
		return ended
	}
	return busy
}

// codec is asked for at each call, so that one registered later is used.
func (f *File[T]) codec() (codec.Codec, error) {
	if f.err != nil {
		return nil, f.err
	}
	if f.options.Codec != nil {
		return f.options.Codec, nil
	}
	r := f.options.Registry
	if r == nil {
		r = registry.Default()
	}
	return r.Lookup(f.Path())
}

// Do runs fn as one transaction, or as part of the one that ctx carries. An
// error of fn comes back as it is; one of the engine's is wrapped with op and
// kind. user is the function behind fn that is not the library's own, nil if
// there is none.
func (f *File[T]) Do(ctx context.Context, op string, kind error, user any, fn func(*Tx[T]) error) error {
	return f.do(ctx, f.request, op, kind, user, fn)
}

func (f *File[T]) do(ctx context.Context, request engine.Request, op string, kind error, user any, fn func(*Tx[T]) error) error {
	if f.err != nil {
		return f.fail(op, kind, f.err)
	}
	request.Context = ctx
	if user != nil {
		request.RunsUser(user)
	}
	err := f.engine.Do(&request, func(tx *engine.Tx) error {
		if err := fn(&Tx[T]{f, tx}); err != nil {
			return ownError{err}
		}
		return nil
	})
	if own, ok := err.(ownError); ok {
		return own.error
	}
	return f.fail(op, kind, err)
}

// ownError marks an error of the user's function on its way through the engine,
// which may have one of its own to report instead.
type ownError struct{ error }

// fail wraps an error once, with what was tried and where. A lock that was not
// free in time is no failure of the file, and says so by its kind.
func (f *File[T]) fail(op string, kind, err error) error {
	return Fail(op, f.name, kind, err)
}

// Fail is fail for calls that need no type.
func Fail(op, path string, kind, err error) error {
	if _, wrapped := err.(*errors.Error); wrapped || err == nil {
		return err
	}
	if errors.Is(err, errors.ErrTimeout) {
		kind = errors.ErrTimeout
	}
	return &errors.Error{Op: op, Path: path, Kind: kind, Err: err}
}
