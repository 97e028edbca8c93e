package lockedfile

import (
	"context"
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// LockAll takes the locks of several files and runs fn. The context of fn carries the locks:
// operations of a [ContextFile] with it work on the staged state of its file. All
// callers of LockAll take the locks in the same order, so none waits for another one that waits for it. A
// file that is named twice is locked once.
//
// The options say how the locks are taken. The options of the handles that fn uses say how their
// changes are committed.
//
// If fn returns an error or panics, no file is changed. Otherwise the files are committed one after
// the other, in the order of their locks. So LockAll is not atomic across files: if a commit fails,
// the error names the files that were committed before.
//
// If one of the locks was taken away by force while fn ran, the error is ErrLockLost and no file is
// changed. This holds even for the lock of a file that fn did not change.
func LockAll(ctx context.Context, paths []string, fn func(ctx context.Context) error, opts ...safefile.Option) (err error) {
	if fn == nil {
		panic("lockedfile.LockAll: nil function")
	}
	if ctx == nil {
		panic("lockedfile.LockAll: nil context")
	}
	holds, err := holdAll(ctx, paths, fn, opts)
	if err != nil {
		return handle.Fail("lock", strings.Join(paths, ", "), errors.ErrLock, err)
	}
	defer func() {
		for _, h := range holds {
			_ = h.Release() // what matters of a lost lock its commit has said
		}
	}()
	for _, h := range holds {
		ctx = h.In(ctx)
	}
	if err := fn(ctx); err != nil {
		return err
	}
	for _, h := range holds {
		h.End()
	}
	return commitEach(holds)
}

func holdAll(ctx context.Context, paths []string, fn any, opts []safefile.Option) ([]*engine.Hold, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	var on *engine.Engine
	var requests []*engine.Request
	for _, path := range paths {
		e, request, err := target(path, opts)
		if err != nil {
			return nil, err
		}
		request.Context = ctx
		request.Options.Bare = true // a lock may be held for what is only read
		request.RunsUser(fn)
		on, requests = e, append(requests, &request)
	}
	return on.HoldAll(requests)
}

// target gives the engine and the request for a path.
func target(path string, opts []safefile.Option) (*engine.Engine, engine.Request, error) {
	o := collect(opts)
	return handle.Target(path, &o)
}

// commitEach checks all locks before it commits the first file: if one was lost,
// what fn saw of that file is out of date, and so is what it made of the others. It
// checks those that are still to come again before each commit, which takes its time.
func commitEach(holds []*engine.Hold) error {
	var done []string
	for i, h := range holds {
		lost, err := checkAll(holds[i:])
		if err == nil {
			err = h.Commit()
		} else {
			h = lost
		}
		if err != nil {
			if len(done) > 0 {
				err = fmt.Errorf("%w; committed before it: %s", err, strings.Join(done, ", "))
			}
			return handle.Fail("commit", h.Path(), errors.ErrWrite, err)
		}
		done = append(done, errors.Printable(h.Path()))
	}
	return nil
}

func checkAll(holds []*engine.Hold) (lost *engine.Hold, err error) {
	for _, h := range holds {
		if err := h.Check(); err != nil {
			return h, err
		}
	}
	return nil, nil
}
