package disk

import (
	"context"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// MoveTo implements store.Session. The order keeps both names verifiable at
// every moment, and the content at one of them:
//
//	fsync of the file               it is what its checksum says, on the disk
//	checksum at the destination     accepts what comes and what is there
//	backup of the destination       see keeping; the source's backups keep its name
//	rename
//	fsync of the destination's directory, then of the source's
//	                                the new name is durable before the old is gone
//	checksum at the source removed, at the destination made final
func (f *file) MoveTo(_ context.Context, to store.Session, o store.Options) error {
	return f.outcome(f.moveTo(to.(*file), o))
}

func (f *file) moveTo(dst *file, o store.Options) (err error) {
	src, err := f.present()
	if err != nil {
		return err
	}
	defer src.Close()
	if err := f.require(o, &src.Info); err != nil {
		return err
	}
	if dst == f {
		return nil
	}
	if err := dst.receives(f, o); err != nil {
		return err
	}
	if src.File != nil {
		if err := replace.SyncFile(src.File, o.Policy); err != nil {
			return unsynced{err}
		}
	}
	keep, err := dst.keepReplaced(src.Info, o)
	if err != nil {
		return err
	}
	defer func() { keep.finish(err) }()
	s, err := f.moveSeal(dst, src, o)
	if s != nil {
		defer s.old.Close()
	}
	if err != nil {
		return err
	}
	err = f.rename(dst, src.Info, keep, o)
	if s == nil {
		return err
	}
	if s.finish(err); err != nil {
		return err
	}
	if left := f.unseal(o); left != nil && !errors.Is(left, fs.ErrNotExist) {
		o.Policy.Report("the checksum of the old name was not removed", left)
	}
	return nil
}

// Respell implements store.Session. The sidecar has the name of its file, so it is written anew under the
// new spelling. Meanwhile both spellings lead to it. The lock file keeps its name, since every spelling
// leads to it.
func (f *file) Respell(_ context.Context, as store.Location, o store.Options) error {
	return f.outcome(f.respell(entryOf(as).Name, o))
}

func (f *file) respell(as string, o store.Options) error {
	if as == f.name {
		return f.moveTo(f, o)
	}
	src, err := f.present()
	if err != nil {
		return err
	}
	defer src.Close()
	if err := f.require(o, &src.Info); err != nil {
		return err
	}
	if err := f.checkLock(); err != nil {
		return err
	}
	side, sideErr := sidecar.Read(f.dir, f.name)
	if err := f.dir.Rename(f.name, f.dir, as); err != nil {
		return replace.Busy(err, f.name)
	}
	if sideErr == nil {
		f.name, side.Text = as, nil
		if err := f.writeSidecar(side, src, nil, o); err != nil {
			o.Policy.Report("the checksum still names the file in the old spelling", err)
		}
	}
	return replace.SyncDirs(o.Policy, f.dir)
}

// Movable implements store.Store.
func (d *Disk) Movable(_ context.Context, from, to store.Location) error {
	if entryOf(from).Parent.Dev != entryOf(to).Parent.Dev {
		return crossDevice(syscall.EXDEV)
	}
	for _, at := range []store.Location{from, to} {
		if inPlace(entryOf(at).Info) { // rename(2) would refuse it too, but only after both locks were made
			return replace.Busy(syscall.EBUSY, entryOf(at).Name)
		}
	}
	return nil
}

// present opens the file for a call that needs one.
func (f *file) present() (*replace.Old, error) {
	old, err := f.old()
	if err == nil && old == nil {
		err = f.absent()
	}
	return old, err
}

// absent gives the error for a missing file.
func (f *file) absent() error {
	if _, err := f.dir.Stat(f.name); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s is one, which Replace only replaces; name what it leads to", errors.ErrSymlink, errors.Printable(f.name))
}

// receives returns an error if the file can't be moved here. It compares the devices of the directories,
// since a file on an overlay may have a device number of its own.
func (f *file) receives(from *file, o store.Options) error {
	here, err := f.dir.Self()
	if err != nil {
		return err
	}
	there, err := from.dir.Self()
	if err != nil {
		return err
	}
	if here.Dev != there.Dev {
		return crossDevice(syscall.EXDEV)
	}
	old, err := f.old()
	if err != nil {
		return err
	}
	if old == nil {
		return f.require(o, nil)
	}
	defer old.Close()
	return f.require(o, &old.Info)
}

func crossDevice(err error) error {
	return fmt.Errorf("%w: copy the file and remove the old one, which is not atomic: %w", errors.ErrCrossDevice, err)
}

// rename makes the move visible.
func (f *file) rename(dst *file, src vfs.Info, keep *keeping, o store.Options) error {
	locked := func() error {
		if err := f.checkLock(); err != nil {
			return err
		}
		return dst.checkLock()
	}
	if err := keep.make(locked); err != nil {
		return err
	}
	if err := f.giveName(dst, src); err != nil {
		return err
	}
	if err := replace.SyncDirs(o.Policy, dst.dir); err != nil {
		return err
	}
	return replace.SyncDirs(o.Policy, f.dir)
}

// giveName renames the file. If both names are hard links of one file, rename(2) would do nothing, so the
// old name is removed. A mounted file has a name that its directory does not have.
func (f *file) giveName(dst *file, src vfs.Info) error {
	there, err := dst.dir.Stat(dst.name)
	mount := f.name
	if err == nil && there.Mount.Root {
		mount = dst.name
	}
	if err == nil && there.ID == src.ID && there.Links > 1 && !there.Mount.Root && !src.Mount.Root {
		return f.dir.Remove(f.name)
	}
	err = f.dir.Rename(f.name, dst.dir, dst.name)
	if errors.Is(err, syscall.EXDEV) {
		return crossDevice(err)
	}
	if err != nil {
		return replace.Busy(err, mount)
	}
	return nil
}

// moveSeal makes the destination's sidecar accept the moved content beside the old one. If the moved file
// has no checksum, the destination has none in the end. Until then its sidecar has the digests of
// both contents.
func (f *file) moveSeal(dst *file, src *replace.Old, o store.Options) (*seal, error) {
	s, err := dst.newSeal(o)
	if err != nil {
		return nil, err
	}
	s.like = src
	s.after, err = sidecar.Read(f.dir, f.name)
	s.after.Text = nil // it names the file, so it is written anew
	coming := s.after
	if errors.Is(err, errors.ErrNoChecksum) {
		if !s.had {
			return nil, nil
		}
		if src.File == nil {
			return nil, unreadable(f.name)
		}
		coming.Digest, err = digestOf(src)
	}
	if err != nil {
		return nil, err
	}
	there, err := dst.old()
	if err != nil {
		return nil, err
	}
	if err := s.recall(there); err != nil {
		return s, err
	}
	return s, s.announce(coming)
}
