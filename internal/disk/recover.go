package disk

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A committed journal can be followed by several processes at once, also while the process that
// wrote it lives, and none of them needs the locks of the files to rename a temp:
//   - The name of a temp is random, so only one rename of it succeeds. A temp that is missing was renamed before.
//   - Whoever takes the lock of a file follows the journal first, and so finds the temp or its absence. So while a temp of
//     the journal is there, no other change of its file has begun.
//   - A journal that a power cut brings back after it was removed names temps that are gone.
//
// A removal renames the old content to a name that the journal gives, which is there afterwards. It needs the lock of its file, since it
// could take away a file that somebody has made after another process has finished the journal. Nobody waits for that
// lock: if it is held, its holder sees to the removal, and the journal stays until then.
type recovery struct {
	journal
	id, name string     // of the journal file, which lies in the first directory
	owner    uint32     // the user who has written it
	dirs     []vfs.Dir  // open
	open     []vfs.Info // the directories
	pending  []int      // the files that have not changed yet
	others   bool       // a removal is left to the holder of its lock
	closers  []func()
}

func (r *recovery) close() {
	for _, c := range r.closers {
		c()
	}
}

// pointer is the name of the pointer in a directory. Its owner is that of the first file there, whose
// lock is held while the change is prepared.
func (r *recovery) pointer(dir int) string {
	for _, e := range r.Files {
		if e.Dir == dir {
			return replace.JournalName(e.owner(), r.id, replace.PointerSuffix)
		}
	}
	return ""
}

// point makes the pointer in a directory durable.
func (r *recovery) point(dir int, perm fs.FileMode, policy safety.Policy) error {
	name, d := r.pointer(dir), r.dirs[dir]
	owner, _, _ := replace.ParseJournal(name, replace.PointerSuffix)
	temp := replace.NewName(owner)
	err := writeJournal(d, temp, pointer{pointerMagic, r.Dirs[0], pathText(r.name), dir}, perm, policy)
	if err == nil {
		err = d.Rename(temp, d, name)
	}
	if err != nil {
		_ = d.Remove(temp)
		return err
	}
	return replace.SyncDir(d, policy)
}

// readers is the mode of journal and pointers. They tell names in all the directories, so only those
// may read them who may list every directory.
func (r *recovery) readers() fs.FileMode {
	perm := fs.FileMode(0o644)
	for _, dir := range r.open[1:] {
		perm &= 0o600 | dir.Mode&(dir.Mode<<2)&0o044 // who may both read and search it
	}
	if perm&0o004 == 0 {
		perm &= 0o600 // the directories may belong to different groups
	}
	return perm
}

// publish gives the pending files their new content, and makes that durable in all the directories: what
// another process has published may not be durable yet. The journal itself comes first. A power cut could take it
// back, also after its writer was killed before the fsync, and then no file may have changed.
func (r *recovery) publish(fence func(i int) error, policy safety.Policy) (err error) {
	if err := replace.SyncDir(r.dirs[0], policy); err != nil {
		return err
	}
	for _, i := range r.pending {
		e := &r.Files[i]
		dir, from, to := r.dirs[e.Dir], string(e.Temp), string(e.Name)
		if e.Remove {
			from, to = to, from
			if lost := fence(i); lost != nil {
				err = errors.Join(err, lost)
				continue
			}
		}
		renameErr := dir.Rename(from, dir, to)
		if renameErr != nil && !errors.Is(renameErr, fs.ErrNotExist) {
			err = errors.Join(err, replace.Busy(renameErr, string(e.Name)))
			continue
		}
	}
	for _, e := range r.Files {
		// The checksum of a removed file goes after it, and only under its lock.
		if !e.Remove || err != nil || r.others {
			continue
		}
		if _, statErr := r.dirs[e.Dir].Stat(string(e.Name)); errors.Is(statErr, fs.ErrNotExist) {
			if err := sidecar.Remove(r.dirs[e.Dir], string(e.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				policy.Report("the checksum was not removed", err)
			}
		}
	}
	for _, dir := range r.dirs {
		err = errors.Join(err, replace.SyncDir(dir, policy))
	}
	return err
}

// finish removes a journal that is followed to its end, then what it has kept. What removals have set aside must not
// go before the journal does, since it tells that they are done.
func (r *recovery) finish(policy safety.Policy) error {
	err := r.dirs[0].Remove(r.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	synced := false
	for _, e := range r.Files {
		if !e.Remove {
			continue
		}
		if !synced {
			if err := replace.SyncDir(r.dirs[0], policy); err != nil {
				return err
			}
			synced = true
		}
		_ = r.dirs[e.Dir].Remove(string(e.Temp))
	}
	for i := range r.dirs[1:] {
		_ = r.dirs[i+1].Remove(r.pointer(i + 1))
	}
	return nil
}

// follow opens the journal that an entry of the session's directory is or leads to; here is the
// index of that directory in it. A nil recovery means that no change is committed there.
func (f *file) follow(name string) (r *recovery, here int, err error) {
	r = &recovery{name: name}
	defer func() {
		if err != nil || r.Magic == "" {
			r.close()
			r = nil
		}
	}()
	home, uid := f.dir, uint32(0)
	if _, id, isPointer := replace.ParseJournal(name, replace.PointerSuffix); isPointer {
		var p pointer
		info, err := readJournal(f.dir, name, &p)
		if errors.Is(err, fs.ErrNotExist) {
			return r, 0, nil
		}
		if err != nil {
			return r, 0, err
		}
		if _, journalID, ok := replace.ParseJournal(string(p.Journal), replace.JournalSuffix); !ok || journalID != id || p.Magic != pointerMagic || p.Index < 1 {
			return r, 0, f.refuseJournal(name, "does not lead to a journal")
		}
		if home, err = f.disk.FS.OpenDir(string(p.Dir.Path)); err != nil {
			return r, 0, f.refuseJournal(name, "leads to a directory that can't be opened; mount it or move it back ("+err.Error()+")")
		}
		r.closers = append(r.closers, func() { home.Close() })
		self, err := home.Self()
		if err != nil {
			return r, 0, err
		}
		if self.Ino != p.Dir.Ino || self.Birth != p.Dir.Birth {
			return r, 0, f.refuseJournal(name, "leads to "+errors.Printable(string(p.Dir.Path))+
				", which is another directory than when it was written; mount the right filesystem, or move the directory back")
		}
		r.name, here, uid = string(p.Journal), p.Index, info.UID
	}
	info, err := readJournal(home, r.name, &r.journal)
	if errors.Is(err, fs.ErrNotExist) {
		r.Magic = ""
		return r, here, nil
	}
	if err != nil {
		return r, here, err
	}
	if !r.valid() || here >= len(r.Dirs) || here > 0 && uid != info.UID {
		return r, here, f.refuseJournal(name, "is not as this library writes it")
	}
	_, r.id, _ = replace.ParseJournal(r.name, replace.JournalSuffix)
	r.owner, r.dirs = info.UID, []vfs.Dir{home}
	for i, d := range r.Dirs[1:] {
		dir := f.dir
		if i+1 != here {
			if dir, err = f.disk.FS.OpenDir(string(d.Path)); err != nil {
				return r, here, fmt.Errorf("the journal %s names a directory that can't be opened; mount it or move it back: %w", r.path(), err)
			}
			r.closers = append(r.closers, func() { dir.Close() })
		}
		r.dirs = append(r.dirs, dir)
	}
	return r, here, nil
}

func (r *recovery) path() string { return errors.Printable(vfs.Join(r.dirs[0].Path(), r.name)) }

func (f *file) refuseJournal(name, why string) error {
	return fmt.Errorf("%w: the journal %s %s", errors.ErrFile, errors.Printable(vfs.Join(f.dir.Path(), name)), why)
}

// run follows the journal to its end. It makes sure of everything before it changes anything.
func (r *recovery) run(f *file, here int, policy safety.Policy) error {
	if err := r.lockRemovals(f, here); err != nil {
		return err
	}
	if done, err := r.validate(f); done || err != nil {
		return err
	}
	held := func(int) error { return nil } // since lockRemovals
	if err := r.publish(held, policy); err != nil || r.others {
		return err
	}
	return r.finish(policy)
}

// lockRemovals makes the list of pending files. It leaves removals out that somebody else sees to.
func (r *recovery) lockRemovals(f *file, here int) error {
	for i, e := range r.Files {
		if e.Remove && !(e.isOf(f, here) && f.lock != nil) {
			dir, name := vfs.Split(string(e.Lock))
			d, err := f.disk.FS.OpenDir(dir)
			if err != nil {
				return err
			}
			held, err := lock.Try(lock.Spec{Dir: d, Name: name, Path: string(e.Lock), Existing: true})
			if err != nil {
				d.Close()
				if !errors.Is(err, errors.ErrLocked) {
					return err
				}
				r.others = true
				continue
			}
			r.closers = append(r.closers, func() { _ = held.Release(); d.Close() })
		}
		r.pending = append(r.pending, i)
	}
	return nil
}

// validate reduces the list to the files that are still pending, and fails if one of them can't be
// changed. done reports that another process has finished the journal meanwhile.
func (r *recovery) validate(f *file) (done bool, err error) {
	var left []int
	for _, i := range r.pending {
		e := &r.Files[i]
		waits, err := r.waits(f, e)
		if waits || errors.Is(err, errors.ErrChanged) {
			if distrust := r.trusted(e); distrust != nil {
				err = distrust
			}
		}
		if err != nil {
			// Another process may be at work on the same journal: look at both again.
			if _, statErr := r.dirs[0].Stat(r.name); errors.Is(statErr, fs.ErrNotExist) {
				return true, nil
			}
			if _, statErr := r.dirs[e.Dir].Stat(string(e.Temp)); errors.Is(statErr, fs.ErrNotExist) != e.Remove {
				continue
			}
			return false, err
		}
		if waits {
			left = append(left, i)
		}
	}
	r.pending = left
	return false, nil
}

// waits reports whether a file of the journal still has to be changed.
func (r *recovery) waits(f *file, e *journalFile) (bool, error) {
	temp, err := r.dirs[e.Dir].Stat(string(e.Temp))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if there := err == nil; there == e.Remove {
		return false, nil
	}
	if !e.Remove && (!temp.Mode.IsRegular() || temp.Links != 1 || *stampOf(temp) != *e.New) {
		return false, fmt.Errorf("%w: %s is not as the journal %s says, so the change can't be completed; remove the journal to keep the old contents",
			errors.ErrFile, errors.Printable(vfs.Join(r.dirs[e.Dir].Path(), string(e.Temp))), r.path())
	}
	path := errors.Printable(vfs.Join(r.dirs[e.Dir].Path(), string(e.Name)))
	now, err := r.dirs[e.Dir].Stat(string(e.Name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return !e.Remove, nil
	case err != nil:
		return false, err
	case now.Mount.Root:
		return false, fmt.Errorf("%w: %s is a mount now, and the journal %s has new content for it", errors.ErrUnsupportedEnvironment, path, r.path())
	case e.Old == nil || *stampOf(now) != *e.Old:
		return false, fmt.Errorf("%w: %s was changed from outside before the change of several files in the journal %s was completed, and that "+
			"change was kept; move the file away to complete the change, or remove the journal to give up what is missing of it", errors.ErrChanged, path, r.path())
	}
	return true, nil
}

// trusted makes sure that the writer of the journal could have done by itself what the
// journal asks for. A user who has a file in a directory could make it there, so a pointer
// of the same owner proves that. In a sticky directory only the owners of the file and of
// the directory, and root, may replace a file.
func (r *recovery) trusted(e *journalFile) error {
	dir := r.dirs[e.Dir]
	if e.Dir > 0 {
		p, err := dir.Stat(r.pointer(e.Dir))
		if err != nil || !p.Mode.IsRegular() || p.Links != 1 || p.UID != r.owner {
			return r.distrust(dir, "there is no pointer to it of the same owner")
		}
	}
	self, err := dir.Self()
	if err != nil || self.Mode&fs.ModeSticky == 0 || r.owner == 0 || r.owner == self.UID {
		return err
	}
	if now, err := dir.Stat(string(e.Name)); err == nil && now.UID != r.owner {
		return r.distrust(dir, "it is sticky, and the file belongs to another user")
	}
	return nil
}

func (r *recovery) distrust(dir vfs.Dir, why string) error {
	return fmt.Errorf("%w: the journal %s was written by user %d, who may not change what it names in %s: %s; look at it, and remove it if it was planted: %w",
		errors.ErrFile, r.path(), r.owner, errors.Printable(dir.Path()), why, fs.ErrPermission)
}

// unchanged reports ErrChanged if the file is not the one that the journal names.
func (e *journalFile) unchanged(f *file) error {
	now, err := f.dir.Stat(f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if e.Old != nil {
			return changed()
		}
		return nil
	case err == nil && (e.Old == nil || *stampOf(now) != *e.Old):
		return changed()
	}
	return err
}

// recoverAll completes every change of several files that is committed and that an entry of the
// directory tells of. If a change can't be completed, unfinished is set, so that the next caller tries it again; it is an error for a
// file that waits for its new content, since another change would not be on top of that.
func (f *file) recoverAll(names []string, policy safety.Policy, strict bool) (unfinished bool, err error) {
	for _, name := range names {
		if !leadsToJournal(name) {
			continue
		}
		r, here, failure := f.follow(name)
		concerned := r == nil && !f.stranger(name)
		if r != nil {
			// Another user's change that the file does not wait for is left to those who lock its files.
			if concerned = r.concerns(f, here); concerned || r.owner == vfs.FSUID() || strict {
				failure = r.run(f, here, policy)
				concerned = concerned && r.concerns(f, here) && !f.stranger(name)
				unfinished = unfinished || r.others
			} else {
				unfinished = true
			}
			r.close()
		}
		unfinished = unfinished || failure != nil
		if failure != nil && (concerned || strict) {
			return true, failure
		}
	}
	return unfinished, nil
}

func leadsToJournal(name string) bool {
	_, _, isJournal := replace.ParseJournal(name, replace.JournalSuffix)
	_, _, isPointer := replace.ParseJournal(name, replace.PointerSuffix)
	return isJournal || isPointer
}

// concerns reports whether the session's file waits for its new content.
func (r *recovery) concerns(f *file, here int) bool {
	for i := range r.Files {
		if e := &r.Files[i]; e.isOf(f, here) {
			_, err := r.dirs[e.Dir].Stat(string(e.Temp))
			return errors.Is(err, fs.ErrNotExist) == e.Remove
		}
	}
	return false
}

// stranger reports whether a journal is of no concern although it can't be followed: in a sticky
// directory it belongs to a user who may not replace the session's file, and so has prepared no change of it.
func (f *file) stranger(name string) bool {
	if f.self.Mode&fs.ModeSticky == 0 {
		return false
	}
	info, err := f.dir.Stat(name)
	if err != nil || info.UID == 0 || info.UID == f.self.UID || info.UID == vfs.FSUID() {
		return false
	}
	own, err := f.dir.Stat(f.name)
	return err != nil || own.UID != info.UID
}

// Recover implements store.Session.
func (f *file) Recover(_ context.Context, policy safety.Policy) error {
	names, err := f.dir.Names()
	if err != nil {
		return err
	}
	_, err = f.recoverAll(names, policy, true)
	return err
}
