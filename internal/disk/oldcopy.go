package disk

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// While a file is rewritten in place, and after a crash until the next write, readers use a copy of the
// old content. Every user who may write the directory can make a file of the copy's name, and a
// person may repair the data file after the crash. So two properties of a copy are checked before it is
// read or put back.
//
// The maker: the copy must be a regular file with one hard link, and belong to the data file's owner, to
// root or to this process's user. Otherwise a hard link to another file of that user would be accepted.
//
// A later change of the data file: the copy's mtime is the copy's record of the write. It lies a little in
// the future, and is renewed before the write takes longer. If the data file's mtime is later than the
// record, another program has changed the file. If the record can't be made durable, the file is not
// written. The times do not show two kinds of change:
//   - a repair within recordAhead of the crash,
//   - a repair that sets the file's time back, as cp -p does.

// recordAhead is the time for which a record covers further writes: the longest tick of a filesystem's
// clock (vfat: 2 s). With a longer time, a repair right after a crash would be missed. With a shorter
// time, a long rewrite would need more fsyncs.
const recordAhead = 2 * time.Second

// keeper is a place for a copy.
type keeper struct {
	dir  vfs.Dir
	name string
}

// keepersOf lists the places where the copy of the file with that inode number may lie: beside the file,
// and in the lock directory if the file's directory can't be written. In the lock directory the
// copy's name depends on the path, since files of several directories share it.
func keepersOf(dir vfs.Dir, name, path string, lockDir vfs.Dir, ino uint64) []keeper {
	list := []keeper{{dir, replace.CopyName(name, ino)}}
	if lockDir != nil && lockDir != dir {
		list = append(list, keeper{lockDir, replace.CopyName(path, ino)})
	}
	return list
}

// state is the state of a keeper.
type copyState int

const (
	noCopy     copyState = iota
	goodCopy             // the copy is used instead of the file
	untrusted            // the maker of the copy is unknown
	superseded           // the file was changed after the copy's write
)

// inspect gives the state of a keeper for a file.
func (k keeper) inspect(file vfs.Info) (copyState, vfs.Info, error) {
	info, err := k.dir.Stat(k.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noCopy, info, nil
	case err != nil:
		return noCopy, info, err
	}
	return stateOf(info, file), info, nil
}

func stateOf(kept, file vfs.Info) copyState {
	byOwner := kept.UID == file.UID && !replace.HiddenUser(file.UID)
	const root = 0
	switch {
	case !kept.Mode.IsRegular() || kept.Links != 1, !byOwner && kept.UID != root && kept.UID != vfs.FSUID():
		return untrusted
	case file.Mtime > kept.Mtime:
		return superseded
	}
	return goodCopy
}

// oldCopy is a copy that is open.
type oldCopy struct {
	keeper
	vfs.File
	info vfs.Info
}

// openCopy opens the copy that is used instead of a file; nil if there is none.
func openCopy(keepers []keeper, file vfs.Info) (*oldCopy, error) {
	for _, k := range keepers {
		state, _, err := k.inspect(file)
		if err != nil {
			return nil, err
		}
		if state != goodCopy {
			continue
		}
		open, err := k.dir.Open(k.name) // never through a link
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// The opened file is checked again, since it may be another one than at the stat(2) before.
		info, err := open.Stat()
		if err == nil && stateOf(info, file) == goodCopy {
			return &oldCopy{k, open, info}, nil
		}
		open.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// cover renews the record, so that it covers changes of the file from now on. If sync is set, the record is
// durable afterwards. seen is the latest time that a filesystem's own clock has shown.
func (c *oldCopy) cover(seen int64, sync bool) error {
	now := max(time.Now().UnixNano(), seen)
	if c.info.Mtime > now+int64(recordAhead/4) {
		return nil
	}
	err := c.SetMtime(now + int64(recordAhead))
	if err == nil {
		c.info, err = c.Stat()
	}
	if err == nil && c.info.Mtime < now {
		err = fmt.Errorf("%w: the filesystem of the copy does not keep the time that is set", errors.ErrUnsupportedEnvironment)
	}
	if err != nil {
		return fmt.Errorf("the write can't be recorded: %w", err)
	}
	if !sync {
		return nil
	}
	err = c.Sync()
	if vfs.SyncMissing(err) {
		return nil // the policy has allowed the same for the copy itself
	}
	return err
}

// cantMake explains that the lock or the copy can't be made beside a file that can only be rewritten.
func cantMake(what, name string, err error) error {
	return fmt.Errorf("%w: %s is a mount of its own, so it is rewritten in place, and its directory can't be written, so there is "+
		"no place for %s; name a directory with WithLockDir, or mount the file's directory: %w",
		errors.ErrUnsupportedEnvironment, name, what, err)
}

// createIn makes a temp in the first of the keepers' directories that can be written.
func (f *file) createIn(keepers []keeper, o store.Options) (*replace.Temp, keeper, error) {
	var refused error
	for _, k := range keepers {
		owner := f.owner
		if k.dir != f.dir {
			owner = f.lockDirOwner()
		}
		temp, err := replace.Create(k.dir, owner, nil, 0o600, o.Policy)
		if err == nil || !vfs.WriteRefused(err) {
			return temp, k, err
		}
		refused = errors.Join(refused, err)
	}
	return nil, keeper{}, cantMake("the copy of the old content", f.name, refused)
}

// lockDirOwner is the owner of this file's temps in the lock directory.
func (f *file) lockDirOwner() replace.Owner {
	if f.owner == replace.NoOwner {
		return replace.NoOwner
	}
	return replace.OwnerOf(f.path, "in the lock directory")
}

// setAside renames a copy that can't be put back, so that it is not used as the file's content, and reports
// it. A person can still read it.
func (f *file) setAside(k keeper, state copyState, o store.Options) error {
	name := replace.AsideName(k.name)
	why := "the file was changed after the write in place that was cut off, and that change was kept"
	if state == untrusted {
		why = "it is a link or a special file, or belongs neither to the file's owner nor to root nor to this process's user"
	}
	if err := k.dir.Rename(k.name, k.dir, name); err != nil {
		return fmt.Errorf("%s lies where a copy of the old content belongs, and can't be moved out of the way (%s); remove it: %w", k.name, why, err)
	}
	o.Policy.Log.Warn("a copy of old content was set aside, not put back", "path", vfs.Join(f.dir.Path(), f.name),
		"copy", vfs.Join(k.dir.Path(), name), "why", why)
	return replace.SyncDirs(o.Policy, k.dir)
}
