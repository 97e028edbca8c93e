package engine

import (
	"context"

	"github.com/holdfast-go/holdfast/internal/store"
)

// Force takes the lock away from whoever holds it, and opens a new generation
// of the queue, so that a function of this process that hangs blocks nobody
// else of it. That function can't commit any more.
func (e *Engine) Force(ctx context.Context, t store.Target) error {
	t.Parents = 0 // who looks at a lock makes nothing
	at, err := e.store.Locate(ctx, t)
	if err != nil {
		return err
	}
	if err := e.store.Force(ctx, t, at); err != nil {
		return err
	}
	e.mu.Lock()
	ent := e.entries[at.Key]
	delete(e.entries, at.Key)
	e.mu.Unlock()
	if ent != nil {
		ent.abandon()
	}
	return nil
}

// abandon sends all who wait to the entry's successor.
func (ent *entry) abandon() {
	ent.mu.Lock()
	defer ent.mu.Unlock()
	for _, w := range ent.queue {
		w.moved = true
		w.grant()
	}
	ent.queue = nil
	ent.abandoned = true
	if ent.run != nil {
		ent.run.close()
	}
}

// Inspect tells what is known of a file's lock.
func (e *Engine) Inspect(ctx context.Context, t store.Target) (store.LockInfo, error) {
	t.Parents = 0 // who looks at a lock makes nothing
	at, err := e.store.Locate(ctx, t)
	if err != nil {
		return store.LockInfo{}, err
	}
	return e.store.Inspect(ctx, t, at)
}
