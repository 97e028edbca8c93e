package engine

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// hang begins a function that stages and then waits for the test.
func hang(e *Engine) (result <-chan error, resume func()) {
	release := make(chan struct{})
	result = begin(e, request("f"), func(tx *Tx) error {
		tx.Put([]byte("of the one that hung"))
		<-release
		return nil
	})
	return result, func() { close(release) }
}

func TestForceLetsWaitersPastAFunctionThatHangs(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		hung, resume := hang(e)
		first := begin(e, request("f"), extend("1"))
		second := begin(e, request("f"), extend("2"))
		pending(t, second)
		must(t, e.Force(context.Background(), store.Target{Path: "f"}))
		all(t, first, second, begin(e, request("f"), extend("3")))
		resume()
		got := s.content("f")
		if err := <-hung; !errors.Is(err, errors.ErrLockLost) || !sameLetters(got, "123") {
			t.Errorf("the one that hung got %v, and the file holds %q", err, got)
		}
	})
}

// sameLetters: who moves to the new queue may come to it in any order.
func sameLetters(a, b string) bool {
	sorted := func(s string) string { r := []byte(s); slices.Sort(r); return string(r) }
	return sorted(a) == sorted(b)
}

func TestForceFailsTheCommitThatIsUnderWayAndWhatIsStagedOnIt(t *testing.T) {
	simulated(t, time.Second, func(t *testing.T, s *fakeStore, e *Engine) {
		flying := begin(e, request("f"), put("1"))
		staged := begin(e, request("f"), extend("2"))
		must(t, e.Force(context.Background(), store.Target{Path: "f"}))
		next := begin(e, request("f"), put("3"))
		for _, result := range []<-chan error{flying, staged} {
			testkit.WantIs(t, "a change under the lost lock", <-result, errors.ErrLockLost)
		}
		must(t, <-next)
		if s.content("f") != "3" {
			t.Errorf("the file holds %q", s.content("f"))
		}
	})
}

func TestForceTakesAHoldAway(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		h := hold(t, e, "f")
		must(t, e.Force(context.Background(), store.Target{Path: "f"}))
		h.Put([]byte("lost"))
		testkit.WantIs(t, "commit", h.Commit(), errors.ErrLockLost)
		must(t, e.Do(request("f"), put("new")))
		testkit.WantIs(t, "release", h.Release(), errors.ErrLockLost)
		if s.content("f") != "new" {
			t.Errorf("the file holds %q", s.content("f"))
		}
	})
}

func TestForceOfAFileThatNobodyUses(t *testing.T) {
	s := newFakeStore(0)
	e := newEngine(s)
	must(t, e.Force(context.Background(), store.Target{Path: "f"}))
	if e.Force(context.Background(), store.Target{}) == nil {
		t.Error("the lock of no file was taken away")
	}
	for _, held := range []bool{false, true} {
		if held {
			defer hold(t, e, "f").Release()
		}
		info, err := e.Inspect(context.Background(), store.Target{Path: "f"})
		if err != nil || info.Held != held || info.Path != "f.lock" {
			t.Errorf("Inspect: %+v, %v", info, err)
		}
	}
	if _, err := e.Inspect(context.Background(), store.Target{}); err == nil {
		t.Error("the lock of no file was inspected")
	}
}

// A call that enters a queue at the moment when it is abandoned finds its successor.
func TestACallThatEntersAnAbandonedQueueMovesOn(t *testing.T) {
	s := newFakeStore(0)
	e := newEngine(s)
	r := request("f")
	w := newWaiter(r)
	must(t, e.locate(w))
	ent := e.enter(w.at.Key)
	must(t, e.Force(context.Background(), r.Target))
	if err := ent.admit(w); err != store.ErrMoved {
		t.Errorf("admitted to an abandoned queue: %v", err)
	}
	e.leave(ent)
	idleEntries(t, e)
}
