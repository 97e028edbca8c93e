// Package engine runs transactions: functions that read a file's state and
// stage changes to it, one at a time per file, under a lock that holds between
// processes, committed by one atomic and durable replace.
//
// # Admission
//
// Each file that is in use has one entry with a queue. The caller at its head
// has the turn: its function runs, on its own goroutine, on the staged state,
// and the turn goes on to the next as soon as the function has staged its
// changes. Waiting is on a channel, so that a timeout or a context can end it.
//
// A path is resolved when its caller comes, which says for which file to wait, and
// again under the lock, since it may mean another file by then: then the caller
// starts over.
//
// # Group commit
//
// The first caller that stages while the disk is idle is a leader: it commits at once, on
// its own goroutine. While it is in its fsyncs, the next functions already run and stage into
// the next batch. The first of these is the next leader, the others are its followers, whose
// changes it commits when the disk returns. For a moment after that the batch gathers, until
// as many more have staged as the last commit held, and those who were waiting,
// or half of that commit's duration has passed. So callers in a loop share
// one commit instead of splitting in two halves that wait for each other.
//
// A caller is acknowledged when a commit with its change is durable. If a
// commit fails, so do all who staged on top of what it held, and the next
// function starts from the disk.
//
// # Tenure
//
// A tenure is the time for which the lock between processes is held: from a function to the
// last commit. After 5 ms it takes no new function. After 5 ms of holding the lock,
// in one tenure or in several that follow each other closely, it is left free for
// 200 µs, so that another process gets its turn. A tenure's state ends with
// it; every tenure starts from the disk.
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
	// maxMoves bounds how often a path that keeps leading elsewhere is followed.
	maxMoves = 8
)

// Engine runs the transactions of one store. It is safe for concurrent use.
type Engine struct {
	store store.Store
	sleep func(time.Duration) // a short sleep

	mu      sync.Mutex
	entries map[store.Key]*entry // the files in use, and no others
	past    past
}

// New makes an engine for a store.
func New(s store.Store) *Engine {
	return &Engine{store: s, sleep: sleep, entries: map[store.Key]*entry{}}
}

// Forever is the timeout of a caller who does not mind waiting.
const Forever time.Duration = -1

// Request says on which file, and how, a function is to run.
type Request struct {
	Target  store.Target
	Options store.Options
	// Timeout is how long to wait for the turn and the lock; 0 takes them only
	// if they are free.
	Timeout time.Duration
	// Context ends the wait too. Nil never does.
	Context context.Context
	// Alone gives it a tenure of its own, which takes no other function.
	Alone bool

	announce bool   // a user's code runs under the lock: the holder's record goes into the lock file
	caller   caller // where that code called the library
	function any    // which function it is; nil if that is not known
}

// Store is for calls that take neither a lock nor a part in a transaction.
func (e *Engine) Store() store.Store { return e.store }

// Do runs fn as one transaction. It returns nil when what fn staged is durable,
// fn's own error as it is, or why the lock was not had or the commit failed;
// then nothing of fn's is on disk, unless it is ErrNotDurable. What fn saw is
// durable too when Do returns: if it saw changes that a failed commit took back,
// it gets that commit's error, whatever it made of them. A panic in fn stages
// nothing and goes on.
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

// locate finds the waiter's file, and notes the parents that were made for it.
func (e *Engine) locate(w *waiter) error {
	at, err := e.store.Locate(w.Context, w.Target)
	if at.Undo != nil {
		w.undo = append(w.undo, at.Undo)
	}
	w.at = at
	return err
}

// withdraw takes back what locating the file of a call that failed has made.
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

// enter finds the entry of a file or makes it.
func (e *Engine) enter(key store.Key) *entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	ent := e.entries[key]
	if ent == nil {
		ent = &entry{engine: e, key: key}
		if p := e.past.slot(key); p.key == key {
			ent.history = p.history
		}
		e.entries[key] = ent
	}
	ent.users++
	return ent
}

// hold adds a user to an entry that has one.
func (e *Engine) hold(ent *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ent.users++
}

// leave takes a user off an entry, and frees the entry with the last one.
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

// Force takes the lock away from whoever holds it, and opens a new generation
// of the queue, so that a function of this process that hangs blocks nobody
// else of it. That function can't commit any more.
func (e *Engine) Force(ctx context.Context, t store.Target) error {
	t.Parents = 0 // who looks at a lock makes nothing
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

// Inspect tells what is known of a file's lock.
func (e *Engine) Inspect(ctx context.Context, t store.Target) (store.LockInfo, error) {
	t.Parents = 0 // who looks at a lock makes nothing
	at, err := e.store.Locate(ctx, t)
	if err != nil {
		return store.LockInfo{}, err
	}
	return e.store.Inspect(ctx, t, at)
}
