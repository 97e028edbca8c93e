package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// entry is one file in use. Its mutex guards all fields. The mutex is never held while
// a user's function runs or the disk works.
type entry struct {
	engine *Engine
	key    store.Key
	users  int // guarded by the engine's mutex

	mu        sync.Mutex
	queue     []*waiter // in order of arrival
	watch     watch     // warns waiters of a long wait
	busy      bool      // a waiter has the turn, or the lock is being released
	who       *waiter   // the waiter that has the turn, or had it last
	turnSince time.Time
	abandoned bool    // the lock was taken away by force; the waiters are at another entry
	tenure    *tenure // nil while the lock is not held
	history
}

// waiter is one caller of Do, from its call to its turn.
type waiter struct {
	Request
	at      store.Location
	undo    []func()      // removes the parents that were made
	granted bool          // the waiter has the turn; guarded by the entry's mutex
	turn    chan struct{} // gets a value with the turn; nil if it came at once
	since   time.Time
	warned  bool            // a warning about its long wait was logged; guarded by the entry's mutex
	moved   bool            // the entry was abandoned: it must wait at the successor
	limited context.Context // ends with the timeout or the caller's context; made when first needed
	cancel  context.CancelFunc
}

func newWaiter(r *Request) *waiter {
	w := &waiter{Request: *r, since: time.Now()}
	if w.Context == nil {
		w.Context = context.Background()
	}
	return w
}

// admit waits for the turn and for the lock. After an error the waiter has neither.
func (ent *entry) admit(w *waiter) (err error) {
	if w.Context.Err() != nil {
		return ent.gaveUp(w)
	}
	if !ent.enqueue(w) {
		return store.ErrMoved
	}
	if w.turn != nil && !w.await(w.turn) && ent.withdraw(w) {
		return ent.gaveUp(w)
	}
	if w.moved {
		w.moved = false
		return store.ErrMoved
	}
	// The waiter has the turn. Now it needs a tenure, and its path must mean this file.
	ent.mu.Lock()
	t := ent.tenure
	ent.mu.Unlock()
	if t == nil {
		t, err = ent.begin(w)
	} else if !ent.stillHere(w, t) {
		err = store.ErrMoved
	}
	if err != nil {
		ent.yield()
		return err
	}
	if w.announce && !t.announced {
		t.announced = true
		t.session.Announce(w.Context)
	}
	return nil
}

// enqueue puts a waiter at the end of the queue. It returns false if the entry is abandoned.
func (ent *entry) enqueue(w *waiter) bool {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	if ent.abandoned {
		return false
	}
	w.granted, w.turn = false, nil
	ent.queue = append(ent.queue, w)
	ent.advance()
	if !w.granted {
		w.turn = make(chan struct{}, 1)
		ent.attend(w)
	}
	return true
}

// withdraw removes a waiter from the queue. It returns false if the waiter has got the turn
// already.
func (ent *entry) withdraw(w *waiter) bool {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	i := slices.Index(ent.queue, w)
	if i < 0 {
		return false // the turn came at that moment
	}
	ent.queue = slices.Delete(ent.queue, i, i+1)
	return true
}

// abandon sends all waiters to the entry's successor.
func (ent *entry) abandon() {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	for _, w := range ent.queue {
		w.moved, w.granted = true, true
		if w.turn != nil {
			w.turn <- struct{}{}
		}
	}
	ent.queue = nil
	ent.abandoned = true
	if ent.tenure != nil {
		ent.tenure.forced.Store(true)
		ent.tenure.close()
	}
}

// await waits for a turn. It returns false if the waiter's time is over.
func (w *waiter) await(turn <-chan struct{}) bool {
	select {
	case <-turn:
		return true
	default:
	}
	if w.Timeout == 0 {
		return false
	}
	done := w.limit().Done()
	if done == nil {
		<-turn
		return true
	}
	select {
	case <-turn:
		return true
	case <-done:
		return false
	}
}

// limit gives a context that ends with the waiter's timeout or context.
func (w *waiter) limit() context.Context {
	if w.limited == nil {
		w.limited = w.Context
		if w.Timeout > 0 {
			w.limited, w.cancel = context.WithDeadline(w.limited, w.since.Add(w.Timeout))
		}
	}
	return w.limited
}

// gaveUp gives the error of a waiter that did not get the turn or the lock. If another process holds the
// lock, the record in the lock file names it.
func (ent *entry) gaveUp(w *waiter) error {
	ent.mu.Lock()
	who, _ := ent.holder()
	if who == w {
		who = nil // this waiter had the turn, and another process the lock
	}
	ent.mu.Unlock()
	if who != nil {
		return w.gaveUp(who.asHolder())
	}
	return w.gaveUp(ent.engine.store.Holder(w.Context, w.Target, w.at))
}

// gaveUp gives the error of a waiter whose timeout or context has ended. holder names the holder of the
// lock, and may be empty.
func (w *waiter) gaveUp(holder string) error {
	timeout, cause := w.Timeout, error(nil)
	if w.Context.Err() != nil {
		cause = context.Cause(w.Context)
		deadline, _ := w.Context.Deadline()
		if !errors.Is(w.Context.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: gave up waiting: %w", errors.ErrLock, because(w.Context.Err(), cause))
		}
		timeout = deadline.Sub(w.since)
	}
	return &errors.TimeoutError{Path: w.Target.Path, Timeout: timeout, Holder: holder, Cause: cause}
}

// asHolder gives the text for a waiter that holds the lock: this process, and the position of the
// call.
func (w *waiter) asHolder() string {
	if at := w.caller.String(); at != "" {
		return "this process at " + at
	}
	return "this process"
}

// Ended gives the error of a context that has ended, or nil.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return because(ctx.Err(), context.Cause(ctx))
}

// because gives an error that matches the context's error and its cause.
func because(ended, cause error) error {
	if cause == ended {
		return cause
	}
	return fmt.Errorf("%w: %w", ended, cause)
}
