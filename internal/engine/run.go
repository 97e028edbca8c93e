package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// run is the time one lock is held. The entry's mutex guards it, but for what
// io guards.
type run struct {
	session   store.Session
	target    store.Target // by which the lock was taken
	lock      string
	began     time.Time
	closed    bool     // takes no new function
	state     state    // with all that was staged
	batches   []*batch // staged and waiting for the disk; only the last takes more
	flying    *batch   // on its way to the disk
	err       error    // the failed commit that closed the run
	lingering bool
	announced bool // whoever has the turn sets it

	io      chan struct{} // full while somebody is at the session
	found   blob          // what it held when the lock was taken
	saved   state         // what the disk holds
	version store.Version // of that; nil while nobody looked
	rebased bool          // it holds a change from outside that the run's states do not
}

func newRun(s store.Session, w *waiter, now time.Time) *run {
	r := &run{
		session: s, target: w.Target, lock: w.at.Lock, began: now, closed: w.Alone,
		io: make(chan struct{}, 1),
	}
	r.saved.base = &r.found
	r.state = r.saved
	return r
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
	if w.announce && !r.announced {
		r.announced = true
		r.session.Announce(w.ctx())
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
	c, err := r.session.Load(context.Background(), o)
	if err != nil {
		return err
	}
	appended := size(r.saved.tails)
	if r.version != nil && c.Version != r.version || len(c.Data) < appended {
		return fmt.Errorf("%w while its lock was held; read it again and retry", errors.ErrChanged)
	}
	b.exists, b.data, b.loaded, b.verified = c.Exists, c.Data[:len(c.Data)-appended], true, o.Verify
	r.version = c.Version
	return nil
}

// loadForEdit is load for a function that does not care what the text says, only
// that it can be edited. A text that has no checksum yet can; one that is damaged
// can't, for the new checksum would bless the damage.
func (r *run) loadForEdit(b *blob, o store.ReadOptions) error {
	err := r.load(b, o)
	if errors.Is(err, errors.ErrNoChecksum) {
		o.Verify = false
		err = r.load(b, o)
	}
	return err
}

// write puts a batch on the disk. Of a batch whose edit is refused it writes the
// functions before the one that is to blame.
func (r *run) write(b *batch) error {
	defer r.alone()()
	err := r.put(b, b.state)
	if err == nil || !isRefused(err) {
		return err
	}
	last := r.saved
	for i, m := range append(b.earlier, b.state) {
		if m, err = m.on(last); err != nil {
			break
		}
		last, b.good = m, i+1
	}
	if b.good > 0 {
		if putErr := r.put(b, last); putErr != nil {
			b.good, err = 0, putErr
		}
	}
	return err
}

// on is the state written onto another one's text, which it follows.
func (s state) on(before state) (state, error) {
	if s.form != nil {
		s.base, s.tails = before.base, before.tails
	}
	return s.settled()
}

// maxRebase is how often a write without a read follows changes from outside
// with its edit before it goes over the next one.
const maxRebase = 3

// put makes the disk hold a state. Who wrote without reading goes over a change
// from outside, with an edit of the text as that change left it.
func (r *run) put(b *batch, s state) error {
	for tries := 0; ; tries++ {
		c, said, err := r.change(b, s)
		if err != nil {
			return refused{err}
		}
		blind := s.form != nil && !b.read
		if blind && tries == maxRebase {
			c.Read = nil
		}
		v, err := r.commit(b, c)
		if err == nil {
			r.saved, r.version = s, v
			said.say()
			return nil
		}
		if !blind || !errors.Is(err, errors.ErrChanged) {
			return err
		}
		if s, err = r.rebase(s, b.options.Checksum); err != nil {
			return err
		}
	}
}

// commit makes one change durable. What it has replaced is freed when the batch is discarded.
func (r *run) commit(b *batch, c store.Change) (store.Version, error) {
	p, err := r.session.Prepare(context.Background(), c, b.options)
	if err != nil {
		return nil, err
	}
	v, err := p.Publish(context.Background(), nil)
	if err != nil {
		p.Abort()
		return nil, err
	}
	b.published = append(b.published, p)
	return v, nil
}

// rebase lays a value onto the text that somebody outside has left. What else was
// staged in the run relies on another text, so the run ends with it. A text that
// its checksum does not vouch for is not edited but replaced.
func (r *run) rebase(s state, verify bool) (state, error) {
	r.rebased = true
	now, err := r.session.Load(context.Background(), store.ReadOptions{Verify: verify})
	if errors.Is(err, errors.ErrChecksumMismatch) || errors.Is(err, errors.ErrNoChecksum) {
		r.version = nil
		return state{base: &blob{loaded: true, exists: true, data: s.value}}, nil
	}
	r.version = now.Version
	return state{base: &blob{loaded: true, exists: now.Exists, data: now.Data}, form: s.form, value: s.value}, err
}

// change is what a commit has to do to get from the saved state to another, and
// what is to be said when it is done.
func (r *run) change(b *batch, s state) (store.Change, *saying, error) {
	switch {
	case s.form != nil:
		text, said, err := s.text()
		return store.Change{Parts: [][]byte{text}, Read: r.version}, said, err
	case s.base == r.saved.base && r.saved.form == nil:
		// Only tails are new. They rely on what they follow, as far as it is known.
		return store.Change{Append: true, Parts: s.tails[len(r.saved.tails):], Read: r.version}, nil, nil
	case !s.exists():
		return store.Change{Remove: true, Read: r.readBy(b)}, nil, nil
	}
	return store.Change{Parts: append([][]byte{s.base.data}, s.tails...), Read: r.readBy(b)}, s.base.said, nil
}

// readBy is the version that a batch relies on, nil if it does not care.
func (r *run) readBy(b *batch) store.Version {
	if b.read {
		return r.version
	}
	return nil
}
