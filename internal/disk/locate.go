package disk

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// maxEntry is how long a name may be, in bytes, on the filesystems of DESIGN's
// first tier.
const maxEntry = 255

// suffix makes a lock's name of the file's.
func suffix(t store.Target) string {
	if t.Suffix == "" {
		return lock.Suffix
	}
	return t.Suffix
}

// noLock is the Location.Lock of a target without one.
const noLock = "none"

// Locate is of the store.Store interface. For a path without links in its last element it makes two system
// calls: stat(2) of the directory and lstat(2) of the name.
func (d *Disk) Locate(_ context.Context, t store.Target) (at store.Location, err error) {
	var made []string
	parent := func(dir, name string) (vfs.Info, error) {
		if err := checkName(t, dir, name); err != nil {
			return vfs.Info{}, err
		}
		info, err := d.FS.Stat(dir, true)
		if err != nil || !info.Mode.IsDir() {
			return d.notDirectory(dir, info, err, t.Parents, &made)
		}
		return info, nil
	}
	follow := func(link string) (bool, error) {
		if t.Symlinks == store.Refuse {
			return false, fmt.Errorf("%w: %s is one, and the handle refuses them", errors.ErrSymlink, errors.Printable(link))
		}
		return t.Symlinks == store.Follow, nil
	}
	e, err := vfs.Resolve(d.FS, t.Path, parent, follow)
	if err != nil {
		d.unmake(made)
		return store.Location{}, err
	}
	at = store.Location{Lock: noLock, Detail: e}
	if !t.NoLock {
		at.Lock = lockID(t.LockDir, suffix(t))
	}
	if undo := made; undo != nil {
		at.Undo = func() { d.unmake(undo) }
	}
	name, unsure := d.keyName(e, suffix(t))
	at.Key, at.Unsure = store.Key{Space: [2]uint64{e.Parent.Dev, e.Parent.Ino}, Name: name}, unsure
	return at, nil
}

// entryOf is what was found at a location.
func entryOf(at store.Location) *vfs.Entry { return at.Detail.(*vfs.Entry) }

// unmake removes directories that were made, the outermost first, as far as nothing lies in them.
func (d *Disk) unmake(made []string) {
	for _, dir := range slices.Backward(made) {
		if d.FS.Rmdir(dir) != nil {
			return
		}
	}
}

// lockID tells the locks of one file apart by the directory that they lie in, empty for
// the file's own, and by their suffix.
func lockID(dir, suffix string) string {
	if suffix == lock.Suffix {
		return dir
	}
	return dir + "\x00" + suffix
}

// notDirectory is what Locate does about a path where no directory was found. It makes the directory if it is
// missing and that is asked for, and notes what it made.
func (d *Disk) notDirectory(dir string, info vfs.Info, err error, perm fs.FileMode, made *[]string) (vfs.Info, error) {
	if errors.Is(err, fs.ErrNotExist) && perm != 0 {
		if err := d.makeParents(dir, perm, made); err != nil {
			return info, err
		}
		info, err = d.FS.Stat(dir, true)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return info, fmt.Errorf("the directory %s does not exist; make it, or use WithParents: %w", errors.Printable(dir), err)
	}
	if err == nil && !info.Mode.IsDir() {
		err = &fs.PathError{Op: "open directory", Path: dir, Err: syscall.ENOTDIR}
	}
	return info, err
}

// makeParents makes a directory and what is missing above it. Each new name is
// synced in its parent, for the file would be lost with a lost directory. A
// directory that somebody else just made is synced too: that maker may not
// have come to it yet.
func (d *Disk) makeParents(dir string, perm fs.FileMode, made *[]string) error {
	above, name := vfs.Split(dir)
	if name == "" {
		return nil
	}
	if _, err := d.FS.Stat(above, true); errors.Is(err, fs.ErrNotExist) {
		if err := d.makeParents(above, perm, made); err != nil {
			return err
		}
	}
	switch err := d.FS.Mkdir(dir, perm); {
	case err == nil:
		*made = append(*made, dir)
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	parent, err := d.FS.OpenDir(above)
	if err != nil {
		return err
	}
	defer parent.Close()
	if err := parent.Sync(); !vfs.SyncMissing(err) {
		return err
	}
	// The write that follows syncs a directory of this filesystem too: what it does
	// without such an fsync is for its policy to say.
	return nil
}

// checkName refuses what can't be a file's name, and what would leave no room
// for the lock's.
func checkName(p store.Target, dir, name string) error {
	if name == "" || name == "." || name == ".." {
		return &fs.PathError{Op: "open", Path: vfs.Join(dir, name), Err: syscall.EISDIR}
	}
	if maxName := maxEntry - len(suffix(p)); len(name) > maxName && p.LockDir == "" {
		advice := "shorten it"
		if len(name) <= maxEntry { // a lock directory makes no room for the name itself
			advice += ", or use WithLockDir"
		}
		return fmt.Errorf("the name is %d bytes long, and only %d leave room for the lock's; %s: %w",
			len(name), maxName, advice, syscall.ENAMETOOLONG)
	}
	return nil
}
