package engine

import (
	"hash/maphash"
	"time"

	"github.com/holdfast-go/holdfast/internal/store"
)

// fairness is the rule of fairness between processes: after the lock was held for tenureSpan, it is left
// free for freeSpan. The time adds up over tenures with less than freeSpan between them. So the rule
// is the same for one caller in a loop and for a queue.
type fairness struct {
	held     time.Duration // since the lock was last free for freeSpan
	released time.Time     // when it was last released
}

// pause gives the time for which the lock must be left free before the next tenure.
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

// history holds the data of earlier tenures of a file that the next one needs.
type history struct {
	fairness
	last commitStats // of the last commit
}

// commitStats decide what the next batch gathers: the callers of the last commit,
// since they may call again at once, and the callers that were waiting.
type commitStats struct {
	at   time.Time     // end of the commit
	took time.Duration // duration of the commit
	goal int           // expected number of functions
}

// gathersUntil is when the next batch stops gathering.
func (c *commitStats) gathersUntil() time.Time { return c.at.Add(c.took / 2) }

// past keeps the histories of files that are not in use, for a caller that writes one file in a loop. It
// is a table of fixed size, since a map would grow with every file. If the history of a file is
// overwritten, the file counts as never used, and the fairness of one tenure is lost.
type past [64]pastEntry

type pastEntry struct {
	key     store.Key
	history history
}

var pastSeed = maphash.MakeSeed()

// slot gives the table's slot for a file. It may hold the history of another file.
func (p *past) slot(key store.Key) *pastEntry {
	return &p[maphash.Comparable(pastSeed, key)%uint64(len(p))]
}
