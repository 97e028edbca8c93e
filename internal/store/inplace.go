package store

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A file that is a mount of its own, as a single file that is bound into a
// container, can't be replaced: rename(2) says EBUSY. Where the policy does not
// refuse that, it is rewritten in place:
//
//	the new content in a temp            all that may fail early does
//	a copy of the old content, synced    from here on the copy is the content
//	the file rewritten, its length set, synced
//	the copy removed                     from here on the file is the content
//	the directory synced
//
// While the copy is there readers take it for the file, and whoever gets the
// lock puts it back first: a crash at any point leaves the old content or the
// new one. Nothing needs to be known of the state that the file itself was left
// in.
//
// The lock beside the path is not enough, since the same file may be mounted in
// several containers, each with a lock of its own. Its inode stays, so the file
// itself is locked too, until the session ends.
//
// It weakens where the copy is not seen: other programs, and this library in
// another container or on the host, do see the file half written, and can't
// repair it. A lock that was taken by force stops a holder only at its last
// check, and leaves it the lock on the file itself.

// inPlace reports whether a file can only be rewritten. Only Linux tells.
func inPlace(info *vfs.Info) bool { return info != nil && info.Mode.IsRegular() && info.Mount.Root }

// openInPlace locks the file itself, and undoes a write that was cut off.
func (f *file) openInPlace(at Location, o Options, take func(lock.Place) (*lock.Held, error)) (err error) {
	if !f.place.noLock {
		f.data, err = take(lock.Place{Dir: f.dir, Name: f.name, Path: at.path, Like: f.like, Perm: o.Perm})
		if err != nil {
			return err
		}
	}
	name := replace.CopyName(f.name, at.target.Ino)
	if _, err := f.dir.Stat(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	target, err := f.dir.OpenRecord(f.name)
	if err != nil {
		return err
	}
	defer target.Close()
	r := &rewriting{file: f, target: target, copy: name, options: o}
	if r.before, err = target.Stat(); err == nil {
		err = r.putBack()
	}
	if err != nil {
		return fmt.Errorf("the old content, which %s keeps, can't be put back: %w", name, err)
	}
	o.Policy.Report("a write in place that did not come to its end was undone", errors.New("its copy "+name+" was left"))
	return nil
}

// publishInPlace makes the content the file's own.
func (d *draft) publishInPlace(guard func() error) (Version, error) {
	target, err := d.file.dir.OpenRecord(d.file.name)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	r := &rewriting{file: d.file, target: target, options: d.options}
	if r.before, err = target.Stat(); err != nil {
		return nil, err
	}
	r.copy = replace.CopyName(d.file.name, r.before.Ino)
	if d.seal != nil {
		if err := d.announce(&replace.Old{Info: r.before, File: target}); err != nil {
			return nil, err
		}
	}
	v, err := r.run(d.Temp.File, guard)
	d.seal.finish(err)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// rewriting is one write in place.
type rewriting struct {
	file    *file
	target  vfs.File // the data file
	before  vfs.Info // what that was
	copy    string   // the name of the copy
	options Options
}

func (r *rewriting) run(content vfs.File, guard func() error) (Version, error) {
	if err := r.keep(guard); err != nil {
		return nil, err
	}
	err := r.fill(content)
	var now vfs.Info
	if err == nil {
		now, err = r.target.Stat()
	}
	if err == nil {
		err = r.file.dir.Remove(r.copy)
	}
	if err != nil {
		return nil, r.undo(err)
	}
	return versionOf(now), replace.SyncDir(r.file.dir, r.options.Policy)
}

// keep makes the copy. From its rename on it stands for the file, so the last
// check comes before that.
func (r *rewriting) keep(guard func() error) error {
	c, err := replace.Create(r.file.dir, r.file.owner, &replace.Old{Info: r.before, File: r.target}, 0o600, r.options.Policy)
	if err != nil {
		return err
	}
	defer c.Abort()
	if err := c.CloneFrom(r.target, r.before.Size); err != nil {
		return err
	}
	if err := c.Settle(); err != nil {
		return err
	}
	info, err := c.Stat()
	if err != nil {
		return err
	}
	err = c.Commit(r.copy, guard)
	if errors.Is(err, errors.ErrNotDurable) {
		_ = r.file.dir.Remove(r.copy) // the file was not touched, so nothing is lost either way
		err = notYet{"the copy of the old content comes before the new", err}
	}
	if err == nil && info.Dev != r.before.Dev {
		r.options.Policy.Report("the old content is kept on another filesystem than the file's, so after a crash of the machine "+
			"it may be gone while the file is half written; mount the file's directory instead", errors.ErrUnsupportedEnvironment)
	}
	return err
}

// fill gives the data file the content of another, durably. What comes to lie
// beyond the old end is written first: if the disk is full, that shows while
// what was there is whole. The length is set last, so that no old byte is given
// up before the new ones are there.
func (r *rewriting) fill(content vfs.File) error {
	info, err := content.Stat()
	if err != nil {
		return err
	}
	common := min(r.before.Size, info.Size)
	for _, part := range [][2]int64{{common, info.Size}, {0, common}} {
		size := part[1] - part[0]
		n, err := io.Copy(io.NewOffsetWriter(r.target, part[0]), io.NewSectionReader(content, part[0], size))
		if err != nil {
			return err
		}
		if n < size {
			return io.ErrUnexpectedEOF
		}
	}
	if err := r.setSize(info.Size); err != nil {
		return err
	}
	return replace.SyncFile(r.target, r.options.Policy)
}

// A tick of a filesystem's clock may be some milliseconds long; one that is
// coarser than maxPauses is not waited for.
const (
	tickPause = time.Millisecond
	maxPauses = 50
)

// setSize makes sure besides that the time of change is another than before,
// however coarse the filesystem's clock, for that is how readers notice.
func (r *rewriting) setSize(size int64) error {
	for range maxPauses {
		if err := r.target.Truncate(size); err != nil {
			return err
		}
		now, err := r.target.Stat()
		if err != nil || now.Ctime != r.before.Ctime {
			return err
		}
		time.Sleep(tickPause)
	}
	return nil
}

// undo puts the old content back after a failure. If that fails too the copy
// stays and stands for the file.
func (r *rewriting) undo(cause error) error {
	if err := r.putBack(); err != nil {
		return fmt.Errorf("%w; the old content is kept in %s, and put back by the next write: %w", cause, r.copy, err)
	}
	return cause
}

func (r *rewriting) putBack() error {
	kept, err := r.file.dir.Open(r.copy)
	if err != nil {
		return err
	}
	defer kept.Close()
	if _, err := regular(kept, r.copy); err != nil {
		return err
	}
	if err := r.fill(kept); err != nil {
		return err
	}
	if err := r.file.dir.Remove(r.copy); err != nil {
		return err
	}
	return replace.SyncDir(r.file.dir, r.options.Policy)
}
