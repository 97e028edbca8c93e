package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/holdfast-go/holdfast/internal/store"
)

// Events of a record, as the model numbers them.
const (
	_ = iota
	locks
	unlocks
	writes
	reads
	undoes
	commits
	breaks
	succeeded
	failed
)

// event is one line of a record. who is a process or a caller. content is a set: caller n adds 1<<n.
type event struct{ kind, who, content int }

type record struct {
	mu     sync.Mutex
	events []event
}

func (r *record) add(kind, who int, content string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := 0
	for _, letter := range content {
		set |= 1 << (letter - 'a')
	}
	r.events = append(r.events, event{kind, who, set})
}

// recordedStore records what one process does with a store.
type recordedStore struct {
	*fakeStore
	record  *record
	process int
}

func (s *recordedStore) TryLock(ctx context.Context, t store.Target, at store.Location, o store.Options) (store.Session, error) {
	return s.locked(s.fakeStore.TryLock(ctx, t, at, o))
}

func (s *recordedStore) Lock(ctx context.Context, t store.Target, at store.Location, o store.Options) (store.Session, error) {
	return s.locked(s.fakeStore.Lock(ctx, t, at, o))
}

func (s *recordedStore) locked(session store.Session, err error) (store.Session, error) {
	if err != nil {
		return nil, err
	}
	s.record.add(locks, s.process, "")
	return &recordedSession{session, s}, nil
}

type recordedSession struct {
	store.Session
	by *recordedStore
}

func (s *recordedSession) Release(ctx context.Context) error {
	s.by.record.add(unlocks, s.by.process, "") // before another process can lock
	return s.Session.Release(ctx)
}

func (s *recordedSession) Prepare(ctx context.Context, c store.Change, o store.Options) (store.Prepared, error) {
	p, err := s.Session.Prepare(ctx, c, o)
	return &recordedPrepared{p, s.by, string(slices.Concat(c.Parts...))}, err
}

type recordedPrepared struct {
	store.Prepared
	by      *recordedStore
	content string
}

func (p *recordedPrepared) Publish(ctx context.Context, guard func() error) (store.Version, error) {
	v, err := p.Prepared.Publish(ctx, guard)
	kind := commits
	if err != nil {
		kind = breaks
	}
	p.by.record.add(kind, p.by.process, p.content)
	return v, err
}
