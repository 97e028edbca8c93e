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

// Writer takes the new content of a file as a stream, while it holds the file's
// lock. The content is not visible before Commit. The methods are safe for concurrent use.
//
// A Writer that is garbage collected before it was closed is closed then, with a
// warning in the log.
type Writer struct {
	mu      sync.Mutex
	name    string
	open    *opening // nil once committed or closed
	err     error    // of a Write that failed: the content is incomplete
	cleanup runtime.Cleanup
}

// opening is the lock and the temp file that a Writer must release. It does not refer to the
// Writer, so that a Writer that was not closed can be collected.
type opening struct {
	hold     *engine.Hold
	prepared store.Prepared
}

func (o *opening) close() error {
	o.prepared.Abort()
	return o.hold.Release()
}

// Create begins a new content. It waits for the lock like a write, and holds it until the Writer
// is committed or closed.
func (f *File[T]) Create(ctx context.Context) (*Writer, error) {
	fail := func(err error) (*Writer, error) { return nil, f.fail("create", errors.ErrWrite, err) }
	if err := f.refuseJoin(ctx); err != nil {
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

// refuseJoin returns an error if the context carries a transaction on the file. It is for
// operations that can't be part of a transaction.
func (f *File[T]) refuseJoin(ctx context.Context) error {
	if f.err != nil {
		return f.err
	}
	tx, err := f.engine.Carried(ctx, f.request.Target)
	if err == nil && tx != nil {
		err = fmt.Errorf("%w: this call can't be part of the transaction that the context carries; make it before or after", errors.ErrLock)
	}
	return err
}

// mayRead is refuseJoin for reads. A read does not wait, and so does not notice that its context
// has ended. So mayRead returns the error of a context that has ended.
func (f *File[T]) mayRead(ctx context.Context) error {
	if err := engine.Ended(ctx); err != nil && f.err == nil {
		return err
	}
	return f.refuseJoin(ctx)
}

// Write adds p to the content. After Commit or Close it fails with fs.ErrClosed. After a
// Write that failed, every later Write and the Commit fail with the same error.
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

// Commit replaces the file's content by what was written, and returns nil when that is
// durable. After an error the file has its old content; the one exception is ErrNotDurable. A
// second Commit, and a Commit after Close, fail with fs.ErrClosed.
func (w *Writer) Commit() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		return w.finished("commit")
	}
	err := w.err
	if err == nil {
		_, err = w.open.prepared.Publish(context.Background(), w.open.hold.Guard)
	}
	_ = w.close() // its only error is a lost lock, and the commit stays even so
	return Fail("commit", w.name, errors.ErrWrite, err)
}

// Close releases the lock and throws away what was not committed. After Commit it does nothing,
// so it can be deferred. A second Close does nothing.
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
	if w.name == "" { // a Writer of Create has a name
		return Fail(op, "", errors.ErrWrite, fmt.Errorf("the Writer is a zero value; Create gives one: %w", fs.ErrInvalid))
	}
	return Fail(op, w.name, errors.ErrWrite, fmt.Errorf("the Writer was committed or closed before: %w", fs.ErrClosed))
}

// Reader reads one version of a file as a stream, even if the file is replaced meanwhile. The
// methods are safe for concurrent use.
//
// A Reader that is garbage collected before it was closed is closed then, with a
// warning in the log.
type Reader struct {
	mu      sync.Mutex
	name    string
	open    io.ReadCloser // nil once closed
	cleanup runtime.Cleanup
}

// Open opens the file for reading, without a lock.
func (f *File[T]) Open(ctx context.Context) (*Reader, error) {
	if err := f.mayRead(ctx); err != nil {
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

// Read reads like the Read of an io.Reader. Under WithChecksum it returns ErrChecksumMismatch
// instead of io.EOF if the content is damaged, so the content is verified only at its end. After
// Close it fails with fs.ErrClosed.
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

// Close closes the file. A second Close does nothing.
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
	if err := f.mayRead(ctx); err != nil {
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

// Move renames src to dst, under both locks. A file at dst is replaced.
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
