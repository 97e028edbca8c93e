package etcd

import (
	"context"
	"io/fs"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// MoveTo is of the store.Session interface. The content, its checksum and both names change in one transaction. If somebody without
// the lock changes the file meanwhile, the move takes that change along.
func (f *session) MoveTo(ctx context.Context, to store.Session, o store.Options) error {
	dst := to.(*session)
	for tries := 0; ; tries++ {
		if err := f.present(ctx); err != nil {
			return err
		}
		if dst == f {
			return nil
		}
		c := &change{sessions: []*session{f, dst}}
		c.based(f, f.known.version)
		c.ops = []clientv3.Op{
			clientv3.OpPut(dst.key, string(f.known.data)), clientv3.OpDelete(f.key),
			clientv3.OpDelete(digestKey(f.key)),
		}
		if f.known.digest == "" {
			c.ops = append(c.ops, clientv3.OpDelete(digestKey(dst.key)))
		} else {
			c.ops = append(c.ops, clientv3.OpPut(digestKey(dst.key), f.known.digest))
		}
		if o.Backups > 0 && tries > 0 {
			if err := dst.reload(ctx); err != nil {
				return err
			}
		}
		if err := dst.backup(ctx, c, o.Backups); err != nil {
			return err
		}
		f.fresh, dst.fresh = false, false
		_, err := f.store.commit(ctx, c)
		if !errors.Is(err, errors.ErrChanged) || tries == maxRebase {
			return err
		}
	}
}

// Respell is of the store.Session interface. A key has one spelling.
func (f *session) Respell(ctx context.Context, _ store.Location, o store.Options) error {
	return f.MoveTo(ctx, f, o)
}

// Seal is of the store.Session interface.
func (f *session) Seal(ctx context.Context, _ store.Options) error {
	if err := f.present(ctx); err != nil {
		return err
	}
	c := &change{sessions: []*session{f}, ops: []clientv3.Op{clientv3.OpPut(digestKey(f.key), digest(f.known.data))}}
	c.based(f, f.known.version)
	_, err := f.store.commit(ctx, c)
	f.fresh = false
	return err
}

// Unseal is of the store.Session interface.
func (f *session) Unseal(ctx context.Context, _ store.Options) error {
	if _, err := f.Exists(ctx); err != nil {
		return err
	}
	if f.known.digest == "" {
		return fs.ErrNotExist
	}
	_, err := f.store.commit(ctx, &change{sessions: []*session{f}, ops: []clientv3.Op{clientv3.OpDelete(digestKey(f.key))}})
	f.fresh = false
	return err
}
