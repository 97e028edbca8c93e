package engine

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func requests(paths ...string) (rs []*Request) {
	for _, path := range paths {
		rs = append(rs, request(path))
	}
	return rs
}

// hold takes one file and fails the test if it can't.
func hold(t *testing.T, e *Engine, path string) *Hold {
	t.Helper()
	h, err := e.Hold(request(path))
	must(t, err)
	return h
}

func TestNobodyElseGetsAHeldFile(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		h := hold(t, e, "f")
		now := request("f")
		now.Timeout = 0
		testkit.WantIs(t, "a write without waiting", e.Do(now, put("new")), errors.ErrLocked)
		waiting := begin(e, request("f"), put("new"))
		time.Sleep(time.Hour)
		pending(t, waiting)
		must(t, h.Release())
		must(t, <-waiting)
	})
}

func TestAHoldWaitsForTheRunBeforeIt(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		first := begin(e, request("f"), put("1"))
		second := begin(e, request("f"), extend("2"))
		h := hold(t, e, "f")
		all(t, first, second)
		if s.content("f") != "12" || h.Path() != "f" {
			t.Errorf("%s was held while it held %q", h.Path(), s.content("f"))
		}
		must(t, h.Release())
	})
}

func TestAHoldCommitsWhatIsStagedAndLastsOn(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("f", "old")
		h := hold(t, e, "f")
		must(t, h.Commit())
		h.Append([]byte("1"))
		must(t, h.Commit())
		var seen string
		must(t, look(&seen)(h.Tx))
		h.Append([]byte("2"))
		must(t, h.Commit())
		h.Append([]byte("never committed"))
		if !s.locked("f") || seen != "old1" || s.content("f") != "old12" {
			t.Errorf("saw %q, and the file holds %q", seen, s.content("f"))
		}
		must(t, h.Release())
		committed(t, s, "append 1", "append 2")
	})
}

func TestAHoldWhoseCommitFailedCommitsNoMore(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		h := hold(t, e, "f")
		s.failOnce(errDisk)
		h.Put([]byte("1"))
		for range 2 {
			if err := h.Commit(); err != errDisk {
				t.Errorf("commit: %v, want the disk's error", err)
			}
		}
		must(t, h.Release())
	})
}

func TestFilesAreHeldInOneOrderAndOnce(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("link to a", "a")
		holds, err := e.HoldAll(requests("c", "a", "b", "link to a", "c"))
		must(t, err)
		var order []string
		for _, h := range holds {
			order = append(order, h.Path())
		}
		if !slices.Equal(order, []string{"a", "b", "c"}) {
			t.Errorf("held in the order %q", order)
		}
		for _, h := range holds {
			must(t, h.Release())
		}
	})
}

func TestOppositeOrdersDoNotDeadlock(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		var all sync.WaitGroup
		orders := [][]string{{"a", "b", "c"}, {"c", "b", "a"}, {"b", "a"}, {"c", "a"}, {"a", "c", "b"}}
		inside := 0
		for i := range 50 {
			all.Go(func() {
				holds, err := e.HoldAll(requests(orders[i%len(orders)]...))
				must(t, err)
				if inside++; inside != 1 { // all of them hold a
					t.Error("two hold one file")
				}
				time.Sleep(time.Millisecond)
				inside--
				for _, h := range slices.Backward(holds) {
					must(t, h.Release())
				}
			})
		}
		all.Wait()
	})
}

func TestHoldingAllOrNone(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		free := s.occupy("b")
		rs := requests("a", "b", "c")
		for _, r := range rs {
			r.Timeout = time.Second
		}
		if _, err := e.HoldAll(rs); !errors.Is(err, errors.ErrTimeout) {
			t.Errorf("with one file occupied: %v", err)
		}
		free()
		idle(t, e, s)
		if _, err := e.HoldAll(requests("a", "")); err == nil {
			t.Error("a path without a file was held")
		}
	})
}

// A call can't wait for a lock that its own context holds.
func TestHoldingWhatTheContextHoldsIsAnError(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		must(t, e.Do(request("f"), func(tx *Tx) error {
			ctx := tx.In(context.Background())
			if _, err := e.HoldAll([]*Request{in(ctx, "g"), in(ctx, "f")}); !errors.Is(err, errors.ErrLock) {
				t.Errorf("holding the file of the context: %v, want ErrLock", err)
			}
			h, err := e.Hold(in(ctx, "g"))
			must(t, err)
			return h.Release()
		}))
	})
}

func TestAPathThatMovesBetweenLocksIsFollowed(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("link", "b")
		free := s.occupy("b")
		var holds []*Hold
		done := make(chan error, 1)
		go func() {
			var err error
			holds, err = e.HoldAll(requests("a", "link"))
			done <- err
		}()
		synctest.Wait()
		s.retarget("link", "c")
		free()
		must(t, <-done)
		if s.locked("b") || !s.locked("a") || !s.locked("c") {
			t.Error("what the path meant before is held")
		}
		for _, h := range holds {
			must(t, h.Release())
		}
	})
}

func TestMoveKeepsItsDirectionWhenAPathMoves(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("src", "x")
		s.change("x", "content")
		s.change("b", "content")
		free := s.occupy("b")
		done := make(chan error, 1)
		go func() { done <- e.Move(request("src"), request("b")) }()
		synctest.Wait()
		s.retarget("src", "a")
		s.change("a", "content of src")
		free()
		must(t, <-done)
		if s.content("b") != "content of src" || s.content("a") != "nothing" {
			t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
		}
	})
}

func TestMoveToItselfDoesNothing(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.change("a", "content")
		must(t, e.Move(request("a"), request("a")))
		if _, err := e.store.Locate(context.Background(), store.Target{}); e.Move(request(""), request("a")) == nil || err == nil {
			t.Error("a file that is nowhere was moved")
		}
		if s.content("a") != "content" {
			t.Errorf("the file holds %q", s.content("a"))
		}
	})
}
