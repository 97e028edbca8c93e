package lock

import (
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// IsHeld reports whether somebody holds the lock right now. It makes no lock
// file. It asks by taking a shared lock for a moment, so a Try at that very
// moment may be told that the lock is busy.
func (p Spec) IsHeld() (bool, error) {
	if err := p.look(); err != nil {
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

// Supplant puts a new lock file in the place of the old one, whoever holds
// that, and returns it held. The new one is locked before it gets the name, so
// there is no moment at which somebody else could take it. It is made under a
// name that newName gives, in the lock's directory.
//
// A file that is not ours to lock is refused rather than replaced. Somebody who
// puts such a file there between the check and the rename loses it.
func (p Spec) Supplant(newName func() string) (*Held, error) {
	if err := p.look(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for range patience {
		h, err := p.supplant(newName())
		// The name can't be guessed: if it is taken, then by the call itself, on a
		// filesystem that made the file and was interrupted before it said so.
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
	if err != nil || l == nil { // somebody found the name and locked the file first
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
