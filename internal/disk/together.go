package disk

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
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
	together := true
	for i, s := range all {
		p := s.(*prepared)
		if !p.unchanged && (p.old != nil || !p.change.Remove) {
			changes = append(changes, i)
		}
	}
	for _, i := range changes {
		if p := all[i].(*prepared); p.inPlace && together && len(changes) > 1 {
			together = false
			if err := p.options.Policy.Weaken("a file that is a mount can't be changed together with others", errors.ErrUnsupportedEnvironment); err != nil {
				return i, p.file.outcome(err)
			}
		}
	}
	if !together || len(changes) < 2 {
		for i, p := range all {
			if _, err := p.Publish(ctx, guard); err != nil {
				return i, err
			}
		}
		return 0, nil
	}
	for i, p := range all {
		if !slices.Contains(changes, i) {
			if _, err := p.Publish(ctx, guard); err != nil {
				return i, err
			}
		}
	}
	var parts []*prepared
	for _, i := range changes {
		parts = append(parts, all[i].(*prepared))
	}
	part, err := commitTogether(parts, guard)
	return changes[part], err
}

// commitTogether changes several files, whose new contents are durable in their temps:
//
//	mark in every lock file             tells the next holder that this one was killed
//	checksums                           accept the old and the new contents
//	pointers, each directory synced     whoever takes one of the locks finds the journal
//	journal as a draft, synced
//	files unchanged? backups            the last look at each file, then a link to it
//	directory of the journal synced     a temp that is missing later was renamed
//	locks held?                         after the draft is there, so that ForceRelease finds the draft
//	draft renamed, directory synced     now the change is committed
//	temps renamed, directories synced
//	journal and pointers removed        not before all of the change is durable
//
// An error before the rename of the draft leaves the old contents. After it there is only
// ErrNotDurable: the journal stays, and who next takes one of the locks goes on where this stopped.
func commitTogether(parts []*prepared, guard func() error) (failed int, err error) {
	policy := parts[0].options.Policy
	r, draft := draftOf(parts)
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
	perm := r.readers()
	for i := range r.dirs[1:] {
		if err := r.point(i+1, perm, policy); err != nil {
			return slices.IndexFunc(r.Files, func(e journalFile) bool { return e.Dir == i+1 }), err
		}
	}
	if err := writeJournal(r.dirs[0], draft, r.journal, perm, policy); err != nil {
		return 0, err
	}
	unsynced := map[int]bool{0: true}
	for i, p := range parts {
		e := &r.Files[i]
		if err := keeps[i].make(func() error { return p.check(func() error { return e.unchanged(p.file) }) }); err != nil {
			return i, err
		}
		unsynced[e.Dir] = unsynced[e.Dir] || keeps[i] != nil
	}
	for i, dir := range r.dirs {
		if !unsynced[i] {
			continue
		}
		if err := replace.SyncDir(dir, policy); err != nil {
			return 0, err
		}
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
	fence := func(i int) error { return parts[i].file.checkLock() }
	err = r.publish(fence, policy)
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

// draftOf begins a journal.
func draftOf(parts []*prepared) (r *recovery, draft string) {
	id, owner := replace.NewID(), parts[0].file.owner
	r = &recovery{id: id, name: replace.JournalName(owner, id, replace.JournalSuffix)}
	r.Magic = journalMagic
	index := map[vfs.ID]int{}
	for _, p := range parts {
		f := p.file
		i, known := index[f.self.ID]
		if !known {
			i = len(r.dirs)
			index[f.self.ID] = i
			r.dirs = append(r.dirs, f.dir)
			r.Dirs = append(r.Dirs, journalDir{pathText(f.dir.Path()), f.self.Ino, f.self.Birth})
			r.open = append(r.open, f.self)
		}
		e := journalFile{Dir: i, Name: pathText(f.name), Lock: pathText(f.lock.Path()), Remove: p.change.Remove}
		if e.Temp = pathText(replace.NewName(f.owner)); !e.Remove {
			e.Temp = pathText(p.temp.Name())
		}
		r.Files = append(r.Files, e)
		r.pending = append(r.pending, len(r.pending))
	}
	return r, replace.JournalName(owner, id, replace.DraftSuffix)
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
	if f.lock.Announced() {
		return nil
	}
	time.Sleep(f.lock.Youth())
	f.Announce(context.Background())
	if f.lock.Announced() {
		return nil
	}
	return policy.WeakenOr("the lock file "+errors.Printable(f.lock.Path())+" can't be written, so that nobody would learn of this change if the process were killed",
		"give this process write permission for it", errors.ErrUnsupportedEnvironment)
}

// undo takes away what an uncommitted change has made, except for the temps, which their Abort removes. It
// is what a sweep would do.
func (r *recovery) undo(draft string, parts []*prepared, cause error) {
	_ = r.dirs[0].Remove(draft)
	for i := range r.dirs[1:] {
		_ = r.dirs[i+1].Remove(r.pointer(i + 1))
	}
	for _, p := range parts {
		if p.seal != nil && p.seal.announced.Digest != "" {
			p.seal.finish(notYet{"", cause})
		}
	}
}
