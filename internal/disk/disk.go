package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Disk is the store of local files.
type Disk struct {
	FS      vfs.FS
	swept   sweptDirs
	made    durableFiles
	watches watchHub
	folds   sync.Map // for the ID of an empty directory: whether names that differ only in case are one; see askByTemp
}

// New makes a store of a filesystem.
func New(fs vfs.FS) *Disk { return &Disk{FS: fs} }

// file is a session: one file, its directory open and its lock held.
type file struct {
	disk      *Disk
	dir       vfs.Dir
	self      vfs.Info // the directory when it was opened
	name      string
	path      string // dir and name joined
	links     store.Symlinks
	suffix    string  // of the lock
	lockDir   vfs.Dir // the directory of the lock; dir itself without a WithLockDir
	env       environment
	lock      *lock.Held // nil without a lock
	data      *lock.Held // on the file itself, if the file can't be replaced
	owner     replace.Owner
	target    replace.Old  // the file when the lock was taken
	found     *replace.Old // the same, if it is still open and unread; else nil
	seen      *replace.Old // the file that was last read or written, still open; nil if there is none
	content   content      // of the version that was last read or written
	userCode  atomic.Bool  // a user's code runs under the lock
	stale     bool         // the last holder has not cleared its record
	clear     func()       // clears this holder's record; nil if there is none
	leaseWait leaseWait    // with a lease on the file
}

// TryLock implements store.Store.
func (d *Disk) TryLock(_ context.Context, t store.Target, at store.Location, o store.Options) (store.Session, error) {
	return d.lock(t, at, o, lock.Try, leaseWait{limit: store.NoWait}, false)
}

// Lock implements store.Store.
func (d *Disk) Lock(ctx context.Context, t store.Target, at store.Location, o store.Options) (store.Session, error) {
	wait := func(l lock.Spec) (*lock.Held, error) { return lock.Wait(ctx, l) }
	return d.lock(t, at, o, wait, leaseWait{ctx, math.MaxInt64}, true)
}

func (d *Disk) lock(t store.Target, at store.Location, o store.Options, take func(lock.Spec) (*lock.Held, error), p leaseWait, waits bool) (_ store.Session, err error) {
	f, id, err := d.enter(t, at, o)
	if err != nil {
		return nil, err
	}
	f.leaseWait = p
	defer func() {
		f.leaseWait = leaseWait{} // a staged change is finished, so its wait has no limit
		if err != nil {
			f.Release(context.Background())
		}
	}()
	if !t.NoLock {
		if err := f.takeLock(t, at, id, o.Full, take); err != nil {
			return nil, err
		}
		// What a LockAll has left to be completed may be the file's content, so it is looked at afterwards.
		f.stale = f.lock.Left() != nil
		if err := f.sweepIfDue(at.Key, f.self, o.Policy); err != nil {
			return nil, err
		}
	}
	target, err := f.relocate(t, at, waits)
	if err != nil {
		return nil, moved(err)
	}
	if target != nil && (target.Mount.Root || target.Mount.RootUnknown) && maybeInPlace(target) {
		f.closeFound() // the old content may have to be put back first
		_, err = f.openInPlace(o, take, inPlace(target))
	}
	return f, err
}

// enter opens the directories of a location. It returns an error, before anything is made
// there, if the options do not allow a change. id is that of [lockID].
func (d *Disk) enter(p store.Target, at store.Location, o store.Options) (_ *file, id string, err error) {
	e := entryOf(at)
	// A device, a directory or another file that is not regular is refused before anything is made beside it,
	// as a lock file would be.
	if e.Info != nil && !e.Info.Mode.IsRegular() && (p.Symlinks != store.Replace || e.Info.Mode&fs.ModeSymlink == 0) {
		return nil, "", notRegular(e.Path, e.Info.Mode)
	}
	dir, err := d.FS.OpenDir(e.Dir)
	if err != nil {
		return nil, "", moved(err)
	}
	f := &file{disk: d, dir: dir, name: e.Name, path: e.Path, links: p.Symlinks, suffix: suffix(p), lockDir: dir, owner: replace.NoOwner}
	defer func() {
		if err != nil {
			f.Release(context.Background())
		}
	}()
	// From here on the descriptor decides, not the path.
	self, err := dir.Self()
	if err != nil || [2]uint64{self.Dev, self.Ino} != at.Key.Space {
		return nil, "", moved(err)
	}
	f.self = self
	// Without a lock, its directory is needed too: the copy for a file that is rewritten in place may
	// lie there.
	if p.LockDir == "" {
		id = lockID("", f.suffix)
	} else if !p.NoLock || inPlace(e.Info) {
		if f.lockDir, id, err = d.lockDir(p, dir); err != nil {
			return nil, "", err
		}
	}
	if err := f.judge(self, e.Info, o, p.NoLock); err != nil {
		return nil, "", err
	}
	if o.Existing {
		if _, err := dir.Stat(e.Name); err != nil {
			return nil, "", err
		}
	}
	return f, id, nil
}

// Admit implements store.Store.
func (d *Disk) Admit(ctx context.Context, p store.Target, at store.Location, o store.Options) error {
	f, _, err := d.enter(p, at, o)
	if err != nil {
		return err
	}
	return f.Release(ctx)
}

// relocate checks, now that the lock is held, that the target still means the file, and opens the file.
// It may have to wait for a lease, as long as the caller may wait for the lock. If the lock came at once,
// the path has just led to the open directory, so relocate checks only its last element. After a
// wait it resolves the whole path: meanwhile the directory may have been moved, or a link retargeted. The
// result describes the file; nil means that there is none.
func (f *file) relocate(t store.Target, at store.Location, waited bool) (*vfs.Info, error) {
	t.Parents = 0 // the parents exist, or the path means another file
	if at.Unsure && f.lock != nil && f.lockDir != f.dir {
		f.askByTemp()
	}
	again := func() (*vfs.Info, error) {
		found, err := f.disk.Locate(context.Background(), t)
		if err == nil && found.Key != at.Key {
			err = store.ErrMoved
		}
		if err != nil {
			return nil, err
		}
		return entryOf(found).Info, nil
	}
	if waited || f.path != t.Path || at.Unsure {
		if _, err := again(); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	info, open, err := f.openOld()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode&fs.ModeSymlink != 0 && f.links != store.Replace:
		return again()
	}
	f.target = replace.Old{Info: info, At: now, File: open}
	if info.Mode.IsRegular() {
		f.found = &f.target
	} else {
		f.target.Close()
	}
	return &f.target.Info, nil
}

// moved turns the error for a missing directory into ErrMoved.
func moved(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return store.ErrMoved
	}
	return err
}

// takeLock takes the lock that covers the file.
func (f *file) takeLock(p store.Target, at store.Location, id string, full bool, take func(lock.Spec) (*lock.Held, error)) error {
	spec := lockSpec(p, at, f.lockDir)
	spec.Like, spec.Data, spec.Full = f.like, entryOf(at).Info, full
	held, err := take(spec)
	if errors.Is(err, fs.ErrNotExist) && f.lockDir == f.dir {
		return store.ErrMoved // the directory was removed after it was opened
	}
	if inPlace(entryOf(at).Info) && f.lockDir == f.dir && vfs.WriteRefused(err) {
		return cantMake("the lock", f.name, err)
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
func (d *Disk) lockDir(p store.Target, own vfs.Dir) (dir vfs.Dir, id string, err error) {
	if p.LockDir == "" {
		return own, lockID("", suffix(p)), nil
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
	return dir, lockID(fmt.Sprint(self.ID), suffix(p)), nil
}

// lockSpec gives the Spec of the lock, given its open directory.
func lockSpec(p store.Target, at store.Location, dir vfs.Dir) lock.Spec {
	if p.LockDir == "" {
		e := entryOf(at)
		path := e.Path + suffix(p)
		return lock.Spec{Dir: dir, Name: path[len(e.Path)-len(e.Name):], Path: path, Perm: p.Perm}
	}
	name := lockFileName(at.Key, suffix(p))
	return lock.Spec{Dir: dir, Name: name, Path: vfs.Join(p.LockDir, name), Perm: p.Perm}
}

// lockFileName gives the name of a lock in a WithLockDir. Files of one name in different directories have
// different lock names.
func lockFileName(k store.Key, suffix string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x:%x:%s", k.Space[0], k.Space[1], k.Name))
	return hex.EncodeToString(sum[:]) + suffix
}

// like finds the data file, for a lock file that must be made.
func (f *file) like() (vfs.Info, bool) {
	info, err := f.dir.Stat(f.name)
	return info, err == nil && info.Mode.IsRegular()
}

// Release implements store.Session.
func (f *file) Release(context.Context) error {
	f.found.Close()
	f.seen.Close()
	if f.clear != nil {
		f.clear()
	}
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if f.data != nil {
		note(f.data.Release())
	}
	if f.lock != nil {
		note(f.lock.Release())
	}
	if f.lockDir != f.dir {
		note(f.lockDir.Close())
	}
	note(f.dir.Close())
	if errs == nil {
		return nil
	}
	return errors.Join(errs...)
}

// Check implements store.Session.
func (f *file) Check(context.Context) error { return f.checkLock() }

// checkLock returns ErrLockLost if the lock was taken away. Without a lock it returns nil.
func (f *file) checkLock() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Check()
}

// Announce implements store.Session.
func (f *file) Announce(context.Context) {
	f.userCode.Store(true)
	if f.lock != nil {
		f.clear = f.lock.Announce()
	}
}

// Stale implements store.Session.
func (f *file) Stale() bool { return f.stale }

var _ store.Store = (*Disk)(nil)
