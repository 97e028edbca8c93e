package lock

import (
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// On a full disk no lock file can be made, yet a file must be removable: that is how
// a disk gets room again. Where there is no lock file nobody holds the lock, so all
// that must be kept out is somebody who makes one meanwhile. For that
// the directory is locked, by flock(2) on the directory itself:
//
//	who makes a lock file              holds the directory's lock shared while doing so
//	who can't make one and needs no    takes the directory's lock exclusively, and
//	space for the change               looks that there still is no lock file
//
// So the lock file is made either before that look, and then it is found, or after the
// change. It costs a few system calls when a lock file is made, and nothing later.
// Programs that do not know this, as py-filelock, are noticed by Check right before
// the change: if a lock file has appeared, the lock is lost.
//
// flock(2) needs no more than an open directory, so whoever may read it could keep
// others from making lock files for ever. Hence the maker waits for a bounded time,
// which is long for a removal.
const directoryPatience = time.Second

// directories are those that this process has locked. Files of one directory share its
// lock, since within the process the queues keep the users of one file apart.
var directories = struct {
	sync.Mutex
	by map[vfs.ID]*directory
}{by: map[vfs.ID]*directory{}}

type directory struct {
	lock  vfs.Lock
	users int
}

func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// tryDirectory locks the directory in place of a lock file that could not be made. Neither
// a lock nor an error means that a lock file is there by now: try again.
func (p Spec) tryDirectory(cause error) (*Held, error) {
	self, err := p.Dir.Self()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errors.ErrLock, err)
	}
	d, err := lockDirectory(self.ID, p.Dir)
	switch {
	case errors.Is(err, errors.ErrLocked):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: there is no space for the lock file; choose a directory on another filesystem with WithLockDir, "+
			"or stop all other users of the file and use WithoutLock: %w", errors.ErrLock, cause)
	}
	h := &Held{spec: p, info: d.lock.Info(), instead: &self.ID}
	if h.Check() != nil {
		return nil, h.Release()
	}
	return h, nil
}

// lockDirectory adds a user to the lock of a directory, which is taken with the first.
func lockDirectory(id vfs.ID, dir vfs.Dir) (*directory, error) {
	directories.Lock()
	defer directories.Unlock()
	if d := directories.by[id]; d != nil {
		d.users++
		return d, nil
	}
	l, err := dir.Lock(".", vfs.TryLock)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, errors.ErrLocked
	}
	if found := l.Info().ID; found != id && found != (vfs.ID{}) {
		return nil, errors.Join(fs.ErrNotExist, l.Unlock()) // the path leads to another directory by now
	}
	d := &directory{l, 1}
	directories.by[id] = d
	return d, nil
}

// unlockDirectory takes a user off the lock of a directory.
func unlockDirectory(id vfs.ID) error {
	directories.Lock()
	defer directories.Unlock()
	d := directories.by[id]
	if d.users--; d.users > 0 {
		return nil
	}
	delete(directories.by, id)
	return d.lock.Unlock()
}

// shareDirectory waits until nobody changes a file of the directory without a lock file,
// and keeps others from it until done is called. What can't be locked is no reason to
// make no lock file.
func (p Spec) shareDirectory() (done func()) {
	nothing := func() {}
	if p.ownDirectory() {
		return nothing
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		l, err := p.Dir.Lock(".", vfs.TryShare)
		switch {
		case err != nil, l == nil && time.Since(began) > directoryPatience:
			return nothing
		case l != nil:
			return func() { _ = l.Unlock() }
		}
	}
}

// ownDirectory reports whether this process has locked the directory itself.
func (p Spec) ownDirectory() bool {
	directories.Lock()
	defer directories.Unlock()
	if len(directories.by) == 0 {
		return false
	}
	self, err := p.Dir.Self()
	return err == nil && directories.by[self.ID] != nil
}

// checkDirectory is Check for a lock that stands in for a lock file.
func (h *Held) checkDirectory() error {
	_, err := h.spec.Dir.Stat(h.spec.Name)
	switch {
	case err == nil:
		return h.lost()
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("%w: %w", errors.ErrLock, err)
}
