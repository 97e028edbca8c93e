package lock

import (
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// IsHeld reports whether a process holds the lock now. It makes no lock
// file. It takes a shared lock for a moment, so a Try at that moment may
// find the lock busy.
func (p Spec) IsHeld() (bool, error) {
	if err := p.inspectPath(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	l, err := p.Dir.Lock(p.Name, vfs.TryShare)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, p.classify(err)
	case l != nil:
		return false, l.Unlock()
	}
	return true, nil
}

// Supplant replaces the lock file by a new one, even if another process holds the old one, and
// returns the new lock held. The new file is locked before the rename gives it the lock's name, so
// no other process can take it first. It is made in the lock's directory, under a
// name that newName gives.
//
// A file that is no lock file of this library is refused and not replaced. If another program
// puts its file there between the check and the rename, that file is lost.
func (p Spec) Supplant(newName func() string) (*Held, error) {
	if err := p.inspectPath(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for range maxAttempts {
		h, err := p.supplant(newName())
		// The name is unpredictable, so no other program has made the file. But the system call
		// may have made it and have been interrupted before it returned.
		if !errors.Is(err, fs.ErrExist) {
			return h, err
		}
	}
	return nil, fmt.Errorf("%w: every name for a new lock file is taken: %w", errors.ErrLock, fs.ErrExist)
}

func (p Spec) supplant(name string) (_ *Held, err error) {
	temp := p
	temp.Name = name
	temp.Path = p.Path[:len(p.Path)-len(p.Name)] + name
	made, err := temp.create(name)
	if err != nil {
		return nil, temp.classify(err)
	}
	defer func() {
		if err != nil {
			_ = p.Dir.Remove(name)
		}
	}()
	l, err := p.Dir.Lock(name, vfs.TryLock)
	if err != nil || l == nil { // another process found the file and locked it first
		made.Close()
		if err == nil {
			err = errors.New("it was locked while it was being made")
		}
		return nil, temp.classify(err)
	}
	h, err := temp.confirm(l, made)
	if err == nil && h == nil {
		err = fmt.Errorf("%w: %s was replaced while it was being made", errors.ErrLock, printable(temp.Path))
	}
	if err != nil {
		return nil, err
	}
	if err = p.Dir.Rename(name, p.Dir, p.Name); err != nil {
		return nil, errors.Join(err, h.Release())
	}
	h.spec = p
	return h, nil
}
