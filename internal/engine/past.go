package engine

import (
	"hash/maphash"
	"time"

	"github.com/holdfast-go/holdfast/internal/store"
)

// history is what the next run of a file should know of those before it.
type history struct {
	rests
	last commitStats // of the last commit
}

// commitStats say what the next batch gathers: those whom the last commit let
// go, for they may be back at once, and those who were waiting already.
type commitStats struct {
	at   time.Time     // when the disk was done
	took time.Duration // how long it took
	goal int           // how many are expected
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

// gathering is until when, and up to how many functions, a batch gathers.
func (c commitStats) gathering() (until time.Time, goal int) {
	return c.at.Add(c.took / 2), c.goal
}
