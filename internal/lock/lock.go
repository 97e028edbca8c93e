// Package lock is the advisory lock that keeps writers of one file apart,
// within a process as between processes: flock(2) on a file beside the data,
// PATH.lock, taken by github.com/gofrs/flock and nothing else.
//
// The lock lies on a file of its own since the data file is replaced by every
// write, and a lock on the old inode excludes nobody. The lock file is never
// removed, since removing it would let two holders in: one on the old inode,
// one on the new. After taking the lock its inode is compared with the path,
// and compared again before anything is made visible, so that whoever moved or
// deleted the lock file has revoked the lock rather than shared it.
//
// flock(2) belongs to the open file: every attempt opens the file anew, and the
// kernel gives the lock up when its holder dies. It is advisory: it keeps out
// only those who ask for it.
package lock

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Suffix makes a lock's name of the data file's.
const Suffix = ".lock"

// patience is how often a lock that somebody replaces while it is being taken
// is tried again. Each round needs another replacement.
const patience = 100

// Place says where a lock lies.
type Place struct {
	Dir  vfs.Dir // the directory of the lock file, open
	Path string  // the lock file's path
	Name string  // its last element
	// Like finds the data file, whose mode and owner a new lock file takes;
	// false if there is none yet, and then Perm applies, cut by the umask.
	Like func() (vfs.Info, bool)
	Perm fs.FileMode
}

// Held is a lock that is held. It is not safe for concurrent use.
type Held struct {
	flock *flock.Flock
	place Place
	info  fs.FileInfo // of the lock file, when it was locked
	open  vfs.File    // for the record; nil until that is read or written
}

// Try takes the lock if it is free, and fails with ErrLocked if it is not. It
// makes the lock file if there is none.
func Try(p Place) (*Held, error) {
	for range patience {
		f, made, err := p.attempt()
		if err != nil {
			return nil, err
		}
		h, err := p.confirm(f)
		if h != nil && made {
			h.follow()
		}
		if h != nil || err != nil {
			return h, err
		}
	}
	return nil, fmt.Errorf("%w: %s keeps being replaced", errors.ErrLock, p.Path)
}

// attempt locks whatever lies at the path. It opens without O_CREATE first, so
// that a lock file on a read-only mount, or one of another user's, serves too.
func (p Place) attempt() (f *flock.Flock, made bool, err error) {
	f = p.open(0)
	free, err := try(f)
	if errors.Is(err, fs.ErrNotExist) {
		f, made = p.open(os.O_CREATE), true
		free, err = try(f)
	}
	if err != nil {
		return nil, false, p.classify(err)
	}
	if !free {
		return nil, false, errors.ErrLocked
	}
	return f, made, nil
}

// open prepares a lock of its own for each attempt: gofrs/flock lets a Flock
// that already holds the lock lock again, so a shared one would exclude nobody.
func (p Place) open(create int) *flock.Flock {
	return flock.New(p.Path, flock.SetFlag(openFlags|create), flock.SetPermissions(lockMode(p.Perm)))
}

// lockMode lets everybody lock who may read or write the data, and never locks
// the owner out.
func lockMode(data fs.FileMode) fs.FileMode { return data&0o666 | 0o600 }

func try(f *flock.Flock) (free bool, err error) {
	for {
		free, err = f.TryLock()
		if !errors.Is(err, syscall.EINTR) {
			return free, err
		}
	}
}

// confirm makes sure that what was locked is a regular file and still lies at
// the path. Neither a lock nor an error means: try again.
func (p Place) confirm(f *flock.Flock) (*Held, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is no regular file; remove it", errors.ErrLock, p.Path)
	}
	same := false
	if err == nil {
		same, err = p.Dir.Same(p.Name, info)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, errors.ErrLock) {
		err = fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	if err != nil || !same {
		return nil, errors.Join(err, unlock(f))
	}
	return &Held{flock: f, place: p, info: info}, nil
}

// follow gives a lock file that was just made the mode and owner of the data
// file, past the umask, so that whoever shares the data shares the lock. What
// the system refuses is left as it is: the maker can use the lock either way.
func (h *Held) follow() {
	like, ok := h.place.Like()
	if !ok {
		return
	}
	f, err := h.record()
	if err != nil {
		return
	}
	_ = f.Chown(like.UID, like.GID)
	_ = f.Chmod(lockMode(like.Mode))
}

// record opens the lock file for its record, until Release, if it is still the one
// held.
func (h *Held) record() (vfs.File, error) {
	if h.open != nil {
		return h.open, nil
	}
	f, err := h.place.Dir.OpenRecord(h.place.Name)
	if err != nil {
		return nil, err
	}
	if err := h.holds(f); err != nil {
		f.Close()
		return nil, err
	}
	h.open = f
	return f, nil
}

// holds reports ErrLockLost if an open file is not the lock that is held. Where
// files can be told apart the path would not do: whoever may rename here could
// show another file while it is opened, and the lock again when the path is
// compared.
func (h *Held) holds(f vfs.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	held, known := vfs.IDOf(h.info)
	switch {
	case !known:
		return h.Check()
	case info.ID != held:
		return h.lost()
	}
	return nil
}

// Check reports ErrLockLost if the path no longer names the lock that is held.
func (h *Held) Check() error {
	same, err := h.place.Dir.Same(h.place.Name, h.info)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	if !same {
		return h.lost()
	}
	return nil
}

func (h *Held) lost() error {
	return fmt.Errorf("%w: %s was replaced or removed while it was held", errors.ErrLockLost, h.place.Path)
}

// Polled reports whether somebody has lately been at the lock file who takes the lock
// in another way: py-filelock truncates the file whenever it tries, and so do programs
// that write a text of their own into it. Who has only opened the file is not seen.
func (h *Held) Polled() bool {
	return h.Size() != recordSize && time.Since(h.info.ModTime()) < pollSpan
}

// pollSpan is how long a change of the lock file counts as lately. Whoever polls does
// so more often.
const pollSpan = time.Second

// Wanted reports whether somebody waits for the lock in flock(2); true where that
// can't be told. Who polls is not seen.
func (h *Held) Wanted() bool {
	id, known := vfs.IDOf(h.info)
	return !known || wanted(id)
}

// Size is the length of the lock file when it was locked; 0 means that nobody
// ever left a record in it.
func (h *Held) Size() int64 { return h.info.Size() }

// Release frees the lock by unlocking it rather than by closing alone, so that
// a child that inherited the descriptor keeps nothing.
func (h *Held) Release() error {
	if h.open != nil {
		h.open.Close()
	}
	return unlock(h.flock)
}

func unlock(f *flock.Flock) error {
	for {
		if err := f.Unlock(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// classify tells a filesystem that can't lock from a lock that can't be opened.
// Only EWOULDBLOCK means busy, and gofrs/flock has seen to that.
func (p Place) classify(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK):
		return fmt.Errorf("%w: %s can't be locked: %w; choose another directory for the lock with WithLockDir",
			errors.ErrUnsupportedEnvironment, p.Path, err)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%w: %w: %s is a symbolic link; remove it", errors.ErrLock, errors.ErrSymlink, p.Path)
	}
	return fmt.Errorf("%w: %w", errors.ErrLock, err)
}
