package disk

import (
	"fmt"
	"io/fs"
	"math"
	"strings"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// keeping makes a backup of the content that a change replaces or removes. With hard links the steps are:
//
//	fsync of the old file            a program without fsync may have written it
//	checksum of the backup           durable before there is a backup that needs it
//	guard                            the last check of lock and version
//	link PATH.~N~                    a second name of the old file
//	rename over PATH, or unlink      now the old file has only that name, and nobody writes in it any more
//	fsync of the directory           one for both names
//	backups beyond the newest n removed
//
// The reasons for this order:
//   - The link comes before the rename. After it the old file would have no name that could be linked.
//   - The link comes after the guard, since it changes the ctime of the old file, by which the guard recognises the
//     version. Between the two there is only the call itself.
//   - Older backups go last. A crash before the fsync may lose the new link, and then all older ones are there.
//   - After a crash between link and rename the backup is the current file itself. It is not listed, and the
//     next change uses it.
//
// The old file is copied instead of linked in three cases: the filesystem or the kernel refuses the link, the file is
// rewritten in place, or it has other names, by which another program may write in it. The copy is durable
// before it gets the backup's name.
type keeping struct {
	file    *file
	options store.Options
	read    store.Version // the version that the change is based on; nil for none
	old     *replace.Old
	owned   *replace.Old // old, if this keeping has opened it; else nil
	have    backups
	number  int
	copies  bool // the content is copied, not linked
	made    bool // this change has made the backup
	sealed  bool // this change has written the backup's checksum
}

// maxNames bounds how often another name is chosen because somebody has taken the last one meanwhile.
const maxNames = 100

// keepOld begins the backup of a file's old content. It returns nil if no backup is wanted or there is no content.
// Call make right before the change, and finish after it in any case. inPlace says that the file is rewritten in place.
func (f *file) keepOld(old *replace.Old, read store.Version, o store.Options, inPlace bool) (_ *keeping, err error) {
	if o.Backups == 0 || old == nil || !old.Info.Mode.IsRegular() {
		return nil, nil
	}
	k := &keeping{file: f, options: o, read: read, old: old}
	if k.have, err = findBackups(f.dir, f.self, f.name); err != nil {
		return nil, notKept(err)
	}
	if inPlace {
		k.have.unused = foundBackup{} // it would change with the file
	}
	k.copies = inPlace || old.Info.Links > 1 && k.have.unused.number == 0
	if !k.copies && old.File != nil {
		if err := replace.SyncFile(old.File, o.Policy); err != nil {
			return nil, notKept(err)
		}
	}
	if err := k.choose(); err != nil {
		k.finish(err)
		return nil, notKept(err)
	}
	return k, nil
}

// keepRemoved is keepOld for a removal. A removal has not opened the old file yet.
func (f *file) keepRemoved(p *prepared) (*keeping, error) {
	if p.old != nil && p.options.Backups > 0 && p.old.Info.Mode.IsRegular() {
		open, err := f.openData()
		if err == nil {
			p.old.File = open // Abort closes it
		} else if !errors.Is(err, fs.ErrPermission) {
			return nil, notKept(err)
		}
	}
	return f.keepOld(p.old, p.change.Read, p.options, false)
}

// keepReplaced is keepOld for a file that a Move replaces.
func (f *file) keepReplaced(by vfs.Info, o store.Options) (*keeping, error) {
	if o.Backups == 0 {
		return nil, nil
	}
	old, err := f.old()
	if err != nil || old == nil {
		return nil, err
	}
	if old.Info.ID == by.ID {
		old.Close()
		return nil, nil
	}
	k, err := f.keepOld(old, nil, o, false)
	if k == nil {
		old.Close()
		return nil, err
	}
	k.owned = old
	return k, nil
}

// notKept is the error of a change that was not made because there can be no backup of the old content.
func notKept(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		err = fmt.Errorf("the file's name leaves no room for a backup's; shorten it: %w", err)
	}
	if errors.Is(err, errors.ErrChanged) || errors.Is(err, errors.ErrLockLost) {
		return err
	}
	return fmt.Errorf("the old content can't be kept as a backup, so the file was not changed; make that possible, or leave WithBackups out: %w", err)
}

// choose finds a free number for the backup and writes the backup's checksum under it.
func (k *keeping) choose() error {
	k.unseal()
	k.number = k.have.unused.number
	if k.number == 0 && len(k.have.found) > 0 {
		k.number = k.have.found[0].number
	}
	for k.have.unused.number == 0 {
		if k.number == math.MaxInt {
			return fmt.Errorf("%s has the highest number there is; rename it: %w", k.name(), fs.ErrExist)
		}
		k.number++
		if !k.have.taken[k.name()] && !k.have.taken[k.name()+sidecar.Suffix] {
			break
		}
	}
	if !k.options.Checksum {
		return nil
	}
	return k.seal()
}

func (k *keeping) name() string { return backupName(k.file.name, k.number) }

// guarded gives the guard of the change: make, after the caller's own.
func (k *keeping) guarded(guard func() error) func() error {
	if k == nil {
		return guard
	}
	return func() error { return k.make(guard) }
}

// make gives the old content its backup name, as the last step before the change. A nil keeping only calls guard.
func (k *keeping) make(guard func() error) error {
	for range maxNames {
		if err := guard(); err != nil {
			return err
		}
		if k == nil || k.made || k.have.unused.number > 0 {
			return nil
		}
		err := k.add()
		switch {
		case err == nil && !k.copies:
			return nil
		case errors.Is(err, fs.ErrExist):
			k.have.taken[k.name()] = true
			err = k.choose()
		}
		if err != nil {
			return notKept(err)
		}
	}
	return notKept(fmt.Errorf("%d names were taken by somebody else: %w", maxNames, fs.ErrExist))
}

func (k *keeping) add() error {
	if !k.copies {
		err := k.link()
		if !vfs.LinkRefused(err) {
			return err
		}
		k.copies = true
	}
	return k.copy()
}

// link checks after the call that it has linked the file that the guard has seen.
func (k *keeping) link() error {
	dir := k.file.dir
	if err := dir.Link(k.file.name, k.name()); err != nil {
		return err
	}
	k.made = true
	now, err := dir.Stat(k.name())
	if err != nil {
		return err
	}
	was, based := k.read.(version)
	if !now.Mode.IsRegular() || based && (now.Size != was.size || now.Mtime != was.mtime) {
		return changed()
	}
	return nil
}

// finish removes the backups beyond the newest, or the new one if the change has failed. If the change may be lost in
// a crash, it removes nothing. A nil keeping has nothing to finish.
func (k *keeping) finish(outcome error) {
	if k == nil {
		return
	}
	defer k.owned.Close()
	switch {
	case errors.Is(outcome, errors.ErrNotDurable):
	case outcome == nil:
		k.prune()
	case k.file.checkLock() != nil:
		// The new holder of the lock may have made a backup of that name. If not, it finds this one.
	default:
		if k.made {
			_ = k.file.dir.Remove(k.name()) // else it is the file itself, which the next change uses
		}
		k.unseal()
	}
}

// prune removes the oldest backups, each before its checksum, and the checksums without a backup that a crash has
// left.
func (k *keeping) prune() {
	kept := min(k.options.Backups-1, len(k.have.found))
	for _, b := range k.have.found[kept:] {
		name := backupName(k.file.name, b.number)
		if err := k.file.dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.options.Policy.Report("an old backup was not removed", err)
			continue
		}
		delete(k.have.taken, name)
	}
	current, err := currentFile(k.file.dir, k.file.name)
	if err != nil {
		return
	}
	for entry := range k.have.taken {
		name, isSidecar := strings.CutSuffix(entry, sidecar.Suffix)
		_, ofBackup := backupNumber(k.file.name, name)
		if !isSidecar || !ofBackup || k.have.taken[name] || name == k.name() {
			continue
		}
		info, err := k.file.dir.Stat(entry)
		if err == nil && mayBeBackup(info, k.file.self, current) {
			err = k.file.dir.Remove(entry)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.options.Policy.Report("the checksum of an old backup was not removed", err)
		}
	}
}
