package engine

import "time"

// minWatch is the least time until the watch of a queue goes off again.
const minWatch = 5 * time.Millisecond

// watch warns those who wait in one queue for long. It is one timer for all of them:
// one for each would cost more than most of them wait.
type watch struct {
	timer *time.Timer // nil until somebody had to wait
	at    time.Time   // when it is to go off; zero while it is not set
}

// attend has the watch go off in time for a waiter in the queue. The mutex is held.
func (ent *entry) attend(w *waiter) {
	if w.warned {
		return
	}
	who, since := ent.holder()
	if who == nil {
		since = time.Now() // whoever comes to hold it has not done so for long
	}
	at := w.lateAt(since)
	if !ent.watch.at.IsZero() && !at.Before(ent.watch.at) {
		return
	}
	wait := max(time.Until(at), minWatch)
	ent.watch.at = time.Now().Add(wait)
	if ent.watch.timer == nil {
		ent.watch.timer = time.AfterFunc(wait, ent.tend)
	} else {
		ent.watch.timer.Reset(wait)
	}
}

// unwatch stops the watch of an entry that nobody uses.
func (ent *entry) unwatch() {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	if ent.watch.timer != nil {
		ent.watch.timer.Stop()
	}
}

// tend warns whom it is time to warn.
func (ent *entry) tend() {
	ent.warn(time.Now())
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.watch.at = time.Time{}
	for _, w := range ent.queue {
		ent.attend(w)
	}
}
