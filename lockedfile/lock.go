package lockedfile

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/safefile"
)

// Lock is the bare lock of a file, for work that is no transaction. While it is held every other
// writer of the file waits, in this process and in others. All
// methods are safe for concurrent use.
type Lock struct {
	mu      sync.Mutex
	path    string
	hold    *engine.Hold // nil once released
	cleanup runtime.Cleanup
}

// Acquire waits for the lock of the data file at path, as long as the context and
// [safefile.WithTimeout] allow. The file need not exist.
//
// A Lock that is garbage collected before Release is released then, with a warning in the log.
func Acquire(ctx context.Context, path string, opts ...safefile.Option) (*Lock, error) {
	if ctx == nil {
		panic("lockedfile.Acquire: nil context")
	}
	e, request, err := target(path, opts)
	if err != nil {
		return nil, handle.Fail("lock", path, errors.ErrLock, err)
	}
	request.Context, request.Options.Bare = ctx, true
	request.RunsUser(nil)
	return acquire(e, path, request)
}

// TryAcquire is [Acquire], except that it does not wait: if the lock is held, the error is
// ErrLocked.
func TryAcquire(path string, opts ...safefile.Option) (*Lock, error) {
	return Acquire(context.Background(), path, append(opts[:len(opts):len(opts)], safefile.WithTimeout(0))...)
}

func acquire(e *engine.Engine, path string, request engine.Request) (*Lock, error) {
	hold, err := e.Hold(&request)
	if err != nil {
		return nil, handle.Fail("lock", path, errors.ErrLock, err)
	}
	l := &Lock{path: path, hold: hold}
	log := request.Options.Policy.Log
	l.cleanup = runtime.AddCleanup(l, func(h *engine.Hold) {
		log.Warn("a lock was forgotten: call Release", "path", h.Path())
		_ = h.Release()
	}, hold)
	return l, nil
}

// Release releases the lock. It returns ErrLockLost if the lock was taken away by force while
// it was held. A second Release does nothing, and returns an error that matches ErrLock and
// [fs.ErrClosed].
func (l *Lock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return handle.Fail("unlock", "", errors.ErrLock, fmt.Errorf("the Lock is a zero value; Acquire gives one: %w", fs.ErrInvalid))
	}
	if l.hold == nil {
		return handle.Fail("unlock", l.path, errors.ErrLock, fmt.Errorf("the lock was released before: %w", fs.ErrClosed))
	}
	l.cleanup.Stop()
	err := l.hold.Release()
	l.hold = nil
	return handle.Fail("unlock", l.path, errors.ErrLock, err)
}

// Info describes a lock. It was true a moment ago and may be out of date when it is read.
// PID, Host and Since are what the holder wrote into the lock file. They are for people: a
// program must not decide anything by them.
type Info struct {
	LockPath string    `json:"lockPath"`       // the lock file, which may not exist
	Held     bool      `json:"held"`           // a process held the lock
	Stale    bool      `json:"stale"`          // no process held it, and the last holder died while it held it
	PID      int       `json:"pid"`            // the process that holds it, or the one that died; 0 if unknown
	Host     string    `json:"host"`           // the host of that process; empty if unknown
	Since    time.Time `json:"since,omitzero"` // when that process took the lock; zero if unknown
	// Journal is the journal of a LockAll that was cut off after its commit, and that the file waits for; empty if there
	// is none. It also names a journal that can't be read. Recover completes the change.
	Journal string `json:"journal,omitzero"`
}

// Age is the time since the lock was taken. It is 0 if Since is unknown, or later than this machine's clock.
func (i Info) Age() time.Duration {
	if i.Since.IsZero() {
		return 0
	}
	return max(0, time.Since(i.Since))
}

// Inspect describes the lock of the data file at path. It changes nothing. It names a holder only
// while a function of the program runs under the lock: a plain Write is too short to record its
// name.
func Inspect(path string, opts ...safefile.Option) (Info, error) {
	e, request, err := target(path, opts)
	if err != nil {
		return Info{}, handle.Fail("inspect", path, errors.ErrLock, err)
	}
	lock, err := e.Inspect(context.Background(), request.Target)
	if err != nil {
		return Info{}, handle.Fail("inspect", path, errors.ErrLock, err)
	}
	info := Info{LockPath: lock.Path, Held: lock.Held, Stale: !lock.Held && lock.Record != nil, Journal: lock.Pending}
	if r := lock.Record; r != nil {
		info.PID, info.Host, info.Since = r.PID, r.Host, r.Since
	}
	return info, nil
}

// ForceRelease takes the lock away from its holder. When it has returned nil, the old holder can
// make no change visible any more: its commit fails with ErrLockLost. There is one
// exception: a removal, a move, or a write in place that has already passed its last check.
//
// It is for a person who knows that the holder hangs. It is not needed for a holder that
// died: the kernel has released its lock.
func ForceRelease(path string, opts ...safefile.Option) error {
	e, request, err := target(path, opts)
	if err == nil {
		err = e.Force(context.Background(), request.Target)
	}
	return handle.Fail("force release", path, errors.ErrLock, err)
}

// ReleaseStale removes what a holder that died has left: its record in the lock file, and its temp
// files. If the lock is held, or if nothing was left, it does nothing and returns false.
func ReleaseStale(path string, opts ...safefile.Option) (released bool, err error) {
	info, err := Inspect(path, opts...)
	if err != nil || !info.Stale {
		return false, err
	}
	// TryAcquire sweeps the temp files, and Release clears the record.
	l, err := TryAcquire(path, opts...)
	if errors.Is(err, errors.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	released = l.hold.Session.Stale()
	return released, l.Release()
}
