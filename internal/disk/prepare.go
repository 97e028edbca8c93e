package disk

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// prepared is a change before it is visible. Every change of a file's content is made by one.
type prepared struct {
	file    *file
	change  store.Change
	options store.Options

	old       *replace.Old  // the current file; nil if there is none
	inPlace   bool          // the file can't be replaced, so it is rewritten
	temp      *replace.Temp // the new content; nil for a removal and for an unchanged content
	seal      *seal         // the checksum of the new content; nil without a checksum
	unchanged bool          // no byte changes
	done      bool          // published or aborted
}

// Prepare implements store.Session.
func (f *file) Prepare(_ context.Context, c store.Change, o store.Options) (_ store.Prepared, err error) {
	o.Bare = false // Bare is only for the lock; a change needs all checks
	p := &prepared{file: f, change: c, options: o}
	defer func() {
		if err != nil {
			p.Abort()
			err = f.outcome(err)
		}
	}()
	if c.Remove {
		f.closeFound()
		return p, p.removable()
	}
	if p.old, err = f.base(c.Read); err != nil {
		return nil, err
	}
	var info *vfs.Info
	if p.old != nil {
		info = &p.old.Info
		p.inPlace = inPlace(info)
	}
	if err := f.admit(o, info); err != nil {
		return nil, err
	}
	if p.unchanged, err = p.changesNothing(); err != nil || p.unchanged {
		return p, err
	}
	if err := p.begin(); err != nil {
		return nil, err
	}
	if p.change.Append && p.old != nil {
		if err := p.copyOld(); err != nil {
			return nil, err
		}
	}
	for _, part := range p.change.Parts {
		if _, err := p.write(part); err != nil {
			return nil, err
		}
	}
	// The content of a stream comes later. A file that is rewritten in place takes only the
	// content from the temp, so the temp needs no metadata and no fsync.
	if c.Stream || p.inPlace {
		return p, nil
	}
	if p.restores() {
		if err := p.likeBackup(); err != nil {
			return nil, err
		}
	}
	return p, p.temp.Settle()
}

// changesNothing adds the current file to the change, and reports whether the change would not change a
// byte of it.
func (p *prepared) changesNothing() (bool, error) {
	f, c, old := p.file, &p.change, p.old
	switch {
	case old == nil && c.Append:
		return false, p.whole()
	case old == nil || c.Stream:
		return false, nil
	case c.Append:
		if err := f.settle(old, c.Read); err != nil {
			return false, err
		}
		if c.Read == nil {
			c.Read = versionOf(old.Info) // an append is based on the content before it
		}
		return total(c.Parts) == 0 && f.sealed(old, p.options), nil
	}
	if old.File == nil || total(c.Parts) != old.Info.Size {
		return false, nil
	}
	same, err := compare(old.File, c.Parts)
	return err == nil && same && f.sealed(old, p.options), nil // content that can't be read counts as different
}

// whole turns an append into a change of the whole content if the path is no file. The content before the
// appended bytes is empty, or under Replace that of the file that a link leads to.
func (p *prepared) whole() error {
	f, c := p.file, &p.change
	now, err := f.Load(context.Background(), store.ReadOptions{Verify: p.options.Checksum})
	if errors.Is(err, errors.ErrNoChecksum) {
		now, err = f.Load(context.Background(), store.ReadOptions{})
	}
	if err != nil {
		return err
	}
	if c.Read == nil {
		c.Read = now.Version
	}
	c.Append, c.Parts = false, append([][]byte{now.Data}, c.Parts...)
	return nil
}

// removable checks that the file may be removed. It does not open it.
func (p *prepared) removable() error {
	f := p.file
	info, err := f.dir.Stat(f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.admit(p.options, nil)
	case err != nil:
		return err
	case !info.Mode.IsRegular() && (f.links != store.Replace || info.Mode&fs.ModeSymlink == 0):
		return notRegular(f.name, info.Mode)
	}
	p.old = &replace.Old{Info: info}
	return f.admit(p.options, &info)
}

// begin makes the temp, and the seal if the change has a checksum. The temp lies beside the file. For a
// file that is rewritten in place it may lie in the lock directory instead, and only its owner can
// read it.
func (p *prepared) begin() (err error) {
	f, o := p.file, p.options
	if p.inPlace {
		p.temp, _, err = f.createIn(f.keepers(p.old.Info.Ino), o)
	} else {
		like, perm := p.old, o.Perm
		if !o.Metadata {
			like = nil
		}
		if p.restores() {
			perm = 0o600 // until likeBackup
		}
		if p.temp, err = replace.Create(f.dir, f.owner, like, perm, o.Policy); err != nil {
			err = noEntry(f.dir, "every change makes the new content there", err)
		}
	}
	if err != nil || !o.Checksum {
		return err
	}
	if p.seal, err = f.newSeal(o); err != nil {
		return err
	}
	return p.seal.recall(p.old)
}

// restores reports whether the change makes a file of a backup.
func (p *prepared) restores() bool { return p.old == nil && p.change.Restores > 0 }

// likeBackup gives a file that is made of a backup the backup's owner and permissions, or fewer. Those of a new
// file might let more users read a content that was removed.
func (p *prepared) likeBackup() error {
	f, number := p.file, p.change.Restores
	found, err := statBackup(f.dir, f.name, number)
	var open vfs.File
	if err == nil {
		open, err = f.dir.Open(backupName(f.name, number))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed since it was read: only the owner gets access
	}
	if err != nil {
		return err
	}
	defer open.Close()
	info, err := open.Stat()
	if err != nil || info.ID != found.ID {
		return err // somebody has put another file in its place
	}
	return replace.ShareAccess(p.temp.File, &replace.Old{Info: info, File: open}, nil, p.options.Policy)
}

// Write implements store.Prepared.
func (p *prepared) Write(b []byte) (int, error) {
	if p.done || p.temp == nil {
		return 0, errFinished
	}
	n, err := p.write(b)
	if err != nil {
		err = p.file.outcome(err)
	}
	return n, err
}

var errFinished = fmt.Errorf("it was committed or closed before: %w", fs.ErrClosed)

func (p *prepared) write(b []byte) (int, error) {
	n, err := p.temp.Write(b)
	if p.seal != nil {
		p.seal.Write(b[:n])
	}
	return n, err
}

// copyOld begins the temp with the content of the old file, which the kernel shares or copies. A seal must
// read the content, and returns an error if it is damaged.
func (p *prepared) copyOld() error {
	if p.old.File == nil {
		return unreadable(p.file.name)
	}
	size := p.old.Info.Size
	err := p.temp.CloneFrom(p.old.File, size)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it became shorter while it was copied; try again", errors.ErrChanged)
	}
	if err != nil || p.seal == nil {
		return err
	}
	if _, err := io.Copy(p.seal, io.NewSectionReader(p.old.File, 0, size)); err != nil {
		return err
	}
	return p.seal.vouchOld()
}

// Abort implements store.Prepared. The last close of a file that was replaced
// frees the blocks of the old content, which takes 0.2 to 0.3 ms on ext4.
func (p *prepared) Abort() {
	p.done = true
	if p.temp != nil {
		p.temp.Abort()
	}
	p.old.Close()
}

func total(parts [][]byte) int64 {
	var n int64
	for _, p := range parts {
		n += int64(len(p))
	}
	return n
}
