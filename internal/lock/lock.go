// Package lock is the advisory lock that excludes the writers of one file from each other,
// within a process and between processes. The lock is flock(2) on PATH.lock, a file beside
// the data. Only github.com/gofrs/flock takes it, through package vfs.
//
//   - The lock is not taken on the data file, since every write replaces the data file, and a
//     lock on the old inode excludes nobody.
//   - The lock file is never removed. Otherwise there could be two holders: one of the old
//     inode, and one of the new inode.
//   - After the lock was taken, and again before a change is made visible, the locked inode is
//     compared with the path. So a program that moves or deletes the lock file revokes the lock.
//
// A file of that name may be somebody's data (Pipfile.lock) or another
// program's lock (git's config.lock). A file is locked and written only if it is empty, or
// begins as this package's records do; see [Spec.refuse].
//
// A lock of flock(2) belongs to the open file. So every attempt opens the file anew, and the
// kernel releases the lock when its holder dies. The lock is advisory: it excludes
// only programs that take it.
package lock

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Suffix makes a lock's name of the data file's, unless the caller chose another.
const Suffix = ".lock"

// maxAttempts limits the attempts to take a lock whose file is replaced during each attempt.
const maxAttempts = 100

// Spec says which file is the lock, and how it is made.
type Spec struct {
	Dir  vfs.Dir // the directory of the lock file, open
	Path string  // the lock file's path
	Name string  // its last element
	// Like finds the data file. A new lock file gets its owner, and its writers may lock. If
	// there is no data file yet, Like returns false, and Perm before umask decides.
	Like func() (vfs.Info, bool)
	Perm fs.FileMode
	// Data describes the data file when it was located; nil if unknown. A lock
	// file that some writers of the data file can't open is mended.
	Data *vfs.Info
	// DataFile says that Name is the data file itself. It is never made or written as a lock
	// file, and its content and links do not matter.
	DataFile bool
	// Existing says that a missing lock file is not made.
	Existing bool
	// Full says that the change under the lock needs no space. If there is no space for the
	// lock file, the directory is locked instead.
	Full bool
}

// Held is a lock that is held. It is not safe for concurrent use.
type Held struct {
	lock       vfs.Lock // nil once released
	spec       Spec
	info       vfs.Info // of the lock file, when it was locked
	since      time.Time
	made       bool     // this call made the lock file
	file       vfs.File // for the record; nil until that is read or written
	announced  bool     // a record was written
	unwritable error    // why the record could not be written
	head       []byte   // the beginning of the lock file, when it was locked
	// directory is the directory that is locked since there was no space for the lock file;
	// nil for a lock file, and once released.
	directory *vfs.ID
}

// Try takes the lock if it is free, and fails with ErrLocked if it is not. It
// makes the lock file if there is none.
func Try(p Spec) (*Held, error) {
	for range maxAttempts {
		if h, err := p.attempt(); h != nil || err != nil {
			return h, err
		}
	}
	return nil, fmt.Errorf("%w: %s keeps being replaced", errors.ErrLock, printable(p.Path))
}

// attempt locks the file at the path. If it returns neither a lock nor an error,
// the lock file was replaced meanwhile: try again.
func (p Spec) attempt() (*Held, error) {
	l, err := p.Dir.Lock(p.Name, vfs.TryLock)
	var made vfs.File
	if errors.Is(err, fs.ErrNotExist) && !p.DataFile && !p.Existing {
		// The file is made with O_EXCL, so that owner and mode are set only on a file that
		// this call made: another program may put a file there at any moment.
		done := p.shareDirectory()
		made, err = p.create(p.Name)
		done()
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrExist):
			return nil, nil
		case p.Full && full(err):
			return p.tryDirectory(err)
		default:
			return nil, p.classify(err)
		}
		l, err = p.Dir.Lock(p.Name, vfs.TryLock)
		if errors.Is(err, fs.ErrNotExist) {
			made.Close()
			return nil, nil
		}
	}
	switch {
	case err != nil:
		err = p.classify(err)
	case l == nil:
		// A file that is no lock file of this library is refused even while it is locked.
		if err = p.inspectPath(); err == nil || errors.Is(err, fs.ErrNotExist) {
			err = errors.ErrLocked
		}
	default:
		return p.confirm(l, made)
	}
	if made != nil {
		made.Close()
	}
	return nil, err
}

// confirm makes sure that the locked file may serve as a lock, and still lies at the path. If it
// returns neither a lock nor an error, try again. made is the lock file if this call made it,
// else nil; confirm closes it.
func (p Spec) confirm(l vfs.Lock, made vfs.File) (_ *Held, err error) {
	h := &Held{lock: l, spec: p, info: l.Info(), since: time.Now(), file: made}
	ok := false
	defer func() {
		if !ok {
			err = errors.Join(err, h.Release())
		}
	}()
	if !h.info.Mode.IsRegular() {
		return nil, p.irregular()
	}
	same, err := p.Dir.Same(p.Name, l)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	if err != nil || !same {
		return nil, nil
	}
	if made != nil {
		if h.made = h.holds(made) == nil; !h.made {
			made.Close()
			h.file = nil
		}
	}
	if err := h.inspect(); err != nil {
		if errors.Is(err, errors.ErrLockLost) {
			return nil, nil
		}
		return nil, err
	}
	h.mend()
	ok = true
	return h, nil
}

// open opens the lock file for its record, until Release. It is ErrLockLost if the path names
// another file now.
func (h *Held) open() (vfs.File, error) {
	if h.file != nil {
		return h.file, nil
	}
	f, err := h.spec.Dir.OpenRecord(h.spec.Name)
	if err != nil && vfs.WriteRefused(err) {
		h.unwritable = err
		f, err = h.spec.Dir.Open(h.spec.Name)
	}
	if err != nil {
		return nil, err
	}
	if err := h.holds(f); err != nil {
		f.Close()
		return nil, err
	}
	h.file = f
	return f, nil
}

// holds reports ErrLockLost if an open file is not the lock file that is held. It compares
// inodes where the platform has them. A comparison of paths could be deceived: a program that
// may rename in the directory could put another file there while it is opened, and put the
// lock file back before the comparison.
func (h *Held) holds(f vfs.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	switch {
	case h.info.ID == vfs.ID{}: // the platform does not tell
		return h.Check()
	case info.ID != h.info.ID:
		return h.lost()
	}
	return nil
}

// Check reports ErrLockLost if the path no longer names the lock that is held.
func (h *Held) Check() error {
	if h.directory != nil {
		return h.checkDirectory()
	}
	same, err := h.spec.Dir.Same(h.spec.Name, h.lock)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	if !same {
		return h.lost()
	}
	return nil
}

func (h *Held) lost() error {
	return fmt.Errorf("%w: %s was replaced or removed while it was held", errors.ErrLockLost, printable(h.spec.Path))
}

// Path is the path of the lock file.
func (h *Held) Path() string { return h.spec.Path }

// Release frees the lock by unlocking it rather than by closing alone, so that
// a child that inherited the descriptor keeps nothing. A second Release does
// nothing.
func (h *Held) Release() error {
	if id := h.directory; id != nil {
		h.directory = nil
		return unlockDirectory(*id)
	}
	if h.file != nil {
		h.file.Close()
		h.file = nil
	}
	l := h.lock
	h.lock = nil
	if l == nil {
		return nil
	}
	return l.Unlock()
}
