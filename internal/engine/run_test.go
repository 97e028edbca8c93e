package engine

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// loops lets callers increment f in closed loops until they are stopped.
func loops(t *testing.T, e *Engine, callers int) (stop func()) {
	over := make(chan struct{})
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					must(t, e.Do(request("f"), increment))
				}
			}
		})
	}
	return func() { close(over); all.Wait() }
}

// underLoad runs a test with disks and loops of several sizes.
func underLoad(t *testing.T, test func(t *testing.T, s *fakeStore, e *Engine, stop func())) {
	for _, latency := range []time.Duration{300 * time.Microsecond, time.Millisecond, 4 * time.Millisecond, 20 * time.Millisecond} {
		for _, callers := range []int{1, 32} {
			t.Run(fmt.Sprintf("%v, %d callers", latency, callers), func(t *testing.T) {
				simulated(t, latency, func(t *testing.T, s *fakeStore, e *Engine) {
					test(t, s, e, loops(t, e, callers))
				})
			})
		}
	}
}

// longest is how long a run may hold the lock: those who came in its 5 ms are
// committed, behind a commit that is under way and a moment of gathering.
func longest(s *fakeStore) time.Duration { return tenureSpan + 2*s.latency + s.latency/2 }

func TestABlockedProcessGetsInWithinThreeRuns(t *testing.T) {
	underLoad(t, func(t *testing.T, s *fakeStore, e *Engine, stop func()) {
		for round := range 12 {
			time.Sleep(time.Duration(round) * 777 * time.Microsecond)
			began := time.Now()
			free := s.occupy("f")
			if took := time.Since(began); took > 3*(longest(s)+freeSpan) {
				t.Errorf("the other process waited %v", took)
			}
			free()
		}
		stop()
	})
}

func TestTheLockLiesFreeBetweenRuns(t *testing.T) {
	underLoad(t, func(t *testing.T, s *fakeStore, e *Engine, stop func()) {
		f := s.file("f")
		time.Sleep(100 * time.Millisecond)
		stop()
		idle(t, e, s)
		began := f.opens[0]
		for i, closed := range f.closes {
			if busy := closed.Sub(began); busy > longest(s) {
				t.Errorf("the lock was busy for %v", busy)
			}
			if i+1 < len(f.opens) && f.opens[i+1].Sub(closed) >= freeSpan {
				began = f.opens[i+1]
			}
		}
	})
}

func TestAfterFiveMillisecondsOfShortRunsTheLockLiesFree(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		file, rests := s.file("f"), 0
		const runs = 100
		for range runs {
			must(t, e.Do(request("f"), increment))
		}
		for i := 1; i < runs; i++ {
			switch free := file.opens[i].Sub(file.closes[i-1]); free {
			case freeSpan:
				rests++
			case 0:
			default:
				t.Errorf("before run %d the lock was free for %v", i, free)
			}
		}
		if want := 19; rests != want {
			t.Errorf("the lock was left free %d times, want %d", rests, want)
		}
		// Runs that leave it free by themselves add nothing up.
		for i := range runs {
			time.Sleep(freeSpan)
			must(t, e.Do(request("f"), increment))
			if n := runs + i; file.opens[n].Sub(file.closes[n-1]) != freeSpan {
				t.Fatalf("run %d waited", n)
			}
		}
	})
}

func TestARunTakesNobodyAfterFiveMilliseconds(t *testing.T) {
	simulated(t, 20*time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		first := begin(e, request("f"), put("1"))
		time.Sleep(tenureSpan - time.Nanosecond)
		joined := begin(e, request("f"), extend("2"))
		time.Sleep(time.Nanosecond)
		late := begin(e, request("f"), extend("3"))
		must(t, <-first)
		must(t, <-joined)
		if s.content("f") != "12" {
			t.Errorf("the first run left %q", s.content("f"))
		}
		must(t, <-late)
		f := s.file("f")
		if len(f.opens) != 2 || f.opens[1].Sub(f.closes[0]) < freeSpan {
			t.Errorf("the lock was taken at %v and freed at %v", f.opens, f.closes)
		}
	})
}

// Callers may come back after a commit, but the lock is not kept beyond the
// run's time for them.
func TestTheLockIsNotKeptForCallersWhoDoNotComeBack(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var results []<-chan error
		for range 8 {
			results = append(results, begin(e, request("f"), extend("x")))
		}
		for _, result := range results {
			must(t, <-result)
		}
		var seen string
		must(t, e.Do(request("f"), look(&seen)))
		time.Sleep(tenureSpan)
		synctest.Wait()
		if s.locked("f") {
			t.Error("the lock is held for nobody")
		}
	})
}

func TestStateIsReadOncePerRunAndDroppedAtItsEnd(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		var results []<-chan error
		for range 3 {
			results = append(results, begin(e, request("f"), increment))
		}
		for _, result := range results {
			must(t, <-result)
		}
		if n := s.loads("f"); n != 1 {
			t.Errorf("one run read the file %d times", n)
		}
		idle(t, e, s)
		s.change("f", "41")
		must(t, e.Do(request("f"), increment))
		if s.loads("f") != 2 || s.content("f") != "42" {
			t.Errorf("after an outside change: read %d times, and the file holds %q", s.loads("f"), s.content("f"))
		}
	})
}

func TestAPathThatMovesIsFollowedEightTimes(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.moves = maxMoves - 1
		must(t, e.Do(request("f"), put("new")))
		s.moves = maxMoves
		err := e.Do(request("f"), put("newer"))
		if !errors.Is(err, errors.ErrSymlink) || s.content("f") != "new" {
			t.Errorf("after %d moves: %v, and the file holds %q", maxMoves, err, s.content("f"))
		}
		s.moves = maxMoves
		if _, err := e.Hold(request("f")); !errors.Is(err, errors.ErrSymlink) {
			t.Errorf("Hold after %d moves: %v", maxMoves, err)
		}
	})
}

// A link may be set to another file while a caller waits for its turn.
func TestAPathThatMovesDuringTheWaitIsFollowed(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("link", "f")
		first := begin(e, request("f"), put("1"))
		slow := begin(e, request("f"), func(tx *Tx) error { time.Sleep(tenureSpan / 2); return extend("2")(tx) })
		through := begin(e, request("link"), extend("3"))
		s.retarget("link", "g")
		for _, result := range []<-chan error{first, slow, through} {
			must(t, <-result)
		}
		if s.content("f") != "12" || s.content("g") != "3" {
			t.Errorf("the file that the link meant holds %q, the one it means now %q", s.content("f"), s.content("g"))
		}
	})
}

// inOrder is a store whose lock is fair by itself.
type inOrder struct{ *fakeStore }

func (inOrder) InOrder() {}

func TestALockThatIsGivenInOrderIsNotLeftFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFakeStore(3 * time.Millisecond)
		for name, c := range map[string]struct {
			store store.Store
			sleep bool
		}{"any store": {fake, true}, "in order": {inOrder{fake}, false}} {
			slept := false
			e := New(c.store)
			e.sleep = func(d time.Duration) { slept = true; time.Sleep(d) }
			for range 10 {
				testkit.Must(t, e.Do(request("f"), increment))
			}
			if slept != c.sleep {
				t.Errorf("%s: slept %v, want %v", name, slept, c.sleep)
			}
		}
	})
}
