package disk

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
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
	err := d.visit(p, at, func(_ vfs.Dir, spec lock.Spec, _ replace.Owner) (err error) {
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
		return err
	})
	return info, err
}

// Force implements store.Store. The new lock comes first, for it turns away
// a holder who has not checked yet; then go the temps, which stops one who has
// checked and is about to rename.
func (d *Disk) Force(_ context.Context, p store.Target, at store.Location) error {
	return d.visit(p, at, func(dir vfs.Dir, spec lock.Spec, owner replace.Owner) error {
		if _, err := spec.Dir.Stat(spec.Name); errors.Is(err, fs.ErrNotExist) {
			return nil // no lock file, no holder: there is nothing to take away
		}
		f := &file{disk: d, dir: dir, name: entryOf(at).Name}
		spec.Like = f.like
		held, err := spec.Supplant(func() string { return replace.NewName(owner) })
		if err != nil {
			return err
		}
		names, err := dir.Names()
		if err == nil {
			removeTemps(dir, names, owner)
		}
		return errors.Join(err, held.Release())
	})
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
