package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// waiter is one caller of Do, from its call to its turn.
type waiter struct {
	Request
	at      store.Location
	undo    []func()      // takes back what was made in order to locate it
	granted bool          // the turn is the waiter's; the entry's mutex guards it
	turn    chan struct{} // told that, if it has to wait
	since   time.Time
	warned  bool            // that it waits for long; the entry's mutex guards it
	moved   bool            // the turn is at another entry now
	limited context.Context // ends with the timeout or the caller's context; made when first needed
	cancel  context.CancelFunc
}

func newWaiter(r *Request) *waiter {
	return &waiter{Request: *r, since: time.Now()}
}

// asHolder says for an error text that this process holds the lock, and which call
// of it.
func (w *waiter) asHolder() string {
	if at := w.caller.String(); at != "" {
		return "this process at " + at
	}
	return "this process"
}

// ctx is the caller's own context.
func (w *waiter) ctx() context.Context {
	if w.Context == nil {
		return context.Background()
	}
	return w.Context
}

// limit ends when the waiter may wait no longer.
func (w *waiter) limit() context.Context {
	if w.limited == nil {
		w.limited = w.ctx()
		if w.Timeout > 0 {
			w.limited, w.cancel = context.WithDeadline(w.limited, w.since.Add(w.Timeout))
		}
	}
	return w.limited
}

// grant gives the turn to a waiter that has left the queue.
func (w *waiter) grant() {
	w.granted = true
	if w.turn != nil {
		w.turn <- struct{}{}
	}
}

// await waits for a turn; false if the waiter may wait no longer.
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

func (w *waiter) stop() {
	if w.cancel != nil {
		w.cancel()
	}
}

// cause is why the caller's own context ended, nil if it did not.
func (w *waiter) cause() error {
	if w.Context == nil || w.Context.Err() == nil {
		return nil
	}
	return context.Cause(w.Context)
}

// gaveUp is the error of a waiter whose patience or context ended while the
// holder, if known, had the lock.
func (w *waiter) gaveUp(holder string) error {
	timeout, cause := w.Timeout, w.cause()
	if cause != nil {
		deadline, _ := w.Context.Deadline()
		if !errors.Is(w.Context.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: gave up waiting: %w", errors.ErrLock, because(w.Context.Err(), cause))
		}
		timeout = deadline.Sub(w.since)
	}
	return &errors.TimeoutError{Path: w.Target.Path, Timeout: timeout, Holder: holder, Cause: cause}
}

// Ended is why a context ended, nil if it did not.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return because(ctx.Err(), context.Cause(ctx))
}

// because matches context.Canceled as well as the cause that the caller gave.
func because(ended, cause error) error {
	if cause == ended {
		return cause
	}
	return fmt.Errorf("%w: %w", ended, cause)
}
