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

// On a full disk no lock file can be made. A file must be removable even so, since a removal
// makes space. If there is no lock file, nobody holds the lock. So only a process that makes
// the lock file meanwhile must be excluded. For that the directory is locked, by flock(2) on the
// directory itself:
//
//   - A process that makes a lock file holds a shared lock on the directory meanwhile.
//   - A process that can't make the lock file, and needs no space for its change, takes the
//     exclusive lock on the directory. Then it checks that there still is no lock file.
//
// So the lock file is made either before this check, which finds it, or after the
// change. The price is a few system calls when a lock file is made, and none later.
// A program that does not lock the directory, such as py-filelock, is noticed by Check right
// before the change: if a lock file has appeared, the lock is lost.
//
// flock(2) needs no more than an open directory. So a process that may only read the directory
// could prevent others from making lock files for ever. Therefore the maker of a lock file
// waits for directoryWait at most. A removal takes less time.
const directoryWait = time.Second

// directories are the directories that this process has locked. The files of one directory
// share the lock, since within the process the queues exclude the users of one file.
var directories = struct {
	sync.Mutex
	by map[vfs.ID]*directory
}{by: map[vfs.ID]*directory{}}

type directory struct {
	lock  vfs.Lock
	users int
}

func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// tryDirectory locks the directory instead of a lock file that could not be made. If it returns
// neither a lock nor an error, there is a lock file now: try again.
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
	h := &Held{spec: p, info: d.lock.Info(), directory: &self.ID}
	if h.Check() != nil {
		return nil, h.Release()
	}
	return h, nil
}

// lockDirectory adds a user to the lock of a directory. The first user takes the lock.
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
		return nil, errors.Join(fs.ErrNotExist, l.Unlock()) // the path leads to another directory now
	}
	d := &directory{l, 1}
	directories.by[id] = d
	return d, nil
}

// unlockDirectory removes a user of the lock of a directory. The last user releases the lock.
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

// shareDirectory takes the shared lock on the directory, until done is called. It waits for a
// process that changes a file of the directory without a lock file. If the directory can't be
// locked, the lock file is made without.
func (p Spec) shareDirectory() (done func()) {
	nothing := func() {}
	if p.ownDirectory() {
		return nothing
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		l, err := p.Dir.Lock(".", vfs.TryShare)
		switch {
		case err != nil, l == nil && time.Since(began) > directoryWait:
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

// checkDirectory is Check for a locked directory: the lock is lost if there is a lock file.
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
