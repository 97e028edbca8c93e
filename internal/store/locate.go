package store

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// maxEntry is how long a name may be, in bytes, on the filesystems of DESIGN's
// first tier.
const maxEntry = 255

// suffix makes a lock's name of the file's.
func (p Placement) suffix() string {
	if p.Suffix == "" {
		return lock.Suffix
	}
	return p.Suffix
}

// noLock is the Location.Lock of a placement without one.
const noLock = "none"

// Locate is of the Store interface.
func (d *Disk) Locate(p Placement) (at Location, err error) {
	var made []string
	parent := func(dir, name string) (vfs.Info, error) {
		if err := checkName(p, dir, name); err != nil {
			return vfs.Info{}, err
		}
		return d.parent(dir, p.Parents, &made)
	}
	e, err := vfs.Resolve(d.FS, p.Path, parent, p.follow)
	if err != nil {
		d.Withdraw(made)
		return Location{}, err
	}
	key, unsure := d.keyName(&e, p.suffix())
	return Location{Key: Key{e.Parent.ID, key}, Lock: p.lockName(), Made: made, Unsure: unsure,
		dir: e.Dir, name: e.Name, path: e.Path(), target: e.Info}, nil
}

// follow says whether a link in the last element is followed.
func (p Placement) follow(link string) (bool, error) {
	if p.Symlinks == Refuse {
		return false, fmt.Errorf("%w: %s is one, and the handle refuses them", errors.ErrSymlink, errors.Printable(link))
	}
	return p.Symlinks == Follow, nil
}

// lockName tells placements of one file with different locks apart.
func (p Placement) lockName() string {
	if p.NoLock {
		return noLock
	}
	return lockID(p.LockDir, p.suffix())
}

// lockID tells the locks of one file apart by the directory that they lie in, empty for
// the file's own, and by their suffix.
func lockID(dir, suffix string) string {
	if suffix == lock.Suffix {
		return dir
	}
	return dir + "\x00" + suffix
}

// parent describes the directory, and makes it first where that is asked for. It notes
// what it made.
func (d *Disk) parent(dir string, perm fs.FileMode, made *[]string) (vfs.Info, error) {
	info, err := d.FS.Stat(dir, true)
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
func checkName(p Placement, dir, name string) error {
	if name == "" || name == "." || name == ".." {
		return &fs.PathError{Op: "open", Path: vfs.Join(dir, name), Err: syscall.EISDIR}
	}
	if maxName := maxEntry - len(p.suffix()); len(name) > maxName && p.LockDir == "" {
		advice := "shorten it"
		if len(name) <= maxEntry { // a lock directory makes no room for the name itself
			advice += ", or use WithLockDir"
		}
		return fmt.Errorf("the name is %d bytes long, and only %d leave room for the lock's; %s: %w",
			len(name), maxName, advice, syscall.ENAMETOOLONG)
	}
	return nil
}
