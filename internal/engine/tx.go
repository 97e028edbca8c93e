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
		// A commit checks the lock. If there is no commit, the lock is checked here: if it was taken away
		// by force, another holder may have changed the file that the function has read.
		if err = tx.tenure.session.Check(w.Context); err == nil {
			err = tx.tenure.check()
		}
	}
	returned = true
	if err != nil {
		tx.changed = false // its changes are dropped, so it counts as a function that only read
	}
	if lost := ent.stage(w, tx); lost != nil {
		return lost
	}
	return err
}

// staging holds the staged changes of one transaction: of the outer function, and of the functions that
// joined it.
type staging struct {
	mu      sync.Mutex
	tenure  *tenure
	options store.Options // of the commit; Bare until a change sets them
	state   state
	after   *batch // the last batch that was not durable when the transaction began
	read    bool   // a function has read the state
	changed bool   // a function has staged a change
	writes  int    // number of staged changes
	err     error  // the error that prevents a commit
}

// Tx is the file inside one function. It ends with the function; a later call panics. It is safe for
// concurrent use.
type Tx struct {
	*staging
	at       store.Location
	joins    chan struct{} // empty while a function that joined this one runs; nil until one can
	joined   *waiter       // the caller that joined last
	joinedAt time.Time     // when its function began
	writes   int           // number of changes of this function and of those that joined it
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

// open makes it possible to join.
func (tx *Tx) open() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.joins == nil {
		tx.joins = make(chan struct{}, 1)
		tx.joins <- struct{}{}
	}
}

// end ends joining, and waits for a function that has joined, so that all its changes are in the
// transaction.
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

// Text gives the file's content, and reports whether there is a file. The caller must not change the
// bytes, since they are shared.
func (tx *Tx) Text(o store.ReadOptions) (data []byte, exists bool, err error) {
	data, _, exists, err = tx.Value(nil, o)
	return data, exists, err
}

func tooLarge(size int, o store.ReadOptions) error {
	return fmt.Errorf("%w: %d bytes are staged, and the limit is %d", errors.ErrTooLarge, size, o.Max)
}

// Value is Text for a caller that can use the encoding of a value instead of the text. If a value of the
// form f is staged, data is its encoding and staged is true. A nil f never matches.
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

// Put stages a whole new content. It keeps data, which must not change.
func (tx *Tx) Put(data []byte) {
	tx.lock()
	defer tx.mu.Unlock()
	tx.put(data)
}

// PutBackup is Put with the content of a backup.
func (tx *Tx) PutBackup(data []byte, number int) {
	tx.lock()
	defer tx.mu.Unlock()
	tx.set(state{base: &baseText{loaded: true, exists: true, verified: true, data: data, restores: number}})
}

func (tx *Tx) put(data []byte) {
	tx.set(state{base: &baseText{loaded: true, exists: true, verified: true, data: data}})
}

// PutValue stages a value, given as its encoding of the form f. At the commit the form writes the value
// into the file's text. If there is no file, if it is damaged, or if the path is a link that leads
// nowhere, the text is what New gives. A file that is larger than the limit of o can't be
// edited. PutValue keeps value, which must not change.
func (tx *Tx) PutValue(f Form, value []byte, o store.ReadOptions) error {
	tx.lock()
	defer tx.mu.Unlock()
	s := tx.state
	err := tx.tenure.load(s.base, o)
	if errors.Is(err, errors.ErrNoChecksum) {
		// A text without a checksum can be edited. A damaged text can't, since the new checksum would hide
		// the damage.
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
		text, err := f.New(value)
		if err == nil {
			tx.put(text)
		}
		return err
	default:
		return err
	}
	switch {
	case s.form == nil:
	case s.form.Same(f):
		f = s.form // it may keep more data of the text
	default:
		if s, err = s.settled(); err != nil {
			return err
		}
	}
	tx.set(state{s.base, s.tails, f, value})
	return nil
}

// Append stages bytes at the end. It keeps tail, which must not change.
func (tx *Tx) Append(tail []byte) error {
	tx.lock()
	defer tx.mu.Unlock()
	s, err := tx.state.settled()
	if err == nil {
		tx.set(state{base: s.base, tails: append(s.tails, tail)})
	}
	return err
}

// Remove stages the file's removal. If there is no file the error is fs.ErrNotExist.
func (tx *Tx) Remove() error {
	tx.lock()
	defer tx.mu.Unlock()
	exists, err := tx.exists()
	if err != nil {
		return err
	}
	if !exists {
		tx.read = true // the error depends on the state
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

// load reads the file into a base text that was not read yet: the content at the beginning of the
// tenure. The tails that the tenure has appended since then are cut off.
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
