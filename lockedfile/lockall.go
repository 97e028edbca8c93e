package lockedfile

import (
	"context"
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
// If fn returns an error or panics, no file is changed. Otherwise all that fn has changed is committed
// together: nil means that every change is visible and durable, and an error means that no file was
// changed. The exception is ErrNotDurable: the change of all files is committed, but some of them may
// still have the old content. A later call completes the change, as after a crash.
//
// A crash leaves either all old contents or all new ones:
//   - The new contents are written to temp files first. Then a journal is written in the directory of
//     one of the files, which is the moment of the commit. The journal is removed when all files are changed.
//   - After a crash the next caller who takes the lock of one of the files completes the change. [Recover] does
//     it at once, for example when a program starts.
//   - Readers take no lock, so they may see the files change one after the other, and after a crash some old and
//     some new contents until the change is completed.
//   - If another program has changed one of the files after the crash, nothing is overwritten: the error is
//     ErrChanged, and says what to do. A handle with [safefile.WithoutLock] is such a program, since it does not look
//     for a journal.
//
// The files may lie in different directories and on different filesystems. A file that is itself a mount can't
// be replaced: [safefile.Strict] refuses it, and the other levels commit the files one after the other.
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
	if failed, err := engine.CommitAll(holds); err != nil {
		return handle.Fail("commit", failed.Path(), errors.ErrWrite, err)
	}
	return nil
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

// Recover completes what a crashed [LockAll] has left of the files at paths: after nil each of them
// has all of its new content or all of its old one. It is for a program that wants this settled at its start. Every
// call that takes the lock of one of the files does the same.
//
// It takes the locks of all paths, one after the other, and waits for them as long as the context and
// [safefile.WithTimeout] allow. It also completes the change of other files that are named by
// the same journal.
//
// If the change can't be completed, nothing is changed. The error is ErrChanged if another program has changed one of the files
// since, and ErrFile if the journal is damaged or was written by a user who may not change what it names. The error
// names the journal and says what to do.
func Recover(ctx context.Context, paths []string, opts ...safefile.Option) error {
	if ctx == nil {
		panic("lockedfile.Recover: nil context")
	}
	for _, path := range paths {
		if err := recoverOne(ctx, path, opts); err != nil {
			return handle.Fail("recover", path, errors.ErrLock, err)
		}
	}
	return nil
}

func recoverOne(ctx context.Context, path string, opts []safefile.Option) error {
	holds, err := holdAll(ctx, []string{path}, nil, opts)
	if err != nil {
		return err
	}
	return errors.Join(holds[0].Recover(), holds[0].Release())
}
