package etcd

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

type txnResponse = etcdserverpb.ResponseOp

// session is a file while its lock is held.
type session struct {
	store   *Store
	key     string // of the file
	lock    string // the key of the lock
	lease   *lease
	record  record
	created int64 // the create revision of the lock's key: another holder has another one
	changed int64 // the revision of the last change of the lock's key, as far as this session knows

	known content // what the file was when it was last read or written
	fresh bool    // known was read together with the lock, and nobody has loaded it yet
}

func (s *Store) newSession(t store.Target, l *lease) *session {
	id := rand.Text()
	return &session{
		store: s, key: t.Path, lock: lockPrefix(t.Path) + id, lease: l,
		record: record{PID: os.Getpid(), Host: s.host, Since: time.Now().UTC(), Write: id},
	}
}

// put writes the key of the lock, which lives on the session's lease.
func (f *session) put() clientv3.Op {
	return clientv3.OpPut(f.lock, f.record.String(), clientv3.WithLease(f.lease.id))
}

// TryLock is of the store.Store interface. It is one request, which gives the content too.
func (s *Store) TryLock(ctx context.Context, t store.Target, _ store.Location, o store.Options) (store.Session, error) {
	for {
		f, err := s.tryLock(ctx, t, o)
		switch {
		case errors.Is(err, rpctypes.ErrLeaseNotFound):
			continue // the lease that was lent had expired, against its clock
		case err != nil && ctx.Err() != nil:
			return nil, errors.ErrLocked // Lock says why
		case err != nil:
			return nil, err
		}
		s.keep(f.lease)
		return f, nil
	}
}

func (s *Store) tryLock(ctx context.Context, t store.Target, o store.Options) (*session, error) {
	within := s.within(o.Timeout)
	l, err := s.lend(ctx, within)
	if err != nil {
		return nil, err
	}
	f := s.newSession(t, l)
	all := clientv3.GetPrefixRangeEnd(lockPrefix(t.Path))
	wanted := []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(lockPrefix(t.Path)).WithRange(all), "=", 0)} // nobody holds it or waits
	if o.Existing {
		wanted = append(wanted, clientv3.Compare(clientv3.CreateRevision(t.Path), ">", 0))
	}
	var r *clientv3.TxnResponse
	sent := 0
	err = s.ask(ctx, within, func(ctx context.Context) (err error) {
		sent++
		l.unsafe = sent > 1
		r, err = s.client.Txn(ctx).If(wanted...).
			Then(append([]clientv3.Op{f.put()}, contentOps(t.Path)...)...).
			Else(append([]clientv3.Op{clientv3.OpGet(f.lock)}, contentOps(t.Path)...)...).Commit()
		return err
	})
	if err != nil {
		s.drop(l) // the key may have been written
		return nil, err
	}
	f.known, f.fresh = contentOf(r.Responses), true
	if r.Succeeded {
		f.created, f.changed = r.Header.Revision, r.Header.Revision
		return f, nil
	}
	if mine := only(r.Responses[0]); mine != nil { // an earlier attempt, whose answer was lost, has taken the lock
		f.created, f.changed = mine.CreateRevision, mine.ModRevision
		return f, nil
	}
	s.giveBack(l)
	if o.Existing && !f.known.exists {
		return nil, missing(t.Path)
	}
	return nil, errors.ErrLocked
}

// InOrder is of the store.InOrder interface.
func (s *Store) InOrder() {}

// Lock is of the store.Store interface. The waiter has a key of its own behind those who came before,
// and watches only the last of them; so the end of a holder wakes one waiter.
func (s *Store) Lock(ctx context.Context, t store.Target, _ store.Location, o store.Options) (store.Session, error) {
	for {
		f, err := s.queue(ctx, t)
		if err == nil {
			s.keep(f.lease)
			if err = f.await(ctx); err == nil {
				return f, nil
			}
			f.leave(err)
		}
		switch {
		case errors.Is(err, rpctypes.ErrLeaseNotFound), errors.Is(err, errLostPlace):
			continue
		case ctx.Err() != nil: // TryLock has seen that the lock is held
			return nil, errors.ErrLocked
		}
		return nil, err
	}
}

func isNoAnswer(err error) bool {
	var none *noAnswer
	return errors.As(err, &none)
}

// errLostPlace: the key of a waiter is gone, since its lease expired while the process was stopped.
var errLostPlace = errors.New("the place in the queue of the lock is lost")

// queue puts the key of a waiter at the end.
func (s *Store) queue(ctx context.Context, t store.Target) (*session, error) {
	l, err := s.lend(ctx, s.timeout)
	if err != nil {
		return nil, err
	}
	f := s.newSession(t, l)
	sent := 0
	err = s.ask(ctx, s.timeout, func(ctx context.Context) error {
		sent++
		l.unsafe = sent > 1
		r, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(f.lock), "=", 0)).
			Then(f.put()).Else(clientv3.OpGet(f.lock)).Commit()
		if err != nil {
			return err
		}
		f.created, f.changed = r.Header.Revision, r.Header.Revision
		if !r.Succeeded {
			f.created, f.changed = only(r.Responses[0]).CreateRevision, only(r.Responses[0]).ModRevision
		}
		return nil
	})
	if err != nil {
		s.drop(l) // the key may have been written
		return nil, err
	}
	return f, nil
}

// await waits until nobody is before this session.
func (f *session) await(ctx context.Context) error {
	for {
		var r *clientv3.TxnResponse
		before := clientv3.OpGet(lockPrefix(f.key), append(clientv3.WithLastCreate(), clientv3.WithMaxCreateRev(f.created-1))...)
		err := f.store.ask(ctx, f.store.timeout, func(ctx context.Context) (err error) {
			r, err = f.store.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(f.lock), "=", f.created)).
				Then(append([]clientv3.Op{before}, contentOps(f.key)...)...).Commit()
			return err
		})
		if err != nil {
			return err
		}
		if !r.Succeeded {
			return errLostPlace
		}
		last := only(r.Responses[0])
		if last == nil {
			f.known, f.fresh = contentOf(r.Responses), true
			return nil
		}
		f.store.gone(ctx, string(last.Key), r.Header.Revision)
		if ctx.Err() != nil {
			return errors.ErrLocked
		}
	}
}

// gone waits until a key that was there at a revision is deleted. It may return earlier: the caller looks again. It
// does so once in a TTL, since a watch on a connection that hangs would never say anything.
func (s *Store) gone(ctx context.Context, key string, revision int64) {
	watching, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), s.ttl)
	defer cancel()
	for r := range s.client.Watch(watching, key, clientv3.WithRev(revision+1), clientv3.WithFilterPut()) {
		if len(r.Events) > 0 {
			return
		}
		if r.Err() != nil { // compacted, or the server has lost its leader
			break
		}
	}
	select { // so that errors that come at once are no busy loop
	case <-watching.Done():
	case <-time.After(firstPause):
	}
}

// leaveTime bounds the first attempt to take a key away. After that the caller does not wait.
const leaveTime = time.Second

// leave gives up a wait. If the cluster does not answer, the caller does not wait for it again.
func (f *session) leave(why error) {
	f.lease.stop()
	if isNoAnswer(why) || f.store.unlock(context.Background(), leaveTime, f.lock, f.created) != nil {
		f.store.drop(f.lease)
		return
	}
	f.store.giveBack(f.lease)
}

// Release is of the store.Session interface. The key that it takes away is this lock's own by its name and its create
// revision. If the cluster does not answer, the key goes with its lease.
func (f *session) Release(ctx context.Context) error {
	f.lease.stop()
	if err := f.store.unlock(ctx, leaveTime, f.lock, f.created); err != nil {
		f.store.drop(f.lease)
		return fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	f.store.giveBack(f.lease)
	return nil
}

// Check is of the store.Session interface.
func (f *session) Check(ctx context.Context) error {
	held := false
	err := f.store.ask(ctx, f.store.timeout, func(ctx context.Context) error {
		r, err := f.store.client.Get(ctx, f.lock, clientv3.WithKeysOnly())
		held = err == nil && len(r.Kvs) > 0 && r.Kvs[0].CreateRevision == f.created
		return err
	})
	if err == nil && !held {
		err = lockLost()
	}
	return err
}

func lockLost() error {
	return fmt.Errorf("%w: it was taken away by force, or its lease expired while this process was stopped or cut off", errors.ErrLockLost)
}

// Announce is of the store.Session interface. The key of the lock says who holds it from the beginning.
func (f *session) Announce(context.Context) {}

// Stale is of the store.Session interface. The lock of a holder that died goes with its lease, and leaves nothing.
func (f *session) Stale() bool { return false }

// Load is of the store.Session interface.
func (f *session) Load(ctx context.Context, o store.ReadOptions) (store.Content, error) {
	if !f.fresh {
		if err := f.reload(ctx); err != nil {
			return store.Content{}, err
		}
	}
	f.fresh = false
	return f.known.checked(o)
}

func (f *session) reload(ctx context.Context) error {
	return f.store.ask(ctx, f.store.timeout, func(ctx context.Context) error {
		r, err := f.store.client.Txn(ctx).Then(contentOps(f.key)...).Commit()
		if err == nil {
			f.known = contentOf(r.Responses)
		}
		return err
	})
}

// Exists is of the store.Session interface.
func (f *session) Exists(ctx context.Context) (exists bool, err error) {
	if f.fresh {
		return f.known.exists, nil
	}
	err = f.reload(ctx)
	return f.known.exists, err
}

// present makes sure that there is a file, and that it is known.
func (f *session) present(ctx context.Context) error {
	exists, err := f.Exists(ctx)
	if err == nil && !exists {
		err = missing(f.key)
	}
	return err
}
