package engine

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// While somebody else has the file that is guessed, nobody waits for it in vain.
func TestAGuessThatIsWrongIsNotWaitedFor(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Hour, Forever} {
		synctest.Test(t, func(t *testing.T) {
			s := newFakeStore(0)
			s.retarget("link", "a")
			e := newEngine(s)
			var last atomic.Pointer[store.Location]
			r := request("link")
			r.Last, r.Timeout = &last, timeout
			must(t, e.Do(r, extend("1")))
			h := hold(t, e, "a")
			s.retarget("link", "b")
			start := time.Now()
			must(t, e.Do(r, extend("2")))
			if took := time.Since(start); took > watchSpan || timeout == 0 && took > 0 {
				t.Errorf("it took %v to find that the path means another file", took)
			}
			must(t, h.Release())
			if s.content("a") != "1" || s.content("b") != "2" {
				t.Errorf("a holds %q, b holds %q", s.content("a"), s.content("b"))
			}
			idle(t, e, s)
		})
	}
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
