package disk

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
)

// prepared is a change before it is visible: the one way in which content comes to a name.
type prepared struct {
	file    *file
	change  store.Change
	options store.Options

	old       *replace.Old  // the file that is there; nil if there is none
	temp      *replace.Temp // the new content; nil for a removal and for what is unchanged
	seal      *seal         // vouches for the new content; nil without a checksum
	unchanged bool          // no byte changes
	done      bool          // published or aborted
}

// Prepare is of the store.Session interface.
func (f *file) Prepare(_ context.Context, c store.Change, o store.Options) (store.Prepared, error) {
	p, err := f.prepare(c, o)
	if err != nil {
		return nil, f.outcome(err)
	}
	return p, nil
}

func (f *file) prepare(c store.Change, o store.Options) (_ *prepared, err error) {
	p := &prepared{file: f, change: c, options: o}
	defer func() {
		if err != nil {
			p.Abort()
		}
	}()
	if c.Remove {
		f.lose()
		return p, p.removable()
	}
	if p.old, err = f.base(c.Read); err != nil {
		return nil, err
	}
	if err := f.require(o, infoOf(p.old)); err != nil {
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
	if c.Stream {
		return p, nil // its content is still to come
	}
	return p, p.settle()
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
	return old.File != nil && total(c.Parts) == old.Info.Size && holds(old.File, c.Parts) && f.sealed(old, p.options), nil
}

// whole makes an append where no file is a change of the whole content, based
// on what there is instead: nothing, or under Replace what a link leads to.
func (p *prepared) whole() error {
	f, c := p.file, &p.change
	now, err := f.load(store.ReadOptions{Verify: p.options.Checksum})
	if errors.Is(err, errors.ErrNoChecksum) {
		now, err = f.load(store.ReadOptions{})
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
		return f.require(p.options, nil)
	case err != nil:
		return err
	case !info.Mode.IsRegular() && (f.links != store.Replace || info.Mode&fs.ModeSymlink == 0):
		return notRegular(f.name, info.Mode)
	}
	p.old = &replace.Old{Info: info}
	return f.require(p.options, &info)
}

// begin makes the temp, and the seal if there is to be a checksum.
func (p *prepared) begin() (err error) {
	like := p.old
	if !p.keepsMetadata() {
		like = nil
	}
	if p.temp, err = p.file.createTemp(p.old, like, p.options); err != nil || !p.options.Checksum {
		return err
	}
	if p.seal, err = p.file.newSeal(p.options); err != nil {
		return err
	}
	return p.seal.recall(p.old)
}

// keepsMetadata reports whether the temp must be like the old file. What is rewritten in
// place keeps its mode, so nobody else may read the temp either.
func (p *prepared) keepsMetadata() bool { return p.options.Metadata || inPlace(infoOf(p.old)) }

// createTemp makes the temp beside the file. For a file that is rewritten in place it may also
// lie in the lock directory, and nobody else can ever read it.
func (f *file) createTemp(old, like *replace.Old, o store.Options) (*replace.Temp, error) {
	if info := infoOf(old); inPlace(info) {
		temp, _, err := f.createIn(f.keepers(info.Ino), o)
		return temp, err
	}
	temp, err := replace.Create(f.dir, f.owner, like, o.Perm, o.Policy)
	if err != nil {
		return nil, noEntry(f.dir, "every change makes the new content there", err)
	}
	return temp, nil
}

// settle makes the new content and its metadata final and durable. A file that is rewritten in
// place takes only the content from the temp.
func (p *prepared) settle() error {
	if inPlace(infoOf(p.old)) {
		return nil
	}
	return p.temp.Settle()
}

// Write is of the store.Prepared interface.
func (p *prepared) Write(b []byte) (int, error) {
	if p.done || p.temp == nil {
		return 0, errFinished
	}
	n, err := p.write(b)
	return n, p.file.outcome(err)
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
