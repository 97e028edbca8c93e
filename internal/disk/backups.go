package disk

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// The backups of a file lie beside it as PATH.~1~, PATH.~2~ and so on; see keeping for how they come about. The
// form is that of Emacs and of cp --backup=numbered. A pattern such as *.yaml does not match it.
//
// A directory, a link or a special file under such a name is no backup: it is neither followed nor removed, and its
// number is not used. The same goes for another user's file in a sticky directory, see mayBeBackup.

const (
	backupMark = ".~"
	backupEnd  = "~"
)

func backupName(name string, number int) string {
	return name + backupMark + strconv.Itoa(number) + backupEnd
}

// backupNumber gives the number in a name that backupName makes for a file. It returns false for another name.
func backupNumber(name, entry string) (number int, ok bool) {
	digits, ok := strings.CutPrefix(entry, name+backupMark)
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(strings.TrimSuffix(digits, backupEnd))
	return number, err == nil && number > 0 && entry == backupName(name, number)
}

// backups is what a directory holds of one file's backups.
type backups struct {
	found  []foundBackup   // the newest first
	unused foundBackup     // a newer one that is still the file itself; number 0 if there is none
	taken  map[string]bool // every name that begins as a backup's does
}

type foundBackup struct {
	number int
	info   vfs.Info
}

// findBackups lists the directory. It calls stat(2) on the file after the backups. If a writer has replaced the file
// meanwhile, the newest backup is no longer the file itself, and counts.
func findBackups(dir vfs.Dir, self vfs.Info, name string) (b backups, err error) {
	names, err := dir.Names()
	if err != nil {
		return b, err
	}
	b.taken = map[string]bool{}
	var all []foundBackup
	for _, entry := range names {
		if !strings.HasPrefix(entry, name+backupMark) {
			continue
		}
		b.taken[entry] = true
		if number, ok := backupNumber(name, entry); ok {
			info, err := dir.Stat(entry)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was removed after it was listed
			}
			if err != nil {
				return b, err
			}
			all = append(all, foundBackup{number, info})
		}
	}
	if all == nil {
		return b, nil
	}
	current, err := currentFile(dir, name)
	if err != nil {
		return b, err
	}
	slices.SortFunc(all, func(x, y foundBackup) int { return cmp.Compare(y.number, x.number) })
	for _, f := range all {
		switch {
		case current != nil && f.info.ID == current.ID:
			if b.found == nil {
				b.unused = f
			}
		case mayBeBackup(f.info, self, current):
			b.found = append(b.found, f)
		}
	}
	return b, nil
}

// currentFile describes a file, nil if there is none.
func currentFile(dir vfs.Dir, name string) (*vfs.Info, error) {
	info, err := dir.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &info, err
}

// mayBeBackup reports whether the entry under a backup's name is trusted as a backup. In a sticky directory, such as
// /tmp, every user can make names and nobody can replace another user's file. So there the backup must have one
// name, and belong to the file's owner, to root or to this process's user, as the copy of an oldCopy must. In other
// directories a user who can make the name can replace the file itself.
func mayBeBackup(info, dir vfs.Info, current *vfs.Info) bool {
	if !info.Mode.IsRegular() || dir.Mode&fs.ModeSticky == 0 {
		return info.Mode.IsRegular()
	}
	const root = 0
	byOwner := current != nil && info.UID == current.UID && !replace.HiddenUser(info.UID)
	return info.Links == 1 && (byOwner || info.UID == root || info.UID == vfs.FSUID())
}

// Backups implements store.Store. The backups under WithSymlinks(Replace) are those of the path itself.
func (d *Disk) Backups(ctx context.Context, t store.Target) ([]store.Backup, error) {
	dir, e, err := d.backupDir(ctx, t)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	self, err := dir.Self()
	if err != nil {
		return nil, err
	}
	b, err := findBackups(dir, self, e.Name)
	if err != nil {
		return nil, err
	}
	list := make([]store.Backup, len(b.found))
	for i, f := range b.found {
		list[i] = store.Backup{Number: f.number, Time: time.Unix(0, f.info.Mtime), Size: f.info.Size, Path: backupPath(e, f.number)}
	}
	return list, nil
}

func (d *Disk) backupDir(ctx context.Context, t store.Target) (vfs.Dir, *vfs.Entry, error) {
	t.Parents = 0
	at, err := d.Locate(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	e := entryOf(at)
	dir, err := d.FS.OpenDir(e.Dir)
	return dir, e, err
}

func backupPath(e *vfs.Entry, number int) string { return vfs.Join(e.Dir, backupName(e.Name, number)) }

// ReadBackup implements store.Store. The number and the target decide which file is read, never the path in b.
func (d *Disk) ReadBackup(ctx context.Context, t store.Target, b store.Backup, o store.ReadOptions) (c store.Content, err error) {
	dir, e, err := d.backupDir(ctx, t)
	if err != nil {
		return c, err
	}
	defer dir.Close()
	path := backupPath(e, b.Number)
	if b.Path != "" && b.Path != path {
		return c, fmt.Errorf("%s is not this file's backup %d: %w", errors.Printable(b.Path), b.Number, fs.ErrInvalid)
	}
	info, err := statBackup(dir, e.Name, b.Number)
	if err != nil {
		return c, err
	}
	c, err = d.read(store.Target{Path: path, Symlinks: store.Refuse}, o, leaseWait{ctx, o.Wait})
	if err == nil && c.Version.(version).id != info.ID {
		return store.Content{}, noBackup(b.Number) // somebody has put another file in its place
	}
	return c, err
}

func statBackup(dir vfs.Dir, name string, number int) (info vfs.Info, err error) {
	if number < 1 {
		return info, noBackup(number)
	}
	self, err := dir.Self()
	if err == nil {
		info, err = dir.Stat(backupName(name, number))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return info, noBackup(number)
	}
	if err != nil {
		return info, err
	}
	current, err := currentFile(dir, name)
	if err == nil && (current != nil && current.ID == info.ID || !mayBeBackup(info, self, current)) {
		err = noBackup(number)
	}
	return info, err
}

func noBackup(number int) error {
	return fmt.Errorf("there is no backup %d of the file; Backups lists those there are: %w", number, fs.ErrNotExist)
}
