// Package engine runs transactions: functions that read a file's state and
// stage changes to it, one at a time per file, under a lock that holds between
// processes, committed by one atomic and durable replace.
//
// # Admission
//
// Each file that is in use has one entry with a queue. The caller at its head
// has the turn: its function runs, on its own goroutine, on the staged state.
// When the function has staged its changes, the next caller gets the turn.
// A caller waits on a channel, so that a timeout or a context can end the wait.
//
// A path is resolved twice: before the caller enters the queue of its file, and again under the
// lock. If it means another file then, the caller starts over.
//
// # Group commit
//
// The first caller that stages while the disk is idle is a leader: it commits at once, on
// its own goroutine. While it is in its fsyncs, the next functions run and stage into
// the next batch. The first of these callers is the next leader. The others are its followers:
// it commits their changes too, when the disk returns. Before that the batch gathers for a moment: until
// it has as many functions as the last commit had, and as were waiting, or until half of that
// commit's duration has passed. So callers in a loop share one commit, and do not split into two
// halves that wait for each other.
//
// A caller is acknowledged when a commit with its change is durable. If a
// commit fails, every function that built on its state fails too, and the next
// function starts from the disk.
//
// # Tenure
//
// A tenure is the time for which the lock between processes is held: from the first function to
// the last commit. After 5 ms it takes no new function. After 5 ms of holding the lock,
// in one tenure or in several tenures close to each other, the lock is left free for
// 200 µs, so that another process can take it. Every tenure starts from the disk, without the state
// of the tenure before.
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

const (
	// tenureSpan is how long a tenure takes new functions.
	tenureSpan = 5 * time.Millisecond
	// freeSpan is how long the lock is left free after that.
	freeSpan = 200 * time.Microsecond
	// maxMoves limits how often a call starts over because its path means another file.
	maxMoves = 8
)

// Engine runs the transactions of one store. It is safe for concurrent use.
type Engine struct {
	store store.Store
	sleep func(time.Duration) // a short sleep
	fair  bool                // the store's lock is fair without a pause

	mu      sync.Mutex
	entries map[store.Key]*entry // the files in use, and no others
	past    past
}

// New makes an engine for a store.
func New(s store.Store) *Engine {
	_, fair := s.(store.InOrder)
	return &Engine{store: s, sleep: sleep, fair: fair, entries: map[store.Key]*entry{}}
}

// Forever is the timeout of a call that waits without a limit.
const Forever time.Duration = -1

// Request says on which file a function runs, and with which options.
type Request struct {
	Target  store.Target
	Options store.Options
	// Timeout limits the wait for the turn and the lock. With 0 the call does not wait.
	Timeout time.Duration
	// Context can end the wait too. Nil can't.
	Context context.Context
	// Alone gives the function a tenure of its own, which takes no other function.
	Alone bool

	announce bool   // a user's code runs under the lock, so the holder's record is written into the lock file
	caller   caller // the call of the library by that code
	function any    // the user's function; nil if unknown
}

// Store gives the store, for calls that take no lock and are no part of a transaction.
func (e *Engine) Store() store.Store { return e.store }

// Do runs fn as one transaction. It returns nil when the changes that fn staged are durable. An error
// of fn comes back as it is. Other errors say why the lock was not taken or why the commit failed.
// After an error no change of fn is on disk; the one exception is ErrNotDurable. If fn panics, the file
// is unchanged and the panic goes on.
//
// The state that fn read is durable too when Do returns. If fn read uncommitted data whose commit then
// failed, Do returns that commit's error instead of fn's.
func (e *Engine) Do(r *Request, fn func(*Tx) error) (err error) {
	w := newWaiter(r)
	returned := false
	defer func() { // a panic and runtime.Goexit pass here too
		if w.cancel != nil {
			w.cancel()
		}
		if w.undo != nil && (!returned || err != nil) {
			w.withdraw()
		}
	}()
	defer func() { returned = true }()
	for range maxMoves {
		if err := e.locate(w); err != nil {
			return err
		}
		var joined *Tx
		if carried := carrierOf(w.Context); carried != nil {
			if joined, err = carried.find(w.at); err != nil {
				return err
			}
		}
		if joined != nil {
			err = joined.join(w, fn)
		} else {
			err = e.transact(w, fn)
		}
		if err != store.ErrMoved {
			return err
		}
	}
	return fmt.Errorf("%w: %s meant another file each of the %d times it was locked", errors.ErrSymlink, errors.Printable(r.Target.Path), maxMoves)
}

// locate finds the waiter's file, and records the parents that were made for it.
func (e *Engine) locate(w *waiter) error {
	at, err := e.store.Locate(w.Context, w.Target)
	if at.Undo != nil {
		w.undo = append(w.undo, at.Undo)
	}
	w.at = at
	return err
}

// withdraw removes the parents that locate has made, after the call has failed.
func (w *waiter) withdraw() {
	for _, undo := range slices.Backward(w.undo) {
		undo()
	}
}

// transact runs fn in the queue of the waiter's file.
func (e *Engine) transact(w *waiter, fn func(*Tx) error) error {
	ent := e.enter(w.at.Key)
	defer e.leave(ent)
	if err := ent.admit(w); err != nil {
		return err
	}
	return ent.perform(w, fn)
}

// enter finds or makes the entry of a file, and adds a user to it.
func (e *Engine) enter(key store.Key) *entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	ent := e.entries[key]
	if ent == nil {
		ent = &entry{engine: e, key: key}
		// A program's tests with testing/synctest have clocks of their own, so the history may be of a time to come.
		if p := e.past.slot(key); p.key == key && !p.history.released.After(time.Now()) {
			ent.history = p.history
		}
		e.entries[key] = ent
	}
	ent.users++
	return ent
}

// hold adds a user to an entry that has a user already.
func (e *Engine) hold(ent *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ent.users++
}

// leave removes a user of an entry. The last user frees the entry.
func (e *Engine) leave(ent *entry) {
	e.mu.Lock()
	ent.users--
	last := ent.users == 0
	if last && e.entries[ent.key] == ent {
		delete(e.entries, ent.key)
		*e.past.slot(ent.key) = pastEntry{ent.key, ent.history}
	}
	e.mu.Unlock()
	// Only users of the entry set the timer, and this was the last of them.
	if last && ent.watch.timer != nil {
		ent.watch.timer.Stop()
	}
}

// Force takes the lock away from its holder. It also begins a new queue for the file, so that a
// function of this process that hangs does not block other callers. The hanging function can't
// commit any more.
func (e *Engine) Force(ctx context.Context, t store.Target) error {
	t.Parents = 0 // an inspection makes no directories
	at, err := e.store.Locate(ctx, t)
	if err != nil {
		return err
	}
	if err := e.store.Force(ctx, t, at); err != nil {
		return err
	}
	e.mu.Lock()
	ent := e.entries[at.Key]
	delete(e.entries, at.Key)
	e.mu.Unlock()
	if ent != nil {
		ent.abandon()
	}
	return nil
}

// Inspect describes a file's lock.
func (e *Engine) Inspect(ctx context.Context, t store.Target) (store.LockInfo, error) {
	t.Parents = 0 // an inspection makes no directories
	at, err := e.store.Locate(ctx, t)
	if err != nil {
		return store.LockInfo{}, err
	}
	return e.store.Inspect(ctx, t, at)
}
