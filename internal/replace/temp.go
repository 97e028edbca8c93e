// Package replace is the replace protocol: how new content takes the place of
// old so that a reader sees one or the other, a crash leaves one or the other,
// and an error leaves the old.
//
//	create a temp beside the target      O_EXCL|O_NOFOLLOW, unpredictable name
//	write it
//	owner, ACL, attributes, mode         by descriptor, as the old file has them
//	fsync the temp                       content and metadata are on disk
//	guard                                is the lock still ours, the old file still there?
//	rename over the target               now it is visible
//	fsync the directory                  now the name is on disk too
//
// The order is the point. The fsync comes before the rename, for otherwise the
// name may reach the disk before the content: ext4's auto_da_alloc guards
// against that as a heuristic only (ext4(5)), xfs and btrfs do not. Metadata is
// set before the fsync, since later changes to it might be lost with the next
// crash. Everything that can fail comes before the rename, so that a failure
// leaves the old file as it was; after it only the directory's fsync is left,
// and if that fails the change is visible but not confirmed: ErrNotDurable.
//
// After a failed fsync the temp is thrown away and never synced again: Linux
// marks the pages clean, so a second fsync would succeed without the data
// being on disk (fsync(2), "the state of the data is unspecified").
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

// A filesystem stamps a file with a clock that ticks only every so often. The kernel's
// ticks each 10 ms at most; that of a filesystem without fractions of a second (ext4
// with 128-byte inodes, HFS+) each second, and FAT's every other one.
const (
	clockTick       = 20 * time.Millisecond
	coarseClockTick = 2*time.Second + clockTick
)

// Settling tells for how long, from the moment At, a change of the content might leave
// the file's times as they are; zero or less if it would show.
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

// Temp is new content on its way to a name: write it, Settle it, Commit it.
// Abort ends it at any point. It is not safe for concurrent use.
type Temp struct {
	vfs.File // for writing the content
	dir      vfs.Dir
	name     string // empty once it has the target's
	old      *Old
	policy   safety.Policy
}

// Create opens a temp in dir. With an old file its metadata will be carried
// over, and until then nobody else may read the new content; without one perm
// applies, cut by the umask or the directory's default ACL.
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

// Like makes the temp take the metadata of another file than the one that Create was
// told of.
func (t *Temp) Like(old *Old) { t.old = old }

// Abort closes the temp, and removes it if it has not got its name. It is a no-op
// after Take or Abort.
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

// Settle makes content and metadata final and durable. Nothing may be written
// after it.
func (t *Temp) Settle() error {
	if t.old != nil {
		if err := carry(t.old, t.File, t.policy); err != nil {
			return err
		}
	}
	return SyncFile(t.File, t.policy)
}

// Commit gives the settled content its name; the file stays open until Abort.
// guard runs right before the rename; its error stops the commit. An error leaves
// the target as it was, except ErrNotDurable, which comes with the new content
// visible.
func (t *Temp) Commit(target string, guard func() error) error {
	if err := guard(); err != nil {
		return err
	}
	if err := t.dir.Rename(t.name, t.dir, target); err != nil {
		return renameError(err, target)
	}
	t.name = "" // it is gone, and another temp could have it by now
	return SyncDir(t.dir, t.policy)
}

// renameError explains the two refusals that have a cure.
func renameError(err error, target string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The temp went away under us: somebody took the lock by force and
		// swept, or removed the directory.
		return fmt.Errorf("%w: the prepared file was taken away: %w", errors.ErrLockLost, err)
	}
	return Busy(err, target)
}

// Busy explains EBUSY, which is how a mount point refuses to be renamed, replaced
// or removed.
func Busy(err error, name string) error {
	if errors.Is(err, syscall.EBUSY) {
		err = fmt.Errorf("%w: %s is a mount of its own, so its name can't change hands; mount its directory instead: %w",
			errors.ErrUnsupportedEnvironment, errors.Printable(name), err)
	}
	return err
}

// SyncFile makes a file durable. A filesystem that has no fsync is a matter of
// policy; one whose fsync fails is an error.
func SyncFile(f vfs.File, policy safety.Policy) error {
	err := f.Sync()
	if vfs.SyncMissing(err) {
		return policy.Weaken("the filesystem has no fsync", fmt.Errorf("%w: %w", errors.ErrUnsupportedEnvironment, err))
	}
	return err
}

// SyncDir makes the names in a directory durable. A filesystem that can't sync a
// directory is a matter of policy; if its fsync fails, the names may be lost in a
// crash, which is ErrNotDurable at every level.
func SyncDir(dir vfs.Dir, policy safety.Policy) error {
	err := dir.Sync()
	if err == nil {
		return nil
	}
	notDurable := fmt.Errorf("%w: %w", errors.ErrNotDurable, err)
	if vfs.SyncMissing(err) {
		return policy.Weaken("the filesystem can't sync a directory", notDurable)
	}
	return fmt.Errorf("the directory was not synced: %w", notDurable)
}
