package engine

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

var errDisk = errors.New("the disk is broken")

// failOnce makes the next commit fail.
func (s *fakeStore) failOnce(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var once sync.Once
	s.trouble = func(store.Change) (failed error) {
		once.Do(func() { failed = err })
		return failed
	}
}

func TestAFailedCommitFailsAllWhoBuiltOnIt(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "disk")
		s.failOnce(errDisk)
		var seen, refused, next string
		doomed := map[string]<-chan error{
			"whose change was in it":     begin(e, request("f"), put("lost")),
			"who appended to it":         begin(e, request("f"), extend("!")),
			"who replaced it":            begin(e, request("f"), put("blind")),
			"who read it":                begin(e, request("f"), look(&seen)),
			"who decided by what it saw": begin(e, request("f"), func(tx *Tx) error { return errors.Join(look(&refused)(tx), errOwn) }),
		}
		for who, result := range doomed {
			if err := <-result; !errors.Is(err, errDisk) {
				t.Errorf("one %s got %v, want the disk's error", who, err)
			}
		}
		if seen != "blind" || refused != "blind" {
			t.Errorf("the staged state was read as %q and %q", seen, refused)
		}
		must(t, e.Do(request("f"), look(&next)))
		if next != "disk" || s.content("f") != "disk" {
			t.Errorf("the next function saw %q; the disk holds %q", next, s.content("f"))
		}
	})
}

// A run that failed takes nobody in: who waits then starts from the disk.
func TestWhoWaitsWhenACommitFailsIsNotTouched(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "disk")
		s.failOnce(errDisk)
		failing := begin(e, request("f"), put("lost"))
		release := make(chan struct{})
		slow := begin(e, request("f"), func(tx *Tx) error { <-release; return extend("!")(tx) })
		var seen string
		waiting := begin(e, request("f"), func(tx *Tx) error { return errors.Join(look(&seen)(tx), extend("+")(tx)) })
		if err := <-failing; err != errDisk {
			t.Errorf("the failed commit: %v", err)
		}
		close(release)
		if err := <-slow; err != errDisk {
			t.Errorf("one who ran on the state that was lost: %v", err)
		}
		must(t, <-waiting)
		if seen != "disk" || s.content("f") != "disk+" {
			t.Errorf("the waiter saw %q, and the disk holds %q", seen, s.content("f"))
		}
	})
}

func TestAnOutsideChangeStopsWhoReadAndNotWhoDidNot(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "disk")
		outside := func(tx *Tx) error {
			s.change("f", "outside")
			tx.Put([]byte("new"))
			return nil
		}
		var seen string
		err := e.Do(request("f"), func(tx *Tx) error { return errors.Join(look(&seen)(tx), outside(tx)) })
		if !errors.Is(err, errors.ErrChanged) || s.content("f") != "outside" {
			t.Errorf("after a read: %v, and the file holds %q", err, s.content("f"))
		}
		must(t, e.Do(request("f"), outside))
		if s.content("f") != "new" {
			t.Errorf("after a blind write the file holds %q", s.content("f"))
		}
	})
}

// The same between two commits of one run, where it is staged state that was read.
func TestAnOutsideChangeBetweenTwoCommitsIsNoticed(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var seen string
		first := begin(e, request("f"), put("1"))
		second := begin(e, request("f"), func(tx *Tx) error { return errors.Join(look(&seen)(tx), put(seen+"2")(tx)) })
		must(t, <-first)
		s.change("f", "outside")
		if err := <-second; !errors.Is(err, errors.ErrChanged) || s.content("f") != "outside" {
			t.Errorf("the second commit: %v, and the file holds %q", err, s.content("f"))
		}
	})
}

// A load in the middle of a run must not take somebody else's bytes for the run's.
func TestALoadNoticesAnOutsideChange(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "disk")
		first := begin(e, request("f"), extend("1"))
		release := make(chan struct{})
		var seen string
		second := begin(e, request("f"), func(tx *Tx) error { <-release; return look(&seen)(tx) })
		must(t, <-first)
		s.change("f", "outside")
		close(release)
		if err := <-second; !errors.Is(err, errors.ErrChanged) {
			t.Errorf("read %q with %v, want ErrChanged", seen, err)
		}
	})
}

func TestADifferenceInOptionsEndsABatch(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		var results []<-chan error
		for i, perm := range []int{0, 1, 1, 2, 2, 2, 1} {
			r := request("f")
			r.Options.Perm = 0o600 + 1<<perm
			results = append(results, begin(e, r, extend(fmt.Sprint(i))))
		}
		for _, result := range results {
			must(t, <-result)
		}
		var parts []string
		for _, c := range s.commits("f") {
			text := ""
			for _, p := range c.change.Parts {
				text += string(p)
			}
			parts = append(parts, text)
		}
		if got := fmt.Sprint(parts); got != "[0 12 345 6]" {
			t.Errorf("the commits held %v, want [0 12 345 6]", got)
		}
	})
}

// A user's codec and logger are called while the disk is at work. If they panic
// there, those who built on the commit get an error, and the lock is free.
func TestACommitThatPanicsFailsWhoBuiltOnItAndFreesTheLock(t *testing.T) {
	for _, way := range waysToFail[1:] {
		t.Run(way.name, func(t *testing.T) {
			simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
				var once sync.Once
				s.trouble = func(store.Change) error {
					once.Do(func() { _ = way.end() })
					return nil
				}
				leader := make(chan any, 1)
				go func() { leader <- outcome(func() error { return e.Do(request("f"), put("1")) }) }()
				synctest.Wait() // it is at the disk
				second := begin(e, request("f"), extend("2"))
				if got := <-leader; got != way.outcome {
					t.Errorf("who led the commit ended with %v, want %v", got, way.outcome)
				}
				if err := <-second; err != errInterrupted {
					t.Errorf("who built on it got %v", err)
				}
				must(t, e.Do(request("f"), extend("3")))
			})
		})
	}
}
