package engine

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/safety"
)

// journal is a text that is read while others write it.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// logged is a request whose warnings go to a journal.
func logged(r *Request) *journal {
	text := &journal{}
	r.Options.Policy = safety.Policy{Log: &safety.Log{Path: "f", Logger: slog.New(slog.NewTextHandler(text, nil))}}
	return text
}

func TestALongWaitNamesTheFunctionThatIsWaitedForOnce(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		release := make(chan struct{})
		holder := request("f")
		_, file, line, _ := runtime.Caller(0)
		user := func() { <-release }
		holder.function = user
		begin(e, holder, func(*Tx) error { user(); return nil })
		r := request("f")
		text := logged(r)
		waiting := begin(e, r, put("new"))
		time.Sleep(longWait - time.Nanosecond)
		if text.String() != "" {
			t.Errorf("a warning too early: %s", text)
		}
		time.Sleep(time.Hour)
		close(release)
		must(t, <-waiting)
		for _, want := range []string{fmt.Sprintf("%s:%d", file, line+1), "path=f", "level=WARN"} {
			if strings.Count(text.String(), want) != 1 {
				t.Errorf("the warnings do not say %q once: %s", want, text)
			}
		}
	})
}

// A function that waits for its own lock is the case the warning is for.
func TestAFunctionThatWaitsForItselfIsNamed(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		r := request("f")
		text := logged(r)
		r.Timeout = time.Minute
		nested := func(*Tx) error { return e.Do(r, put("new")) }
		r.function = nested
		if err := e.Do(r, nested); err == nil {
			t.Error("a function had its own lock twice")
		}
		if !strings.Contains(text.String(), "warn_test.go:") {
			t.Errorf("the warning does not say where: %s", text)
		}
	})
}

// So does a join by a context from further out.
func TestAJoinThatWaitsForItselfIsNamed(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		var text *journal
		must(t, e.Do(request("f"), func(tx *Tx) error {
			outer := tx.In(context.Background())
			joined := in(outer, "f")
			inner := func(*Tx) error {
				r := in(outer, "f")
				r.Timeout = time.Minute
				text = logged(r)
				if err := e.Do(r, put("new")); err == nil {
					t.Error("a function joined beside itself")
				}
				return nil
			}
			joined.function = inner
			return e.Do(joined, inner)
		}))
		if !strings.Contains(text.String(), "warn_test.go:") {
			t.Errorf("the warning does not say where: %s", text)
		}
	})
}

func TestAWaitForManyShortHoldersIsNoMistake(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		r := request("f")
		text := logged(r)
		var waiting []<-chan error
		for range 60 {
			waiting = append(waiting, begin(e, r, func(*Tx) error { time.Sleep(longWait / 2); return nil }))
		}
		all(t, waiting...)
		if text.String() != "" {
			t.Errorf("warned: %s", text)
		}
	})
}

func TestOneLongHolderAmongShortOnesIsNamed(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		var waiting []<-chan error
		for range 10 {
			waiting = append(waiting, begin(e, request("f"), func(*Tx) error { time.Sleep(longWait / 2); return nil }))
		}
		long := request("f")
		_, file, line, _ := runtime.Caller(0)
		user := func(*Tx) error { time.Sleep(2 * longWait); return nil }
		long.function = user
		waiting = append(waiting, begin(e, long, user))
		r := request("f")
		text := logged(r)
		waiting = append(waiting, begin(e, r, put("new")))
		time.Sleep(6*longWait - time.Nanosecond)
		if text.String() != "" {
			t.Errorf("a warning too early: %s", text)
		}
		all(t, waiting...)
		if want := fmt.Sprintf("%s:%d", file, line+1); strings.Count(text.String(), want) != 1 {
			t.Errorf("the warnings do not say %q once: %s", want, text)
		}
	})
}

func TestAJoinThatWaitsForManyShortOnesIsNoMistake(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		must(t, e.Do(request("f"), func(tx *Tx) error {
			ctx := tx.In(context.Background())
			r := in(ctx, "f")
			text := logged(r)
			var waiting []<-chan error
			for range 20 {
				waiting = append(waiting, begin(e, r, func(*Tx) error { time.Sleep(longWait / 2); return nil }))
			}
			all(t, waiting...)
			if text.String() != "" {
				t.Errorf("warned: %s", text)
			}
			return nil
		}))
	})
}

func TestATimeoutOfAJoinSaysWhichCallJoinedBefore(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		must(t, e.Do(request("f"), func(tx *Tx) error {
			outer := tx.In(context.Background())
			joined := in(outer, "f")
			noteCaller := func() { joined.RunsUser(nil) }
			_, file, line, _ := runtime.Caller(0)
			noteCaller()
			return e.Do(joined, func(*Tx) error { // the call
				r := in(outer, "f")
				r.Timeout = time.Second
				err := e.Do(r, put("new"))
				if want := fmt.Sprintf("held by this process at %s:%d", file, line+1); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %v, want %q", err, want)
				}
				return nil
			})
		}))
	})
}

func BenchmarkCaller(b *testing.B) {
	var r Request
	var deep func(n int)
	deep = func(n int) {
		if n > 0 {
			deep(n - 1)
			return
		}
		for b.Loop() {
			r.RunsUser(nil)
		}
	}
	deep(maxFrames)
}

func TestAWaitForAnotherProcessIsNoMistake(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		free := s.occupy("f")
		first, second := request("f"), request("f")
		texts := []*journal{logged(first), logged(second)}
		a, b := begin(e, first, put("1")), begin(e, second, put("2"))
		time.Sleep(time.Hour)
		free()
		all(t, a, b)
		if texts[0].String()+texts[1].String() != "" {
			t.Errorf("warned: %s%s", texts[0], texts[1])
		}
	})
}

func TestTheSourceOfNoFunctionIsUnknown(t *testing.T) {
	if got := source(nil); got != "unknown" {
		t.Errorf("the source of nothing is %q", got)
	}
}
