package engine

import (
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Hold is a tenure of one caller. It lasts until the caller releases it. It is not safe for concurrent
// use.
type Hold struct {
	*Tx
	Session store.Session
	engine  *Engine
	entry   *entry
	waiter  *waiter
}

// Hold waits for the turn and the lock of a file like Do. No other call gets the turn until the Hold is
// released.
func (e *Engine) Hold(r *Request) (*Hold, error) {
	holds, err := e.HoldAll([]*Request{r})
	if err != nil {
		return nil, err
	}
	return holds[0], nil
}

// HoldAll holds several files at once. Every call takes the locks in the same order, so two calls never
// wait for each other. A file that is named twice is held once. The holds are in the order of the locks.
//
// If the store does not admit one of the files, no lock is taken and nothing is made.
func (e *Engine) HoldAll(rs []*Request) ([]*Hold, error) {
	return e.holdAll(rs, func([]*waiter) error { return nil })
}

// holdAll calls check before it takes a lock, with the waiters in the order of the requests.
func (e *Engine) holdAll(rs []*Request, check func([]*waiter) error) (_ []*Hold, err error) {
	var all []*waiter
	defer func() {
		if err == nil {
			return
		}
		for _, w := range slices.Backward(all) {
			w.withdraw()
		}
	}()
	for range maxMoves {
		waiters, err := e.inOrder(rs, &all)
		if err != nil {
			return nil, err
		}
		var holds []*Hold
		if err = e.admitEach(waiters); err == nil {
			err = check(all[len(all)-len(rs):])
		}
		if err == nil {
			holds, err = e.holdEach(waiters)
		}
		if err == nil {
			return holds, nil
		}
		for _, h := range slices.Backward(holds) {
			_ = h.Release()
		}
		if err != store.ErrMoved {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: a path meant another file each of the %d times it was locked", errors.ErrSymlink, maxMoves)
}

// inOrder locates the files and sorts them. It appends every waiter to all, even if a file is named
// twice.
func (e *Engine) inOrder(rs []*Request, all *[]*waiter) ([]*waiter, error) {
	var waiters []*waiter
	for _, r := range rs {
		w, err := e.holder(*r)
		*all = append(*all, w)
		if err != nil {
			return nil, err
		}
		waiters = append(waiters, w)
	}
	slices.SortStableFunc(waiters, func(a, b *waiter) int {
		switch {
		case a.at.Key.Less(b.at.Key):
			return -1
		case b.at.Key.Less(a.at.Key):
			return 1
		}
		return 0
	})
	return slices.CompactFunc(waiters, func(a, b *waiter) bool { return a.at.Key == b.at.Key }), nil
}

// holder makes a waiter with a tenure of its own. If its context holds the file already, that is an
// error, since the waiter would wait for itself.
func (e *Engine) holder(r Request) (*waiter, error) {
	r.Alone = true
	w := newWaiter(&r)
	if err := e.locate(w); err != nil {
		return w, err
	}
	held, err := carrierOf(w.Context).find(w.at)
	if held != nil {
		err = fmt.Errorf("%w: the context holds %s already, and this would wait for it", errors.ErrLock, errors.Printable(r.Target.Path))
	}
	return w, err
}

// admitEach asks the store to admit each of several files.
func (e *Engine) admitEach(waiters []*waiter) error {
	if len(waiters) == 1 {
		return nil // TryLock does the same check
	}
	for _, w := range waiters {
		if err := e.store.Admit(w.Context, w.Target, w.at, w.Options); err != nil {
			return err
		}
	}
	return nil
}

// holdEach takes the locks in order. After an error it returns the holds that it has.
func (e *Engine) holdEach(waiters []*waiter) (holds []*Hold, err error) {
	for i, w := range waiters {
		// After the lock of another file was taken, the store may know that the two files are one in
		// different spellings.
		if i > 0 && w.at.Unsure && !e.stillThere(w) {
			return holds, store.ErrMoved
		}
		ent := e.enter(w.at.Key)
		err := ent.admit(w)
		if w.cancel != nil {
			w.cancel()
		}
		if err != nil {
			e.leave(ent)
			return holds, err
		}
		tx := ent.newTx(w)
		holds = append(holds, &Hold{tx, tx.tenure.session, e, ent, w})
	}
	return holds, nil
}

// Path gives the path of the file as the caller named it.
func (h *Hold) Path() string { return h.waiter.Target.Path }

// End ends joining, and waits for a function that has joined, so that the staged changes are complete.
func (h *Hold) End() { h.end() }

// Check reports ErrLockLost if the lock was taken away by force.
func (h *Hold) Check() error {
	if err := h.Session.Check(h.waiter.Context); err != nil {
		return err
	}
	return h.tenure.check()
}

// Guard is the guard of a Publish of the session.
func (h *Hold) Guard() error { return h.tenure.check() }

// Commit makes the staged changes durable, and keeps the lock. After an error, every later Commit returns
// that error, since the staged changes built on a state that is not on disk.
func (h *Hold) Commit() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil || !h.changed {
		return h.err
	}
	h.changed = false
	b := &batch{options: h.options}
	b.add(h.Tx)
	defer func() {
		if b.published != nil {
			b.published.Abort()
		}
	}()
	h.err = h.tenure.write(b)
	return h.err
}

// Release passes the turn on and ends the tenure. It returns ErrLockLost if the lock was taken
// away by force meanwhile.
func (h *Hold) Release() error {
	h.end()
	err := h.Check()
	h.entry.yield()
	h.engine.leave(h.entry)
	return err
}

// Move renames src to dst, under both locks.
func (e *Engine) Move(src, dst *Request) error {
	holds, err := e.holdAll([]*Request{src, dst}, func(ws []*waiter) error { return e.store.Movable(ws[0].Context, ws[0].at, ws[1].at) })
	if err != nil {
		return err
	}
	defer func() {
		for _, h := range holds {
			_ = h.Release() // a lock that was lost before the rename has failed the move
		}
	}()
	// The holds are in the order of the locks, not of the arguments. A path may mean another file now than when it
	// was located first. So source and destination are distinguished by their paths.
	if len(holds) == 1 { // two paths, or two spellings, of one file
		to, err := e.store.Locate(holds[0].waiter.Context, dst.Target)
		if err != nil {
			return err
		}
		return holds[0].Session.Respell(holds[0].waiter.Context, to, src.Options)
	}
	from, to := holds[0], holds[len(holds)-1]
	if from.Path() != src.Target.Path {
		from, to = to, from
	}
	return from.Session.MoveTo(from.waiter.Context, to.Session, src.Options)
}
