package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// tenure is the time for which the lock between processes is held. The entry's mutex guards
// it, except for the fields below io.
type tenure struct {
	session    store.Session
	target     store.Target // by which the lock was taken
	lock       string
	began      time.Time
	closed     bool     // takes no new function
	state      state    // with all that was staged
	batches    []*batch // staged and waiting for the disk; only the last takes more
	committing *batch   // on its way to the disk
	err        error    // the failed commit that closed the tenure
	lingering  bool
	announced  bool        // set by the waiter that has the turn
	forced     atomic.Bool // a Force of this process has taken the lock away

	io      chan struct{} // a mutex: full while a goroutine uses the session. Virtual time does not stand still while it is waited for (testing/synctest)
	found   baseText      // the content when the lock was taken
	saved   state         // what the disk holds
	version store.Version // of saved; nil while nobody looked
	rebased bool          // saved has a change from outside that the tenure's states do not have
}

// begin takes the lock and starts a tenure.
func (ent *entry) begin(w *waiter) (*tenure, error) {
	ent.mu.Lock()
	pause := ent.pause(time.Now())
	ent.mu.Unlock()
	if pause > 0 {
		ent.engine.sleep(pause)
	}
	s, err := ent.engine.store.TryLock(w.Context, w.Target, w.at, w.Options)
	if errors.Is(err, errors.ErrLocked) && w.Timeout != 0 {
		s, err = ent.engine.store.Lock(w.limit(), w.Target, w.at, w.Options)
	}
	switch {
	case errors.Is(err, store.ErrBusy):
		return nil, w.gaveUp(LeaseHolder)
	case errors.Is(err, errors.ErrLocked):
		return nil, ent.gaveUp(w)
	case err != nil:
		return nil, err
	}
	ent.mu.Lock()
	defer ent.mu.Unlock()
	t := &tenure{
		session: s, target: w.Target, lock: w.at.Lock, began: time.Now(), closed: w.Alone,
		io: make(chan struct{}, 1),
	}
	t.saved.base = &t.found
	t.state = t.saved
	ent.pause(t.began)
	if pause > 0 {
		// The callers of the last commit could not come back before now.
		ent.history.last.at = t.began
	}
	ent.tenure = t
	return t, nil
}

// LeaseHolder is who keeps a caller waiting that has the lock but can't open the file.
const LeaseHolder = "another program's lease on the file (fcntl(2), F_SETLEASE)"

// stillHere reports whether the path of a waiter who joins a tenure still means this
// file. The tenure's own path was resolved when its lock was taken, and the path of a
// caller who came after that as well. Any other path is resolved now.
func (ent *entry) stillHere(w *waiter, t *tenure) bool {
	return w.Target == t.target || w.since.After(t.began) || ent.engine.stillThere(w)
}

// stillThere reports whether a waiter's path means the file that was located.
func (e *Engine) stillThere(w *waiter) bool {
	target := w.Target
	target.Parents = 0 // they were made when it was located
	at, err := e.store.Locate(w.Context, target)
	return err == nil && at.Key == w.at.Key
}

// takes reports whether a waiter's function can be part of the tenure.
func (t *tenure) takes(w *waiter, now time.Time) bool {
	return !t.closed && !w.Alone && w.at.Lock == t.lock && now.Sub(t.began) < tenureSpan
}

// check reports ErrLockLost if a Force of this process has taken the lock away. It is the guard of a commit. The
// store notices a Force itself, except under a target without a lock, which has no lock file that could
// tell.
func (t *tenure) check() error {
	if t.forced.Load() {
		return fmt.Errorf("%w: it was taken away by force", errors.ErrLockLost)
	}
	return nil
}

// close lets nobody in any more, so there is nothing left to gather for.
func (t *tenure) close() {
	t.closed = true
	if len(t.batches) > 0 {
		t.batches[0].fill()
	}
}

// newest is the last batch that is not durable yet, nil if all are.
func (t *tenure) newest() *batch {
	if n := len(t.batches); n > 0 {
		return t.batches[n-1]
	}
	return t.committing
}

// yield gives the turn back, and ends the tenure if it has nothing left to do.
func (ent *entry) yield() {
	ent.mu.Lock()
	ent.busy = false
	ent.advance()
	ent.mu.Unlock()
}

// advance gives the turn, if it is free, to the head of the queue. If the tenure does not take the
// head, or has nothing left to do, advance ends the tenure. The mutex is held, but not while the
// lock is released. Nobody gets the turn then.
func (ent *entry) advance() {
	for {
		if !ent.busy && len(ent.queue) > 0 {
			head, now := ent.queue[0], time.Now()
			if t := ent.tenure; t == nil || t.takes(head, now) {
				ent.queue[0] = nil
				ent.queue = ent.queue[1:]
				ent.busy, ent.who, ent.turnSince = true, head, now
				head.granted = true
				if head.turn != nil {
					head.turn <- struct{}{}
				}
			} else {
				t.close()
			}
		}
		if ent.tenure == nil || ent.busy || !ent.over() {
			return
		}
		ent.release()
	}
}

// over reports whether the tenure, in which nobody has the turn, has nothing left to do. If it has just
// committed for several callers, it lasts for as long as their next changes
// would be gathered, since those callers are about to come back. The mutex is held.
func (ent *entry) over() bool {
	t, last := ent.tenure, &ent.history.last
	if t.newest() != nil {
		return false
	}
	if t.closed || last.goal <= 1 || last.at.Before(t.began) {
		return true
	}
	wait := min(time.Until(last.gathersUntil()), tenureSpan-time.Since(t.began))
	if wait <= 0 {
		return true
	}
	if !t.lingering {
		t.lingering = true
		ent.linger(t, wait)
	}
	return false
}

// linger ends the tenure later, unless it goes on.
func (ent *entry) linger(t *tenure, wait time.Duration) {
	e := ent.engine
	e.hold(ent)
	time.AfterFunc(wait, func() {
		ent.mu.Lock()
		t.lingering = false
		ent.advance()
		ent.mu.Unlock()
		e.leave(ent)
	})
}

// release frees the lock. The mutex is held, but not meanwhile.
func (ent *entry) release() {
	t := ent.tenure
	ent.busy = true
	ent.mu.Unlock()
	_ = t.session.Release(context.Background()) // what was acknowledged is durable, whatever the lock says
	ent.mu.Lock()
	ent.tenure, ent.busy = nil, false
	ent.fairness.released = time.Now()
	ent.fairness.held += ent.fairness.released.Sub(t.began)
}
