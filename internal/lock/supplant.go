package lock

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
)

// IsHeld reports whether somebody holds the lock right now. It makes no lock
// file. It asks by taking a shared lock for a moment, so a Try at that very
// moment may be told that the lock is busy.
func (p Place) IsHeld() (bool, error) {
	f := p.open(0)
	for {
		free, err := f.TryRLock()
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, p.classify(err)
		case free:
			return false, unlock(f)
		}
		return true, nil
	}
}

// Supplant puts a new lock file in the place of the old one, whoever holds
// that, and returns it held. The new one is locked before it gets the name, so
// there is no moment at which somebody else could take it. It is made under the
// given name, in the lock's directory.
func (p Place) Supplant(name string) (*Held, error) {
	temp := p
	temp.Name = name
	temp.Path = p.Path[:len(p.Path)-len(p.Name)] + name
	f := flock.New(temp.Path, flock.SetFlag(openFlags|os.O_CREATE|os.O_EXCL), flock.SetPermissions(lockMode(p.Perm)))
	free, err := try(f)
	if err != nil {
		return nil, p.classify(err)
	}
	if !free { // somebody found the name and locked the file first
		return nil, errors.Join(fmt.Errorf("%w: %s was locked while it was being made", errors.ErrLock, temp.Path), p.Dir.Remove(name))
	}
	h, err := temp.confirm(f)
	if err == nil && h == nil {
		err = errors.ErrLock
	}
	if err == nil {
		h.follow()
		err = p.Dir.Rename(name, p.Dir, p.Name)
	}
	if err != nil {
		_ = p.Dir.Remove(name)
		return nil, errors.Join(err, unlock(f))
	}
	h.place = p
	return h, nil
}
