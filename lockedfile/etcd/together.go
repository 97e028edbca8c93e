package etcd

import (
	"context"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
)

// PublishAll makes several changes in one transaction of etcd, all or none. A reader sees them at one moment. guard
// comes before the transaction, which compares the locks of these files and their versions itself.
func (s *Store) PublishAll(ctx context.Context, all []store.Prepared, guard func() error) (failed int, err error) {
	if guard != nil {
		if err := guard(); err != nil {
			return 0, err
		}
	}
	c := &change{}
	based := make([]version, len(all)) // what each change is based on, if it is
	for i, one := range all {
		p := one.(*prepared)
		p.session.fresh = false
		based[i] = p.session.known.version
		c.sessions = append(c.sessions, p.session)
		if p.unchanged() {
			c.based(p.session, based[i])
			continue
		}
		if read, ok := p.change.Read.(version); ok {
			based[i] = read
		}
		p.add(c)
		if err := p.addBackup(ctx, c); err != nil {
			return i, err
		}
	}
	made, err := s.commit(ctx, c)
	if err != nil {
		return guilty(ctx, all, based, err), err
	}
	for _, one := range all {
		if p := one.(*prepared); !p.unchanged() {
			p.learn(made)
		}
	}
	return 0, nil
}

// guilty finds the change that a failed transaction is about. It reads the files anew, so that a change that is made again is
// based on what is there now.
func guilty(ctx context.Context, all []store.Prepared, based []version, err error) int {
	for i, one := range all {
		f := one.(*prepared).session
		switch {
		case errors.Is(err, errors.ErrLockLost) && errors.Is(f.Check(ctx), errors.ErrLockLost):
			return i
		case errors.Is(err, errors.ErrChanged) && f.reload(ctx) == nil && f.known.version != based[i]:
			return i
		}
	}
	return 0
}

// Recover has nothing to do: a transaction of etcd is never made in part.
func (f *session) Recover(context.Context, safety.Policy) error { return nil }
