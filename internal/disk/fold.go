package disk

import (
	"io/fs"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// In a directory that does not tell names apart by case, all spellings of a file need
// one key: the queue, the context and the lock in a WithLockDir go by it, while
// PATH.lock is one file anyway. With two keys a caller would wait for its own lock.
//
// The key takes the lower-case spelling. A name that is in lower case is its own key
// in every directory, so only a name with a capital in it, in a directory that may
// fold (vfs.MayFold), is asked about. Nothing tells from outside which letters a
// filesystem takes for the same, so the filesystem itself is asked: the spellings are
// one if they lead to the same file, or to the same lock file.

// keyName is the name that tells an entry from the others of its directory. It is unsure
// as long as neither the file nor its lock is there and the directory holds no other
// name to ask about, unless askByTemp has asked before.
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

// isEntry reports whether other is the entry that name is, rather than none, or another
// hard link to the same file. A writer may replace the file between the looks at the two
// names, so a difference counts only if name is still what info tells of. It is not known
// if name went away, or was replaced at every look.
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

// foldsOthers asks about the first name in a directory that has letters.
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
			continue // it went away
		}
		if folds, known := d.isEntry(dir, name, &info, other); known {
			return folds, true
		}
	}
	return false, false
}

// toldToFold is what askByTemp has found out.
func (d *Disk) toldToFold(dir vfs.ID) (folds, known bool) {
	answer, known := d.folds.Load(dir)
	return known && answer.(bool), known
}

// askByTemp asks a directory without names by a name of its own. It is called under the lock of a
// file whose key is unsure and whose lock lies in another directory, where each spelling
// has a lock of its own: then the caller starts over with the key that is sure. The answer is kept for
// the process and used only while the directory has no names.
func (f *file) askByTemp() {
	name := replace.NewName(f.owner)
	temp, err := f.dir.Create(name, 0o600)
	if err != nil {
		return // what follows will fail too
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
