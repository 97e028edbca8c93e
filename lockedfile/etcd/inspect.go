package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// record is the value of a lock's key. It is for people to read, but for Write.
type record struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
	Write string    `json:"write,omitempty"` // tells the last transaction that has changed the key
}

func (r record) String() string {
	text, _ := json.Marshal(r) // numbers and strings can't fail
	return string(text)
}

func recordOf(kv *mvccpb.KeyValue) (r record, ok bool) {
	ok = json.Unmarshal(kv.Value, &r) == nil
	return r, ok
}

// holder is the key of the lock's holder, nil if nobody holds the lock.
func (s *Store) holder(ctx context.Context, key string, within time.Duration) (kv *mvccpb.KeyValue, err error) {
	err = s.ask(ctx, within, func(ctx context.Context) error {
		r, err := s.client.Get(ctx, lockPrefix(key), clientv3.WithFirstCreate()...)
		if err == nil && len(r.Kvs) > 0 {
			kv = r.Kvs[0]
		}
		return err
	})
	return kv, err
}

// Holder is of the store.Store interface. It is for the text of an error, which must not keep its caller waiting.
func (s *Store) Holder(ctx context.Context, t store.Target, _ store.Location) string {
	kv, err := s.holder(ctx, t.Path, leaveTime)
	if err != nil || kv == nil {
		return ""
	}
	r, ok := recordOf(kv)
	if !ok {
		return ""
	}
	return fmt.Sprintf("process %d on \"%s\" since %s", r.PID, errors.Printable(r.Host), r.Since.Format(time.RFC3339))
}

// Inspect is of the store.Store interface.
func (s *Store) Inspect(ctx context.Context, t store.Target, _ store.Location) (store.LockInfo, error) {
	info := store.LockInfo{Path: lockPrefix(t.Path)}
	kv, err := s.holder(ctx, t.Path, s.timeout)
	if err != nil || kv == nil {
		return info, err
	}
	info.Held = true
	if r, ok := recordOf(kv); ok {
		info.Record = &store.Record{PID: r.PID, Host: errors.Printable(r.Host), Since: r.Since}
	}
	return info, nil
}

// Force is of the store.Store interface. A commit compares the key of its lock, so without the
// key none can succeed. Those who wait keep their places.
func (s *Store) Force(ctx context.Context, t store.Target, _ store.Location) error {
	kv, err := s.holder(ctx, t.Path, s.timeout)
	if err != nil || kv == nil {
		return err
	}
	return s.unlock(ctx, s.timeout, string(kv.Key), kv.CreateRevision)
}

// unlock removes the key of a lock, unless it is another lock's by now.
func (s *Store) unlock(ctx context.Context, within time.Duration, lock string, created int64) error {
	return s.ask(ctx, within, func(ctx context.Context) error {
		_, err := s.client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(lock), "=", created)).
			Then(clientv3.OpDelete(lock)).Commit()
		return err
	})
}
