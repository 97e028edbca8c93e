package lock

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// identityPeriod is how long a waiter can go on waiting for a lock file that
// is no longer the one at the path.
const identityPeriod = time.Second

// maxThreads bounds the threads of the process that wait for locks in the kernel.
// A thread may be blocked for ever, on a lock file that somebody has replaced
// meanwhile too, and Go ends a process that has 10,000 threads
// (runtime/debug.SetMaxThreads), a container often one that has fewer.
const maxThreads = 64

// A waiter that finds no thread polls, at first after shortPoll, then ever more
// slowly down to every longPoll.
const (
	shortPoll = time.Millisecond
	longPoll  = 50 * time.Millisecond
)

// Wait takes the lock as soon as it is free. When the context ends, Wait fails with
// ErrLocked, unless the lock came at that moment.
//
// The kernel's wait for a lock can't be abandoned, so it happens on a thread of
// its own, one per path and inode at most, and maxThreads in all. A waiter that
// gives up leaves the thread to the next waiter, and a thread that gets the lock
// while nobody waits frees it at once.
//
// Waiters that find maxThreads blocked poll. So do those who wait for the end
// of a file lease, since an open(2) that blocks can't be abandoned either.
func Wait(ctx context.Context, p Spec) (*Held, error) {
	done := ctx.Done()
	for poll := shortPoll; ; poll = min(2*poll, longPoll) {
		h, err := Try(p)
		if !errors.Is(err, errors.ErrLocked) {
			return h, err
		}
		if errors.Is(err, errLeased) {
			if err := pause(poll, done); err != nil {
				return nil, err
			}
			continue
		}
		info, err := p.Dir.Stat(p.Name)
		if errors.Is(err, fs.ErrNotExist) {
			// It went away: try to make it anew. Where there is no space for it the
			// directory is locked, and that can only be tried for.
			if err := pause(poll, done); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errors.ErrLock, err)
		}
		f, err := p.sleep(info.ID, poll, done)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		if h, err := p.confirm(f, nil); h != nil || err != nil {
			return h, err
		}
	}
}

// thread is one blocked call of flock(2).
type thread struct {
	waiting int           // how many would take the lock
	got     chan vfs.Lock // the lock, for one of them
	over    chan struct{} // closed when the call returned
	err     error         // why it failed; read after over
}

type threadKey struct {
	path string
	id   vfs.ID
}

var threads = struct {
	sync.Mutex
	by map[threadKey]*thread
}{by: map[threadKey]*thread{}}

// pause waits for a while, or fails with ErrLocked when done is closed.
func pause(d time.Duration, done <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-done:
		return errors.ErrLocked
	}
}

// sleep waits on the thread for this inode, or if it can have none until the next
// poll. Neither lock nor error means that
// the world has moved: try again.
func (p Spec) sleep(id vfs.ID, poll time.Duration, done <-chan struct{}) (vfs.Lock, error) {
	t := p.join(threadKey{p.Path, id})
	if t == nil {
		return nil, pause(poll, done)
	}
	tick := time.NewTicker(identityPeriod)
	defer tick.Stop()
	for {
		select {
		case f := <-t.got:
			return f, nil
		case <-t.over:
			if f := t.leave(); f != nil {
				return f, nil
			}
			return nil, t.err
		case <-done:
			if f := t.leave(); f != nil {
				return f, nil
			}
			return nil, errors.ErrLocked
		case <-tick.C:
			if now, err := p.Dir.Stat(p.Name); err != nil || now.ID != id {
				return t.leave(), nil
			}
		}
	}
}

// join finds the blocked thread for the lock or starts it; nil if there are too many.
func (p Spec) join(key threadKey) *thread {
	threads.Lock()
	defer threads.Unlock()
	t := threads.by[key]
	if t == nil {
		if len(threads.by) >= maxThreads {
			return nil
		}
		t = &thread{got: make(chan vfs.Lock, 1), over: make(chan struct{})}
		threads.by[key] = t
		go t.block(p, key)
	}
	t.waiting++
	return t
}

// block waits in the kernel. It touches nothing of the waiters' but the thread,
// since they may be gone when it returns.
func (t *thread) block(p Spec, key threadKey) {
	l, err := p.Dir.Lock(p.Name, vfs.WaitLock)
	threads.Lock()
	defer threads.Unlock()
	delete(threads.by, key)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it went away: the waiters make it anew
	case err != nil:
		// A lease that has come since is found by the next attempt.
		if err := p.classify(err); !errors.Is(err, errLeased) {
			t.err = err
		}
	case t.waiting > 0:
		t.got <- l
	default:
		_ = l.Unlock() // nobody is left to tell
	}
	close(t.over)
}

// leave stops waiting. If the lock has come and nobody took it, it is the
// leaver's.
func (t *thread) leave() vfs.Lock {
	threads.Lock()
	defer threads.Unlock()
	t.waiting--
	select {
	case f := <-t.got:
		return f
	default:
		return nil
	}
}
