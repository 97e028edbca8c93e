// Package replace is the replace protocol. It replaces the content of a file. A reader sees the old
// content or the new one, a crash leaves the old content or the new one, and an error leaves the old
// one.
//
//	create a temp beside the target      O_EXCL|O_NOFOLLOW, unpredictable name
//	write it
//	owner, ACL, attributes, mode         by descriptor, as the old file has them
//	fsync the temp                       content and metadata are on disk
//	guard                                do we still hold the lock, and is the old file unchanged?
//	rename over the target               now it is visible
//	fsync the directory                  now the name is on disk too
//
// The reasons for this order:
//   - The fsync comes before the rename. Otherwise the name may reach the disk before the content. ext4's
//     auto_da_alloc prevents that in some cases only (ext4(5)); xfs and btrfs do not prevent it.
//   - Metadata is set before the fsync. A later change of it may be lost in a crash.
//   - Everything that can fail comes before the rename, so that a failure leaves the old file. The one
//     exception is the fsync of the directory. If that fails, the change is visible but not
//     confirmed: ErrNotDurable.
//
// After a failed fsync the temp file is removed and never synced again. Linux marks the pages clean, so a second
// fsync would succeed although the data is not on disk (fsync(2), "the state of the data is unspecified").
package replace

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Old is the file that is to be replaced.
type Old struct {
	Info vfs.Info
	At   time.Time // a moment before Info was asked for
	File vfs.File  // open for reading; nil if its content may not be read
}

// Timestamps come from a clock with ticks. The kernel's clock ticks at least every 10 ms. The timestamps of a
// filesystem without fractions of a second (ext4 with 128-byte inodes, HFS+) change every second, and those
// of FAT every two seconds.
const (
	clockTick       = 20 * time.Millisecond
	coarseClockTick = 2*time.Second + clockTick
)

// Settling gives the time, from the moment At, for which a change of the content might not change the file's
// timestamps. If it is zero or less, every change is visible.
func (o *Old) Settling() time.Duration {
	tick := clockTick
	if o.Info.Mtime%int64(time.Second) == 0 {
		tick = coarseClockTick
	}
	return tick - time.Duration(o.At.UnixNano()-o.Info.Mtime)
}

// Close closes the file, if there is one that is open.
func (o *Old) Close() {
	if o != nil && o.File != nil {
		o.File.Close()
		o.File = nil
	}
}

// Temp is a temp file with new content: write it, Settle it, Commit it. Abort ends it at any point. It is not
// safe for concurrent use.
type Temp struct {
	vfs.File // for writing the content
	dir      vfs.Dir
	name     string // empty once the temp file has the target's name
	old      *Old
	policy   safety.Policy
}

// Create opens a temp file in dir. If there is an old file, its metadata is copied later, and until then only the
// owner can open the temp file. If there is none, the mode is perm before umask or the directory's
// default ACL.
func Create(dir vfs.Dir, owner Owner, old *Old, perm fs.FileMode, policy safety.Policy) (*Temp, error) {
	if old != nil {
		perm = 0o600
	}
	name := NewName(owner)
	f, err := dir.Create(name, perm)
	if err != nil {
		return nil, err
	}
	return &Temp{f, dir, name, old, policy}, nil
}

// Like replaces the old file that Create got: the temp file takes the metadata of another file.
func (t *Temp) Like(old *Old) { t.old = old }

// Abort closes the temp file, and removes it unless it was committed. After Take or Abort it does nothing.
func (t *Temp) Abort() {
	if t.File == nil {
		return
	}
	t.File.Close()
	t.File = nil
	if t.name != "" {
		_ = t.dir.Remove(t.name) // if it can't be removed now, a sweep does it later
	}
}

// Take leaves the file open to the caller.
func (t *Temp) Take() (open vfs.File) {
	open, t.File = t.File, nil
	return open
}

// Name is the name of the temp file, empty once that is the target's.
func (t *Temp) Name() string { return t.name }

// Keep leaves the temp file at its name to the caller, whatever becomes of it.
func (t *Temp) Keep() { t.name = "" }

// Settle makes content and metadata final and durable. Nothing may be written
// after Settle.
func (t *Temp) Settle() error {
	if t.old != nil {
		if err := carry(t.old, t.File, t.policy); err != nil {
			return err
		}
	}
	return SyncFile(t.File, t.policy)
}

// Commit renames the temp file over the target, and syncs the directory. The file stays open until
// Abort. guard runs right before the rename; its error stops the commit. After an error the target is
// unchanged. The one exception is ErrNotDurable: the new content is visible.
func (t *Temp) Commit(target string, guard func() error) error {
	if err := guard(); err != nil {
		return err
	}
	if err := t.dir.Rename(t.name, t.dir, target); err != nil {
		return renameError(err, target)
	}
	t.name = "" // the name is free, and another temp file may have it now
	return SyncDirs(t.policy, t.dir)
}

// renameError explains the two errors that a user can do something about.
func renameError(err error, target string) error {
	if errors.Is(err, fs.ErrNotExist) {
		// The temp file is gone. Either the lock was taken away by force and its temp files were swept, or
		// the directory was removed.
		return fmt.Errorf("%w: the temp file was removed: %w", errors.ErrLockLost, err)
	}
	return Busy(err, target)
}

// Busy explains EBUSY, the error of renaming, replacing or removing a mount point.
func Busy(err error, name string) error {
	if errors.Is(err, syscall.EBUSY) {
		err = fmt.Errorf("%w: %s is itself a mount, so it can't be replaced, moved or removed; mount its directory instead: %w",
			errors.ErrUnsupportedEnvironment, errors.Printable(name), err)
	}
	return err
}

// SyncFile makes a file durable. If the filesystem has no fsync, the policy decides. If the fsync fails, it is an
// error.
func SyncFile(f vfs.File, policy safety.Policy) error {
	err := f.Sync()
	if err != nil && vfs.SyncMissing(err) {
		return policy.Weaken("the filesystem has no fsync", fmt.Errorf("%w: %w", errors.ErrUnsupportedEnvironment, err))
	}
	return err
}

// SyncDirs makes the names in directories durable. If a filesystem can't sync a directory, the policy decides. If
// an fsync fails, the names may be lost in a crash, and the error is ErrNotDurable at every level.
//
// All are synced before one is confirmed. On ext4 a confirmation begins a transaction, and the sync of the next
// directory would wait until that is on the disk too.
func SyncDirs(policy safety.Policy, dirs ...vfs.Dir) error {
	for _, verb := range []func(vfs.Dir) error{vfs.Dir.Sync, vfs.Dir.Confirm} {
		for _, dir := range dirs {
			err := verb(dir)
			if err == nil {
				continue
			}
			err = fmt.Errorf("%w: %w", errors.ErrNotDurable, err)
			if !vfs.SyncMissing(err) {
				return fmt.Errorf("the directory was not synced: %w", err)
			}
			if err := policy.Weaken("the filesystem can't sync a directory", err); err != nil {
				return err
			}
		}
	}
	return nil
}
