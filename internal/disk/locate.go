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

// maxEntry is the largest length of a name, in bytes, on ext4, xfs, btrfs and APFS.
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

// Locate implements store.Store. For a path without links in its last element it makes two system
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

// entryOf gives the entry that was found at a location.
func entryOf(at store.Location) *vfs.Entry { return at.Detail.(*vfs.Entry) }

// unmake removes the directories in made that are empty. made begins with the outermost directory.
func (d *Disk) unmake(made []string) {
	for _, dir := range slices.Backward(made) {
		if d.FS.Rmdir(dir) != nil {
			return
		}
	}
}

// lockID identifies a lock of a file by the directory of the lock and its suffix. dir is empty for the
// file's own directory.
func lockID(dir, suffix string) string {
	if suffix == lock.Suffix {
		return dir
	}
	return dir + "\x00" + suffix
}

// notDirectory handles a parent of the path that is no directory. If it is missing, and perm is not 0, notDirectory makes
// it, and adds the new directories to made.
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

// makeParents makes a directory and the missing directories above it. It syncs each new name in its
// parent, since the file would be lost with a lost directory. It also syncs a directory that another
// process has just made, since that process may not have synced it yet.
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
	if err := vfs.SyncDir(parent); !vfs.SyncMissing(err) {
		return err
	}
	// If the filesystem has no fsync for directories, the policy of the write that follows decides.
	return nil
}

// checkName refuses a name that can't be a file's name, and a name that is too long for the suffix of
// the lock.
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
