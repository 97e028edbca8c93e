// Package handle implements the handles of packages safefile and lockedfile: a [File] is
// one file with its options, its codec and the engine that runs its
// transactions. The public handles differ only in their methods.
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

	defaults func() T // nil if there are none
}

// New makes a File and never fails: if an argument is wrong, every call returns an error.
func New[T any](path string, o Options) *File[T] {
	f := &File[T]{name: path, defaults: defaultsFor[T](&o)}
	f.engine, f.request, f.err = Target(path, &o)
	if o.Registry == nil {
		o.Registry = registry.Default()
	}
	f.options = o
	return f
}

// Unmade gives the File of a handle that is a zero value. Every call fails, and its error names
// the constructor.
func Unmade[T any](constructor string) *File[T] {
	return &File[T]{err: fmt.Errorf("the handle is a zero value; make it with %s: %w", constructor, fs.ErrInvalid)}
}

// Target gives the engine and the request for a path with these options. It is for calls
// that have no type parameter.
func Target(path string, o *Options) (*engine.Engine, engine.Request, error) {
	abs, err := o.absolute(path)
	e := o.Engine
	if e == nil {
		e = localDisk
	}
	return e, o.request(abs), err
}

// Path gives the absolute path.
func (f *File[T]) Path() string { return f.request.Target.Path }

// Reads take no lock. They wait only for the end of a file lease that another program holds.

// Read decodes the file.
func (f *File[T]) Read() (T, error) { return f.read(context.Background()) }

func (f *File[T]) readFile(ctx context.Context, s *start[T]) (T, error) {
	var none T
	c, err := f.codec()
	if err != nil {
		return none, f.fail("read", errors.ErrRead, err)
	}
	data, err := f.load(ctx, f.options.forCodec())
	if err != nil {
		return none, f.fail("read", errors.ErrRead, err)
	}
	v, err := decode(c, data, f.options.MaxSize, s)
	return v, f.fail("read", errors.ErrRead, err)
}

// ReadOr decodes the file, or gives def if there is none.
func (f *File[T]) ReadOr(def T) (T, error) {
	return orDefault(def)(f.readExisting(context.Background()))
}

// orDefault turns the results of a Read into those of a ReadOr.
func orDefault[T any](def T) func(T, error) (T, error) {
	return func(v T, err error) (T, error) {
		if noFile(err) {
			return def, nil
		}
		return v, err
	}
}

// noFile reports whether a read failed because there is no file. If the codec misses a
// file of its own, the error matches ErrDecode as well, and this file exists.
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
	began := f.limitWait(ctx, &o)
	c, err := f.engine.Store().Read(ctx, f.request.Target, o)
	return c.Data, f.waitError(ctx, began, err)
}

func (f *File[T]) openStore(ctx context.Context, o store.ReadOptions) (io.ReadCloser, error) {
	began := f.limitWait(ctx, &o)
	s, err := f.engine.Store().Open(ctx, f.request.Target, o)
	if err != nil {
		return nil, f.waitError(ctx, began, err)
	}
	return s.ReadCloser, nil
}

// limitWait sets the limit of the only wait of a read, the wait for another program's file lease.
// began is the current time, or zero if neither a timeout nor the context can end the wait.
func (f *File[T]) limitWait(ctx context.Context, o *store.ReadOptions) (began time.Time) {
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

// waitError gives the error of a read whose wait the timeout or the context has ended. Any other
// error comes back as it is.
func (f *File[T]) waitError(ctx context.Context, began time.Time, err error) error {
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

// codec looks up the codec. Every operation calls it, so a codec that is registered later is used.
func (f *File[T]) codec() (codec.Codec, error) {
	if f.err != nil {
		return nil, f.err
	}
	if f.options.Codec != nil {
		return f.options.Codec, nil
	}
	return f.options.Registry.Lookup(f.request.Target.Path)
}

// Do runs fn as one transaction, or as part of the transaction that ctx carries. An
// error of fn comes back as it is. An error of the engine is wrapped with op and
// kind. user is the caller's function that fn calls; nil if there is none.
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
	if err != nil {
		return f.fail(op, kind, err)
	}
	return nil
}

// ownError marks an error of the user's function on its way through the engine. The engine may
// return an error of its own instead.
type ownError struct{ error }

// fail wraps an error once, with the operation and the path. The kind of a timeout is ErrTimeout,
// since the file itself did not fail.
func (f *File[T]) fail(op string, kind, err error) error {
	return Fail(op, f.name, kind, err)
}

// Fail is fail for calls that have no type parameter.
func Fail(op, path string, kind, err error) error {
	if _, wrapped := err.(*errors.Error); wrapped || err == nil {
		return err
	}
	if errors.Is(err, errors.ErrTimeout) {
		kind = errors.ErrTimeout
	}
	return &errors.Error{Op: op, Path: path, Kind: kind, Err: err}
}
