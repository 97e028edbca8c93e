package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
)

// A handle remembers where its file was. The guess is verified under the lock,
// so that a link that leads elsewhere by now is followed.
func TestAGuessThatIsWrongIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore(time.Millisecond)
		s.retarget("link", "a")
		e := newEngine(s)
		var last atomic.Pointer[store.Location]
		through := func() *Request {
			r := request("link")
			r.Last = &last
			return r
		}
		must(t, e.Do(through(), extend("1")))
		must(t, e.Do(through(), extend("2")))
		s.retarget("link", "b")
		must(t, e.Do(through(), extend("3")))
		if s.content("a") != "12" || s.content("b") != "3" {
			t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
		}
		idle(t, e, s)
	})
}

// While somebody else has the file that is guessed, in this process or another,
// nobody waits for it in vain.
func TestAGuessThatIsWrongIsNotWaitedFor(t *testing.T) {
	holders := map[string]func(*testing.T, *Engine, *fakeStore) (free func()){
		"this process": func(t *testing.T, e *Engine, s *fakeStore) func() {
			h := hold(t, e, "a")
			return func() { must(t, h.Release()) }
		},
		"another": func(t *testing.T, e *Engine, s *fakeStore) func() { return s.occupy("a") },
	}
	for name, holder := range holders {
		for _, limit := range []time.Duration{0, guessSpan / 2, guessSpan + watchSpan, time.Hour, Forever} {
			for _, byContext := range []bool{false, true} {
				if byContext && limit <= 0 {
					continue
				}
				t.Run(fmt.Sprint(name, limit, byContext), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { waitByAGuess(t, holder, limit, byContext) })
				})
			}
		}
	}
}

func waitByAGuess(t *testing.T, holder func(*testing.T, *Engine, *fakeStore) func(), limit time.Duration, byContext bool) {
	s := newFakeStore(0)
	s.retarget("link", "a")
	e := newEngine(s)
	var last atomic.Pointer[store.Location]
	r := request("link")
	r.Last = &last
	must(t, e.Do(r, extend("1")))
	free := holder(t, e, s)
	s.retarget("link", "b")
	if byContext {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		r.Context = ctx
	} else {
		r.Timeout = limit
	}
	start := time.Now()
	must(t, e.Do(r, extend("2")))
	if took := time.Since(start); took > guessSpan+watchSpan || limit == 0 && took > 0 {
		t.Errorf("it took %v to find that the path means another file", took)
	}
	free()
	if s.content("a") != "1" || s.content("b") != "2" {
		t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
	}
	idle(t, e, s)
}

// The look of one path may take long, while who waits by another one has its turn.
func TestAGuessIsVerifiedBesideTheTurnOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore(0)
		s.retarget("one", "a")
		s.retarget("two", "a")
		slow := &slowLooks{fakeStore: s}
		e := newEngine(s)
		e.store = slow
		var first, second atomic.Pointer[store.Location]
		one, two := request("one"), request("two")
		one.Last, two.Last = &first, &second
		must(t, e.Do(one, extend("1")))
		must(t, e.Do(two, extend("2")))
		ctx, cancel := context.WithCancel(context.Background())
		one.Context = ctx
		h := hold(t, e, "a")
		gone := begin(e, one, extend("3"))
		moved := begin(e, two, extend("4"))
		s.retarget("two", "b")
		slow.path.Store("one")
		time.Sleep(guessSpan + watchSpan)
		synctest.Wait() // the watch looks for the first one
		slow.path.Store("")
		cancel()
		synctest.Wait()
		must(t, h.Release())
		must(t, <-moved)
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		time.Sleep(time.Minute)
		if s.content("a") != "12" || s.content("b") != "4" {
			t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
		}
		idle(t, e, s)
	})
}

// slowLooks takes its time over one path.
type slowLooks struct {
	*fakeStore
	path atomic.Value
}

func (s *slowLooks) Locate(p store.Placement) (store.Location, error) {
	if path, _ := s.path.Load().(string); path == p.Path {
		time.Sleep(time.Second)
	}
	return s.fakeStore.Locate(p)
}

// Those who queue are covered by one look together, and nothing looks when
// nobody waits.
func TestOneLookServesThoseWhoWait(t *testing.T) {
	for _, wait := range []time.Duration{guessSpan / 2, 10 * guessSpan} {
		synctest.Test(t, func(t *testing.T) {
			const callers = 50
			s := newFakeStore(0)
			e := newEngine(s)
			var last atomic.Pointer[store.Location]
			one := func() *Request {
				r := request("f")
				r.Last = &last
				return r
			}
			must(t, e.Do(one(), extend("first ")))
			var results []<-chan error
			results = append(results, begin(e, one(), func(*Tx) error { time.Sleep(wait); return nil }))
			before := s.looks
			for range callers {
				results = append(results, begin(e, one(), extend(".")))
			}
			time.Sleep(wait + time.Nanosecond)
			all(t, results...)
			// One of the lock of a new run, and one of theirs or of the watch.
			if n := s.looks - before; n > 3 {
				t.Errorf("%d looks for %d callers", n, callers)
			}
			before = s.looks
			idle(t, e, s)
			time.Sleep(time.Hour)
			if s.looks != before {
				t.Errorf("%d looks while nobody waited", s.looks-before)
			}
		})
	}
}

func TestReadsGoToTheStoreAsTheyAre(t *testing.T) {
	s := newFakeStore(0)
	s.change("f", "content")
	e := newEngine(s)
	h := hold(t, e, "f") // a read waits for nobody
	defer h.Release()
	place := store.Placement{Path: "f"}
	if data, err := e.Read(place, store.ReadOptions{}); err != nil || string(data) != "content" {
		t.Errorf("Read gave %q, %v", data, err)
	}
	r, err := e.Open(place, store.ReadOptions{})
	must(t, err)
	must(t, r.Close())
	if _, _, err := e.Sidecar(place); err == nil {
		t.Error("a checksum where there is none")
	}
}
