package engine

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// moment is a time that is read beside its setting; zero until then.
type moment struct{ at atomic.Pointer[time.Time] }

func (m *moment) now() { now := time.Now(); m.at.Store(&now) }

func (m *moment) past() bool { return m.at.Load() != nil }

func (m *moment) since() time.Duration { return time.Since(*m.at.Load()) }

// sleeper takes its time, and notes when it began.
func sleeper(began *moment) func(*Tx) error {
	return func(tx *Tx) error {
		began.now()
		time.Sleep(time.Second)
		return extend("3")(tx)
	}
}

// While one function takes its time, those who have staged do not wait for it,
// whenever in a commit they staged and it began.
func TestASlowFunctionDelaysNobodyWhoHasStaged(t *testing.T) {
	const latency = 10 * time.Millisecond
	for _, others := range []int{1, 8} {
		for tenth := range 20 {
			simulated(t, latency, func(t *testing.T, s *fakeStore, e *Engine) {
				flying := begin(e, request("f"), put("1"))
				time.Sleep(latency * time.Duration(tenth) / 20)
				var staged []<-chan error
				for range others {
					staged = append(staged, begin(e, request("f"), extend("2")))
				}
				var began moment
				slow := begin(e, request("f"), sleeper(&began))
				for _, result := range staged {
					must(t, <-result)
				}
				if took := began.since(); took > 2*latency {
					t.Errorf("%d who staged %d %% into a commit were acknowledged after %v, two commits are %v", others, 5*tenth, took, 2*latency)
				}
				must(t, <-flying)
				pending(t, slow)
				must(t, <-slow)
			})
		}
	}
}

// The same in the middle of closed loops, where batches gather.
func TestASlowFunctionInALoopDelaysNobodyWhoHasStaged(t *testing.T) {
	const latency, callers = 10 * time.Millisecond, 16
	var checked atomic.Int32
	for delay := range 80 {
		simulated(t, latency, func(t *testing.T, s *fakeStore, e *Engine) {
			var slow moment
			var loops sync.WaitGroup
			for range callers {
				loops.Go(func() {
					for range 4 {
						first := false
						must(t, e.Do(request("f"), func(tx *Tx) error {
							first = !slow.past()
							return extend("x")(tx)
						}))
						if !first || !slow.past() {
							continue
						}
						checked.Add(1)
						if took := slow.since(); took > 2*latency {
							t.Errorf("slow function after %d half milliseconds: one who had staged was acknowledged %v later, two commits are %v", delay, took, 2*latency)
						}
					}
				})
			}
			time.Sleep(time.Duration(delay) * time.Millisecond / 2)
			must(t, e.Do(request("f"), sleeper(&slow)))
			loops.Wait()
		})
	}
	if n := checked.Load(); n < 200 {
		t.Errorf("only %d had staged when the slow function began", n)
	}
}

func TestALookAtStagedStateWaitsForThatStateAndNoLonger(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var seen string
		begin(e, request("f"), put("1"))
		time.Sleep(time.Second / 2)
		staged := begin(e, request("f"), extend("2"))
		looker := begin(e, request("f"), look(&seen))
		blind := begin(e, request("f"), func(*Tx) error { return nil })
		failed := begin(e, request("f"), func(*Tx) error { return errOwn })
		must(t, <-blind)
		if err := <-failed; err != errOwn {
			t.Errorf("one that failed without a look: %v", err)
		}
		later := begin(e, request("f"), extend("3"))
		pending(t, looker)
		start := time.Now()
		must(t, <-looker)
		if seen != "12" || s.content("f") != "123" {
			t.Errorf("saw %q while the disk held %q", seen, s.content("f"))
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("the look took %v", took)
		}
		must(t, <-staged)
		must(t, <-later)
	})
}

// An error is an answer as well: it is not given before what it rests on is durable.
func TestAnErrorThatRestsOnStagedStateWaitsForIt(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var seen string
		flying := begin(e, request("f"), put("1"))
		refused := begin(e, request("f"), func(tx *Tx) error { return errors.Join(look(&seen)(tx), errOwn) })
		pending(t, refused)
		must(t, <-flying)
		if err := <-refused; !errors.Is(err, errOwn) || s.content("f") != "1" {
			t.Errorf("got %v, and the file holds %q", err, s.content("f"))
		}
	})
}
