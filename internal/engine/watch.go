package engine

import (
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/internal/store"
)

const (
	// guessSpan is how long a caller who guessed where its file is may wait in a
	// queue before somebody looks whether it is the right one. Who gives up or fails
	// before that looks itself.
	guessSpan = runSpan
	// watchSpan is the least time until the next look at a queue.
	watchSpan = runSpan
)

// watch sees to those who wait in one queue. It is one timer for all of them: one
// for each would cost more than most of them wait.
type watch struct {
	timer *time.Timer // nil until somebody had to wait
	at    time.Time   // when it is to go off; zero while it is not set
}

// due is when something is to be done for a waiter in the queue; zero for never. The
// mutex is held.
func (ent *entry) due(w *waiter) time.Time {
	switch {
	case w.located.IsZero():
		return w.since.Add(guessSpan)
	case w.warned:
		return time.Time{}
	}
	who, since := ent.holder()
	if who == nil {
		since = time.Now() // whoever comes to hold it has not done so for long
	}
	return w.lateAt(since)
}

// doubtful reports whether a waiter in the queue waits by a guess for long enough.
func (w *waiter) doubtful(now time.Time) bool {
	return w.located.IsZero() && now.Sub(w.since) >= guessSpan
}

// attend has the watch go off in time for a waiter. The mutex is held.
func (ent *entry) attend(w *waiter) {
	at := ent.due(w)
	if at.IsZero() || !ent.watch.at.IsZero() && !at.Before(ent.watch.at) {
		return
	}
	wait := max(time.Until(at), watchSpan)
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

// tend does what is due.
func (ent *entry) tend() {
	now := time.Now()
	ent.verify(now)
	ent.warn(now)
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.watch.at = time.Time{}
	for _, w := range ent.queue {
		ent.attend(w)
	}
}

// verify looks where the paths lead that were guessed at a while ago, each once,
// and sends away who waits for the wrong file.
func (ent *entry) verify(now time.Time) {
	looks := ent.doubts(now)
	for place := range looks {
		looks[place] = ent.look(place)
	}
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.queue = slices.DeleteFunc(ent.queue, func(w *waiter) bool {
		l, known := looks[w.Place]
		if !known || !w.doubtful(now) {
			return false
		}
		w.located, w.moved = l.at, !l.here
		if !l.here {
			w.grant() // from here on it is not ours
		}
		return !l.here
	})
}

// finding is what was found at a path.
type finding struct {
	at   time.Time // when it began
	here bool      // it means this file
}

func (ent *entry) look(p store.Placement) finding {
	start := time.Now()
	p.Parents = 0 // a look makes nothing
	at, err := ent.engine.store.Locate(p)
	return finding{start, err == nil && at.Key == ent.key}
}

// doubts are the places of those who wait by a guess for long enough.
func (ent *entry) doubts(now time.Time) map[store.Placement]finding {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	places := map[store.Placement]finding{}
	for _, w := range ent.queue {
		if w.doubtful(now) {
			places[w.Place] = finding{}
		}
	}
	return places
}
