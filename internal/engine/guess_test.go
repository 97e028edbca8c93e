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
		// While somebody else uses the file that is guessed, nothing is guessed.
		h := hold(t, e, "b")
		s.retarget("link", "c")
		must(t, e.Do(through(), extend("4")))
		must(t, h.Release())
		if s.content("b") != "3" || s.content("c") != "4" {
			t.Errorf("b holds %q, c holds %q", s.content("b"), s.content("c"))
		}
		idle(t, e, s)
	})
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
