package engine

import (
	"io/fs"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

var errOwn = errors.New("the function's own error")

// put stages a whole content without a look at the old one.
func put(text string) func(*Tx) error {
	return func(tx *Tx) error {
		tx.Put([]byte(text))
		return nil
	}
}

// extend appends without a look.
func extend(text string) func(*Tx) error {
	return func(tx *Tx) error {
		return tx.Append([]byte(text))
	}
}

// look reads into a variable.
func look(into *string) func(*Tx) error {
	return func(tx *Tx) error {
		data, exists, err := tx.Text(store.ReadOptions{})
		if *into = string(data); !exists {
			*into = "nothing"
		}
		return err
	}
}

// begin calls Do on a goroutine of its own and lets it come as far as it can.
func begin(e *Engine, r *Request, fn func(*Tx) error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- e.Do(r, fn) }()
	synctest.Wait()
	return result
}

// pending fails unless a call is still under way.
func pending(t *testing.T, result <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-result:
		t.Errorf("a call that had to wait returned: %v", err)
	default:
	}
}

// must fails the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	testkit.WantNil(t, "it", err)
}

// simulated runs a test on an engine over a disk whose commits take so long, with
// virtual time. In the end the engine must be idle.
func simulated(t *testing.T, latency time.Duration, test func(t *testing.T, s *fakeStore, e *Engine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore(latency)
		e := newEngine(s)
		test(t, s, e)
		idle(t, e, s)
	})
}

// idle fails unless the engine has forgotten everything and freed every lock.
func idle(t *testing.T, e *Engine, s *fakeStore) {
	t.Helper()
	time.Sleep(tenureSpan) // a run may linger that long for callers who come back
	synctest.Wait()
	idleEntries(t, e)
	for path := range s.files {
		if s.locked(path) {
			t.Errorf("the lock of %s is still held", path)
		}
	}
}

// waysToFail are functions that stage something and then do not return nil.
// Each is run on a goroutine of its own; outcome is what became of the call.
var waysToFail = []struct {
	name    string
	end     func() error
	outcome any
}{
	{"error", func() error { return errOwn }, errOwn},
	{"panic", func() error { panic("a panic") }, "a panic"},
	{"Goexit", func() error { runtime.Goexit(); return nil }, nil},
}

// outcome runs call and gives the error it returned, the value it panicked
// with, or nil if its goroutine ended.
func outcome(call func() error) (result any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				result = p
			}
		}()
		result = call()
	}()
	<-done
	return result
}

func TestAFunctionThatFailsStagesNothingAndFreesTheTurn(t *testing.T) {
	for _, way := range waysToFail {
		t.Run(way.name, func(t *testing.T) {
			simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
				s.change("f", "old")
				got := outcome(func() error {
					return e.Do(request("f"), func(tx *Tx) error {
						tx.Put([]byte("new"))
						return way.end()
					})
				})
				if got != way.outcome {
					t.Errorf("the call ended with %v, want %v", got, way.outcome)
				}
				if n := len(s.commits("f")); n != 0 || s.content("f") != "old" {
					t.Errorf("%d commits, and the file holds %q", n, s.content("f"))
				}
				idle(t, e, s)
				now := request("f")
				now.Timeout = 0
				must(t, e.Do(now, put("next")))
			})
		})
	}
}

func TestAFailureTouchesNoNeighbour(t *testing.T) {
	for _, way := range waysToFail {
		t.Run(way.name, func(t *testing.T) {
			simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
				first := begin(e, request("f"), put("1"))
				before := begin(e, request("f"), extend("2"))
				outcome(func() error {
					return e.Do(request("f"), func(tx *Tx) error {
						tx.Append([]byte("gone"))
						tx.Put([]byte("gone too"))
						return way.end()
					})
				})
				after := begin(e, request("f"), extend("3"))
				for _, result := range []<-chan error{first, before, after} {
					must(t, <-result)
				}
				if got := s.content("f"); got != "123" {
					t.Errorf("the file holds %q, want %q", got, "123")
				}
				if n := len(s.commits("f")); n != 2 {
					t.Errorf("%d commits, want 2", n)
				}
			})
		})
	}
}

func TestSeveralWritesOfOneFunctionAreOneCommit(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		must(t, e.Do(request("f"), func(tx *Tx) error {
			tx.Put([]byte("first"))
			if err := tx.Remove(); err != nil {
				return err
			}
			tx.Append([]byte("a"))
			tx.Append([]byte("b"))
			var seen string
			err := look(&seen)(tx)
			if seen != "ab" {
				t.Errorf("the function saw %q of its own writes, want %q", seen, "ab")
			}
			return err
		}))
		if n := len(s.commits("f")); n != 1 || s.content("f") != "ab" {
			t.Errorf("%d commits, and the file holds %q", n, s.content("f"))
		}
	})
}

func TestRemoveIsStagedLikeAWrite(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		remove := func(tx *Tx) error { return tx.Remove() }
		if err := e.Do(request("f"), remove); err != fs.ErrNotExist {
			t.Errorf("removing nothing: %v, want fs.ErrNotExist", err)
		}
		s.change("f", "old")
		var seen string
		flying := begin(e, request("f"), remove)
		saw := begin(e, request("f"), look(&seen))
		twice := begin(e, request("f"), remove)
		again := begin(e, request("f"), extend("new"))
		must(t, <-flying)
		must(t, <-saw)
		if err := <-twice; err != fs.ErrNotExist || seen != "nothing" {
			t.Errorf("after a staged removal: Remove %v, Text %q", err, seen)
		}
		if s.content("f") != "nothing" {
			t.Errorf("after the removal the file holds %q", s.content("f"))
		}
		must(t, <-again)
		if got := s.content("f"); got != "new" {
			t.Errorf("the file holds %q, want %q", got, "new")
		}
	})
}

func TestALookAtNothingCommitsNothing(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		var seen string
		start := time.Now()
		must(t, e.Do(request("f"), look(&seen)))
		if seen != "old" || time.Since(start) != 0 || len(s.commits("f")) != 0 {
			t.Errorf("read %q in %v with %d commits", seen, time.Since(start), len(s.commits("f")))
		}
	})
}
