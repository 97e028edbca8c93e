package disk

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A copy of the old content stands for a file while that is rewritten in place, and
// after a crash until the next write. Anybody who may write the directory can put
// something under the copy's name, and somebody may repair the file by hand after the crash. So two
// things are asked of a copy before it is read or put back.
//
// Its maker: the copy must be a regular file with one name, and belong to the file's owner, to root
// or to this process's user. A hard link to somebody's file would pass for theirs.
//
// Whether the file was changed since: the copy's time of modification is the copy's
// record of the write. It lies a little in the future, and is moved on before the write
// outlasts it. If the file's time of modification is later, the change was
// somebody else's. If the record can't be made durable, the file is not touched.
// Two things the times don't show:
//   - a repair within recordAhead of the crash,
//   - a repair that sets the file's time back, as cp -p does.

// recordAhead is how long a record covers further writes. It is as long as the coarsest
// clock of a filesystem takes for a tick (vfat: 2 s). Longer would miss a repair right after a
// crash; shorter would need more fsyncs in a long rewrite.
const recordAhead = 2 * time.Second

// keeper is a place for a copy.
type keeper struct {
	dir  vfs.Dir
	name string
}

// keepersOf lists where the copy of the file with that inode number may lie: beside the file, and
// in the lock directory where the file's directory can't be written. In the
// lock directory it is named after the path, since files of many directories share that.
func keepersOf(dir vfs.Dir, name, path string, lockDir vfs.Dir, ino uint64) []keeper {
	list := []keeper{{dir, replace.CopyName(name, ino)}}
	if lockDir != nil && lockDir != dir {
		list = append(list, keeper{lockDir, replace.CopyName(path, ino)})
	}
	return list
}

// state says what a keeper holds.
type copyState int

const (
	noCopy     copyState = iota
	goodCopy             // it stands for the file
	strangers            // it is not known who made it
	superseded           // the file was changed after the write that the copy belongs to
)

// look tells what a keeper holds for a file.
func (k keeper) look(file vfs.Info) (copyState, vfs.Info, error) {
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
		return strangers
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

// openCopy opens the copy that stands for a file, nil if there is none.
func openCopy(keepers []keeper, file vfs.Info) (*oldCopy, error) {
	for _, k := range keepers {
		state, _, err := k.look(file)
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
		// The opened file counts, which may be another one than the stat before saw.
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

// cover makes the record cover changes of the file from now on. It is durable
// afterwards if sync is set. seen is the latest time that a filesystem's own clock has shown.
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
		return nil // as the policy has allowed for the copy itself
	}
	return err
}

// unwritable reports whether nothing can be made in a directory.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// noPlaceFor explains that neither lock nor copy can lie beside a file that can only be rewritten.
func noPlaceFor(what, name string, err error) error {
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
			owner = f.guestOwner()
		}
		temp, err := replace.Create(k.dir, owner, nil, 0o600, o.Policy)
		if err == nil || !unwritable(err) {
			return temp, k, err
		}
		refused = errors.Join(refused, err)
	}
	return nil, keeper{}, noPlaceFor("the copy of the old content", f.name, refused)
}

// guestOwner marks this file's temps in the lock directory.
func (f *file) guestOwner() replace.Owner {
	if f.owner == replace.NoOwner {
		return replace.NoOwner
	}
	return replace.OwnerOf(f.path, "in the lock directory")
}

// setAside gives what can't be put back another name, so that nobody takes it for the
// file's content, and reports it. Nothing is lost: somebody may want to look at it.
func (f *file) setAside(k keeper, state copyState, o store.Options) error {
	name := replace.AsideName(k.name)
	why := "the file was changed after the write in place that was cut off, and that change was kept"
	if state == strangers {
		why = "it is a link or a special file, or belongs neither to the file's owner nor to root nor to this process's user"
	}
	if err := k.dir.Rename(k.name, k.dir, name); err != nil {
		return fmt.Errorf("%s lies where a copy of the old content belongs, and can't be moved out of the way (%s); remove it: %w", k.name, why, err)
	}
	o.Policy.Log.Warn("a copy of old content was set aside, not put back", "path", vfs.Join(f.dir.Path(), f.name),
		"copy", vfs.Join(k.dir.Path(), name), "why", why)
	return replace.SyncDir(k.dir, o.Policy)
}
