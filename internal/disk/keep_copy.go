package disk

import (
	"io"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// copy copies the old content to the backup. The copy is never readable by more users than the file, and has the file's
// time of modification.
func (k *keeping) copy() error {
	f, policy := k.file, k.options.Policy
	open, err := f.openData()
	if err != nil {
		return err
	}
	defer open.Close()
	info, err := regular(open, f.name)
	if err != nil {
		return err
	}
	temp, err := replace.Create(f.dir, f.owner, nil, 0o600, policy)
	if err != nil {
		return noEntry(f.dir, "the backup has to be made there", err)
	}
	defer temp.Abort()
	if err := temp.CloneFrom(open, info.Size); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = changed()
		}
		return err
	}
	if err := temp.SetMtime(info.Mtime); err != nil && !vfs.ModeRefused(err) {
		return err
	}
	if err := replace.ShareAccess(temp.File, &replace.Old{Info: info, File: open}, nil, policy); err != nil {
		return err
	}
	if err := temp.Settle(); err != nil {
		return err
	}
	if _, err := f.dir.Stat(k.name()); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = temp.Commit(k.name(), f.checkLock)
	k.made = err == nil || errors.Is(err, errors.ErrNotDurable)
	if errors.Is(err, errors.ErrNotDurable) {
		err = notYet{"the backup comes before the new content", err}
	}
	return err
}

// seal writes the backup's checksum: the one that the file's sidecar has for the old content. Without a valid sidecar the
// backup gets none.
func (k *keeping) seal() error {
	s, err := k.file.newSeal(k.options)
	if err != nil {
		return err
	}
	if err := s.recall(k.old); err != nil || len(s.previous) == 0 {
		return err
	}
	side := sidecar.Sidecar{Digest: s.previous[0], Previous: s.previous[1:]}
	k.sealed = true
	err = k.file.writeSidecarOf(k.name(), side, k.old, nil, k.options)
	if errors.Is(err, errors.ErrNotDurable) {
		err = notYet{"the checksum of the backup comes before the content", err}
	}
	return err
}

func (k *keeping) unseal() {
	if k.sealed && k.have.unused.number == 0 {
		_ = sidecar.Remove(k.file.dir, k.name()) // a later change removes it
	}
	k.sealed = false
}
