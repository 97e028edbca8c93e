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
// While the copy is there, a handle's readers take it for the file, and the next writer
// puts it back first: a crash at any point leaves the old content or the
// new one. Nothing needs to be known of the state that the file itself was left
// in, but who made the copy, and that nobody has changed the file since: see
// oldCopy.
//
// Temp and copy lie beside the file. Where nothing can be made there, as on a
// read-only root filesystem, they lie in the lock directory.
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

// maybeInPlace reports whether a copy may stand for a file. Where neither statx(2) nor
// /proc tells, a writer learns from the rename that a file is a mount of its own, and
// a reader only by looking for a copy.
func maybeInPlace(info *vfs.Info) bool {
	return inPlace(info) || info != nil && info.Mode.IsRegular() && info.Mount.RootUnknown
}

// publishOnMount is told that the rename failed. If the file turns out to be a mount of its own, which
// nobody could tell before, it is rewritten in place where the policy allows it.
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

// keepers are where the copy of this file may lie.
func (f *file) keepers(ino uint64) []keeper {
	return keepersOf(f.dir, f.name, f.path, f.lockDir, ino)
}

// publishInPlace makes the content the file's own.
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
	before  vfs.Info // what that was
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
	return versionOf(now), replace.SyncDir(r.copy.dir, r.options.Policy)
}

// keep makes the copy of the first size bytes of old. From its rename on it stands for
// the file, so the last check comes before that. Its record of the write is durable with its content:
// without it the copy might be set aside after a crash, and the file left half written.
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
		err = durably(at.dir.Sync())
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

// durably is for a copy on another filesystem than the file's. If that has no fsync(2), the file could
// be on the disk half written, and its copy nowhere. Where both lie on one filesystem without it,
// nothing is durable there, which is a matter of policy.
func durably(err error) error {
	if vfs.SyncMissing(err) {
		return fmt.Errorf("%w: the copy of the old content would lie on a filesystem that can't sync it; name another place with WithLockDir: %w",
			errors.ErrUnsupportedEnvironment, err)
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
		if err := r.transfer(content, part[0], part[1]); err != nil {
			return err
		}
	}
	if err := r.setSize(info.Size); err != nil {
		return err
	}
	return replace.SyncFile(r.target, r.options.Policy)
}

// transfer writes the bytes from one offset to another. Nothing comes between the look at the
// record and the write but the call itself.
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

// cover makes sure that the record of the write covers the next change of the file.
func (r *rewriting) cover() error { return r.copy.cover(r.before.Mtime, true) }

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

// undo puts the old content back after a failure. If that fails too the copy
// stays and stands for the file.
func (r *rewriting) undo(cause error) error {
	if err := r.putBack(); err != nil {
		return fmt.Errorf("%w; the old content is kept in %s, and put back by the next write: %w", cause, r.copy.name, err)
	}
	return cause
}

// putBack makes the copy's content the file's again. Only the owner may set a file's
// times, so a copy of somebody else's is replaced by one of ours, which can record the write.
func (r *rewriting) putBack() error {
	err := r.cover()
	if errors.Is(err, fs.ErrPermission) {
		old := r.copy
		if err = r.keep(old, old.info.Size, r.file.checkLock); err == nil {
			old.Close()
			if r.copy.keeper != old.keeper { // else it was replaced
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
	return replace.SyncDir(r.copy.dir, r.options.Policy)
}
