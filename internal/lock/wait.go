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

// identityPeriod is how often a waiter checks that the path still names the lock file that it
// waits for.
const identityPeriod = time.Second

// maxThreads limits the threads of the process that wait for locks in the kernel.
// A thread may be blocked for ever, for example on a lock file that was replaced
// meanwhile. Go ends a process that has 10,000 threads
// (runtime/debug.SetMaxThreads), and the limit of a container is often lower.
const maxThreads = 64

// A waiter without a thread polls. The pauses grow from shortPoll to longPoll.
const (
	shortPoll = time.Millisecond
	longPoll  = 50 * time.Millisecond
)

// Wait takes the lock as soon as it is free. When the context ends, Wait fails with
// ErrLocked, unless the lock came at that moment.
//
// A wait for a lock in the kernel can't be ended. So it happens on a thread of
// its own. There is at most one such thread per path and inode, and maxThreads in all. If a
// waiter gives up, the next waiter uses its thread. A thread that gets the lock
// while nobody waits releases it at once.
//
// A waiter polls in two cases: if maxThreads threads are blocked, and if another program holds
// a file lease on the lock file, since a blocking open(2) can't be ended either.
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
			// The lock file was removed: try to make it anew. If there is no space for it, Try
			// locks the directory, for which no thread waits.
			if err := pause(poll, done); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errors.ErrLock, err)
		}
		l, err := p.waitOnThread(info.ID, poll, done)
		if err != nil {
			return nil, err
		}
		if l == nil {
			continue
		}
		if h, err := p.confirm(l, nil); h != nil || err != nil {
			return h, err
		}
	}
}

// thread is one blocked call of flock(2).
type thread struct {
	waiters  int           // number of waiters
	got      chan vfs.Lock // gives the lock to one waiter
	returned chan struct{} // closed when the call has returned
	err      error         // error of the call; read after returned is closed
}

type threadKey struct {
	path string
	id   vfs.ID
}

var threads = struct {
	sync.Mutex
	by map[threadKey]*thread
}{by: map[threadKey]*thread{}}

// pause waits for d, or fails with ErrLocked when done is closed.
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

// waitOnThread waits until the thread for this inode has the lock. If there can be no thread, it
// waits for the time poll. If it returns neither a lock nor an error, try again.
func (p Spec) waitOnThread(id vfs.ID, poll time.Duration, done <-chan struct{}) (vfs.Lock, error) {
	t := p.joinThread(threadKey{p.Path, id})
	if t == nil {
		return nil, pause(poll, done)
	}
	tick := time.NewTicker(identityPeriod)
	defer tick.Stop()
	for {
		select {
		case l := <-t.got:
			return l, nil
		case <-t.returned:
			if l := t.leave(); l != nil {
				return l, nil
			}
			return nil, t.err
		case <-done:
			if l := t.leave(); l != nil {
				return l, nil
			}
			return nil, errors.ErrLocked
		case <-tick.C:
			if now, err := p.Dir.Stat(p.Name); err != nil || now.ID != id {
				return t.leave(), nil
			}
		}
	}
}

// joinThread adds a waiter to the blocked thread for the lock, and starts the thread if there is
// none. It returns nil if there are too many threads.
func (p Spec) joinThread(key threadKey) *thread {
	threads.Lock()
	defer threads.Unlock()
	t := threads.by[key]
	if t == nil {
		if len(threads.by) >= maxThreads {
			return nil
		}
		t = &thread{got: make(chan vfs.Lock, 1), returned: make(chan struct{})}
		threads.by[key] = t
		go t.block(p, key)
	}
	t.waiters++
	return t
}

// block waits in the kernel. It uses only the thread and nothing else that waiters own,
// since they may have left when the lock comes.
func (t *thread) block(p Spec, key threadKey) {
	l, err := p.Dir.Lock(p.Name, vfs.WaitLock)
	threads.Lock()
	defer threads.Unlock()
	delete(threads.by, key)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the lock file was removed: the waiters make it anew
	case err != nil:
		// If the reason is a file lease, the next attempt finds it.
		if err := p.classify(err); !errors.Is(err, errLeased) {
			t.err = err
		}
	case t.waiters > 0:
		t.got <- l
	default:
		_ = l.Unlock() // no waiter is left, so nobody could get the error
	}
	close(t.returned)
}

// leave removes a waiter. If the lock has come and no waiter took it, leave returns it.
func (t *thread) leave() vfs.Lock {
	threads.Lock()
	defer threads.Unlock()
	t.waiters--
	select {
	case l := <-t.got:
		return l
	default:
		return nil
	}
}
