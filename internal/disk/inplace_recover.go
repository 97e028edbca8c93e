package disk

import (
	"fmt"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/store"
)

// openInPlace locks the file itself, and undoes an incomplete write; undone reports whether there
// was one. If it is not certain that the file is a mount, it is locked only if there is a copy.
func (f *file) openInPlace(o store.Options, take func(lock.Spec) (*lock.Held, error), certain bool) (undone bool, err error) {
	if !certain {
		if found, err := f.anyCopy(); err != nil || !found {
			return false, err
		}
	}
	if !f.env.noLock && f.data == nil {
		f.data, err = take(lock.Spec{Dir: f.dir, Name: f.name, Path: f.path, DataFile: true})
		if err != nil {
			return false, err
		}
	}
	info, err := f.dir.Stat(f.name) // the wait for its lock may have been long
	if err != nil {
		return false, err
	}
	f.sweepLockDir()
	for _, k := range f.keepers(info.Ino) {
		state, _, err := k.inspect(info)
		switch {
		case err != nil:
			return undone, err
		case state == goodCopy:
			undone = true
			err = f.recover(k, o)
		case state != noCopy:
			err = f.setAside(k, state, o)
		}
		if err != nil {
			return undone, err
		}
	}
	return undone, nil
}

// anyCopy reports whether a keeper holds something.
func (f *file) anyCopy() (bool, error) {
	info, err := f.dir.Stat(f.name)
	if err != nil {
		return false, err
	}
	for _, k := range f.keepers(info.Ino) {
		if state, _, err := k.inspect(info); err != nil || state != noCopy {
			return err == nil, err
		}
	}
	return false, nil
}

// recover puts the old content back from the copy of a keeper.
func (f *file) recover(k keeper, o store.Options) error {
	target, err := f.openRecord()
	if err != nil {
		return err
	}
	defer target.Close()
	r := &rewriting{file: f, target: target, options: o}
	if r.before, err = target.Stat(); err == nil {
		r.copy, err = openCopy([]keeper{k}, r.before)
	}
	if err != nil || r.copy == nil {
		return err // if there is no copy, another process has put it back already
	}
	defer func() { r.copy.Close() }()
	if err := r.putBack(); err != nil {
		return fmt.Errorf("the old content, which %s keeps, can't be put back: %w", k.name, err)
	}
	o.Policy.Report("a write in place that did not come to its end was undone", errors.New("its copy "+k.name+" was left"))
	return nil
}

// sweepLockDir removes the temps that a killed writer of this file has left in the lock
// directory. The file's lock is held, so none of them is in use.
func (f *file) sweepLockDir() {
	if f.lock == nil || f.lockDir == f.dir {
		return
	}
	if names, err := f.lockDir.Names(); err == nil {
		removeTemps(f.lockDir, names, f.lockDirOwner())
	}
}
