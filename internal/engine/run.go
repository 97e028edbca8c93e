package engine

import (
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// run is the time one lock is held. The entry's mutex guards it, but for what
// io guards.
type run struct {
	session   store.Session
	lock      string // which lock it is
	began     time.Time
	closed    bool     // takes no new function
	state     state    // with all that was staged
	batches   []*batch // staged and waiting for the disk; only the last takes more
	flying    *batch   // on its way to the disk
	led       bool     // somebody sees to the first batch: gathers or commits it
	err       error    // the failed commit that closed the run
	lingering bool
	announced bool // whoever has the turn sets it

	io      chan struct{} // full while somebody is at the session
	saved   state         // what the disk holds
	version store.Version // of that; nil while nobody looked
}

func newRun(s store.Session, w *waiter, now time.Time) *run {
	disk := state{base: &blob{}}
	return &run{session: s, lock: w.at.Lock, began: now, closed: w.Alone, state: disk, saved: disk, io: make(chan struct{}, 1)}
}

// alone waits until nobody is at the session, and keeps others out. It is no
// mutex, for which virtual time would stand still (testing/synctest).
func (r *run) alone() (done func()) {
	r.io <- struct{}{}
	return func() { <-r.io }
}

// takes reports whether a function can join.
func (r *run) takes(w *waiter, now time.Time) bool {
	return !r.closed && !w.Alone && w.at.Lock == r.lock && now.Sub(r.began) < runSpan
}

// announce leaves the holder's record in the lock file, once, if a user's code
// is to run.
func (r *run) announce(w *waiter) {
	if w.Announce && !r.announced {
		r.announced = true
		r.session.Announce()
	}
}

// close lets nobody in any more, so there is nothing left to gather for.
func (r *run) close() {
	r.closed = true
	if len(r.batches) > 0 {
		r.batches[0].fill()
	}
}

// newest is the last batch that is not durable yet, nil if all is.
func (r *run) newest() *batch {
	if n := len(r.batches); n > 0 {
		return r.batches[n-1]
	}
	return r.flying
}

// load reads the file into the blob that stands for it. The blob is the content
// as the run found it: what this run has appended to it since is cut off again.
func (r *run) load(b *blob, o store.ReadOptions) error {
	if b.loaded && (b.verified || !o.Verify) {
		return nil
	}
	defer r.alone()()
	c, err := r.session.Load(o)
	if err != nil {
		return err
	}
	if r.version != nil && c.Version != r.version {
		return fmt.Errorf("%w while its lock was held; read it again and retry", errors.ErrChanged)
	}
	appended := size(r.saved.tails)
	b.exists, b.data, b.loaded, b.verified = c.Exists, c.Data[:len(c.Data)-appended], true, o.Verify
	r.version = c.Version
	return nil
}

// write puts a batch on the disk.
func (r *run) write(b *batch) error {
	defer r.alone()()
	v, err := r.session.Commit(r.change(b), b.options)
	if err == nil {
		r.saved, r.version = b.state, v
	}
	return err
}

// change is what a commit has to do to get from the saved state to the batch's.
func (r *run) change(b *batch) store.Change {
	base, tails := b.state.base, b.state.tails
	switch {
	case base == r.saved.base:
		// Only tails are new. They rely on what they follow, as far as it is known.
		return store.Change{Append: true, Parts: tails[len(r.saved.tails):], Read: r.version}
	case !base.exists && len(tails) == 0:
		return store.Change{Remove: true, Read: r.readBy(b)}
	}
	return store.Change{Parts: append([][]byte{base.data}, tails...), Read: r.readBy(b)}
}

// readBy is the version that a batch relies on, nil if it does not care.
func (r *run) readBy(b *batch) store.Version {
	if b.read {
		return r.version
	}
	return nil
}
