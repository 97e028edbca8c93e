package engine

import (
	"io/fs"
	"slices"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
)

// blob is the content of a file at one point of a run. Its bytes are never
// changed, only replaced.
type blob struct {
	loaded bool // false while it stands for what is on disk, unread
	exists bool
	data   []byte
}

// state is a blob and what was appended to it. States of one run share their
// tails: each is a prefix of the next, or was given up.
type state struct {
	base  *blob
	tails [][]byte
}

func size(tails [][]byte) int {
	n := 0
	for _, t := range tails {
		n += len(t)
	}
	return n
}

// Tx is what a function sees of its file. It ends with the function; using it
// later panics. It is safe for concurrent use.
type Tx struct {
	mu      sync.Mutex
	run     *run
	state   state
	after   *batch // the last batch that was not durable when the function began
	read    bool   // the function saw the state
	changed bool   // it staged something
	over    bool
}

// perform runs the function whose caller has the turn, and stages its changes.
func (ent *entry) perform(w *waiter, fn func(*Tx) error) error {
	ent.mu.Lock()
	tx := &Tx{run: ent.run, state: ent.run.state, after: ent.run.newest()}
	ent.mu.Unlock()
	returned := false
	defer func() { // a panic and runtime.Goexit pass here too
		if !returned {
			tx.end()
			ent.yield()
		}
	}()
	err := fn(tx)
	tx.end()
	returned = true
	if err != nil {
		ent.yield()
		return err
	}
	return ent.stage(w, tx)
}

func (tx *Tx) end() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.over = true
}

func (tx *Tx) lock() (unlock func()) {
	tx.mu.Lock()
	if tx.over {
		tx.mu.Unlock()
		panic("holdfast: a transaction was used after its function returned")
	}
	return tx.mu.Unlock
}

// Text is the file's content, and whether there is a file. The bytes are shared:
// they are not to be changed. One over max bytes is ErrTooLarge; 0 is no limit.
func (tx *Tx) Text(max int64) (data []byte, exists bool, err error) {
	defer tx.lock()()
	tx.read = true
	base := tx.state.base
	if err := tx.run.load(base, max); err != nil {
		return nil, false, err
	}
	data = base.data
	if len(tx.state.tails) > 0 {
		data = slices.Concat(append([][]byte{data}, tx.state.tails...)...)
	}
	if max > 0 && int64(len(data)) > max {
		return nil, false, errors.ErrTooLarge
	}
	return data, base.exists || len(tx.state.tails) > 0, nil
}

// Put stages a whole new content. The bytes are kept and not to be changed.
func (tx *Tx) Put(data []byte) {
	defer tx.lock()()
	tx.set(state{base: &blob{loaded: true, exists: true, data: data}})
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
		return fs.ErrNotExist
	}
	tx.set(state{base: &blob{loaded: true}})
	return nil
}

func (tx *Tx) exists() (bool, error) {
	base := tx.state.base
	if base.loaded || len(tx.state.tails) > 0 {
		return base.exists || len(tx.state.tails) > 0, nil
	}
	tx.run.io.Lock()
	defer tx.run.io.Unlock()
	return tx.run.session.Exists()
}

func (tx *Tx) set(s state) { tx.state, tx.changed = s, true }
