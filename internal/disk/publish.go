package disk

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
)

// Publish implements store.Prepared.
func (p *prepared) Publish(_ context.Context, guard func() error) (v store.Version, err error) {
	if p.done {
		return nil, errFinished
	}
	p.done = true
	check := func() error { return p.check(guard) }
	switch {
	case p.change.Remove:
		v, err = p.remove(check)
	case p.unchanged:
		v, err = p.confirm(check)
	default:
		v, err = p.replace(check)
		p.file.learn(v, p.change)
	}
	if err != nil {
		err = p.file.outcome(err)
	}
	return v, err
}

// check makes the last checks, right before the rename.
func (p *prepared) check(guard func() error) error {
	f, c, old := p.file, &p.change, p.old
	// The copied content is compared first, since that takes long, and a later change is visible in
	// the version.
	if c.Append && old != nil && p.temp != nil && !f.knows(c.Read) && old.Settling() > 0 {
		if err := sameContent(old.File, p.temp, old.Info.Size); err != nil {
			return err
		}
	}
	err := f.checkLock()
	switch {
	case err != nil:
	case c.Stream:
		err = p.sameMetadata()
	case c.Read != nil:
		err = f.unchanged(c.Read, old)
	}
	if err == nil && guard != nil {
		err = guard()
	}
	return err
}

func (p *prepared) replace(guard func() error) (_ store.Version, err error) {
	defer p.temp.Abort() // a temp that was not renamed is removed before the lock is released
	if p.change.Stream {
		if err := p.finishStream(); err != nil {
			return nil, err
		}
	}
	if p.inPlace {
		return p.publishInPlace(guard)
	}
	var keep *keeping
	if p.options.Backups > 0 {
		if keep, err = p.file.keepOld(p.old, p.change.Read, p.options, false); err != nil {
			return nil, err
		}
	}
	last := guard
	if keep != nil {
		last = keep.guarded(guard) // and makes the backup then
		defer func() { keep.finish(err) }()
	}
	// The sidecar accepts the new content before the rename, so that no crash makes good content
	// look damaged.
	if p.seal != nil {
		like, err := p.temp.Stat()
		if err == nil {
			err = p.announce(&replace.Old{Info: like, File: p.temp.File})
		}
		if err != nil {
			return nil, err
		}
	}
	err = p.temp.Commit(p.file.name, last)
	if p.seal != nil {
		p.seal.finish(err)
	}
	if err != nil {
		keep.finish(err)
		keep = nil
		return p.publishOnMount(guard, err)
	}
	// The version is read after the rename, since the rename changes the ctime. It is read by the
	// descriptor, since the path may name another file now. The file stays open for the next change.
	at := time.Now()
	info, err := p.temp.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errors.ErrNotDurable, err) // the old content is gone
	}
	p.file.disk.made.note(versionOf(info))
	p.file.keepSeen(&replace.Old{Info: info, At: at, File: p.temp.Take()})
	return versionOf(info), nil
}

// announce calls the seal's announce for the written content. like is the new file.
func (p *prepared) announce(like *replace.Old) error {
	p.seal.like, p.seal.kept, p.seal.after = like, p.options.Metadata, p.seal.made()
	return p.seal.announce(p.seal.after)
}

// finishStream makes the content of a stream durable. It gets the owner, mode and attributes that the
// file has now, since they may have changed since the stream began.
func (p *prepared) finishStream() error {
	now, err := p.file.old()
	if err != nil {
		return err
	}
	if now != nil { // otherwise the temp gets the metadata of the file at the beginning
		p.old.Close()
		p.old, p.inPlace = now, inPlace(&now.Info)
		if p.seal != nil {
			p.seal.old = now
		}
		if p.options.Metadata {
			p.temp.Like(now)
		}
	}
	if p.inPlace {
		return nil
	}
	return p.temp.Settle()
}

// sameMetadata returns ErrChanged if the file's owner, mode, ACL or attributes have changed since a
// stream's temp got them. The fsync of the temp may have taken long.
func (p *prepared) sameMetadata() error {
	if p.old == nil || !p.options.Metadata && !p.inPlace {
		return nil
	}
	now, err := p.file.dir.Stat(p.file.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	was := p.old.Info
	sameContent := now.Size == was.Size && now.Mtime == was.Mtime
	changed := now.Mode != was.Mode || now.UID != was.UID || now.GID != was.GID || sameContent && now.Ctime != was.Ctime
	if now.ID != was.ID || !changed {
		return nil
	}
	return fmt.Errorf("%w: its owner, mode or attributes were changed while the new content was committed; write it again", errors.ErrChanged)
}

// remove unlinks the file, or under Replace the link. If the file is gone already, or was made and removed
// in this tenure, it syncs the directory only.
//
// The removed content becomes a backup too, since no program has it any more.
func (p *prepared) remove(guard func() error) (_ store.Version, err error) {
	f, policy := p.file, p.options.Policy
	keep, err := f.keepRemoved(p)
	if err != nil {
		return nil, err
	}
	defer func() { keep.finish(err) }()
	if err := keep.make(guard); err != nil {
		return nil, err
	}
	if p.old == nil {
		return version{}, replace.SyncDirs(policy, f.dir)
	}
	if err := f.dir.Remove(f.name); err != nil {
		return nil, replace.Busy(err, f.name)
	}
	// The sidecar is removed after its file. In the other order, a crash would leave the file without
	// a checksum. One sync makes both removals durable.
	if err := sidecar.Remove(f.dir, f.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		policy.Report("the checksum was not removed", err)
	}
	return version{}, replace.SyncDirs(policy, f.dir)
}

// confirm makes a change that changes no byte. It syncs the file, since another program may have written
// it without an fsync. If the fsync fails, the content is visible and may be lost, as after any
// ErrNotDurable.
func (p *prepared) confirm(guard func() error) (store.Version, error) {
	f, policy := p.file, p.options.Policy
	if err := guard(); err != nil {
		return nil, err
	}
	// The mount may have become read-only since the lock was taken. A change would fail, but the fsync
	// does not.
	if err := f.dir.Writable(f.name); err != nil {
		return nil, err
	}
	if p.old.File != nil {
		if err := replace.SyncFile(p.old.File, policy); err != nil {
			return nil, fmt.Errorf("%w: %w", errors.ErrNotDurable, err)
		}
	}
	return versionOf(p.old.Info), replace.SyncDirs(policy, f.dir)
}
