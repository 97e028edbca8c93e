package engine

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// obstacles are the two things that a caller waits for: the turn, which another
// function of this process has, and the lock, which another process holds.
var obstacles = []struct {
	name, holder string // the latter as an error names it
	block        func(e *Engine, s *fakeStore) (free func())
}{
	{"turn", "this process", func(e *Engine, s *fakeStore) func() {
		release := make(chan struct{})
		begin(e, request("f"), func(*Tx) error { <-release; return nil })
		return func() { close(release) }
	}},
	{"lock", "somebody", func(e *Engine, s *fakeStore) func() { return s.occupy("f") }},
}

var errCause = errors.New("the cause")

// limits are the ways to say how long one waits, and what comes of them.
var limits = []struct {
	name   string
	limit  func(r *Request) (end func())
	waits  time.Duration
	match  []error
	others []error
	detail *errors.TimeoutError // nil for an error of another type
}{
	{
		"timeout 0", func(r *Request) func() { r.Timeout = 0; return func() {} }, 0,
		[]error{errors.ErrTimeout, errors.ErrLocked, context.DeadlineExceeded}, nil,
		&errors.TimeoutError{Path: "f"},
	},
	{
		"timeout 70 ms", func(r *Request) func() { r.Timeout = 70 * time.Millisecond; return func() {} }, 70 * time.Millisecond,
		[]error{errors.ErrTimeout, context.DeadlineExceeded}, []error{errors.ErrLocked},
		&errors.TimeoutError{Path: "f", Timeout: 70 * time.Millisecond},
	},
	{
		"deadline in 50 ms, timeout 70 ms", func(r *Request) (end func()) {
			r.Timeout = 70 * time.Millisecond
			r.Context, end = context.WithTimeoutCause(context.Background(), 50*time.Millisecond, errCause)
			return end
		}, 50 * time.Millisecond,
		[]error{errors.ErrTimeout, context.DeadlineExceeded, errCause}, []error{errors.ErrLocked},
		&errors.TimeoutError{Path: "f", Timeout: 50 * time.Millisecond, Cause: errCause},
	},
	{
		"cancelled after 30 ms", func(r *Request) func() {
			ctx, cancel := context.WithCancelCause(context.Background())
			r.Context = ctx
			stop := time.AfterFunc(30*time.Millisecond, func() { cancel(errCause) })
			return func() { stop.Stop(); cancel(nil) }
		}, 30 * time.Millisecond,
		[]error{errors.ErrLock, errCause, context.Canceled}, []error{errors.ErrTimeout, errors.ErrLocked}, nil,
	},
}

func TestAWaitEndsWhenItsLimitSays(t *testing.T) {
	for _, obstacle := range obstacles {
		for _, limit := range limits {
			t.Run(obstacle.name+"/"+limit.name, func(t *testing.T) {
				simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
					free := obstacle.block(e, s)
					r := request("f")
					end := limit.limit(r)
					defer end()
					start := time.Now()
					err := e.Do(r, func(*Tx) error { t.Error("the function ran"); return nil })
					if took := time.Since(start); took != limit.waits {
						t.Errorf("gave up after %v, want %v", took, limit.waits)
					}
					for _, want := range limit.match {
						if !errors.Is(err, want) {
							t.Errorf("%v does not match %v", err, want)
						}
					}
					for _, other := range limit.others {
						if errors.Is(err, other) {
							t.Errorf("%v matches %v", err, other)
						}
					}
					detail, ok := errors.AsType[*errors.TimeoutError](err)
					if ok != (limit.detail != nil) {
						t.Errorf("the details are %+v, want %+v", detail, limit.detail)
					}
					if ok {
						want := *limit.detail
						want.Holder = obstacle.holder
						if *detail != want {
							t.Errorf("the details are %+v, want %+v", *detail, want)
						}
					}
					free()
					must(t, e.Do(request("f"), put("next")))
				})
			})
		}
	}
}

func TestAContextThatIsOverDoesNotWaitAtAll(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errCause)
		r := request("f")
		r.Context = ctx
		if err := e.Do(r, put("new")); !errors.Is(err, errCause) || s.content("f") != "nothing" {
			t.Errorf("with a cancelled context: %v, and the file holds %q", err, s.content("f"))
		}
	})
}

// The limit counts from the call, whatever the caller then waits for.
func TestOneLimitCoversTurnAndLock(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		free := s.occupy("f")
		first := request("f")
		first.Timeout = 60 * time.Millisecond // has the turn until then, and waits for the lock
		begin(e, first, put("first"))
		second := request("f")
		second.Timeout = 100 * time.Millisecond
		start := time.Now()
		if err := e.Do(second, put("second")); !errors.Is(err, errors.ErrTimeout) || time.Since(start) != second.Timeout {
			t.Errorf("gave up after %v with %v", time.Since(start), err)
		}
		free()
	})
}

// A staged change is committed even if the caller's timeout is over.
func TestTheLimitEndsWithTheWait(t *testing.T) {
	simulated(t, time.Hour, func(t *testing.T, s *fakeStore, e *Engine) {
		ctx, cancel := context.WithCancel(context.Background())
		r := request("f")
		r.Context, r.Timeout = ctx, time.Second
		result := begin(e, r, put("new"))
		cancel()
		time.Sleep(time.Minute)
		pending(t, result)
		must(t, <-result)
		if s.content("f") != "new" {
			t.Errorf("the file holds %q", s.content("f"))
		}
	})
}

func TestWaitersAreServedInTheOrderTheyCame(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		release := make(chan struct{})
		begin(e, request("f"), func(*Tx) error { <-release; return nil })
		var results []<-chan error
		for i := range 20 {
			r := request("f")
			if i%3 == 1 {
				r.Timeout = time.Duration(i) * time.Millisecond // these give up
			}
			results = append(results, begin(e, r, extend(string(rune('a'+i)))))
		}
		time.Sleep(time.Second)
		close(release)
		for i, result := range results {
			if err := <-result; errors.Is(err, errors.ErrTimeout) != (i%3 == 1) {
				t.Errorf("waiter %d: %v", i, err)
			}
		}
		if got := s.content("f"); got != "acdfgijlmoprs" {
			t.Errorf("they ran in the order %q", got)
		}
	})
}

// A waiter that leaves the queue at the moment its turn comes has the turn.
func TestATurnThatComesWhileGivingUpIsTaken(t *testing.T) {
	s := newFakeStore(0)
	e := newEngine(s)
	r := request("f")
	w := newWaiter(r)
	at, err := s.Locate(context.Background(), r.Target)
	must(t, err)
	ent := e.enter(at.Key)
	if !ent.enqueue(w) || ent.withdraw(w) {
		t.Error("a waiter withdrew that had the turn already")
	}
}

// The same without looking inside: limit and turn at one instant, and neither
// is lost.
func TestLimitAndTurnAtOneInstant(t *testing.T) {
	for range 300 {
		simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
			const instant = 50 * time.Millisecond
			holder := begin(e, request("f"), func(*Tx) error { time.Sleep(instant); return nil })
			r := request("f")
			r.Timeout = instant
			ran := false
			err := e.Do(r, func(*Tx) error { ran = true; return nil })
			if ran != (err == nil) || err != nil && !errors.Is(err, errors.ErrTimeout) {
				t.Errorf("the function ran: %v; the call returned %v", ran, err)
			}
			must(t, <-holder)
		})
	}
}
