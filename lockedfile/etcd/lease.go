package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// lease is what a lock lives on: the cluster removes the lock's key when the lease expires. Every lock that is
// held has a lease of its own, so that a lock whose release got no answer goes away in time.
type lease struct {
	id      clientv3.LeaseID
	granted time.Time // when its request was sent: it lasts for the TTL from then
	// unsafe: a request that puts a key on the lease was sent more than once, and one of them may still be on its way.
	// Then the lease is revoked after its use.
	unsafe bool
	renew  *time.Timer
	cancel context.CancelFunc
}

// maxIdle is how many leases without a lock are remembered.
const maxIdle = 64

// lend gives a lease that lasts for three quarters of the TTL at least. Leases are used again, since to grant one takes as
// long as a commit.
func (s *Store) lend(ctx context.Context, within time.Duration) (*lease, error) {
	s.mu.Lock()
	for n := len(s.idle); n > 0; n = len(s.idle) {
		l := s.idle[n-1]
		s.idle = s.idle[:n-1]
		if time.Since(l.granted) < s.ttl/4 {
			s.mu.Unlock()
			return l, nil
		}
	}
	s.mu.Unlock()
	l := &lease{}
	err := s.ask(ctx, within, func(ctx context.Context) error {
		sent := time.Now()
		granted, err := s.client.Grant(ctx, int64(s.ttl/time.Second))
		if err == nil {
			l.id, l.granted = granted.ID, sent
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// keep renews the lease until it is given back or dropped. Most transactions are over before
// the first renewal is due.
func (s *Store) keep(l *lease) {
	ctx, cancel := context.WithCancel(s.client.Ctx())
	l.cancel = cancel
	l.renew = time.AfterFunc(s.ttl/2-time.Since(l.granted), func() {
		alive, err := s.client.KeepAlive(ctx, l.id)
		if err != nil {
			return // the client is closed
		}
		for range alive { // it ends with the context, or when the lease has expired
		}
	})
}

// stop ends the renewal. An idle lease is not renewed: it expires by itself.
func (l *lease) stop() {
	l.renew.Stop()
	l.cancel()
}

// giveBack remembers a lease on which no key lives.
func (s *Store) giveBack(l *lease) {
	if l.unsafe {
		s.drop(l)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(l.granted) < s.ttl/4 && len(s.idle) < maxIdle {
		s.idle = append(s.idle, l)
	}
}

// drop revokes a lease in the background, and with it the key that may live on it. It is for a lock of which the
// cluster did not say whether it has it: a request that is still on its way fails then.
func (s *Store) drop(l *lease) {
	go s.ask(s.client.Ctx(), s.timeout, func(ctx context.Context) error {
		_, err := s.client.Revoke(ctx, l.id)
		return err
	})
}
