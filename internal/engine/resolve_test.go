package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

// A path may be a link, and lead elsewhere from one call to the next.
func TestEveryCallFollowsItsPathAnew(t *testing.T) {
	simulated(t, time.Millisecond, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("link", "a")
		must(t, e.Do(request("link"), extend("1")))
		must(t, e.Do(request("link"), extend("2")))
		s.retarget("link", "b")
		must(t, e.Do(request("link"), extend("3")))
		if s.content("a") != "12" || s.content("b") != "3" {
			t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
		}
	})
}

// A path that led elsewhere by the time of the call makes nobody wait for the file that
// it led to before.
func TestNobodyWaitsForTheFileThatAPathLedToBefore(t *testing.T) {
	holders := map[string]func(*testing.T, *Engine, *fakeStore) (free func()){
		"this process": func(t *testing.T, e *Engine, s *fakeStore) func() {
			h := hold(t, e, "a")
			return func() { must(t, h.Release()) }
		},
		"another": func(t *testing.T, e *Engine, s *fakeStore) func() { return s.occupy("a") },
	}
	for name, holder := range holders {
		for _, limit := range []time.Duration{0, time.Hour, Forever} {
			simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
				s.retarget("link", "a")
				must(t, e.Do(request("link"), extend("1")))
				free := holder(t, e, s)
				s.retarget("link", "b")
				r := request("link")
				r.Timeout = limit
				start := time.Now()
				must(t, e.Do(r, extend("2")))
				if took := time.Since(start); took > 0 {
					t.Errorf("%s, %v: it took %v", name, limit, took)
				}
				free()
				if s.content("a") != "1" || s.content("b") != "2" {
					t.Errorf("%s, %v: a holds %q, b holds %q", name, limit, s.content("a"), s.content("b"))
				}
			})
		}
	}
}

// Callers come to one file by two paths. The lock is taken by one of the paths; the other
// one may lead elsewhere when the lock is taken.
func TestWhoWaitedByAnotherPathIsResolvedUnderTheLock(t *testing.T) {
	simulated(t, 0, func(t *testing.T, s *fakeStore, e *Engine) {
		s.retarget("one", "a")
		s.retarget("two", "a")
		h := hold(t, e, "a")
		first := begin(e, request("one"), extend("1"))
		synctest.Wait()
		second, third := begin(e, request("two"), extend("2")), begin(e, request("one"), extend("3"))
		synctest.Wait()
		s.retarget("two", "b")
		must(t, h.Release())
		all(t, first, second, third)
		if s.content("a") != "13" || s.content("b") != "2" {
			t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
		}
	})
}

// A path is resolved once for each call and once for each lock.
func TestAPathIsResolvedOncePerCallAndOncePerLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 50
		s := newFakeStore(time.Millisecond)
		e := newEngine(s)
		results := []<-chan error{begin(e, request("f"), func(*Tx) error { time.Sleep(time.Millisecond); return nil })}
		for range callers {
			results = append(results, begin(e, request("f"), extend(".")))
		}
		all(t, results...)
		s.mu.Lock()
		looks, locks := s.looks, len(s.files["f"].opens)
		s.mu.Unlock()
		if looks > callers+1+locks {
			t.Errorf("%d looks for %d callers and %d locks", looks, callers+1, locks)
		}
		time.Sleep(time.Hour)
		if s.looks != looks {
			t.Errorf("%d looks while nobody waited", s.looks-looks)
		}
		idle(t, e, s)
	})
}
