package lockedfile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// A counting process updates a file from several goroutines. It says "s" when
// an update starts and "a" when it is acknowledged.
func init() {
	roles["count"] = func(args []string) {
		goroutines, each := number(args[1]), number(args[2])
		var all sync.WaitGroup
		for range goroutines {
			all.Go(func() {
				f := lockedfile.New[counters](args[0])
				for range each {
					os.Stdout.WriteString("s")
					testkit.Check(f.Update(func(v *counters) error { (*v)["n"]++; return nil }))
					os.Stdout.WriteString("a")
				}
			})
		}
		all.Wait()
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	testkit.Check(err)
	return n
}

// tally counts what counting processes say.
type tally struct{ started, acked atomic.Int64 }

// listen reads all that a process has to say, and waits for its end.
func (c *tally) listen(p *testkit.Process) {
	buf := make([]byte, 4096)
	for {
		n, err := p.Out.Read(buf)
		c.started.Add(int64(bytes.Count(buf[:n], []byte("s"))))
		c.acked.Add(int64(bytes.Count(buf[:n], []byte("a"))))
		if err == io.EOF {
			return
		}
		if err != nil {
			return // killed
		}
	}
}

var formats = []string{"json", "yaml", "toml"}

// The long form is 8 processes × 16 goroutines × 200 updates.
func TestNoUpdateOfManyProcessesIsLost(t *testing.T) {
	processes, goroutines, each := effort.Of(4, 4, 8), effort.Of(8, 8, 16), effort.Of(20, 20, 200)
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "count."+format)
			var said tally
			var all sync.WaitGroup
			began := time.Now()
			for range processes {
				p := start(t, "count", path, strconv.Itoa(goroutines), strconv.Itoa(each))
				all.Go(func() {
					said.listen(p)
					testkit.WantNil(t, "a counting process", p.Wait())
				})
			}
			all.Wait()
			want := processes * goroutines * each
			t.Logf("%d updates by %d processes × %d goroutines in %v", want, processes, goroutines, time.Since(began).Round(time.Millisecond))
			if got := counted(t, path); got != want || said.acked.Load() != int64(want) {
				t.Errorf("%d updates were acknowledged, and %d counted, want %d", said.acked.Load(), got, want)
			}
			testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
		})
	}
}

// Every 50 ms a random process is killed and another one takes its place. Every acknowledged increment is
// counted. An increment that was not acknowledged may be counted, once.
func TestKilledProcessesLoseNothingAcknowledged(t *testing.T) {
	const processes, goroutines = 8, 16
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "count."+format)
			var said tally
			var listeners sync.WaitGroup
			spawn := func() *testkit.Process {
				p := start(t, "count", path, strconv.Itoa(goroutines), "1000000")
				listeners.Go(func() { said.listen(p) })
				return p
			}
			var crew []*testkit.Process
			for range processes {
				crew = append(crew, spawn())
			}
			testkit.Until(t, "they count", func() bool { return said.acked.Load() > 0 })
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			kills := 0
			for enough := int64(effort.Of(400, 400, 25_600)); said.acked.Load() < enough || kills < effort.Of(20, 20, 200); kills++ {
				<-tick.C
				victim := rand.IntN(processes)
				crew[victim].Kill()
				crew[victim] = spawn()
			}
			for _, p := range crew {
				p.Kill()
			}
			listeners.Wait()
			got, acked, started := int64(counted(t, path)), said.acked.Load(), said.started.Load()
			t.Logf("%d kills: %d updates started, %d acknowledged, %d counted", kills, started, acked, got)
			if got < acked || got > started {
				t.Errorf("%d counted, which is not between the %d acknowledged and the %d started", got, acked, started)
			}
			testkit.Must(t, lockedfile.New[counters](path).Update(func(v *counters) error { (*v)["n"]++; return nil }))
			testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
			if info := inspect(t, path); info.Held || info.Stale {
				t.Errorf("the lock is left: %s", fmt.Sprint(info))
			}
		})
	}
}
