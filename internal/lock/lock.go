// Package lock is the advisory lock that keeps writers of one file apart,
// within a process as between processes: flock(2) on a file beside the data,
// PATH.lock, taken by github.com/gofrs/flock (through package vfs) and nothing else.
//
// The lock lies on a file of its own since the data file is replaced by every
// write, and a lock on the old inode excludes nobody. The lock file is never
// removed, since removing it would let two holders in: one on the old inode,
// one on the new. After taking the lock its inode is compared with the path,
// and compared again before anything is made visible, so that whoever moved or
// deleted the lock file has revoked the lock rather than shared it.
//
// A file of that name may be somebody's data (Pipfile.lock) or another
// program's lock (git's config.lock). Only a file that is empty, or that begins
// as this package's records do, is locked and written; see [Spec.refuse].
//
// flock(2) belongs to the open file: every attempt opens the file anew, and the
// kernel gives the lock up when its holder dies. It is advisory: it keeps out
// only those who ask for it.
package lock

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Suffix makes a lock's name of the data file's, unless the caller chose another.
const Suffix = ".lock"

// patience is how often a lock that somebody replaces while it is being taken
// is tried again. Each round needs another replacement.
const patience = 100

// Spec says which file is the lock, and how it is made.
type Spec struct {
	Dir  vfs.Dir // the directory of the lock file, open
	Path string  // the lock file's path
	Name string  // its last element
	// Like finds the data file, whose owner and writers a new lock file takes;
	// false if there is none yet, and then Perm applies, cut by the umask.
	Like func() (vfs.Info, bool)
	Perm fs.FileMode
	// Data is what the data file was when it was located, nil if unknown. A lock
	// file that shuts out some of that file's writers is mended.
	Data *vfs.Info
	// Foreign says that the file to be locked is no lock file: it is never made
	// or written, and its content and links do not matter.
	Foreign bool
	// Existing says that a lock file that is missing is not made.
	Existing bool
	// Full says that the change under the lock needs no space. Then the directory is
	// locked instead where there is no space for the lock file.
	Full bool
}

// Held is a lock that is held. It is not safe for concurrent use.
type Held struct {
	lock     vfs.Lock // nil once released
	spec     Spec
	info     vfs.Info // of the lock file, when it was locked
	made     bool     // this call made the lock file
	file     vfs.File // for the record; nil until that is read or written
	readOnly bool     // file can't be written
	head     []byte   // the beginning of the lock file, when it was locked
	// instead is the directory whose lock stands in for the lock file, for which there
	// was no space; nil for a lock file, and once released.
	instead *vfs.ID
}

// Try takes the lock if it is free, and fails with ErrLocked if it is not. It
// makes the lock file if there is none.
func Try(p Spec) (*Held, error) {
	for range patience {
		if h, err := p.attempt(); h != nil || err != nil {
			return h, err
		}
	}
	return nil, fmt.Errorf("%w: %s keeps being replaced", errors.ErrLock, printable(p.Path))
}

// attempt locks what lies at the path. Neither a lock nor an error means that
// the lock file was replaced meanwhile: try again.
func (p Spec) attempt() (*Held, error) {
	l, err := p.Dir.Lock(p.Name, vfs.TryLock)
	var made vfs.File
	if errors.Is(err, fs.ErrNotExist) && !p.Foreign && !p.Existing {
		// Made with O_EXCL, so that owner and mode are set on no file but one that
		// this call made: another file may be put there at any moment.
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
		// A file that is none of ours is refused even while its owner has it locked.
		if err = p.look(); err == nil || errors.Is(err, fs.ErrNotExist) {
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

// confirm makes sure that the file that was locked is one that may serve as a lock and
// still lies at the path. Neither a lock nor an error means: try again. It owns
// made, which is nil unless this call made the file.
func (p Spec) confirm(l vfs.Lock, made vfs.File) (_ *Held, err error) {
	h := &Held{lock: l, spec: p, info: l.Info(), file: made}
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
	if made != nil && h.holds(made) == nil {
		h.made = true
	} else {
		h.forget()
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

// open opens the lock file for its record, until Release, if it is still the one
// held.
func (h *Held) open() (vfs.File, error) {
	if h.file != nil {
		return h.file, nil
	}
	f, err := h.spec.Dir.OpenRecord(h.spec.Name)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		h.readOnly = true
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

// forget closes the record's descriptor.
func (h *Held) forget() {
	if h.file != nil {
		h.file.Close()
		h.file = nil
	}
}

// holds reports ErrLockLost if an open file is not the lock that is held. Where
// files can be told apart the path would not do: whoever may rename here could
// show another file while it is opened, and the lock again when the path is
// compared.
func (h *Held) holds(f vfs.File) error {
	_, err := h.stat(f)
	return err
}

// stat describes an open file, which must be the lock that is held.
func (h *Held) stat(f vfs.File) (vfs.Info, error) {
	info, err := f.Stat()
	if err != nil {
		return info, err
	}
	switch {
	case h.info.ID == vfs.ID{}: // the platform does not tell
		return info, h.Check()
	case info.ID != h.info.ID:
		return info, h.lost()
	}
	return info, nil
}

// Check reports ErrLockLost if the path no longer names the lock that is held.
func (h *Held) Check() error {
	if h.instead != nil {
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

// Size is the length of the lock file when it was locked; 0 means that nobody
// ever left a record in it.
func (h *Held) Size() int64 { return h.info.Size }

// Release frees the lock by unlocking it rather than by closing alone, so that
// a child that inherited the descriptor keeps nothing. A second Release does
// nothing.
func (h *Held) Release() error {
	if id := h.instead; id != nil {
		h.instead = nil
		return unlockDirectory(*id)
	}
	h.forget()
	l := h.lock
	h.lock = nil
	if l == nil {
		return nil
	}
	return l.Unlock()
}
