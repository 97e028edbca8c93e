package handle

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Writer is a new content for a file, written piece by piece while the file's
// lock is held. Nothing of it is visible before Commit. Its methods may be called
// from several goroutines, and then take turns.
//
// A Writer that is forgotten is closed when it is garbage collected, with a
// warning in the log.
type Writer struct {
	mu      sync.Mutex
	name    string
	open    *opening // nil once committed or closed
	err     error    // of a Write that failed: what is there is no content any more
	cleanup runtime.Cleanup
}

// opening is what a Writer must give back. It does not refer to the Writer, so
// that a forgotten one can be collected.
type opening struct {
	hold     *engine.Hold
	prepared store.Prepared
}

func (o *opening) close() error {
	o.prepared.Abort()
	return o.hold.Release()
}

// Create begins a new content. It waits for the file like a write, and keeps
// others waiting until the Writer is committed or closed.
func (f *File[T]) Create(ctx context.Context) (*Writer, error) {
	fail := func(err error) (*Writer, error) { return nil, f.fail("create", errors.ErrWrite, err) }
	if err := f.outside(ctx); err != nil {
		return fail(err)
	}
	request := f.request
	request.Context = ctx
	request.RunsUser(nil)
	hold, err := f.engine.Hold(&request)
	if err != nil {
		return fail(err)
	}
	prepared, err := hold.Session.Prepare(ctx, store.Change{Stream: true}, f.request.Options)
	if err != nil {
		hold.Release()
		return fail(err)
	}
	w := &Writer{name: f.name, open: &opening{hold, prepared}}
	log := f.request.Options.Policy.Log
	w.cleanup = runtime.AddCleanup(w, func(o *opening) {
		log.Warn("a Writer was forgotten: call Commit or Close", "path", o.hold.Path())
		_ = o.close()
	}, w.open)
	return w, nil
}

// outside refuses what can't be part of the transaction that a context carries.
func (f *File[T]) outside(ctx context.Context) error {
	if f.err != nil {
		return f.err
	}
	tx, err := f.engine.Carried(ctx, f.request.Target)
	if err == nil && tx != nil {
		err = fmt.Errorf("%w: it can't be part of the transaction that the context carries; do it before or after", errors.ErrLock)
	}
	return err
}

// readable is outside for what waits for nothing, and so would not notice that its
// context has ended.
func (f *File[T]) readable(ctx context.Context) error {
	if err := engine.Ended(ctx); err != nil && f.err == nil {
		return err
	}
	return f.outside(ctx)
}

// Write is io.Writer's. After Commit or Close it fails with fs.ErrClosed. After a
// Write that failed, every Write and the Commit fail with the same error.
func (w *Writer) Write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		return 0, w.finished("write")
	}
	if w.err == nil {
		n, w.err = w.open.prepared.Write(p)
	}
	return n, Fail("write", w.name, errors.ErrWrite, w.err)
}

// Commit makes what was written the file's content, and returns nil when that is
// durable. An error leaves the old content, but for ErrNotDurable. Either way
// the Writer is finished: a second Commit, or one after Close, fails with fs.ErrClosed.
func (w *Writer) Commit() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		return w.finished("commit")
	}
	err := w.err
	if err == nil {
		_, err = w.open.prepared.Publish(context.Background(), nil)
	}
	_ = w.close() // a lock lost after the commit takes nothing back
	return Fail("commit", w.name, errors.ErrWrite, err)
}

// Close gives up what was not committed, so that it can be deferred. After
// Commit or Close it does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.close()
}

func (w *Writer) close() error {
	if w.name == "" {
		return w.finished("close")
	}
	if w.open == nil {
		return nil
	}
	w.cleanup.Stop()
	err := w.open.close()
	w.open = nil
	return Fail("close", w.name, errors.ErrLock, err)
}

func (w *Writer) finished(op string) error {
	if w.name == "" { // no call that makes one takes an empty path
		return Fail(op, "", errors.ErrWrite, fmt.Errorf("the Writer is a zero value; Create gives one: %w", fs.ErrInvalid))
	}
	return Fail(op, w.name, errors.ErrWrite, fmt.Errorf("the Writer was committed or closed before: %w", fs.ErrClosed))
}

// Reader is the content of one version of a file: what replaces it meanwhile is
// not seen. Its methods may be called from several goroutines, and then take turns.
//
// A Reader that is forgotten is closed when it is garbage collected, with a
// warning in the log.
type Reader struct {
	mu      sync.Mutex
	name    string
	open    io.ReadCloser // nil once closed
	cleanup runtime.Cleanup
}

// Open opens the file for reading, without a lock.
func (f *File[T]) Open(ctx context.Context) (*Reader, error) {
	if err := f.readable(ctx); err != nil {
		return nil, f.fail("open", errors.ErrRead, err)
	}
	r, err := f.openStore(ctx, f.options.forBytes())
	if err != nil {
		return nil, f.fail("open", errors.ErrRead, err)
	}
	reader := &Reader{name: f.name, open: r}
	log, path := f.request.Options.Policy.Log, f.Path()
	reader.cleanup = runtime.AddCleanup(reader, func(open io.ReadCloser) {
		log.Warn("a Reader was forgotten: call Close", "path", path)
		_ = open.Close()
	}, r)
	return reader, nil
}

// Read is io.Reader's. Under WithChecksum ErrChecksumMismatch takes the place of
// io.EOF, so what was read is vouched for only at the end. After Close it fails with
// fs.ErrClosed.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		return 0, r.finished("read")
	}
	n, err := r.open.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, Fail("read", r.name, errors.ErrRead, err)
}

// Close closes the file. The second time it does nothing.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.name == "" {
		return r.finished("close")
	}
	if r.open == nil {
		return nil
	}
	r.cleanup.Stop()
	open := r.open
	r.open = nil
	return Fail("close", r.name, errors.ErrRead, open.Close())
}

func (r *Reader) finished(op string) error {
	if r.name == "" {
		return Fail(op, "", errors.ErrRead, fmt.Errorf("the Reader is a zero value; Open gives one: %w", fs.ErrInvalid))
	}
	return Fail(op, r.name, errors.ErrRead, fmt.Errorf("the Reader was closed before: %w", fs.ErrClosed))
}

// Verify reads the file and compares it with its checksum.
func (f *File[T]) Verify(ctx context.Context) error {
	fail := func(err error) error { return f.fail("verify", errors.ErrRead, err) }
	if err := f.readable(ctx); err != nil {
		return fail(err)
	}
	r, err := f.openStore(ctx, store.ReadOptions{Verify: true})
	if err != nil {
		return fail(err)
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return fail(err)
}

// Move renames a file to the place of another, under both locks.
func Move(src, dst string, o Options) error {
	e, from, err := Target(src, &o)
	if err != nil {
		return Fail("move", src, errors.ErrWrite, err)
	}
	from.Target.Parents, from.Options.Existing = 0, true // the source is there, and so are its parents
	_, to, err := Target(dst, &o)
	if err != nil {
		return Fail("move", dst, errors.ErrWrite, err)
	}
	from.Options.Full, to.Options.Full = true, true
	return Fail("move", src, errors.ErrWrite, e.Move(&from, &to))
}
