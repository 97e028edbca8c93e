package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// entry is one file in use. Its mutex guards all of it; it is never held while
// a user's function or the disk is at work.
type entry struct {
	engine *Engine
	key    store.Key
	users  int // guarded by the engine's mutex

	mu        sync.Mutex
	queue     []*waiter // in the order they came
	watch     watch     // sees to those in the queue
	busy      bool      // somebody has the turn
	who       *waiter   // who that is, or was last
	turnSince time.Time
	abandoned bool // the lock was taken away; the queue is at another entry
	run       *run // nil while the lock is not held
	history
}

// admit waits for the turn and for the lock. After an error the waiter has neither.
func (ent *entry) admit(w *waiter) error {
	if err := w.cause(); err != nil {
		return ent.gaveUp(w)
	}
	if !ent.enqueue(w) {
		return store.ErrMoved
	}
	if err := ent.await(w); err != nil {
		return err
	}
	err := ent.open(w)
	if err != nil {
		ent.yield()
	}
	return err
}

// enqueue puts a waiter at the end of the queue; false if the queue is elsewhere.
func (ent *entry) enqueue(w *waiter) bool {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	if ent.abandoned {
		return false
	}
	w.granted, w.turn = false, nil
	ent.queue = append(ent.queue, w)
	ent.settle()
	if !w.granted {
		w.turn = make(chan struct{}, 1)
		ent.attend(w)
	}
	return true
}

// await waits for the turn.
func (ent *entry) await(w *waiter) error {
	if w.turn != nil && !w.await(w.turn) && ent.withdraw(w) {
		return ent.gaveUp(w)
	}
	if w.moved {
		w.moved = false
		return store.ErrMoved
	}
	return nil
}

// gaveUp is the error of a waiter that did not get the turn or the lock. Another
// process's holder is named by the record in the lock file.
func (ent *entry) gaveUp(w *waiter) error {
	ent.mu.Lock()
	who, _ := ent.holder()
	if who == w {
		who = nil // it had the turn, and another process the lock
	}
	ent.mu.Unlock()
	if who != nil {
		return w.gaveUp(who.asHolder())
	}
	return w.gaveUp(ent.engine.store.Holder(w.ctx(), w.Target, w.at))
}

// withdraw takes a waiter out of the queue; false if it has left it with the turn.
func (ent *entry) withdraw(w *waiter) bool {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	i := slices.Index(ent.queue, w)
	if i < 0 {
		return false // it came at that moment
	}
	ent.queue = slices.Delete(ent.queue, i, i+1)
	return true
}

// open makes sure that a run is open and that the waiter's path means this
// file. The waiter has the turn.
func (ent *entry) open(w *waiter) error {
	var err error
	if r := ent.current(); r == nil {
		err = ent.begin(w)
	} else {
		err = ent.stillHere(w, r)
	}
	if err == nil {
		ent.current().announce(w)
	}
	return err
}

func (ent *entry) current() *run {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	return ent.run
}

// stillHere makes sure that the path of a waiter who joins a run still means this
// file. The run's own path was resolved when its lock was taken, and the path of a
// caller who came after that as well; any other one is resolved now.
func (ent *entry) stillHere(w *waiter, r *run) error {
	if w.Target == r.target || w.since.After(r.began) || ent.engine.stillThere(w) {
		return nil
	}
	return store.ErrMoved
}

// stillThere reports whether a waiter's path means the file that was located.
func (e *Engine) stillThere(w *waiter) bool {
	target := w.Target
	target.Parents = 0 // they were made when it was located
	at, err := e.store.Locate(w.ctx(), target)
	return err == nil && at.Key == w.at.Key
}

// LeaseHolder is who keeps a caller waiting that has the lock but can't open the file.
const LeaseHolder = "another program's lease on the file (fcntl(2), F_SETLEASE)"

// begin takes the lock and starts a run.
func (ent *entry) begin(w *waiter) error {
	ent.mu.Lock()
	pause := ent.pause(time.Now())
	ent.mu.Unlock()
	if pause > 0 {
		ent.engine.rest(pause)
	}
	s, err := ent.engine.store.TryLock(w.ctx(), w.Target, w.at, w.Options)
	if errors.Is(err, errors.ErrLocked) && w.Timeout != 0 {
		s, err = ent.engine.store.Lock(w.limit(), w.Target, w.at, w.Options)
	}
	switch {
	case errors.Is(err, store.ErrBusy):
		return w.gaveUp(LeaseHolder)
	case errors.Is(err, errors.ErrLocked):
		return ent.gaveUp(w)
	}
	if err != nil {
		return err
	}
	ent.start(newRun(s, w, time.Now()), pause > 0)
	return nil
}

func (ent *entry) start(r *run, rested bool) {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	ent.pause(r.began)
	if rested {
		// Those who share the last commit could not come back before now.
		ent.history.last.at = r.began
	}
	ent.run = r
}

// dispatch gives the turn to the head of the queue if it is free and the run,
// if there is one, takes it in. The mutex is held.
func (ent *entry) dispatch() {
	if ent.busy || len(ent.queue) == 0 {
		return
	}
	head, now := ent.queue[0], time.Now()
	if r := ent.run; r != nil && !r.takes(head, now) {
		r.close()
		return
	}
	ent.queue[0] = nil
	ent.queue = ent.queue[1:]
	ent.busy, ent.who, ent.turnSince = true, head, now
	head.grant()
}

// yield gives the turn back, and ends the run where nothing is left of it.
func (ent *entry) yield() {
	ent.mu.Lock()
	ent.busy = false
	ent.settle()
	ent.mu.Unlock()
}

// settle passes the turn on or ends the run. The mutex is held, but let go
// while the lock is released: meanwhile the turn is taken, by nobody.
func (ent *entry) settle() {
	for {
		ent.dispatch()
		if !ent.over() {
			return
		}
		ent.release()
	}
}

// release frees the lock. The mutex is held, but let go meanwhile.
func (ent *entry) release() {
	r := ent.run
	ent.busy = true
	ent.mu.Unlock()
	_ = r.session.Release(context.Background()) // what was acknowledged is durable, whatever the lock says
	ent.mu.Lock()
	ent.run, ent.busy = nil, false
	ent.rests.free(r.began, time.Now())
}

// over reports whether the run has nothing left to do. One that has just
// committed for several callers is kept for as long as their next changes
// would be gathered, since they are about to come back. The mutex is held.
func (ent *entry) over() bool {
	r := ent.run
	if r == nil || ent.busy || r.newest() != nil {
		return false
	}
	until, goal := ent.history.last.gathering()
	if r.closed || goal <= 1 || ent.history.last.at.Before(r.began) {
		return true
	}
	wait := min(time.Until(until), runSpan-time.Since(r.began))
	if wait <= 0 {
		return true
	}
	if !r.lingering {
		r.lingering = true
		ent.linger(r, wait)
	}
	return false
}

// linger ends the run later, unless it goes on.
func (ent *entry) linger(r *run, wait time.Duration) {
	e := ent.engine
	e.hold(ent)
	time.AfterFunc(wait, func() {
		ent.mu.Lock()
		r.lingering = false
		ent.settle()
		ent.mu.Unlock()
		e.leave(ent)
	})
}
