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

// freed notes the end of a tenure.
func (f *fairness) freed(began, now time.Time) {
	f.held += now.Sub(began)
	f.released = now
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

// gathering is until when, and up to how many functions, a batch gathers.
func (c commitStats) gathering() (until time.Time, goal int) {
	return c.at.Add(c.took / 2), c.goal
}

// past remembers the histories of files that nobody uses right now, for the
// caller who writes one file in a loop. It is a table of fixed size: a file that drops
// out of it is taken for one that was never used, which costs a moment's
// fairness, while a map would grow with every file.
type past struct {
	table [64]struct {
		key     store.Key
		history history
	}
}

var pastSeed = maphash.MakeSeed()

func (p *past) slot(key store.Key) int {
	return int(maphash.Comparable(pastSeed, key) % uint64(len(p.table)))
}

func (p *past) keep(key store.Key, h history) {
	s := &p.table[p.slot(key)]
	s.key, s.history = key, h
}

func (p *past) recall(key store.Key) history {
	if s := &p.table[p.slot(key)]; s.key == key {
		return s.history
	}
	return history{}
}
