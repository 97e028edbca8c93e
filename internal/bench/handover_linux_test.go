package bench

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// way is one way of having a file's lock. do calls inside while it has it. One
// that polls says that it waits when its first try was in vain; of the others the
// kernel tells.
type way struct {
	name  string
	polls bool
	do    func(path string, waits, inside func()) error
}

// ways are ours, then its peers by how long one expects them to take.
var ways = []way{
	{"holdfast", false, func(path string, _, inside func()) error {
		l, err := lockedfile.Acquire(context.Background(), path)
		if err != nil {
			return err
		}
		inside()
		return l.Release()
	}},
	{"flock.Lock", false, func(path string, _, inside func()) error { // which no deadline ends
		l := flock.New(path + ".lock")
		if err := l.Lock(); err != nil {
			return err
		}
		inside()
		return l.Unlock()
	}},
	polling("poll-1ms", time.Millisecond),
	polling("poll-10ms", longestPoll),
	{"update", false, func(path string, _, inside func()) error {
		return lockedfile.New[progress](path).Update(func(p *progress) error {
			p.step()
			inside()
			return nil
		})
	}},
}

const longestPoll = 10 * time.Millisecond

func polling(name string, every time.Duration) way {
	return way{name, true, func(path string, waits, inside func()) error {
		l := flock.New(path + ".lock")
		if _, err := l.TryLockContext(telling{context.Background(), sync.OnceFunc(waits)}, every); err != nil {
			return err
		}
		inside()
		return l.Unlock()
	}}
}

// telling is a context that tells when somebody waits for its end, which a
// poller does between two tries.
type telling struct {
	context.Context
	tell func()
}

func (c telling) Done() <-chan struct{} {
	c.tell()
	return c.Context.Done()
}

// BenchmarkHandover holds a lock that another process waits for, and releases it. It measures the time from just
// before the release until the other process has the lock, by CLOCK_MONOTONIC. For an update it measures the
// time from the end of this process's function to the start of the other's, which includes the
// commit; the time until this process's call returned is reported as well.
func BenchmarkHandover(b *testing.B) {
	onEachDisk(b, handover)
}

func handover(b *testing.B, root string) {
	other := testkit.Start(b, testkit.Self(b, "other")) // which waits for the locks that this one holds
	paths := make([]string, len(ways))
	for i, w := range ways {
		paths[i] = place(b, root, w.name)
	}
	settle := syncer(b, root)
	handed, ended := make([][]float64, len(ways)), make([][]float64, len(ways)) // µs, by round
	for round := 0; b.Loop(); round++ {
		for turn := range ways {
			at := (round + turn) % len(ways)
			settle()
			h, e := handOver(b, other, ways[at], paths[at])
			handed[at], ended[at] = append(handed[at], h), append(ended[at], e)
		}
	}
	b.ReportMetric(0, "ns/op")
	ours := median(handed[0])
	for i, w := range ways {
		b.ReportMetric(median(handed[i]), w.name+"-µs")
		b.ReportMetric(quantile(handed[i], 0.9), w.name+"-p90-µs")
		switch w.name {
		case "holdfast":
		case "update":
			b.ReportMetric(median(ended[i]), "commit-µs")
			b.ReportMetric(median(handed[i])/median(ended[i]), "update/commit")
		default:
			b.ReportMetric(ours/median(handed[i]), "holdfast/"+w.name)
		}
	}
}

// handOver gives how long after the release the other process had the lock, and
// how long after it this one was done with it, in microseconds.
func handOver(b *testing.B, other *testkit.Process, w way, path string) (handed, ended float64) {
	var released int64
	err := w.do(path, func() {}, func() {
		other.Tell(w.name, path)
		if w.polls {
			other.Expect("waits")
		} else {
			testkit.Until(b, "the other process waits in the kernel", func() bool { return testkit.Blocked(b, path+".lock") == 1 })
		}
		linger()
		released = monotonic()
	})
	end := monotonic()
	if err != nil {
		b.Fatalf("%s: %v", w.name, err)
	}
	got, err := strconv.ParseInt(other.Expect(""), 10, 64)
	if err != nil || got < released {
		b.Fatalf("%s: released at %d, taken at %d (%v)", w.name, released, got, err)
	}
	return float64(got-released) / 1e3, float64(end-released) / 1e3
}

// linger holds a lock that is waited for a little longer, so that the release
// meets every phase of a poll alike. The runtime's own sleep would be in step
// with the polls, since it rounds all of them to milliseconds.
func linger() {
	left := unix.NsecToTimespec(int64(rand.N(longestPoll)))
	for unix.Nanosleep(&left, &left) == unix.EINTR {
	}
}

func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err) // the kernel always has it
	}
	return now.Nano()
}
