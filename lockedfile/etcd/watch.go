package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
)

const (
	// lookSpan is how long a watch relies on silence. A connection that hangs is silent too, if the client has no
	// DialKeepAliveTime.
	lookSpan = 10 * time.Second
	// reopenPause is the pause before a watch that the cluster has ended begins again.
	reopenPause = 100 * time.Millisecond
)

// watch notices changes of a file, and of its digest if that counts.
type watch struct {
	store   *Store
	ctx     context.Context
	cancel  context.CancelFunc
	sources [2]source // of the file and of the digest
}

// source gives the changes of one key.
type source struct {
	key     string
	next    int64              // the revision from which on changes were not reported
	changes clientv3.WatchChan // nil if nobody wants them
}

// Watch is of the store.Store interface. The watch begins at the revision after the present one, so that no change is missed
// however long it takes to begin.
func (s *Store) Watch(ctx context.Context, t store.Target, o store.ReadOptions, _ *safety.Log) (store.Watch, error) {
	var revision int64
	err := s.ask(ctx, s.within(o.Wait), func(ctx context.Context) error {
		opts := []clientv3.OpOption{clientv3.WithCountOnly()}
		if s.serializable {
			opts = append(opts, clientv3.WithSerializable())
		}
		r, err := s.client.Get(ctx, t.Path, opts...)
		if err == nil {
			revision = r.Header.Revision
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w := &watch{store: s}
	w.ctx, w.cancel = context.WithCancel(clientv3.WithRequireLeader(context.Background()))
	w.sources[0] = source{key: t.Path, next: revision + 1}
	w.open(&w.sources[0])
	if o.Verify {
		w.sources[1] = source{key: digestKey(t.Path), next: revision + 1}
		w.open(&w.sources[1])
	}
	return w, nil
}

func (w *watch) open(from *source) {
	from.changes = w.store.client.Watch(w.ctx, from.key, clientv3.WithRev(from.next))
}

// Wait is of the store.Watch interface.
func (w *watch) Wait(ctx context.Context) error {
	look := time.NewTimer(lookSpan)
	defer look.Stop()
	for {
		from := &w.sources[0]
		var r clientv3.WatchResponse
		var ok bool
		select {
		case r, ok = <-w.sources[0].changes:
		case r, ok = <-w.sources[1].changes:
			from = &w.sources[1]
		case <-look.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if ok && r.Err() == nil {
			if len(r.Events) == 0 {
				continue
			}
			from.next = r.Header.Revision + 1
			w.store.see(r.Header.Revision)
			return nil
		}
		// The revisions in between were compacted, or the server has lost its leader. Whatever was changed meanwhile is
		// read after this.
		from.next = max(from.next, r.CompactRevision)
		select {
		case <-time.After(reopenPause):
		case <-ctx.Done():
			return ctx.Err()
		}
		w.open(from)
		return nil
	}
}

// Settled is of the store.Watch interface. A value is always whole.
func (w *watch) Settled() bool { return true }

// Close is of the store.Watch interface.
func (w *watch) Close() {
	w.cancel()
	for _, from := range w.sources {
		if from.changes != nil {
			for range from.changes { // it is closed when the watch has ended
			}
		}
	}
}

// see notes a revision that a watch has reported. A serializable read that is older is not used, so that
// a watcher never sees an older content after a newer one.
func (s *Store) see(revision int64) {
	for seen := s.seen.Load(); revision > seen && !s.seen.CompareAndSwap(seen, revision); seen = s.seen.Load() {
	}
}
