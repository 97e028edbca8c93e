package engine

import (
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// batch holds the functions of one commit. The caller of the first function is the leader,
// which commits the batch. The other callers are followers. The entry's mutex guards it.
type batch struct {
	options   store.Options
	state     state          // with the changes of all its functions
	size      int            // number of functions
	earlier   []state        // the state after each function except the last
	committed int            // number of leading functions that are durable although a later edit failed
	read      bool           // a function has read the state
	goal      int            // number of functions at which gathering ends
	over      bool           // the batch is durable or has failed
	published store.Prepared // the change that the leader has published; nil if none

	// Most batches have one caller, which waits for no other. So a channel is made only when a
	// caller waits.
	after <-chan struct{} // closed when the batch before is over; nil if there was none
	full  chan struct{}   // closed when the gathering ends
	done  chan struct{}   // closed when the batch is over
	err   error           // the error of the commit; read after done is closed
}

// stage adds the changes of a function to a batch, passes the turn on, and returns
// when the changes, and the state that the function has read, are durable.
func (ent *entry) stage(w *waiter, tx *Tx) error {
	ent.mu.Lock()
	t := ent.tenure
	err := t.err
	b, index := tx.after, -1 // a function without changes waits for the last batch that it may have read
	if tx.changed && err == nil {
		b = t.batchFor(w.Options)
		index = b.add(tx)
		t.state = tx.state
	}
	leads := index == 0
	var wait <-chan struct{}
	switch {
	case leads:
		wait = b.after
	case b != nil:
		wait = b.ended()
	}
	ent.busy = false
	ent.advance()
	ent.mu.Unlock()
	switch {
	case !tx.read && !tx.changed:
		return nil
	case err != nil:
		return err // the commit of the state that the function has read failed
	case b == nil:
		return nil
	}
	if wait != nil {
		<-wait
	}
	if leads {
		ent.lead(t, b)
	}
	if tx.changed && index < b.committed {
		return nil
	}
	return b.err
}

// batchFor gives the batch for a function with these options. If the last batch has other options, a
// new batch begins, and the first one stops gathering.
func (t *tenure) batchFor(o store.Options) *batch {
	if n := len(t.batches); n > 0 {
		if last := t.batches[n-1]; last.options.Same(o) {
			return last
		}
		t.batches[0].fill()
	}
	b := &batch{options: o}
	if before := t.newest(); before != nil {
		b.after = before.ended()
	}
	t.batches = append(t.batches, b)
	return b
}

// add adds the changes of a function, and gives its index in the batch.
func (b *batch) add(tx *Tx) (index int) {
	if b.size > 0 {
		b.earlier = append(b.earlier, b.state)
	}
	b.state = tx.state
	b.read = b.read || tx.read
	index = b.size
	if b.size++; b.size == b.goal {
		b.fill()
	}
	return index
}

// ended gives a channel that is closed when the batch is over.
func (b *batch) ended() <-chan struct{} {
	if b.done == nil {
		b.done = make(chan struct{})
		if b.over {
			close(b.done)
		}
	}
	return b.done
}

// fill ends the gathering, if there is any.
func (b *batch) fill() {
	if b.full != nil {
		close(b.full)
		b.full = nil
	}
}

// lead gathers followers, commits the batch and wakes them. The batch before is over. The replaced file
// is closed after the followers were woken, since freeing its blocks takes 0.2 to 0.3 ms on ext4.
func (ent *entry) lead(t *tenure, b *batch) {
	ent.mu.Lock()
	if b.size < ent.history.last.goal && !t.closed && len(t.batches) == 1 {
		ent.gather(t, b)
	}
	failed := b.over // the batch before failed, and this one with it
	if !failed {
		t.batches, t.committing = t.batches[1:], b
	}
	ent.mu.Unlock()
	if failed {
		return
	}
	defer func() {
		if b.published != nil {
			b.published.Abort()
		}
	}()
	err, start := errInterrupted, time.Now()
	defer func() { ent.finish(t, b, start, err) }() // a panic and runtime.Goexit of a user's codec or logger pass here too
	err = t.write(b)
}

var errInterrupted = errors.New("a panic or runtime.Goexit ended the commit; the content on disk was not confirmed")

// gather waits a moment for the callers that the last commit has just woken. The mutex is held, and
// unlocked meanwhile.
func (ent *entry) gather(t *tenure, b *batch) {
	wait := time.Until(ent.history.last.gathersUntil())
	if wait <= 0 {
		return
	}
	full := make(chan struct{})
	b.goal, b.full = ent.history.last.goal, full
	ent.mu.Unlock()
	defer ent.mu.Lock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-full:
	case <-timer.C:
	}
}

// finish ends a commit. It wakes the batch's followers. If the commit failed, it wakes the callers of
// later batches too.
func (ent *entry) finish(t *tenure, b *batch, start time.Time, err error) {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	t.committing = nil
	// The next batch gathers as many functions as this commit had and as are waiting. If a slow function
	// has the turn, no other function could stage meanwhile, so the next batch does not wait.
	now := time.Now()
	took := now.Sub(start)
	ent.history.last = commitStats{}
	if !ent.busy || now.Sub(ent.turnSince) <= took/4 {
		goal := b.size + len(ent.queue)
		for _, next := range t.batches {
			goal += next.size
		}
		ent.history.last = commitStats{now, took, goal}
	}
	b.end(err)
	if err == nil && t.rebased {
		err = errors.ErrChanged
	}
	if err != nil {
		t.fail(err)
	}
	ent.advance()
}

func (b *batch) end(err error) {
	b.err, b.over = err, true
	if b.done != nil {
		close(b.done)
	}
}

// fail ends a tenure whose commit failed, or whose file another program has changed. All later batches
// fail too.
func (t *tenure) fail(err error) {
	t.err = err
	t.close()
	for _, later := range t.batches {
		later.end(err)
	}
	t.batches = nil
}
