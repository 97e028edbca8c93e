package disk

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

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
	file  *file  // the session that follows the journal
	here  int    // the index of the session's directory
	owner uint32 // the user who has written the journal
	name  string // of the journal's file
	dirs  []vfs.Dir
	locks []*lock.Held // of removals
}

// follow reads the journal that an entry of the session's directory is or leads to. suffix is that of a
// committed journal or of a draft. A nil recovery without an error means that there is none.
func (f *file) follow(entry, suffix string) (_ *recovery, err error) {
	r := &recovery{file: f, name: entry}
	home, uid := f.dir, uint32(0)
	if id, isPointer := replace.ParseJournal(entry, replace.PointerSuffix); isPointer {
		p, owner, err := readJournal(f.dir, entry)
		if err != nil {
			return nil, ignoreMissing(err)
		}
		r.name, r.here, uid = string(p.Name)+suffix, p.Here, owner
		if homeID, ok := replace.ParseJournal(r.name, suffix); !ok || homeID != id || p.Here < 1 {
			return nil, unfit(f.dir, entry, "does not lead to a journal")
		}
		if home, err = f.openDir(p.Dirs[0]); err != nil {
			return nil, fmt.Errorf("%s leads to a directory that can't be used: %w", errors.Printable(vfs.Join(f.dir.Path(), entry)), err)
		}
	} else if _, ok := replace.ParseJournal(entry, suffix); !ok {
		return nil, nil
	}
	r.dirs = []vfs.Dir{home}
	r.journal, r.owner, err = readJournal(home, r.name)
	if err == nil && (r.Here > 0 || string(r.Name)+suffix != r.name || r.here >= len(r.Dirs) || r.here > 0 && uid != r.owner) {
		err = unfit(f.dir, entry, "does not fit what it leads to")
	}
	if err != nil {
		r.close()
		return nil, ignoreMissing(err)
	}
	r.dirs = append(r.dirs, make([]vfs.Dir, len(r.Dirs)-1)...)
	r.dirs[r.here] = f.dir
	return r, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// openDir opens a directory of a journal. Another directory of that path, such as a mount point
// without its filesystem, is refused: it has no temps, as if all its files had changed.
func (f *file) openDir(d journalDir) (vfs.Dir, error) {
	dir, err := f.disk.FS.OpenDir(string(d.Path))
	if err == nil {
		var self vfs.Info
		if self, err = dir.Self(); err == nil && self.Ino == d.Ino && self.Birth == d.Birth {
			return dir, nil
		}
		dir.Close()
	}
	return nil, fmt.Errorf("%w: %s is not the directory that it was when several files were changed together; mount its filesystem, or move it back (%v)",
		errors.ErrFile, errors.Printable(string(d.Path)), err)
}

func (r *recovery) close() {
	for _, held := range r.locks {
		_ = held.Release()
	}
	for _, dir := range r.dirs {
		if dir != nil && dir != r.file.dir {
			dir.Close()
		}
	}
}

func (r *recovery) path() string { return errors.Printable(vfs.Join(r.dirs[0].Path(), r.name)) }

// pointer is the name of the pointer in a directory. Its owner is that of the first file there, whose
// lock is held while the change is prepared.
func (r *recovery) pointer(dir int) string {
	id, _ := replace.ParseJournal(r.name, replace.JournalSuffix)
	return replace.JournalName(r.Files[r.firstIn(dir)].owner(), id) + replace.PointerSuffix
}

// firstIn is the index of the first file in a directory.
func (r *recovery) firstIn(dir int) int {
	return slices.IndexFunc(r.Files, func(e journalFile) bool { return e.Dir == dir })
}

// own is the session's file in the journal, nil if it is not there. The spelling of its name may be another one.
func (r *recovery) own() *journalFile {
	for i := range r.Files {
		e, f := &r.Files[i], r.file
		if e.Dir == r.here && (string(e.Name) == f.name || e.owner() == f.owner && f.owner != replace.NoOwner) {
			return e
		}
	}
	return nil
}

// concerns reports whether the session's file waits for its new content.
func (r *recovery) concerns() bool {
	e := r.own()
	if e == nil {
		return false
	}
	_, err := r.file.dir.Stat(string(e.Temp))
	return errors.Is(err, fs.ErrNotExist) == e.Remove
}

// run follows the journal to its end. It makes sure of everything before it changes anything. It reports false
// if a removal is left to the holder of its lock.
func (r *recovery) run(policy safety.Policy) (finished bool, err error) {
	for i, d := range r.Dirs {
		if r.dirs[i] == nil {
			if r.dirs[i], err = r.file.openDir(d); err != nil {
				return false, fmt.Errorf("the journal %s can't be followed: %w", r.path(), err)
			}
		}
	}
	finished = true
	for i := range r.Files {
		if e := &r.Files[i]; e.Remove {
			if err := r.lock(e); err != nil {
				return false, err
			}
			finished = finished && e.held != nil
		}
	}
	// Another process may have finished the journal, and others may have made new files before the locks were taken.
	if _, err := r.dirs[0].Stat(r.name); err != nil {
		return true, ignoreMissing(err)
	}
	for i := range r.Files {
		e := &r.Files[i]
		if e.Remove && e.held == nil {
			continue
		}
		err := r.look(e)
		if err != nil && !e.Remove {
			// Another process may have renamed the temp meanwhile.
			if _, gone := r.dirs[e.Dir].Stat(string(e.Temp)); errors.Is(gone, fs.ErrNotExist) {
				e.waits, err = false, nil
			}
		}
		if err != nil {
			return false, err
		}
	}
	if err := r.publish(policy); err != nil || !finished {
		return false, err
	}
	return true, r.finish(policy)
}

// lock takes the lock of a removal, unless it is held.
func (r *recovery) lock(e *journalFile) error {
	if r.file.lock != nil && e == r.own() {
		e.held = r.file.checkLock
		return nil
	}
	path, name := vfs.Split(string(e.Lock))
	dir, err := r.file.disk.FS.OpenDir(path)
	if err != nil {
		return err
	}
	r.dirs = append(r.dirs, dir) // to close it
	held, err := lock.Try(lock.Spec{Dir: dir, Name: name, Path: string(e.Lock), Existing: true})
	if errors.Is(err, errors.ErrLocked) {
		return nil
	}
	if err == nil {
		r.locks, e.held = append(r.locks, held), held.Check
	}
	return err
}

// look notes whether a file still has to be changed, and fails if that must not be done. The writer of the journal
// must have been able to do by itself what the journal asks for:
//   - A user who has a file in a directory could make it there, so a pointer of the same owner proves that.
//   - In a sticky directory only the owners of the file and of the directory, and root, may replace a file.
func (r *recovery) look(e *journalFile) error {
	dir := r.dirs[e.Dir]
	path := errors.Printable(vfs.Join(dir.Path(), string(e.Name)))
	temp, err := dir.Stat(string(e.Temp))
	missing := errors.Is(err, fs.ErrNotExist)
	if missing != e.Remove || err != nil && !missing {
		return ignoreMissing(err)
	}
	now, err := dir.Stat(string(e.Name))
	none := errors.Is(err, fs.ErrNotExist)
	if err != nil && !none {
		return err
	}
	self, err := dir.Self()
	if err != nil {
		return err
	}
	e.waits = !none || !e.Remove
	pointer, err := self, nil
	if e.Dir > 0 {
		pointer, err = dir.Stat(r.pointer(e.Dir))
	}
	switch {
	case e.Dir > 0 && (err != nil || !pointer.Mode.IsRegular() || pointer.Links != 1 || pointer.UID != r.owner):
		return r.distrust(path, "its directory has no pointer to the journal of the same owner")
	case self.Mode&fs.ModeSticky != 0 && r.owner != 0 && r.owner != self.UID && !none && now.UID != r.owner:
		return r.distrust(path, "its directory is sticky, and it belongs to another user")
	case !e.Remove && (!temp.Mode.IsRegular() || temp.Links != 1 || *stampOf(temp) != *e.New):
		return fmt.Errorf("%w: %s is not as the journal %s says, so the change can't be completed; remove the journal to keep the old contents",
			errors.ErrFile, errors.Printable(vfs.Join(dir.Path(), string(e.Temp))), r.path())
	case none:
		return nil
	case now.Mount.Root:
		return fmt.Errorf("%w: %s is a mount now, and the journal %s has new content for it", errors.ErrUnsupportedEnvironment, path, r.path())
	case !e.isOld(now, nil):
		return fmt.Errorf("%w: %s was changed from outside before the change of several files in the journal %s was completed, and that "+
			"change was kept; move the file away to complete the change, or remove the journal to give up what is missing of it", errors.ErrChanged, path, r.path())
	}
	return nil
}

func (r *recovery) distrust(path, why string) error {
	return fmt.Errorf("%w: the journal %s was written by user %d, who may not change %s: %s; look at it, and remove it if it was planted: %w",
		errors.ErrFile, r.path(), r.owner, path, why, fs.ErrPermission)
}

// publish gives the files that wait their new content, and makes that durable in all the directories: what
// another process has published may not be durable yet. The journal itself comes first. A power cut could take it
// back, also after its writer was killed before the fsync, and then no file may have changed.
func (r *recovery) publish(policy safety.Policy) (err error) {
	if err := replace.SyncDirs(policy, r.dirs[0]); err != nil {
		return err
	}
	for _, e := range r.Files {
		dir, from, to := r.dirs[e.Dir], string(e.Temp), string(e.Name)
		if e.Remove {
			from, to = to, from
			if e.held == nil {
				continue
			}
			if lost := e.held(); lost != nil {
				err = errors.Join(err, lost)
				continue
			}
		}
		if e.waits {
			if failed := dir.Rename(from, dir, to); ignoreMissing(failed) != nil {
				err = errors.Join(err, replace.Busy(failed, string(e.Name)))
				continue
			}
		}
		if e.Remove { // the checksum goes after the file, and only under its lock
			if _, gone := dir.Stat(from); errors.Is(gone, fs.ErrNotExist) {
				if failed := ignoreMissing(sidecar.Remove(dir, from)); failed != nil {
					policy.Report("the checksum was not removed", failed)
				}
			}
		}
	}
	return errors.Join(err, replace.SyncDirs(policy, r.dirs[:len(r.Dirs)]...))
}

// finish removes a journal that is followed to its end, then what it has kept. What removals have set aside must not
// go before the journal does, since it tells that they are done.
func (r *recovery) finish(policy safety.Policy) error {
	if err := ignoreMissing(r.dirs[0].Remove(r.name)); err != nil {
		return err
	}
	if slices.ContainsFunc(r.Files, func(e journalFile) bool { return e.Remove }) {
		if err := replace.SyncDirs(policy, r.dirs[0]); err != nil {
			return err
		}
	}
	for _, e := range r.Files {
		if e.Remove {
			_ = r.dirs[e.Dir].Remove(string(e.Temp))
		}
	}
	for i := 1; i < len(r.Dirs); i++ {
		_ = r.dirs[i].Remove(r.pointer(i))
	}
	return nil
}

// recoverAll completes every change of several files that is committed and that an entry of the
// directory tells of. If a change can't be completed, unfinished is set, so that the next caller tries it again; it is an error for a
// file that waits for its new content, since another change would not be on top of that.
func (f *file) recoverAll(names []string, policy safety.Policy, strict bool) (unfinished bool, err error) {
	for _, name := range names {
		r, failure := f.follow(name, replace.JournalSuffix)
		concerned := failure != nil
		if r != nil {
			finished := false
			// Another user's change that the file does not wait for is left to those who lock its files.
			if concerned = r.concerns(); concerned || r.owner == vfs.FSUID() || strict {
				finished, failure = r.run(policy)
				concerned = r.concerns()
			}
			unfinished = unfinished || !finished
			r.close()
		}
		unfinished = unfinished || failure != nil
		if failure != nil && (strict || concerned && !f.stranger(name)) {
			return true, failure
		}
	}
	return unfinished, nil
}

// stranger reports whether a journal is of no concern although it can't be followed: in a sticky
// directory it belongs to a user who may not replace the session's file, and so has prepared no change of it.
func (f *file) stranger(name string) bool {
	info, err := f.dir.Stat(name)
	if err != nil || f.self.Mode&fs.ModeSticky == 0 || info.UID == 0 || info.UID == f.self.UID || info.UID == vfs.FSUID() {
		return false
	}
	own, err := f.dir.Stat(f.name)
	return err != nil || own.UID != info.UID
}

// Recover implements store.Session.
func (f *file) Recover(_ context.Context, policy safety.Policy) error {
	names, err := f.dir.Names()
	if err == nil {
		_, err = f.recoverAll(names, policy, true)
	}
	return err
}
