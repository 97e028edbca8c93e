package engine

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

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
		// A commit checks the lock itself. Without a commit nobody would: another holder may have
		// changed what the function saw, if the lock was taken away by force.
		if err = tx.tenure.session.Check(w.Context); err == nil {
			err = tx.tenure.check()
		}
	}
	returned = true
	if err != nil {
		tx.changed = false // from here on it is a function that only read
	}
	if lost := ent.stage(w, tx); lost != nil {
		return lost
	}
	return err
}

// staging is what the functions of one transaction have made of a file: the
// outer function and those that joined it through its context.
type staging struct {
	mu      sync.Mutex
	tenure  *tenure
	options store.Options // of the commit; Bare until a change says what it wants
	state   state
	after   *batch // the last batch that was not durable when the transaction began
	read    bool   // a function saw the state
	changed bool   // one staged something
	writes  int    // how often
	err     error  // why nothing of it can be committed
}

// Tx is what one function sees of its file. It ends with the function; using
// it later panics. It is safe for concurrent use.
type Tx struct {
	*staging
	at       store.Location
	joins    chan struct{} // empty while a function that joined this one runs; nil until one can
	joined   *waiter       // which that is, or was last
	joinedAt time.Time     // when it began
	writes   int           // how many of the writes are this function's, or of those within it
	outer    *Tx
	over     bool
}

func (ent *entry) newTx(w *waiter) *Tx {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	t := ent.tenure
	both := &struct { // one allocation
		Tx
		staging
	}{}
	both.staging = staging{tenure: t, options: w.Options, state: t.state, after: t.newest()}
	both.Tx = Tx{staging: &both.staging, at: w.at}
	return &both.Tx
}

// open lets others join.
func (tx *Tx) open() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.joins == nil {
		tx.joins = make(chan struct{}, 1)
		tx.joins <- struct{}{}
	}
}

// end lets nobody join any more, and waits for the function that has, so that it
// is in the transaction whole.
func (tx *Tx) end() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.joins != nil {
		tx.mu.Unlock()
		<-tx.joins
		tx.mu.Lock()
		defer func() { tx.joins <- struct{}{} }()
	}
	tx.over = true
}

func (tx *Tx) ended() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.over
}

func (tx *Tx) lock() {
	tx.mu.Lock()
	if tx.over {
		tx.mu.Unlock()
		panic("lockedfile: Tx used after its function returned")
	}
}

// Text is the file's content, and whether there is a file. The bytes are shared:
// they are not to be changed.
func (tx *Tx) Text(o store.ReadOptions) (data []byte, exists bool, err error) {
	data, _, exists, err = tx.Value(nil, o)
	return data, exists, err
}

func tooLarge(size int, o store.ReadOptions) error {
	return fmt.Errorf("%w: %d bytes are staged, and the limit is %d", errors.ErrTooLarge, size, o.Max)
}

// Value is Text for a caller to whom the encoding of a value will do. staged reports that data is the
// encoding of a value of the given form, which was staged before, and not the file's text. A nil
// form is that of no value.
func (tx *Tx) Value(f Form, o store.ReadOptions) (data []byte, staged, exists bool, err error) {
	tx.lock()
	defer tx.mu.Unlock()
	tx.read = true
	if f != nil && tx.state.form != nil && tx.state.form.Same(f) {
		return tx.state.value, true, true, nil
	}
	if err := tx.tenure.load(tx.state.base, o); err != nil {
		return nil, false, false, err
	}
	if tx.state.form != nil {
		if tx.state, err = tx.state.settled(); err != nil {
			return nil, false, false, err
		}
	}
	data = tx.state.plain()
	if o.Max > 0 && int64(len(data)) > o.Max {
		return nil, false, false, tooLarge(len(data), o)
	}
	return data, false, tx.state.exists(), nil
}

// Put stages a whole new content. The bytes are kept and not to be changed.
func (tx *Tx) Put(data []byte) {
	tx.lock()
	defer tx.mu.Unlock()
	tx.put(data)
}

func (tx *Tx) put(data []byte) {
	tx.set(state{base: &baseText{loaded: true, exists: true, verified: true, data: data}})
}

// PutValue stages a value, given as its encoding of the form. The file's text is
// changed to hold it; without a file, or with one that is damaged or a link that
// leads nowhere, the encoding is the text. A file over the limit of o can't be
// edited. The bytes are kept and not to be changed.
func (tx *Tx) PutValue(f Form, value []byte, o store.ReadOptions) error {
	tx.lock()
	defer tx.mu.Unlock()
	s := tx.state
	err := tx.tenure.load(s.base, o)
	if errors.Is(err, errors.ErrNoChecksum) {
		// A text that has no checksum yet can be edited. A text that is damaged can't: the new checksum
		// would bless the damage.
		err = tx.tenure.load(s.base, store.ReadOptions{Max: o.Max, Wait: o.Wait})
	}
	if err == nil && o.Max > 0 {
		if n := len(s.base.data) + size(s.tails); int64(n) > o.Max {
			err = tooLarge(n, o)
		}
	}
	switch {
	case err == nil && s.exists():
	case err == nil, errors.Is(err, errors.ErrChecksumMismatch), errors.Is(err, errors.ErrSymlink):
		tx.put(value)
		return nil
	default:
		return err
	}
	switch {
	case s.form == nil:
	case s.form.Same(f):
		f = s.form // which may know more about the text
	default:
		if s, err = s.settled(); err != nil {
			return err
		}
	}
	tx.set(state{s.base, s.tails, f, value})
	return nil
}

// Append stages bytes at the end. They are kept and not to be changed.
func (tx *Tx) Append(tail []byte) error {
	tx.lock()
	defer tx.mu.Unlock()
	s, err := tx.state.settled()
	if err == nil {
		tx.set(state{base: s.base, tails: append(s.tails, tail)})
	}
	return err
}

// Remove stages the file's removal. It fails with fs.ErrNotExist if there is none.
func (tx *Tx) Remove() error {
	tx.lock()
	defer tx.mu.Unlock()
	exists, err := tx.exists()
	if err != nil {
		return err
	}
	if !exists {
		tx.read = true // the caller is told what it saw
		return fs.ErrNotExist
	}
	tx.set(state{base: &baseText{loaded: true, verified: true}})
	return nil
}

func (tx *Tx) exists() (bool, error) {
	if tx.state.base.loaded || tx.state.exists() {
		return tx.state.exists(), nil
	}
	tx.tenure.io <- struct{}{}
	defer func() { <-tx.tenure.io }()
	return tx.tenure.session.Exists(context.Background())
}

func (tx *Tx) set(s state) {
	tx.state, tx.changed = s, true
	tx.staging.writes++
	for of := tx; of != nil; of = of.outer {
		of.writes++
	}
}

// load reads the file into the base text that stands for it. That is the content
// as the tenure found it: the tails that this tenure has appended since are cut off again.
func (t *tenure) load(b *baseText, o store.ReadOptions) error {
	if b.loaded && (b.verified || !o.Verify) {
		return nil
	}
	t.io <- struct{}{}
	defer func() { <-t.io }()
	c, err := t.session.Load(context.Background(), o)
	if err != nil {
		return err
	}
	appended := size(t.saved.tails)
	if t.version != nil && c.Version != t.version || len(c.Data) < appended {
		return fmt.Errorf("%w while its lock was held; read it again and retry", errors.ErrChanged)
	}
	b.exists, b.data, b.loaded, b.verified = c.Exists, c.Data[:len(c.Data)-appended], true, o.Verify
	t.version = c.Version
	return nil
}
