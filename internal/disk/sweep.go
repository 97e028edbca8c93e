package disk

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A writer that is killed leaves its temp. A sweep removes it. A process sweeps a directory at its first
// write there, at the first write sweepPeriod after that, and when it finds a record that a holder has
// not cleared. Other writes do not list the directory. So a temp of a writer without a record is removed
// too. A sweep removes a temp only under the lock that its writer would hold if it were alive.

const (
	// sweepPeriod is the time between two sweeps of a directory in which a process writes often.
	sweepPeriod = 10 * time.Minute
	// sweepShare limits the share of time for sweeps of a directory that is slow to list: at most
	// one part in sweepShare.
	sweepShare = 1000
)

// sweepIfDue sweeps the directory if a sweep is due, or if the last holder has not cleared its record.
// Before that it completes a LockAll that was committed and not finished, since its temps are named in
// a journal and must not be removed. Before that it takes away the draft of a LockAll that has lost this lock and has not noticed: a
// ForceRelease that was killed has not done so. A later sweep removes the files that can't be removed now.
func (f *file) sweepIfDue(key store.Key, self vfs.Info, policy safety.Policy) error {
	began := time.Now()
	if !f.disk.swept.due(self, began) && !f.stale {
		return nil
	}
	names, err := f.dir.Names()
	if err == nil && f.takeDrafts(names) {
		names, err = f.dir.Names()
	}
	unfinished := err != nil
	if err == nil {
		unfinished, err = f.recoverAll(names, policy, false)
	}
	if unfinished {
		f.disk.swept.forget(self) // the next writer looks again
		if err == nil {
			removeTemps(f.dir, withoutJournals(names), f.owner)
		}
		return err
	}
	defer func() { f.disk.swept.done(self, time.Now(), time.Since(began)) }()
	others := removeTemps(f.dir, names, f.owner)
	if len(others) > 0 {
		f.sweepOthers(names, key.Name != f.name, others)
	}
	return nil
}

// withoutJournals leaves out what an unfinished change still needs for its other files: the pointers, and
// what tells that a removal is done.
func withoutJournals(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		_, isRemoved := replace.ParseJournal(name, replace.RemovedSuffix)
		return isRemoved || leadsToJournal(name)
	})
}

// removeTemps removes the temps of one owner and gives the temps of the others.
func removeTemps(dir vfs.Dir, names []string, mine replace.Owner) (others map[replace.Owner][]string) {
	others = map[replace.Owner][]string{}
	for _, name := range names {
		switch owner, ok := replace.ParseLeftover(name); {
		case !ok || owner == replace.NoOwner:
		case owner == mine:
			_ = dir.Remove(name)
		default:
			others[owner] = append(others[owner], name)
		}
	}
	return others
}

// sweepOthers removes the temps of the directory's other files, if their locks lie in this directory, have
// the default suffix or this file's, and are free.
func (f *file) sweepOthers(names []string, folds bool, temps map[replace.Owner][]string) {
	f.sweepUnder(lock.Suffix, names, folds, temps)
	if f.suffix != lock.Suffix {
		f.sweepUnder(f.suffix, names, folds, temps)
	}
}

// sweepUnder removes the leftovers of the files whose locks have one suffix.
func (f *file) sweepUnder(suffix string, names []string, folds bool, temps map[replace.Owner][]string) {
	for _, name := range names {
		target, isLock := strings.CutSuffix(name, suffix)
		id := lockID("", suffix)
		left := temps[replace.OwnerOf(target, id)]
		if len(left) == 0 && folds {
			left = temps[replace.OwnerOf(vfs.Fold(target), id)]
		}
		if !isLock || len(left) == 0 {
			continue
		}
		held, err := lock.Try(lock.Spec{Dir: f.dir, Name: name, Path: vfs.Join(f.dir.Path(), name), Existing: true})
		if err != nil {
			continue // its writer is alive
		}
		if f.journalCame(names) {
			_ = held.Release()
			return
		}
		for _, temp := range left {
			_ = f.dir.Remove(temp)
		}
		_ = held.Release()
	}
}

// journalCame reports whether a journal or a pointer was made since the directory was listed. Its LockAll
// may have committed and have been killed meanwhile; then its temps must not be removed.
func (f *file) journalCame(names []string) bool {
	now, err := f.dir.Names()
	return err != nil || slices.ContainsFunc(now, func(name string) bool { return leadsToJournal(name) && !slices.Contains(names, name) })
}

func leadsToJournal(name string) bool {
	_, isJournal := replace.ParseJournal(name, replace.JournalSuffix)
	_, isPointer := replace.ParseJournal(name, replace.PointerSuffix)
	return isJournal || isPointer
}

// sweptDirs records the directories that this process has swept, and when the next sweep is due. It is a
// table of fixed size, since a map would grow with every directory. If the record of a directory is
// overwritten, the directory is swept once more.
type sweptDirs struct {
	mu    sync.Mutex
	table [256]sweptDir
}

type sweptDir struct {
	id    vfs.ID
	birth int64 // distinguishes a new directory with the inode number of a removed one
	until time.Time
}

func (s *sweptDirs) slot(id vfs.ID) *sweptDir {
	return &s.table[(id.Ino^id.Dev*31)%uint64(len(s.table))]
}

// due reports whether a directory must be swept. It returns true to one caller only.
func (s *sweptDirs) due(dir vfs.Info, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.slot(dir.ID)
	if slot.id == dir.ID && slot.birth == dir.Birth && now.Before(slot.until) {
		return false
	}
	*slot = sweptDir{dir.ID, dir.Birth, now.Add(sweepPeriod)}
	return true
}

// forget makes the next sweep of a directory due.
func (s *sweptDirs) forget(dir vfs.Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot := s.slot(dir.ID); slot.id == dir.ID {
		*slot = sweptDir{}
	}
}

// done records the end of a sweep and its duration.
func (s *sweptDirs) done(dir vfs.Info, now time.Time, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.slot(dir.ID) = sweptDir{dir.ID, dir.Birth, now.Add(max(sweepPeriod, sweepShare*took))}
}
