package disk

import (
	"fmt"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/store"
)

// openInPlace locks the file itself, and undoes a write that was cut off; undone reports whether there
// was any. Unless the file is certain to be a mount, it is locked only if there is a copy.
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
	info, err := f.dir.Stat(f.name) // the lock on it may have been waited for
	if err != nil {
		return false, err
	}
	f.sweepGuests()
	for _, k := range f.keepers(info.Ino) {
		state, _, err := k.look(info)
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

// anyCopy reports whether something lies where a copy of the file may.
func (f *file) anyCopy() (bool, error) {
	info, err := f.dir.Stat(f.name)
	if err != nil {
		return false, err
	}
	for _, k := range f.keepers(info.Ino) {
		if state, _, err := k.look(info); err != nil || state != noCopy {
			return err == nil, err
		}
	}
	return false, nil
}

// recover puts the old content back that a keeper holds.
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
		return err // without a copy somebody has put it back already
	}
	defer func() { r.copy.Close() }()
	if err := r.putBack(); err != nil {
		return fmt.Errorf("the old content, which %s keeps, can't be put back: %w", k.name, err)
	}
	o.Policy.Report("a write in place that did not come to its end was undone", errors.New("its copy "+k.name+" was left"))
	return nil
}

// sweepGuests removes the temps that a killed writer of this file left in the lock
// directory. Its lock is held, so none of them is in use.
func (f *file) sweepGuests() {
	if f.lock == nil || f.lockDir == f.dir {
		return
	}
	if names, err := f.lockDir.Names(); err == nil {
		removeTemps(f.lockDir, names, f.guestOwner())
	}
}
