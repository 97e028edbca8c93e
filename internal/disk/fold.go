package disk

import (
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// In a directory that ignores case, all spellings of a file need one key. The queue, the context and the
// lock in a WithLockDir use the key; PATH.lock is one file anyway. With two keys a caller could wait for
// its own lock.
//
// The key has the lower-case spelling. A name in lower case is its own key in every directory. A name with
// a capital letter must be checked, in a directory that may ignore case (vfs.MayFold). No system call
// reports which letters a filesystem treats as equal. So two spellings are tried: they are one
// name if they lead to the same file, or to the same lock file.

// keyName gives the name of an entry in one spelling. It is unsure if neither the file nor its lock
// exists, and the directory holds no other name to try, unless askByTemp has tried before.
func (d *Disk) keyName(e *vfs.Entry, suffix string) (name string, unsure bool) {
	folded := vfs.Fold(e.Name)
	if folded == e.Name || !vfs.MayFold(d.FS, e.Dir, e.Parent) {
		return e.Name, false
	}
	there, ends := e.Info, ""
	if there == nil {
		ends = suffix
		if info, err := d.FS.Stat(e.Path+ends, false); err == nil {
			there = &info
		}
	}
	for _, other := range []string{folded, vfs.FoldASCII(e.Name)} {
		switch {
		case other == e.Name:
		case there != nil:
			same, known := d.isEntry(e.Dir, e.Name+ends, there, other+ends)
			if !known {
				return e.Name, true
			}
			if same {
				return other, false
			}
		default:
			folds, known := d.foldsOthers(e.Dir)
			if !known {
				folds, known = d.toldToFold(e.Parent.ID)
			}
			if folds {
				return other, false
			}
			return e.Name, !known
		}
	}
	return e.Name, false
}

// isEntry reports whether the name other leads to the entry name, and not to another hard link of the
// file. A writer may replace the file between the two calls of stat(2). So a difference counts only if
// name is still the file that info describes. known is false if name was removed, or was replaced
// each time.
func (d *Disk) isEntry(dir, name string, info *vfs.Info, other string) (same, known bool) {
	for range maxVersions {
		there, err := d.FS.Stat(vfs.Join(dir, other), false)
		if err == nil && there.ID == info.ID {
			return d.isOnlyEntry(dir, name, info, other), true
		}
		now, gone := d.FS.Stat(vfs.Join(dir, name), false)
		if gone != nil {
			return false, false
		}
		if now.ID == info.ID {
			return false, true
		}
		info = &now
	}
	return false, false
}

// isOnlyEntry reports whether two names of one file are one entry.
func (d *Disk) isOnlyEntry(dir, name string, info *vfs.Info, other string) bool {
	if info.Links < 2 {
		return true
	}
	names, err := d.names(dir)
	return err == nil && !(slices.Contains(names, name) && slices.Contains(names, other))
}

// foldsOthers tries the first name with letters in a directory.
func (d *Disk) foldsOthers(dir string) (folds, known bool) {
	names, err := d.names(dir)
	if err != nil {
		return false, false
	}
	for _, name := range names {
		other := vfs.OtherCase(name)
		if other == name {
			continue
		}
		info, err := d.FS.Stat(vfs.Join(dir, name), false)
		if err != nil {
			continue // it was removed
		}
		if folds, known := d.isEntry(dir, name, &info, other); known {
			return folds, true
		}
	}
	return false, false
}

// toldToFold gives the result of an earlier askByTemp.
func (d *Disk) toldToFold(dir vfs.ID) (folds, known bool) {
	answer, known := d.folds.Load(dir)
	return known && answer.(bool), known
}

// askByTemp finds out with a temp file whether an empty directory ignores case. It is called under the lock
// of a file whose key is unsure and whose lock lies in another directory, where each spelling
// has a lock of its own. Then the caller starts over with the right key. The result is cached for
// the process, and used only while the directory is empty.
func (f *file) askByTemp() {
	name := replace.NewName(f.owner)
	temp, err := f.dir.Create(name, 0o600)
	if err != nil {
		return // the write that follows will fail too
	}
	made, err := temp.Stat()
	other, otherErr := f.dir.Stat(vfs.OtherCase(name))
	_ = temp.Close() // nothing was written
	_ = f.dir.Remove(name)
	switch {
	case err != nil:
	case otherErr == nil:
		f.disk.folds.Store(f.self.ID, other.ID == made.ID)
	case errors.Is(otherErr, fs.ErrNotExist):
		f.disk.folds.Store(f.self.ID, false)
	}
}

func (d *Disk) names(path string) ([]string, error) {
	dir, err := d.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	names, err := dir.Names()
	return names, errors.Join(err, dir.Close())
}
