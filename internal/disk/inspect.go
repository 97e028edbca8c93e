package disk

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Holder implements store.Store.
func (d *Disk) Holder(_ context.Context, p store.Target, at store.Location) string {
	holder := ""
	_ = d.visit(p, at, func(_ vfs.Dir, spec lock.Spec, _ replace.Owner) error {
		r, err := lock.ReadRecord(spec.Dir, spec.Name)
		if r != nil {
			holder = r.String()
		}
		return err
	})
	return holder
}

// Inspect implements store.Store.
func (d *Disk) Inspect(_ context.Context, p store.Target, at store.Location) (store.LockInfo, error) {
	var info store.LockInfo
	err := d.visit(p, at, func(dir vfs.Dir, spec lock.Spec, owner replace.Owner) (err error) {
		info.Path = spec.Path
		if info.Held, err = spec.IsHeld(); err != nil {
			return err
		}
		r, err := lock.ReadRecord(spec.Dir, spec.Name)
		if r != nil {
			info.Record = &store.Record{PID: r.PID, Host: r.Host, Since: r.Since}
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			f := &file{disk: d, dir: dir, name: entryOf(at).Name, owner: owner}
			info.Pending, err = f.pendingJournal()
		}
		return err
	})
	return info, err
}

// pendingJournal gives the path of a journal with an unfinished change of the file, or of a journal that can't be
// read.
func (f *file) pendingJournal() (path string, err error) {
	names, err := f.dir.Names()
	for _, name := range names {
		r, err := f.follow(name, replace.JournalSuffix)
		if err != nil {
			return vfs.Join(f.dir.Path(), name), nil
		}
		if r == nil {
			continue
		}
		waits := r.concerns()
		path := vfs.Join(r.dirs[0].Path(), r.name)
		if r.close(); waits {
			return path, nil
		}
	}
	return "", err
}

// Force implements store.Store. It makes the new lock first, which stops a holder that has not made its
// last check. Then it removes the temps, which stops a holder between its last check and its rename.
func (d *Disk) Force(_ context.Context, p store.Target, at store.Location) error {
	return d.visit(p, at, func(dir vfs.Dir, spec lock.Spec, owner replace.Owner) error {
		if _, err := spec.Dir.Stat(spec.Name); errors.Is(err, fs.ErrNotExist) {
			return nil // without a lock file there is no holder
		}
		f := &file{disk: d, dir: dir, name: entryOf(at).Name}
		var err error
		if f.self, err = dir.Self(); err != nil {
			return err
		}
		spec.Like = f.like
		held, err := spec.Supplant(func() string { return replace.NewName(owner) })
		if err != nil {
			return err
		}
		// The record tells the next holder to look for a journal, in case that this call does not get to its end.
		f.lock, f.owner = held, owner
		clear := held.Announce()
		names, err := dir.Names()
		if err == nil {
			f.takeDrafts(names)
			names, err = dir.Names()
		}
		if err == nil {
			var unfinished bool
			if unfinished, err = f.recoverAll(names, safety.Policy{}, false); unfinished {
				names = withoutJournals(names)
			}
		}
		if err == nil {
			removeTemps(dir, names, owner)
			clear()
		}
		return errors.Join(err, held.Release())
	})
}

// takeDrafts takes away the journal of a LockAll of the file that is about to be committed, so that
// it can't be. A LockAll looks whether it holds its locks after the draft is complete. So if it has not seen that this lock
// is gone, the draft or the journal is there by now. found reports that the names hold a draft: it may be
// a journal by now, so the names must be listed again.
func (f *file) takeDrafts(names []string) (found bool) {
	for _, name := range names {
		found = found || strings.HasSuffix(name, replace.DraftSuffix)
		r, err := f.follow(name, replace.DraftSuffix)
		if err != nil || r == nil {
			continue
		}
		if r.own() != nil {
			_ = r.dirs[0].Remove(r.name)
		}
		r.close()
	}
	return found
}

// visit opens what a lock operation needs, without the lock.
func (d *Disk) visit(p store.Target, at store.Location, fn func(dir vfs.Dir, spec lock.Spec, owner replace.Owner) error) error {
	if p.NoLock {
		return fmt.Errorf("%w: WithoutLock leaves nothing to look at", errors.ErrLock)
	}
	dir, err := d.FS.OpenDir(entryOf(at).Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	lockDir, id, err := d.lockDir(p, dir)
	if err != nil {
		return err
	}
	if lockDir != dir {
		defer lockDir.Close()
	}
	return fn(dir, lockSpec(p, at, lockDir), replace.OwnerOf(at.Key.Name, id))
}
