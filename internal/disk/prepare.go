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

// prepared is a change before it is visible: the one way in which content comes to a name.
type prepared struct {
	file    *file
	change  store.Change
	options store.Options

	old       *replace.Old  // the file that is there; nil if there is none
	inPlace   bool          // that file can't be replaced, so it is rewritten
	temp      *replace.Temp // the new content; nil for a removal and for what is unchanged
	seal      *seal         // vouches for the new content; nil without a checksum
	unchanged bool          // no byte changes
	done      bool          // published or aborted
}

// Prepare is of the store.Session interface.
func (f *file) Prepare(_ context.Context, c store.Change, o store.Options) (_ store.Prepared, err error) {
	o.Bare = false // that was about the lock; a change is judged whole
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
	// The content of a stream is still to come. A file that is rewritten in place takes only the
	// content from the temp, whose metadata and durability do not matter.
	if c.Stream || p.inPlace {
		return p, nil
	}
	return p, p.temp.Settle()
}

// changesNothing completes the change by what is there, and reports whether that is what
// the change would make of it.
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
			c.Read = versionOf(old.Info) // an append is based on what it is appended to
		}
		return total(c.Parts) == 0 && f.sealed(old, p.options), nil
	}
	if old.File == nil || total(c.Parts) != old.Info.Size {
		return false, nil
	}
	same, err := compare(old.File, c.Parts)
	return err == nil && same && f.sealed(old, p.options), nil // content that can't be read is taken for different
}

// whole makes an append where no file is a change of the whole content, based
// on what there is instead: nothing, or under Replace what a link leads to.
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

// removable opens nothing: it makes sure that what is there may be removed.
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

// begin makes the temp, and the seal if there is to be a checksum. The temp lies beside the file. For a
// file that is rewritten in place it may also lie in the lock directory, and only its owner can
// ever read it.
func (p *prepared) begin() (err error) {
	f, o := p.file, p.options
	if p.inPlace {
		p.temp, _, err = f.createIn(f.keepers(p.old.Info.Ino), o)
	} else {
		like := p.old
		if !o.Metadata {
			like = nil
		}
		if p.temp, err = replace.Create(f.dir, f.owner, like, o.Perm, o.Policy); err != nil {
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

// Write is of the store.Prepared interface.
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

// copyOld begins with what the old file holds, shared or copied in the kernel.
// A seal has to read it all the same, and does not vouch for damage.
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

// Abort is of the store.Prepared interface. The last close of a file that was replaced
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
