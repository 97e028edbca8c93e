package engine

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// staging is what the functions of one transaction have made of a file: the
// outer function and those that joined it through its context.
type staging struct {
	mu      sync.Mutex
	run     *run
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
	at     store.Location
	joins  chan struct{} // empty while a function that joined this one runs
	joined *waiter       // which that is, or was last
	writes int           // how many of the writes are this function's, or of those within it
	outer  *Tx
	over   bool
}

func newTx(r *run, at store.Location) *Tx {
	s := &staging{run: r, state: r.state, after: r.newest()}
	return (&Tx{staging: s, at: at}).open()
}

// open lets others join.
func (tx *Tx) open() *Tx {
	tx.joins = make(chan struct{}, 1)
	tx.joins <- struct{}{}
	return tx
}

// end lets nobody join any more, and waits for the function that has, so that it
// is in the transaction whole.
func (tx *Tx) end() {
	<-tx.joins
	defer func() { tx.joins <- struct{}{} }()
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.over = true
}

func (tx *Tx) ended() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.over
}

func (tx *Tx) lock() (unlock func()) {
	tx.mu.Lock()
	if tx.over {
		tx.mu.Unlock()
		panic("lockedfile: Tx used after its function returned")
	}
	return tx.mu.Unlock
}

// Text is the file's content, and whether there is a file. The bytes are shared:
// they are not to be changed.
func (tx *Tx) Text(o store.ReadOptions) (data []byte, exists bool, err error) {
	defer tx.lock()()
	tx.read = true
	base := tx.state.base
	if err := tx.run.load(base, o); err != nil {
		return nil, false, err
	}
	data = base.data
	if len(tx.state.tails) > 0 {
		data = slices.Concat(append([][]byte{data}, tx.state.tails...)...)
	}
	if o.Max > 0 && int64(len(data)) > o.Max {
		return nil, false, fmt.Errorf("%w: %d bytes are staged, and the limit is %d", errors.ErrTooLarge, len(data), o.Max)
	}
	return data, base.exists || len(tx.state.tails) > 0, nil
}

// Put stages a whole new content. The bytes are kept and not to be changed.
func (tx *Tx) Put(data []byte) {
	defer tx.lock()()
	tx.set(state{base: &blob{loaded: true, exists: true, verified: true, data: data}})
}

// Append stages bytes at the end. They are kept and not to be changed.
func (tx *Tx) Append(tail []byte) {
	defer tx.lock()()
	tx.set(state{tx.state.base, append(tx.state.tails, tail)})
}

// Remove stages the file's removal. It fails with fs.ErrNotExist if there is none.
func (tx *Tx) Remove() error {
	defer tx.lock()()
	exists, err := tx.exists()
	if err != nil {
		return err
	}
	if !exists {
		tx.read = true // the caller is told what it saw
		return fs.ErrNotExist
	}
	tx.set(state{base: &blob{loaded: true, verified: true}})
	return nil
}

func (tx *Tx) exists() (bool, error) {
	base := tx.state.base
	if base.loaded || len(tx.state.tails) > 0 {
		return base.exists || len(tx.state.tails) > 0, nil
	}
	defer tx.run.alone()()
	return tx.run.session.Exists()
}

func (tx *Tx) set(s state) {
	tx.state, tx.changed = s, true
	tx.staging.writes++
	for t := tx; t != nil; t = t.outer {
		t.writes++
	}
}
