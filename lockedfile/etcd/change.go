package etcd

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// overhead is what a request holds beside the content, at most: keys of up to 1 KiB, the
// record of the lock, the digest and the comparisons.
const overhead = 8 << 10

// prepared is a change that waits for Publish. Its content is in memory.
type prepared struct {
	session *session
	change  store.Change
	options store.Options
	data    []byte
	base    version // what an append is appended to
}

// Prepare is of the store.Session interface. A change that is too large for one request is refused here.
func (f *session) Prepare(ctx context.Context, c store.Change, o store.Options) (store.Prepared, error) {
	p := &prepared{session: f, change: c, options: o}
	if c.Remove || c.Stream {
		return p, nil
	}
	parts := c.Parts
	if c.Append {
		// The content is not read anew if it is known: if it is another by now, the commit fails, and reads it then.
		if c.Read == nil && !f.fresh && f.known.version == 0 {
			if err := f.reload(ctx); err != nil {
				return nil, err
			}
		}
		if o.Checksum && f.known.exists && f.known.digest != "" {
			if err := f.known.verify(); err != nil {
				return nil, err // a new checksum would vouch for the damage
			}
		}
		p.base = f.known.version
		parts = append([][]byte{f.known.data}, c.Parts...)
	}
	for _, part := range parts {
		if err := p.fits(len(part)); err != nil {
			return nil, err
		}
		p.data = append(p.data, part...)
	}
	return p, nil
}

// fits refuses more bytes than one request can hold.
func (p *prepared) fits(more int) error {
	if limit := p.session.store.maxRequest - overhead; len(p.data)+more > limit {
		return fmt.Errorf("%w: %d bytes, and a request to the cluster holds %d; if its --max-request-bytes is larger, say so with etcd.WithMaxRequest",
			errors.ErrTooLarge, len(p.data)+more, limit)
	}
	return nil
}

// Write is of the store.Prepared interface.
func (p *prepared) Write(part []byte) (int, error) {
	if err := p.fits(len(part)); err != nil {
		return 0, err
	}
	p.data = append(p.data, part...)
	return len(part), nil
}

// Abort is of the store.Prepared interface. Nothing of the change is in the cluster before Publish.
func (p *prepared) Abort() {}

// Publish is of the store.Prepared interface. The checks are part of the transaction, so guard comes
// before it.
func (p *prepared) Publish(ctx context.Context, guard func() error) (store.Version, error) {
	if guard != nil {
		if err := guard(); err != nil {
			return nil, err
		}
	}
	f := p.session
	f.fresh = false
	if p.unchanged() {
		if err := f.confirm(ctx); err == nil {
			return f.known.version, nil
		} else if p.change.Read != nil || !errors.Is(err, errors.ErrChanged) {
			return nil, err
		}
	}
	for tries := 0; ; tries++ {
		c := &change{sessions: []*session{f}}
		p.add(c)
		if err := p.addBackup(ctx, c); err != nil {
			return nil, err
		}
		v, err := f.store.commit(ctx, c)
		if err == nil {
			p.learn(v)
			return f.known.version, nil
		}
		// A change that has read nothing is based on a version only for the end of the file or for a backup. It goes over
		// what somebody else has made of the file meanwhile.
		if p.change.Read != nil || !errors.Is(err, errors.ErrChanged) || tries == maxRebase {
			return nil, err
		}
		if err := p.rebase(ctx); err != nil {
			return nil, err
		}
	}
}

// maxRebase is how often a change that has read nothing is made again because the file was changed.
const maxRebase = 8

func (p *prepared) rebase(ctx context.Context) error {
	f := p.session
	if err := f.reload(ctx); err != nil || !p.change.Append {
		return err
	}
	again, err := f.Prepare(ctx, p.change, p.options)
	if err == nil {
		*p = *again.(*prepared)
	}
	return err
}

// addBackup makes what the change replaces a backup, if the options ask for that.
func (p *prepared) addBackup(ctx context.Context, c *change) error {
	f := p.session
	if p.options.Backups == 0 {
		return nil
	}
	if f.known.version == 0 { // there was no file, or nobody has looked
		if err := f.reload(ctx); err != nil {
			return err
		}
	}
	return f.backup(ctx, c, p.options.Backups)
}

// unchanged reports whether the change would make of the file what it is, as far as that is known.
func (p *prepared) unchanged() bool {
	known, c := &p.session.known, &p.change
	if c.Remove || !known.exists || c.Read != nil && c.Read != store.Version(known.version) || !bytes.Equal(known.data, p.data) {
		return false
	}
	return !p.options.Checksum || known.digest == digest(p.data)
}

// confirm makes sure that the lock is held and that the file is what is known of it, and changes nothing.
func (f *session) confirm(ctx context.Context) error {
	c := &change{sessions: []*session{f}}
	c.based(f, f.known.version)
	return f.store.ask(ctx, f.store.timeout, func(ctx context.Context) error {
		_, err := f.store.attempt(ctx, c, "")
		return err
	})
}

// add puts the change into a transaction.
func (p *prepared) add(c *change) {
	f := p.session
	switch read, ok := p.change.Read.(version); {
	case ok:
		c.based(f, read)
	case p.change.Append:
		c.based(f, p.base)
	}
	switch {
	case p.change.Remove:
		c.ops = append(c.ops, clientv3.OpDelete(f.key), clientv3.OpDelete(digestKey(f.key)))
	case p.options.Checksum:
		c.ops = append(c.ops, clientv3.OpPut(f.key, string(p.data)), clientv3.OpPut(digestKey(f.key), digest(p.data)))
	default:
		c.ops = append(c.ops, clientv3.OpPut(f.key, string(p.data)))
	}
}

// learn takes note of what a transaction has made of the file.
func (p *prepared) learn(v version) {
	f := p.session
	if p.change.Remove {
		f.known = content{}
		return
	}
	f.known.exists, f.known.data, f.known.version = true, slices.Clip(p.data), v
	if p.options.Checksum {
		f.known.digest = digest(p.data)
	}
}
