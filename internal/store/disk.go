package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Disk is the store of local files.
type Disk struct {
	FS    vfs.FS
	swept sweptDirs
	folds sync.Map // by the ID of a directory without names: whether names that differ in case alone are one; see askByTemp
}

// NewDisk makes a store of a filesystem.
func NewDisk(fs vfs.FS) *Disk { return &Disk{FS: fs} }

// file is a session: one file, its directory open and its lock held.
type file struct {
	disk    *Disk
	dir     vfs.Dir
	self    vfs.Info // the directory, when it was opened
	name    string
	path    string // of dir and name
	links   Symlinks
	suffix  string  // of the lock
	lockDir vfs.Dir // where the lock lies; dir itself unless the caller chose another
	place   place
	lock    *lock.Held // nil without a lock
	data    *lock.Held // on the file itself where that can't be replaced
	owner   replace.Owner
	found   *replace.Old // what the lock was taken on, open and unread; nil if that was not opened
	seen    *replace.Old // what was last read or written, still open; nil if nothing was
	retired *replace.Old // what the last change has replaced, still open; nil if nothing was
	content *content     // of the version that was last read or written; nil if unknown
	guest   atomic.Bool  // a user's code runs under the lock
	stale   bool         // the last holder left its record
	clear   func()       // clears this holder's; nil if it left none
	// busy bounds the wait for a lease on the file while the lock is being taken; nil
	// afterwards, since what was staged is finished.
	busy func(waited time.Duration) error
}

// TryLock is of the Store interface.
func (d *Disk) TryLock(p Placement, at Location, o Options) (Session, error) {
	return d.lock(p, at, o, lock.Try, busyNow, false)
}

// Lock is of the Store interface.
func (d *Disk) Lock(p Placement, at Location, o Options, done <-chan struct{}) (Session, error) {
	return d.lock(p, at, o, func(l lock.Place) (*lock.Held, error) { return lock.Wait(l, done) }, busyUntil(done), true)
}

func (d *Disk) lock(p Placement, at Location, o Options, take func(lock.Place) (*lock.Held, error), busy func(time.Duration) error, waits bool) (_ Session, err error) {
	f, id, err := d.enter(p, at, o)
	if err != nil {
		return nil, err
	}
	f.busy = busy
	defer func() {
		f.busy = nil
		if err != nil {
			f.Release()
		}
	}()
	if !p.NoLock {
		if err := f.takeLock(p, at, id, o.Full, take); err != nil {
			return nil, err
		}
	}
	now, err := f.locate(p, at, waits)
	if err != nil || now.Key != at.Key {
		return nil, moved(err)
	}
	if f.lock != nil {
		f.stale = f.lock.Left() != nil
		f.sweepIfDue(at.Key, f.self)
	}
	if maybeInPlace(now.target) {
		f.lose() // it may have to be put back first
		_, err = f.openInPlace(o, take, inPlace(now.target))
	}
	return f, err
}

// enter opens the directories of a location and refuses, before anything is made
// there, what the options do not allow. id tells the lock's directory from the
// file's own.
func (d *Disk) enter(p Placement, at Location, o Options) (_ *file, id string, err error) {
	if err := p.replaceable(at); err != nil {
		return nil, "", err
	}
	dir, err := d.FS.OpenDir(at.dir)
	if err != nil {
		return nil, "", moved(err)
	}
	f := &file{disk: d, dir: dir, name: at.name, path: at.path, links: p.Symlinks, suffix: p.suffix(), lockDir: dir, owner: replace.NoOwner}
	defer func() {
		if err != nil {
			f.Release()
		}
	}()
	// From here on the descriptor decides, not the path.
	self, err := dir.Self()
	if err != nil || self.ID != at.Key.Dir {
		return nil, "", moved(err)
	}
	f.self = self
	if id, err = f.openLockDir(p, inPlace(at.target)); err != nil {
		return nil, "", err
	}
	if err := f.look(self, at.target, o, p.NoLock); err != nil {
		return nil, "", err
	}
	if o.Existing {
		if _, err := dir.Stat(at.name); err != nil {
			return nil, "", err
		}
	}
	return f, id, nil
}

// Admit is of the Store interface.
func (d *Disk) Admit(p Placement, at Location, o Options) error {
	f, _, err := d.enter(p, at, o)
	if err != nil {
		return err
	}
	return f.Release()
}

// Withdraw is of the Store interface. What is not empty, or gone, stays as it is.
func (d *Disk) Withdraw(made []string) {
	for _, dir := range slices.Backward(made) {
		if d.FS.Rmdir(dir) != nil {
			return
		}
	}
}

// replaceable refuses a device, a directory and whatever else is no regular file
// before anything is made beside it, a lock file among it.
func (p Placement) replaceable(at Location) error {
	if at.target == nil || at.target.Mode.IsRegular() || p.Symlinks == Replace && at.target.Mode&fs.ModeSymlink != 0 {
		return nil
	}
	return notRegular(at.path, at.target.Mode)
}

// locate says what the path means under the lock, and opens that, for which it may have
// to wait as long as the caller may wait for the lock. If that came at once the path has
// just led to the open directory, so that only its last element is looked at, which
// a change is likely to begin with. A wait may have been long: after somebody moved
// the directory or retargeted a link, the path means another file.
func (f *file) locate(p Placement, at Location, waited bool) (Location, error) {
	p.Parents = 0 // they are there, or the path means another file
	if at.Unsure && f.lock != nil && f.lockDir != f.dir {
		f.askByTemp()
	}
	if waited || at.path != p.Path || at.Unsure {
		found, err := f.disk.Locate(p)
		if err != nil || found.Key != at.Key {
			return found, err
		}
	}
	now := time.Now()
	info, open, err := f.openOld()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		at.target = nil
		return at, nil
	case err != nil:
		return at, err
	case info.Mode&fs.ModeSymlink != 0 && f.links != Replace:
		return f.disk.Locate(p)
	}
	at.target = &info
	if found := (&replace.Old{Info: info, At: now, File: open}); info.Mode.IsRegular() {
		f.found = found
	} else {
		found.Close()
	}
	return at, nil
}

// moved is ErrMoved for a directory that is another one, or gone.
func moved(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return ErrMoved
	}
	return err
}

// openLockDir opens the directory of the lock, if there is one and it is
// another. The id tells it from the file's own. Without a lock it is wanted all the same
// for a file that is rewritten in place, whose copy may have to lie there.
func (f *file) openLockDir(p Placement, forCopy bool) (id string, err error) {
	if !p.NoLock || forCopy {
		f.lockDir, id, err = f.disk.lockDir(p, f.dir)
	}
	return id, err
}

// takeLock takes the lock that covers the file.
func (f *file) takeLock(p Placement, at Location, id string, full bool, take func(lock.Place) (*lock.Held, error)) error {
	place := lockPlace(p, at, f.lockDir)
	place.Like, place.Data, place.Full = f.like, at.target, full
	held, err := take(place)
	if errors.Is(err, fs.ErrNotExist) && f.lockDir == f.dir {
		return ErrMoved // the directory was removed after it was opened
	}
	if inPlace(at.target) && f.lockDir == f.dir && unwritable(err) {
		return noPlaceFor("the lock", at.name, err)
	}
	if err != nil && f.lockDir == f.dir {
		return noEntry(f.dir, "every change makes its lock and the new content there", err)
	}
	if err != nil {
		return noEntry(f.lockDir, "the lock has to be made there", err)
	}
	f.lock, f.owner = held, replace.OwnerOf(at.Key.Name, id)
	return nil
}

// lockDir opens the lock's directory. The id is that of [lockID].
func (d *Disk) lockDir(p Placement, own vfs.Dir) (dir vfs.Dir, id string, err error) {
	if p.LockDir == "" {
		return own, lockID("", p.suffix()), nil
	}
	dir, err = d.FS.OpenDir(p.LockDir)
	if err != nil {
		advice := ""
		if errors.Is(err, fs.ErrNotExist) {
			advice = "; make it"
		}
		return own, "", fmt.Errorf("%w: the lock directory can't be used%s: %w", errors.ErrLock, advice, err)
	}
	self, err := dir.Self()
	if err != nil {
		dir.Close()
		return own, "", err
	}
	return dir, lockID(fmt.Sprint(self.ID), p.suffix()), nil
}

// lockPlace says where the lock lies, given its open directory.
func lockPlace(p Placement, at Location, dir vfs.Dir) lock.Place {
	if p.LockDir == "" {
		path := at.path + p.suffix()
		return lock.Place{Dir: dir, Name: path[len(at.path)-len(at.name):], Path: path, Perm: p.Perm}
	}
	name := lockFileName(at.Key, p.suffix())
	return lock.Place{Dir: dir, Name: name, Path: vfs.Join(p.LockDir, name), Perm: p.Perm}
}

// lockFileName names a lock that does not lie beside its file, so that files of
// one name in different directories do not share it.
func lockFileName(k Key, suffix string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x:%x:%s", k.Dir.Dev, k.Dir.Ino, k.Name))
	return hex.EncodeToString(sum[:]) + suffix
}

// like is the data file, for a lock that has to be made.
func (f *file) like() (vfs.Info, bool) {
	info, err := f.dir.Stat(f.name)
	return info, err == nil && info.Mode.IsRegular()
}

// Release is of the Session interface.
func (f *file) Release() error {
	f.lose()
	f.see(nil)
	f.retire(nil)
	if f.clear != nil {
		f.clear()
	}
	var err error
	for _, held := range []*lock.Held{f.data, f.lock} {
		if held != nil {
			err = errors.Join(err, held.Release())
		}
	}
	if f.lockDir != f.dir {
		err = errors.Join(err, f.lockDir.Close())
	}
	return errors.Join(err, f.dir.Close())
}

// Check is of the Session interface.
func (f *file) Check() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Check()
}

// Announce is of the Session interface.
func (f *file) Announce() {
	f.guest.Store(true)
	if f.lock != nil {
		f.clear = f.lock.Announce()
	}
}

// Stale is of the Session interface.
func (f *file) Stale() bool { return f.stale }
