package disk

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// PublishAll implements store.Store. Fewer than two changes need no journal. A file that is a mount
// can't be renamed over: then the files change one after the other.
func (d *Disk) PublishAll(ctx context.Context, all []store.Prepared, guard func() error) (failed int, err error) {
	var changes []int
	for i, s := range all {
		if p := s.(*prepared); !p.unchanged && (p.old != nil || !p.change.Remove) {
			changes = append(changes, i)
		} else if _, err := p.Publish(ctx, guard); err != nil {
			return i, err
		}
	}
	together := len(changes) > 1
	var parts []*prepared
	for _, i := range changes {
		p := all[i].(*prepared)
		parts = append(parts, p)
		if p.inPlace && together {
			together = false
			if err := p.options.Policy.Weaken("a file that is a mount can't be changed together with others", errors.ErrUnsupportedEnvironment); err != nil {
				return i, p.file.outcome(err)
			}
		}
	}
	if together {
		part, err := commitTogether(parts, guard)
		return changes[part], err
	}
	for _, i := range changes {
		if _, err := all[i].Publish(ctx, guard); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// commitTogether changes several files, whose new contents are durable in their temps:
//
//	mark in every lock file             tells the next holder that this one was killed
//	checksums                           accept the old and the new contents
//	pointers, journal as a draft        whoever takes one of the locks finds the journal
//	files unchanged? backups            the last look at each file, then a link to it
//	directories synced                  temps, pointers, draft and backups are durable before the commit
//	locks held?                         after the draft is there, so that ForceRelease finds the draft
//	draft renamed, directory synced     now the change is committed
//	temps renamed, directories synced
//	journal and pointers removed        not before all of the change is durable
//
// An error before the rename of the draft leaves the old contents. After it there is only
// ErrNotDurable: the journal stays, and who next takes one of the locks goes on where this stopped.
func commitTogether(parts []*prepared, guard func() error) (failed int, err error) {
	policy := parts[0].options.Policy
	r := newJournal(parts)
	draft := string(r.Name) + replace.DraftSuffix
	committed, keeps := false, make([]*keeping, len(parts))
	defer func() {
		for _, k := range keeps {
			k.finish(err)
		}
		if err != nil && !committed {
			r.undo(draft, parts, err)
			if errors.Is(err, errors.ErrNotDurable) {
				err = notYet{"the journal comes before the contents", err}
			}
			err = parts[failed].file.outcome(err)
		}
	}()
	for i, p := range parts {
		p.done = true
		if err := p.settleOld(); err != nil {
			return i, err
		}
		if keeps[i], err = p.keepTogether(); err != nil {
			return i, err
		}
		if err := p.enlist(&r.Files[i]); err != nil {
			return i, err
		}
	}
	perm := readers(parts)
	for i := 1; i < len(r.dirs); i++ {
		if err := r.point(i, perm, policy); err != nil {
			return r.firstIn(i), err
		}
	}
	if err := r.write(r.dirs[0], draft, perm, policy); err != nil {
		return 0, err
	}
	for i, p := range parts {
		unchanged := func() error {
			now, err := p.file.dir.Stat(p.file.name)
			if r.Files[i].isOld(now, err) {
				return nil
			}
			return cmp.Or(ignoreMissing(err), changed())
		}
		if err := keeps[i].make(func() error { return p.check(unchanged) }); err != nil {
			return i, err
		}
	}
	if err := replace.SyncDirs(policy, r.dirs...); err != nil {
		return 0, err
	}
	if err := guard(); err != nil {
		return 0, err
	}
	if err := r.dirs[0].Rename(draft, r.dirs[0], r.name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: the journal was taken away: %w", errors.ErrLockLost, err)
		}
		return 0, err
	}
	committed = true
	marks := make([]func(), len(parts))
	for i, p := range parts {
		if p.temp != nil {
			p.temp.Keep()
		}
		marks[i], p.file.clear = p.file.clear, nil // unless all goes well, the mark stays for the next holder
	}
	err = r.publish(policy)
	for _, p := range parts {
		if p.seal != nil && err == nil {
			p.seal.finish(nil)
		}
	}
	if err == nil {
		err = r.finish(policy)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: the journal %s stays, and the next caller who locks one of the files completes the change: %w",
			errors.ErrNotDurable, r.path(), err)
	}
	for i, p := range parts {
		p.file.clear = marks[i]
		if p.temp == nil {
			continue
		}
		if info, err := p.temp.Stat(); err == nil {
			p.file.disk.made.note(versionOf(info))
		}
	}
	return 0, nil
}

// newJournal begins a journal.
func newJournal(parts []*prepared) *recovery {
	r := &recovery{file: parts[0].file}
	r.Magic, r.Name = journalMagic, pathText(replace.JournalName(r.file.owner, replace.NewID()))
	r.name = string(r.Name) + replace.JournalSuffix
	index := map[vfs.ID]int{}
	for _, p := range parts {
		f := p.file
		i, known := index[f.self.ID]
		if !known {
			i = len(r.dirs)
			index[f.self.ID] = i
			r.dirs = append(r.dirs, f.dir)
			r.Dirs = append(r.Dirs, journalDir{pathText(f.dir.Path()), f.self.Ino, f.self.Birth})
		}
		e := journalFile{Dir: i, Name: pathText(f.name), Lock: pathText(f.lock.Path()), Remove: p.change.Remove, waits: true, held: f.checkLock}
		if e.Temp = pathText(replace.JournalName(f.owner, replace.NewID()) + replace.RemovedSuffix); !e.Remove {
			e.Temp = pathText(p.temp.Name())
		}
		r.Files = append(r.Files, e)
	}
	return r
}

// point makes a pointer to the journal. Its name is durable when the directory is synced.
func (r *recovery) point(dir int, perm fs.FileMode, policy safety.Policy) error {
	pointer := journal{Magic: r.Magic, Name: r.Name, Dirs: r.Dirs[:1], Here: dir}
	d, temp := r.dirs[dir], replace.NewName(r.Files[r.firstIn(dir)].owner())
	err := pointer.write(d, temp, perm, policy)
	if err == nil {
		err = d.Rename(temp, d, r.pointer(dir))
	}
	if err != nil {
		_ = d.Remove(temp)
	}
	return err
}

// readers is the mode of journal and pointers. They tell names in all the directories, so others than the
// owner may read them only if others may list every directory. The groups of the directories may differ.
func readers(parts []*prepared) fs.FileMode {
	const list = 0o055
	for _, p := range parts {
		if p.file.self.ID != parts[0].file.self.ID && p.file.self.Mode&list != list {
			return 0o600
		}
	}
	return 0o644
}

// enlist makes everything ready that belongs to one file: the mark in its lock file, its
// checksum, and its line in the journal.
func (p *prepared) enlist(e *journalFile) error {
	if err := p.file.mark(p.options.Policy); err != nil {
		return err
	}
	if p.temp != nil {
		info, err := p.temp.Stat()
		if err != nil {
			return err
		}
		e.New = stampOf(info)
		if p.seal != nil {
			if err := p.announce(&replace.Old{Info: info, File: p.temp.File}); err != nil {
				return err
			}
		}
	}
	info, err := p.file.dir.Stat(p.file.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	e.Old = stampOf(info)
	return err
}

// keepTogether begins the backup of the old content.
func (p *prepared) keepTogether() (*keeping, error) {
	if p.change.Remove {
		return p.file.keepRemoved(p)
	}
	return p.file.keepOld(p.old, p.change.Read, p.options, false)
}

// unsyncedFor is how long the kernel may keep a change before it writes it: 30 s, and the 5 s
// between two looks for what is old enough (proc_sys_vm(5)), with a margin.
const unsyncedFor = time.Minute

// settleOld makes the old content durable if it may still be on its way to the disk. After a power
// cut it would be another one than the journal names, as if somebody had changed it since.
func (p *prepared) settleOld() error {
	if p.old == nil || p.old.File == nil || time.Since(time.Unix(0, p.old.Info.Mtime)) > unsyncedFor || p.file.disk.made.has(versionOf(p.old.Info)) {
		return nil
	}
	return replace.SyncFile(p.old.File, p.options.Policy)
}

// mark makes sure that this holder's record stands in the lock file. By the record the next
// holder knows that it has to look for a journal.
func (f *file) mark(policy safety.Policy) error {
	if f.lock.Unannounced() == nil {
		return nil
	}
	time.Sleep(f.lock.Youth())
	f.Announce(context.Background())
	what := "the lock file " + errors.Printable(f.lock.Path()) + " can't be written, so that nobody would learn of this change if the process were killed"
	switch err := f.lock.Unannounced(); {
	case err == nil:
		return nil
	case vfs.WriteRefused(err):
		return policy.WeakenOr(what, "make it writable for this process", fmt.Errorf("%w: %w", errors.ErrUnsupportedEnvironment, err))
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// undo takes away what an uncommitted change has made, except for the temps, which their Abort removes. It
// is what a sweep would do.
func (r *recovery) undo(draft string, parts []*prepared, cause error) {
	_ = r.dirs[0].Remove(draft)
	for i := 1; i < len(r.dirs); i++ {
		_ = r.dirs[i].Remove(r.pointer(i))
	}
	for _, p := range parts {
		if p.seal != nil && p.seal.announced.Digest != "" {
			p.seal.finish(notYet{"", cause})
		}
	}
}
