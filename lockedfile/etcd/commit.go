package etcd

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
)

// unknownOutcome is the error of a commit of which nobody knows whether it was made. It does not match ErrTimeout, after which
// nothing was changed.
type unknownOutcome struct {
	commit error // why the commit got no answer
	asked  error // why nothing was learnt afterwards
}

func (e *unknownOutcome) Error() string {
	return fmt.Sprintf("it is not known whether the change was made; read the file again: the commit got no answer (%v), nor did the question what became of it (%v)",
		e.commit, e.asked)
}

func (e *unknownOutcome) Is(target error) bool { return target == errors.ErrNotDurable }

// change is what one commit makes of the files of some sessions.
type change struct {
	sessions []*session
	// wanted compares versions of files: if one of them is another, somebody without the lock has changed the file.
	wanted []clientv3.Cmp
	ops    []clientv3.Op
}

// based makes the change depend on a version of a session's file.
func (c *change) based(f *session, v version) {
	c.wanted = append(c.wanted, clientv3.Compare(clientv3.ModRevision(f.key), "=", int64(v)))
}

// size is the size of the request, at most.
func (c *change) size() int {
	size := len(c.sessions) << 10 // locks and comparisons
	for _, op := range c.ops {
		size += len(op.KeyBytes()) + len(op.ValueBytes()) + 32
	}
	return size
}

// commit makes a change, all or nothing, in one transaction of etcd. It gives the revision.
//
// The fence is in the transaction itself. It compares that the key of each lock has the create revision of this holder,
// and that this session was the last to change the key. It writes a new value to the key of each lock. So a
// holder that was stopped past its lease changes nothing, however late its request arrives.
//
// If the answer is lost, the change may have been made, or may still be made when the request arrives. Then the session
// writes its lock's key again, with the same comparison:
//   - If that succeeds, the change was not made. It can't be made any more, since its
//     comparison would fail. So it is safe to try again.
//   - If the key has the value of the commit, the change was made.
//   - If the key is gone, the lock was lost, and no request of this session can succeed any more. The history of the key tells
//     whether the commit came before that.
func (s *Store) commit(ctx context.Context, c *change) (version, error) {
	if err := s.client.Ctx().Err(); err != nil {
		return 0, closed(err)
	}
	if size := c.size(); size > s.maxRequest {
		return 0, fmt.Errorf("%w: all that one commit changes, backups among it, has %d bytes, and a request to the cluster holds %d",
			errors.ErrTooLarge, size, s.maxRequest)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for {
		id := rand.Text()
		revision, err := s.attempt(ctx, c, id)
		if err == nil || refused(err) {
			return version(revision), translate(err)
		}
		made, settled := c.sessions[0].settle(ctx, id)
		switch {
		case settled == nil && made != 0:
			for _, f := range c.sessions {
				f.changed = made
			}
			return version(made), nil
		case errors.Is(settled, errors.ErrLockLost):
			return 0, settled
		case settled != nil:
			return 0, &unknownOutcome{err, settled}
		case ctx.Err() != nil:
			return 0, &noAnswer{time.Since(began), err}
		}
	}
}

// attempt sends the transaction once.
func (s *Store) attempt(ctx context.Context, c *change, id string) (revision int64, err error) {
	wanted, ops := c.wanted[:len(c.wanted):len(c.wanted)], c.ops[:len(c.ops):len(c.ops)]
	var look []clientv3.Op
	for _, f := range c.sessions {
		wanted = append(wanted, f.holds()...)
		look = append(look, clientv3.OpGet(f.lock))
		if len(c.ops) > 0 {
			f.record.Write = id
			ops = append(ops, f.put())
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout/attempts)
	defer cancel()
	r, err := s.client.Txn(ctx).If(wanted...).Then(ops...).Else(look...).Commit()
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return 0, lockLost()
	case err != nil:
		return 0, err
	case !r.Succeeded:
		return c.refusal(r, id)
	}
	for _, f := range c.sessions {
		if len(c.ops) > 0 {
			f.changed = r.Header.Revision
		}
	}
	return r.Header.Revision, nil
}

// refusal says why the comparison of a transaction with this id has failed.
func (c *change) refusal(r *clientv3.TxnResponse, id string) (made int64, err error) {
	for i, f := range c.sessions {
		kv := only(r.Responses[i])
		if kv == nil || kv.CreateRevision != f.created {
			return 0, lockLost()
		}
		if kv.ModRevision == f.changed {
			continue
		}
		if r, ok := recordOf(kv); !ok || r.Write != id || len(c.ops) == 0 {
			return 0, lockLost()
		}
		made = kv.ModRevision // the client has sent the request twice, and the first one was carried out
	}
	if made == 0 {
		return 0, changedOutside()
	}
	for _, f := range c.sessions {
		f.changed = made
	}
	return made, nil
}

// holds compares that the session has the lock, and that no transaction but those it knows has changed the lock's key.
func (f *session) holds() []clientv3.Cmp {
	return []clientv3.Cmp{
		clientv3.Compare(clientv3.CreateRevision(f.lock), "=", f.created),
		clientv3.Compare(clientv3.ModRevision(f.lock), "=", f.changed),
	}
}

func changedOutside() error {
	return fmt.Errorf("%w between being read and being written, and that change was kept; read it again and retry", errors.ErrChanged)
}

// settle finds out what became of a commit without an answer. It gives the revision of the commit, or 0 if the commit was
// not made and never will be.
func (f *session) settle(ctx context.Context, id string) (made int64, err error) {
	f.record.Write = rand.Text()
	var now *mvccpb.KeyValue
	written := false
	err = f.store.ask(ctx, f.store.timeout, func(ctx context.Context) error {
		r, err := f.store.client.Txn(ctx).If(f.holds()...).Then(f.put()).Else(clientv3.OpGet(f.lock)).Commit()
		if err != nil {
			return err
		}
		if written = r.Succeeded; written {
			f.changed = r.Header.Revision
		} else {
			now = only(r.Responses[0])
		}
		return nil
	})
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return f.history(ctx, id)
	case err != nil:
		return 0, err
	case written:
		return 0, nil
	case now == nil || now.CreateRevision != f.created:
		return f.history(ctx, id)
	}
	if r, ok := recordOf(now); ok && r.Write == id {
		return now.ModRevision, nil
	} else if ok && r.Write == f.record.Write { // by an attempt whose answer was lost
		f.changed = now.ModRevision
		return 0, nil
	}
	return 0, lockLost()
}

// history looks what came after the last change of the lock's key that the session knows of: its commit, or the end of the
// lock. The cluster forgets the history when it is compacted.
func (f *session) history(ctx context.Context, id string) (made int64, err error) {
	ctx, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), f.store.timeout)
	defer cancel()
	for r := range f.store.client.Watch(ctx, f.lock, clientv3.WithRev(f.changed+1)) {
		if err := r.Err(); err != nil {
			return 0, err
		}
		for _, e := range r.Events {
			if e.Type == clientv3.EventTypeDelete {
				return 0, lockLost()
			}
			if r, ok := recordOf(e.Kv); ok && r.Write == id {
				return e.Kv.ModRevision, nil
			}
		}
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return 0, errHistory
}

var errHistory = errors.New("the history of the lock's key can't be read")
