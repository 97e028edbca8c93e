package engine

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// A context carries the transactions that were open when it was made, the
// innermost first. An operation with that context on one of their files joins
// the transaction and does not wait for it.

type carrierKey struct{}

type carrier struct {
	tx *Tx
	up *carrier
}

// In gives a context that carries the transaction.
func (tx *Tx) In(ctx context.Context) context.Context {
	tx.open()
	return context.WithValue(ctx, carrierKey{}, &carrier{tx, carrierOf(ctx)})
}

// carrierOf gives the transactions that a context carries; nil if none.
func carrierOf(ctx context.Context) *carrier {
	if ctx == nil {
		return nil
	}
	c, _ := ctx.Value(carrierKey{}).(*carrier)
	return c
}

// Carried gives the open transaction on the target's file that a context
// carries; nil if it carries none. If the transaction holds the file by another lock file, it is
// an error, since a wait for the other lock could be a wait for the caller itself.
func (e *Engine) Carried(ctx context.Context, t store.Target) (*Tx, error) {
	c := carrierOf(ctx)
	if c == nil {
		return nil, nil
	}
	parents := t.Parents
	t.Parents = 0 // no parents are made before a write is certain
	at, err := e.store.Locate(ctx, t)
	if parents != 0 && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.find(at)
}

func (c *carrier) find(at store.Location) (*Tx, error) {
	for ; c != nil; c = c.up {
		if c.tx.ended() || c.tx.at.Key != at.Key {
			continue
		}
		if c.tx.at.Lock != at.Lock {
			return nil, fmt.Errorf("%w: the context holds this file by another lock file; use one lock for one file", errors.ErrLock)
		}
		return c.tx, nil
	}
	return nil, nil
}

// join runs fn inside an open transaction. If fn fails or panics, its changes are undone. Functions that
// join one transaction run one after the other. The error is ErrMoved if the transaction ended before
// fn's turn.
func (tx *Tx) join(w *waiter, fn func(*Tx) error) error {
	late := warnLater(tx, w)
	had := w.Context.Err() == nil && w.await(tx.joins)
	late.stop()
	if who, _ := tx.running(); !had && who != nil {
		return w.gaveUp(who.asHolder())
	}
	if !had {
		return w.gaveUp("")
	}
	defer func() { tx.joins <- struct{}{} }()
	if !tx.admit(w) {
		return store.ErrMoved
	}
	inner := &Tx{staging: tx.staging, at: tx.at, outer: tx}
	mark := inner.savepoint()
	ok := false
	defer func() { // a panic and runtime.Goexit pass here too
		inner.end()
		if !ok {
			inner.rollBack(mark)
		}
	}()
	err := fn(inner)
	if err == nil {
		err = inner.agree(w.Options)
	}
	ok = err == nil
	return err
}

// agree returns an error if a function that joined has changed the file, and its options ask for more
// than those of the commit. If the options of the transaction are Bare, it takes over the
// function's options.
func (tx *Tx) agree(o store.Options) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	switch {
	case tx.writes == 0 || !tx.options.Bare && tx.options.Covers(o):
		return nil
	case tx.options.Bare:
		tx.options = o
		return nil
	}
	return fmt.Errorf("%w: the transaction that the context carries was begun with other options than this handle's "+
		"(checksum, safety, metadata or mode), and would keep less; give both handles the same", errors.ErrLock)
}

// admit records the caller that joins, and the time. It returns false if the transaction is over.
func (tx *Tx) admit(w *waiter) bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.joined, tx.joinedAt = w, time.Now()
	return !tx.over
}

// running gives the caller that joined last, and the time of the join; nil if there is none.
func (tx *Tx) running() (who *waiter, since time.Time) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.joined, tx.joinedAt
}

// savepoint is the state of a transaction before a function joins it.
type savepoint struct {
	options store.Options
	state   state
	changed bool
	writes  int
}

func (tx *Tx) savepoint() savepoint {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return savepoint{tx.options, tx.state, tx.changed, tx.staging.writes}
}

// rollBack goes back to a savepoint. If another goroutine has written during the function, its writes
// can't be separated from those of the function. Then the whole transaction fails, so that no write is
// lost.
func (tx *Tx) rollBack(m savepoint) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.staging.writes-m.writes != tx.writes {
		tx.err = errors.New("a function that joined the transaction failed while another goroutine was writing beside it; nothing of the transaction was written to this file")
	}
	tx.options, tx.state, tx.changed, tx.staging.writes = m.options, m.state, m.changed, m.writes
	for t := tx.outer; t != nil; t = t.outer {
		t.writes -= tx.writes
	}
}
