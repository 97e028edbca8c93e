package engine

// perform runs the function whose caller has the turn, and stages its changes.
func (ent *entry) perform(w *waiter, fn func(*Tx) error) error {
	tx := ent.newTx(w)
	returned := false
	defer func() { // a panic and runtime.Goexit pass here too
		if !returned {
			tx.end()
			ent.yield()
		}
	}()
	err := fn(tx)
	tx.end()
	if err == nil {
		err = tx.err
	}
	if err == nil && !tx.changed {
		// A commit checks the lock itself. Without one nobody would: what the function
		// saw may have been changed under it by whoever took the lock away.
		err = tx.run.session.Check(w.ctx())
	}
	returned = true
	if err != nil {
		tx.changed = false // from here on it is one that only looked
	}
	if lost := ent.stage(w, tx); lost != nil {
		return lost
	}
	return err
}

func (ent *entry) newTx(w *waiter) *Tx {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	return newTx(ent.run, w)
}

// stage takes what a function leaves behind, passes the turn on, and returns
// when that and what the function saw is durable.
func (ent *entry) stage(w *waiter, tx *Tx) error {
	ent.mu.Lock()
	r := ent.run
	b, place, leads := r.accept(w, tx)
	err := r.err
	var wait <-chan struct{}
	switch {
	case leads:
		wait = b.after
	case b != nil:
		wait = b.ended()
	}
	ent.busy = false
	ent.settle()
	ent.mu.Unlock()
	switch {
	case !tx.read && !tx.changed:
		return nil
	case err != nil:
		return err // the state that the function built on never reached the disk
	case b == nil:
		return nil
	}
	if wait != nil {
		<-wait
	}
	if leads {
		ent.commit(r, b)
	}
	if !tx.changed {
		return b.err
	}
	return b.outcome(place)
}

// accept finds the batch that a function must wait for: the one that takes its
// changes, or without changes the last one that it may have seen. The first in a
// batch leads: its caller commits it, once the batch before is over.
func (r *run) accept(w *waiter, tx *Tx) (b *batch, place int, leads bool) {
	if !tx.changed || r.err != nil {
		return tx.after, 0, false
	}
	b = r.batchFor(w.Options)
	place = b.add(tx)
	r.state = tx.state
	return b, place, place == 0
}
