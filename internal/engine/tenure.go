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
// the fields above io, and io the fields below.
type tenure struct {
	session    store.Session
	target     store.Target // the target of the call that took the lock
	lock       string
	began      time.Time
	closed     bool     // the tenure takes no new function
	state      state    // with all that was staged
	batches    []*batch // staged and not yet committing; only the last takes more functions
	committing *batch   // the batch that is being committed
	err        error    // the failed commit that closed the tenure
	lingering  bool
	announced  bool        // set by the waiter that has the turn
	forced     atomic.Bool // a Force of this process has taken the lock away

	io      chan struct{} // a mutex for the session: full while it is locked. A channel lets virtual time go on during the wait (testing/synctest)
	found   baseText      // the content when the lock was taken
	saved   state         // the state on disk
	version store.Version // of saved; nil if unknown
	rebased bool          // saved has a change by another program that the tenure's states do not have
}

// begin takes the lock and starts a tenure.
func (ent *entry) begin(w *waiter) (*tenure, error) {
	ent.mu.Lock()
	pause := ent.pause(time.Now())
	ent.mu.Unlock()
	if pause > 0 && !ent.engine.fair {
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

// LeaseHolder names the holder in the error of a call that can't open the file because of a lease.
const LeaseHolder = "another program's lease on the file (fcntl(2), F_SETLEASE)"

// stillHere reports whether the path of a waiter that gets its turn in a tenure still means this
// file. The tenure's own path was resolved when its lock was taken, and a path of a later call after
// that. Any other path is resolved now.
func (ent *entry) stillHere(w *waiter, t *tenure) bool {
	return w.Target == t.target || w.since.After(t.began) || ent.engine.stillThere(w)
}

// stillThere reports whether a waiter's path means the file that was located.
func (e *Engine) stillThere(w *waiter) bool {
	target := w.Target
	target.Parents = 0 // the parents were made when the file was located
	at, err := e.store.Locate(w.Context, target)
	return err == nil && at.Key == w.at.Key
}

// takes reports whether a waiter's function can be part of the tenure.
func (t *tenure) takes(w *waiter, now time.Time) bool {
	return !t.closed && !w.Alone && w.at.Lock == t.lock && now.Sub(t.began) < tenureSpan
}

// check returns ErrLockLost if a Force of this process has taken the lock away. It is the guard of a commit. The
// store notices a Force itself, except for a target without a lock, which has no lock file to compare.
func (t *tenure) check() error {
	if t.forced.Load() {
		return fmt.Errorf("%w: it was taken away by force", errors.ErrLockLost)
	}
	return nil
}

// close makes the tenure take no new function, and so ends the gathering of its first batch.
func (t *tenure) close() {
	t.closed = true
	if len(t.batches) > 0 {
		t.batches[0].fill()
	}
}

// newest gives the last batch that is not durable yet; nil if all are durable.
func (t *tenure) newest() *batch {
	if n := len(t.batches); n > 0 {
		return t.batches[n-1]
	}
	return t.committing
}

// yield passes the turn on, and ends the tenure if it has nothing left to do.
func (ent *entry) yield() {
	ent.mu.Lock()
	ent.busy = false
	ent.advance()
	ent.mu.Unlock()
}

// advance gives the turn, if it is free, to the head of the queue. If the tenure does not take the
// head, or has nothing left to do, advance ends the tenure. The mutex is held. It is unlocked while the
// lock is released; no waiter gets the turn meanwhile.
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

// over reports whether the tenure has nothing left to do. No waiter has the turn. If the tenure has just
// committed for several callers, it stays for the time of gathering, since these callers may call
// again at once. The mutex is held.
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

// linger ends the tenure after a time, unless it has work then.
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

// release releases the lock. The mutex is held, and unlocked meanwhile.
func (ent *entry) release() {
	t := ent.tenure
	ent.busy = true
	ent.mu.Unlock()
	_ = t.session.Release(context.Background()) // acknowledged changes are durable, so its error does not matter
	ent.mu.Lock()
	ent.tenure, ent.busy = nil, false
	ent.fairness.released = time.Now()
	ent.fairness.held += ent.fairness.released.Sub(t.began)
}
