package store

import (
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/internal/lock"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A writer that is killed leaves its temp. The next process that writes in the
// directory takes it away, and so does whoever finds a holder's record
// uncleared; other writes do not look. A temp is only ever removed under the
// lock that its writer would be holding if it lived.

// sweepIfDue removes leftovers at this process's first write in the directory,
// and after a holder that did not come to its end. What can't be listed or
// removed is left to a later sweep.
func (f *file) sweepIfDue(key Key) {
	if !f.disk.swept.first(key.Dir) && !f.stale {
		return
	}
	names, err := f.dir.Names()
	if err != nil {
		return
	}
	foreign := removeTemps(f.dir, names, f.owner)
	if len(foreign) > 0 {
		f.sweepForeign(names, key.Name != f.name, foreign)
	}
}

// removeTemps removes the temps of one owner and gives those of the others.
func removeTemps(dir vfs.Dir, names []string, mine replace.Owner) (others map[replace.Owner][]string) {
	others = map[replace.Owner][]string{}
	for _, name := range names {
		switch owner, ok := replace.ParseName(name); {
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
// their locks lie here and are free.
func (f *file) sweepForeign(names []string, folds bool, temps map[replace.Owner][]string) {
	for _, name := range names {
		target, isLock := strings.CutSuffix(name, lock.Suffix)
		left := temps[replace.OwnerOf(target, "")]
		if len(left) == 0 && folds {
			left = temps[replace.OwnerOf(vfs.Fold(target), "")]
		}
		if !isLock || len(left) == 0 {
			continue
		}
		held, err := lock.Try(lock.Place{Dir: f.dir, Name: name, Path: vfs.Join(f.dir.Path(), name), Like: noLike})
		if err != nil {
			continue // its writer lives
		}
		for _, temp := range left {
			_ = f.dir.Remove(temp)
		}
		_ = held.Release()
	}
}

// noLike leaves a foreign lock as it is: its data file is none of this one's.
func noLike() (vfs.Info, bool) { return vfs.Info{}, false }

// sweptDirs remembers where this process has swept. It is a table of fixed
// size: a directory that drops out of it is swept once more, which costs a
// listing, while a map would grow with every directory ever written to.
type sweptDirs struct {
	mu    sync.Mutex
	table [256]vfs.ID
}

// first reports whether a directory was not swept before, and notes it.
func (s *sweptDirs) first(dir vfs.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &s.table[(dir.Ino^dir.Dev*31)%uint64(len(s.table))]
	if *slot == dir {
		return false
	}
	*slot = dir
	return true
}
