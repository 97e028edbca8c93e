package disk

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// Rehearse returns the error that would stop a write of the file. It does the same as a write up
// to the rename, without the lock, and then removes its temp. With probe false it makes
// no temp, and only checks whether the existing file may be written. It does not check the guarantees of
// the environment.
func (d *Disk) Rehearse(t store.Target, o store.Options, probe bool) error {
	at, err := d.Locate(context.Background(), t)
	if err != nil {
		return err
	}
	e := entryOf(at)
	dir, err := d.FS.OpenDir(e.Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	f := &file{disk: d, dir: dir, name: e.Name, path: e.Path, links: t.Symlinks, lockDir: dir, owner: replace.OwnerOf(at.Key.Name, "")}
	p := &prepared{file: f, options: o}
	defer p.Abort()
	if p.old, err = f.old(); err != nil || !probe {
		return err
	}
	p.inPlace = p.old != nil && inPlace(&p.old.Info)
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.temp.Settle(); err != nil {
		return err
	}
	return f.mayRename(p.old)
}

// mayRename reports whether the rule of a sticky directory lets this process replace the old file
// (rename(2), EPERM).
func (f *file) mayRename(old *replace.Old) error {
	self, err := f.dir.Self()
	user := os.Geteuid()
	if err != nil || old == nil || self.Mode&fs.ModeSticky == 0 || user <= 0 || int(old.Info.UID) == user || int(self.UID) == user {
		return err
	}
	return fmt.Errorf("the directory %s is sticky, so only the owner of the file (user %d) or of the directory may replace it: %w",
		f.dir.Path(), old.Info.UID, fs.ErrPermission)
}

// noEntry explains why no file could be made in a directory, if the directory refuses it. why says what
// the file was for.
func noEntry(dir vfs.Dir, why string, err error) error {
	if !errors.Is(err, fs.ErrPermission) || !errors.Is(dir.Writable("."), fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("the directory %s takes no new file from this process (user %d), and %s; give it write and search permission there: %w",
		errors.Printable(dir.Path()), os.Geteuid(), why, err)
}
