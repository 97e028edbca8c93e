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

// A writer that is killed leaves its temp. It is taken away at a process's first write
// in the directory, at its first write there sweepPeriod after that, and by whoever
// finds a holder's record uncleared; other writes do not look. So the temp of a writer
// without a record, which was killed while this process lived, goes too. A temp is only
// ever removed under the lock that its writer would be holding if it lived.

const (
	// sweepPeriod is how long a process that writes in a directory again and again does
	// not list it.
	sweepPeriod = 10 * time.Minute
	// sweepShare bounds the part of the time that sweeping takes in a directory that is
	// slow to list: one part in so many.
	sweepShare = 1000
)

// sweepIfDue removes leftovers when that is due, or after a holder that did not come to
// its end. Before that it completes what a LockAll has committed and not finished, since a
// temp that a journal names is no leftover. What can't be removed is left to a later sweep.
func (f *file) sweepIfDue(key store.Key, self vfs.Info, policy safety.Policy) error {
	began := time.Now()
	if !f.disk.swept.due(self, began) && !f.stale {
		return nil
	}
	names, err := f.dir.Names()
	unfinished := err != nil
	if err == nil {
		unfinished, err = f.recoverAll(names, policy, false)
	}
	if unfinished {
		f.disk.swept.forget(self) // the next writer looks again
		return err
	}
	defer func() { f.disk.swept.done(self, time.Now(), time.Since(began)) }()
	foreign := removeTemps(f.dir, names, f.owner)
	if len(foreign) > 0 {
		f.sweepForeign(names, key.Name != f.name, foreign)
	}
	return nil
}

// removeTemps removes the temps of one owner and gives those of the others.
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

// sweepForeign removes the leftovers of the directory's other files, as far as
// their locks lie here, have a usual name or one like this file's, and are free.
func (f *file) sweepForeign(names []string, folds bool, temps map[replace.Owner][]string) {
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
			continue // its writer lives
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

// journalCame reports whether a journal or a pointer has come since the directory was listed: its
// LockAll may have committed and been killed meanwhile, so that its temps are no leftovers.
func (f *file) journalCame(names []string) bool {
	now, err := f.dir.Names()
	return err != nil || slices.ContainsFunc(now, func(name string) bool { return leadsToJournal(name) && !slices.Contains(names, name) })
}

// sweptDirs remembers where this process has swept, and until when that is enough. It
// is a table of fixed size: a directory that drops out of it is swept once more, which
// costs a listing, while a map would grow with every directory ever written to.
type sweptDirs struct {
	mu    sync.Mutex
	table [256]sweptDir
}

type sweptDir struct {
	id    vfs.ID
	birth int64 // since the number of a directory that is gone is given to another
	until time.Time
}

func (s *sweptDirs) slot(id vfs.ID) *sweptDir {
	return &s.table[(id.Ino^id.Dev*31)%uint64(len(s.table))]
}

// due reports whether a directory is to be swept, and lets nobody else do so meanwhile.
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

// forget makes a directory due.
func (s *sweptDirs) forget(dir vfs.Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot := s.slot(dir.ID); slot.id == dir.ID {
		*slot = sweptDir{}
	}
}

// done notes how long a sweep took.
func (s *sweptDirs) done(dir vfs.Info, now time.Time, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.slot(dir.ID) = sweptDir{dir.ID, dir.Birth, now.Add(max(sweepPeriod, sweepShare*took))}
}
