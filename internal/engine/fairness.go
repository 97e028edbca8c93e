package engine

import (
	"hash/maphash"
	"time"

	"github.com/holdfast-go/holdfast/internal/store"
)

// fairness is the one rule of fairness between processes: after tenureSpan of holding the
// lock it is left free for freeSpan. How long it was held adds up over tenures that
// follow each other more closely, so that it is left free as often for a caller in a loop as
// for a queue.
type fairness struct {
	held     time.Duration // since the lock was last free for freeSpan
	released time.Time     // when it was last freed
}

// pause is how long the lock must be left free before the next tenure.
func (f *fairness) pause(now time.Time) time.Duration {
	free := now.Sub(f.released)
	if free >= freeSpan {
		f.held = 0
	}
	if f.held < tenureSpan {
		return 0
	}
	return freeSpan - free
}

// history is what the next tenure of a file needs to know of those before it.
type history struct {
	fairness
	last commitStats // of the last commit
}

// commitStats say what the next batch gathers: the callers of the last commit,
// for they may be back at once, and the callers who were waiting already.
type commitStats struct {
	at   time.Time     // when the disk was done
	took time.Duration // how long it took
	goal int           // how many are expected
}

// gathersUntil is when the next batch stops gathering.
func (c *commitStats) gathersUntil() time.Time { return c.at.Add(c.took / 2) }

// past remembers the histories of files that nobody uses right now, for the
// caller who writes one file in a loop. It is a table of fixed size: a file that drops
// out of it is taken for one that was never used, which costs a moment's
// fairness, while a map would grow with every file.
type past [64]pastEntry

type pastEntry struct {
	key     store.Key
	history history
}

var pastSeed = maphash.MakeSeed()

// slot is where the history of a file is kept. It may hold that of another file.
func (p *past) slot(key store.Key) *pastEntry {
	return &p[maphash.Comparable(pastSeed, key)%uint64(len(p))]
}
