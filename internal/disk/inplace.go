package disk

import (
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A file that is a mount of its own, such as a single file that is mounted into a
// container, can't be replaced: rename(2) fails with EBUSY. If the policy allows it, the file is
// rewritten in place:
//
//	the new content in a temp            all that may fail early does
//	a copy of the old content, synced    from here on the copy is the content
//	the file rewritten, its length set, synced
//	the copy removed                     from here on the file is the content
//	the directory synced
//
// While the copy exists, a handle's readers read it instead of the file, and the next writer
// puts it back first. So a crash at any point leaves the old content or the new one, whatever the
// state of the file itself is. A copy is used only if its maker is known, and no program has changed
// the file since: see oldCopy.
//
// Temp and copy lie beside the file. If no file can be made there, as on a
// read-only root filesystem, they lie in the lock directory.
//
// The lock beside the path is not enough, since the same file may be mounted in
// several containers, each with a lock of its own. Its inode stays, so the file
// itself is locked too, until the session ends.
//
// The guarantees are weaker where the copy is not visible: other programs, and this library in
// another container or on the host, may read a file that is half written, and can't
// repair it. A ForceRelease stops a holder only at its last check, and does not release the lock on the
// file itself.

// inPlace reports whether a file can only be rewritten. Only Linux reports that.
func inPlace(info *vfs.Info) bool { return info != nil && info.Mode.IsRegular() && info.Mount.Root }

// maybeInPlace reports whether a file may have a copy. If neither statx(2) nor /proc says whether a file is
// a mount of its own, a writer learns it from the rename, and a reader searches for a copy.
func maybeInPlace(info *vfs.Info) bool {
	return inPlace(info) || info != nil && info.Mode.IsRegular() && info.Mount.RootUnknown
}

// publishOnMount is called after a rename that failed. If the reason is that the file is a mount of its
// own, which was unknown before, the file is rewritten in place if the policy allows it.
func (p *prepared) publishOnMount(guard func() error, refused error) (store.Version, error) {
	if !errors.Is(refused, syscall.EBUSY) || p.old == nil || !p.old.Info.Mount.RootUnknown {
		return nil, refused
	}
	if err := p.options.Policy.Weaken("no AtomicVisibility: the file is a mount of its own, so it is rewritten in place", refused); err != nil {
		return nil, err
	}
	undone, err := p.file.openInPlace(p.options, lock.Try, true)
	if err == nil && undone {
		err = fmt.Errorf("%w: an earlier write in place was cut off, and what it had left was put back; read it again and retry", errors.ErrChanged)
	}
	if err != nil {
		return nil, err
	}
	return p.publishInPlace(guard)
}

// keepers gives the places where the copy of this file may lie.
func (f *file) keepers(ino uint64) []keeper {
	return keepersOf(f.dir, f.name, f.path, f.lockDir, ino)
}

// publishInPlace writes the content of the temp into the file.
func (p *prepared) publishInPlace(guard func() error) (_ store.Version, err error) {
	target, err := p.file.openRecord()
	if err != nil {
		return nil, err
	}
	defer target.Close()
	r := &rewriting{file: p.file, target: target, options: p.options}
	if r.before, err = target.Stat(); err != nil {
		return nil, err
	}
	keep, err := p.file.keepOld(&replace.Old{Info: r.before, File: target}, p.change.Read, p.options, true)
	if err != nil {
		return nil, err
	}
	defer func() { keep.finish(err) }()
	if p.seal != nil {
		if err := p.announce(&replace.Old{Info: r.before, File: target}); err != nil {
			return nil, err
		}
	}
	v, err := r.run(p.temp.File, keep.guarded(guard))
	if p.seal != nil {
		p.seal.finish(err)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// rewriting is one write in place.
type rewriting struct {
	file    *file
	target  vfs.File // the data file
	before  vfs.Info // the data file before the write
	copy    *oldCopy // of the old content, open
	options store.Options
}

func (r *rewriting) run(content vfs.File, guard func() error) (store.Version, error) {
	err := r.keep(r.target, r.before.Size, guard)
	if err != nil {
		return nil, err
	}
	defer r.copy.Close()
	err = r.fill(content)
	var now vfs.Info
	if err == nil {
		now, err = r.target.Stat()
	}
	if err == nil {
		err = r.copy.dir.Remove(r.copy.name)
	}
	if err != nil {
		return nil, r.undo(err)
	}
	return versionOf(now), replace.SyncDirs(r.options.Policy, r.copy.dir)
}

// keep makes the copy of the first size bytes of old. From the rename of the copy on, readers use it
// instead of the file, so the last check comes before that. The copy's record of the write is durable with its
// content. Otherwise the copy could be set aside after a crash, and the file left half written.
func (r *rewriting) keep(old vfs.File, size int64, guard func() error) error {
	c, at, err := r.file.createIn(r.file.keepers(r.before.Ino), r.options)
	if err != nil {
		return err
	}
	defer c.Abort()
	if err := c.CloneFrom(old, size); err != nil {
		return err
	}
	if err := replace.ShareAccess(c.File, &replace.Old{Info: r.before, File: r.target}, nil, r.options.Policy); err != nil {
		return err
	}
	info, err := c.Stat()
	if err != nil {
		return err
	}
	kept := &oldCopy{at, c.File, vfs.Info{}}
	if err := kept.cover(max(r.before.Mtime, info.Mtime), false); err != nil {
		return err
	}
	elsewhere := info.Dev != r.before.Dev
	if elsewhere {
		err = durably(c.Sync())
	} else {
		err = c.Settle()
	}
	if err != nil {
		return err
	}
	err = c.Commit(at.name, guard)
	renamed := err == nil || errors.Is(err, errors.ErrNotDurable)
	if err == nil && elsewhere {
		err = durably(vfs.SyncDir(at.dir))
	}
	if err != nil && renamed {
		_ = at.dir.Remove(at.name) // the file was not touched, so nothing is lost either way
		err = notYet{"the copy of the old content comes before the new", err}
	}
	if err != nil {
		return err
	}
	kept.File, r.copy = c.Take(), kept
	if elsewhere {
		r.options.Policy.Report("the old content is kept on another filesystem than the file's, so after a crash of the machine "+
			"it may be gone while the file is half written; mount the file's directory instead", errors.ErrUnsupportedEnvironment)
	}
	return nil
}

// durably syncs a copy on another filesystem than the file's. If that filesystem has no fsync(2), it is an
// error: after a crash the file could be half written and the copy lost. If both lie on one
// filesystem without fsync(2), nothing is durable there, and the policy decides.
func durably(err error) error {
	if vfs.SyncMissing(err) {
		return fmt.Errorf("%w: the copy of the old content would lie on a filesystem that can't sync it; name another place with WithLockDir: %w",
			errors.ErrUnsupportedEnvironment, err)
	}
	return err
}

// fill writes the content of another file into the data file, durably. The bytes beyond the old
// end are written first: if the disk is full, the old content is still whole then. The length
// is set last, so that no old byte is lost before the new ones are written.
func (r *rewriting) fill(content vfs.File) error {
	info, err := content.Stat()
	if err != nil {
		return err
	}
	common := min(r.before.Size, info.Size)
	for _, part := range [][2]int64{{common, info.Size}, {0, common}} {
		if err := r.transfer(content, part[0], part[1]); err != nil {
			return err
		}
	}
	if err := r.setSize(info.Size); err != nil {
		return err
	}
	return replace.SyncFile(r.target, r.options.Policy)
}

// transfer writes the bytes from one offset to another. It checks the record right before each
// write.
func (r *rewriting) transfer(content vfs.File, from, to int64) error {
	chunk := chunks.Get().(*[64 << 10]byte)
	defer chunks.Put(chunk)
	for from < to {
		part := chunk[:min(to-from, int64(len(chunk)))]
		n, err := content.ReadAt(part, from)
		if n < len(part) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := r.cover(); err != nil {
			return err
		}
		if _, err := r.target.WriteAt(part, from); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

// cover renews the record of the write, so that it covers the next change of the file.
func (r *rewriting) cover() error { return r.copy.cover(r.before.Mtime, true) }

// A tick of a filesystem's clock may take some milliseconds. A tick that takes longer than maxPauses is
// not waited for.
const (
	tickPause = time.Millisecond
	maxPauses = 50
)

// setSize sets the length of the file. It also makes sure that the mtime changes, even if the
// filesystem's clock is coarse, since readers notice the change by the mtime.
func (r *rewriting) setSize(size int64) error {
	for range maxPauses {
		if err := r.cover(); err != nil {
			return err
		}
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

// undo puts the old content back after a failure. If that fails too, the copy
// stays, and readers use it.
func (r *rewriting) undo(cause error) error {
	if err := r.putBack(); err != nil {
		return fmt.Errorf("%w; the old content is kept in %s, and put back by the next write: %w", cause, r.copy.name, err)
	}
	return cause
}

// putBack writes the copy's content into the file. Only the owner of the copy may set its times, so another
// user's copy is replaced by a copy of this process, which can record the write.
func (r *rewriting) putBack() error {
	err := r.cover()
	if errors.Is(err, fs.ErrPermission) {
		old := r.copy
		if err = r.keep(old, old.info.Size, r.file.checkLock); err == nil {
			old.Close()
			if r.copy.keeper != old.keeper { // otherwise the rename has replaced it
				err = old.dir.Remove(old.name)
			}
		}
	}
	if err != nil {
		return err
	}
	if err := r.fill(r.copy); err != nil {
		return err
	}
	if err := r.copy.dir.Remove(r.copy.name); err != nil {
		return err
	}
	return replace.SyncDirs(r.options.Policy, r.copy.dir)
}
