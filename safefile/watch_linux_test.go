package safefile_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/saves"
	"github.com/holdfast-go/holdfast/safefile"
)

// replaced gives a file a new content by a rename, so that nothing depends on how long a writer takes.
func replaced(t testing.TB, path, content string) {
	t.Helper()
	testkit.Put(t, path+".new", content)
	testkit.Must(t, os.Rename(path+".new", path))
}

// quietSpan is the pause of a writer in place after which the file counts as complete.
const quietSpan = 50 * time.Millisecond

func text(n int) string {
	return fmt.Sprintf(`{"N": %d, "padding": %q}`, n, "the second half of the text")
}

// yielded is one element of a watch.
type yielded struct {
	value numbered
	err   error
	at    time.Time
}

// watched is a watch that runs.
type watched struct {
	t    testing.TB
	all  chan yielded
	stop func() // returns when the sequence has ended
}

// watch collects what a handle yields, until the test ends or stop is called.
func watch(t testing.TB, f *safefile.SafeFile[numbered]) *watched {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{t: t, all: make(chan yielded, 100_000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v, err := range f.Watch(ctx) {
			w.all <- yielded{v, err, time.Now()}
		}
	}()
	w.stop = func() { cancel(); <-done }
	t.Cleanup(w.stop)
	return w
}

// next is the next element.
func (w *watched) next() yielded {
	w.t.Helper()
	select {
	case y := <-w.all:
		return y
	case <-time.After(time.Minute):
		w.t.Fatal("nothing was yielded for a minute")
		panic("unreachable")
	}
}

// want skips elements until the value n comes. Errors that are not among those allowed fail the test.
func (w *watched) want(n int, allowed ...error) yielded {
	w.t.Helper()
	for {
		y := w.next()
		if y.err != nil && !matches(y.err, allowed) {
			w.t.Fatalf("waiting for %d: %v", n, y.err)
		}
		if y.err == nil && y.value.N == n {
			return y
		}
	}
}

func matches(err error, any []error) bool {
	for _, e := range any {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// wantError is the next element, which must be an error.
func (w *watched) wantError(want error) {
	w.t.Helper()
	if y := w.next(); !errors.Is(y.err, want) {
		w.t.Fatalf("yielded %v, %v; want %v", y.value, y.err, want)
	}
}

// wantNothing fails if there is an element already.
func (w *watched) wantNothing() {
	w.t.Helper()
	select {
	case y := <-w.all:
		w.t.Fatalf("yielded %v, %v", y.value, y.err)
	default:
	}
}

func TestAWatchSeesAChangeInWhateverWayItIsMade(t *testing.T) {
	for _, way := range saves.Ways() {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			path := way.Place(t, t.TempDir(), text(1))
			w := watch(t, safefile.New[numbered](path))
			if way.Later {
				w.wantError(fs.ErrNotExist)
			} else {
				w.want(1)
			}
			for n := 2; n <= 5; n++ {
				began := time.Now()
				way.Save(t, path, text(n))
				if time.Since(began) < quietSpan {
					w.want(n)
				} else { // on a busy machine a writer may pause for so long that what it has written counts
					w.want(n, errors.ErrDecode, fs.ErrNotExist)
				}
			}
		})
	}
}

func TestAWatchSeesTheHandlesOwnWrites(t *testing.T) {
	f := safefile.New[numbered](t.TempDir() + "/f.json")
	w := watch(t, f)
	w.wantError(fs.ErrNotExist)
	for n := range 10 {
		testkit.Must(t, f.Write(numbered{n}))
		w.want(n)
	}
	testkit.Must(t, f.Remove())
	w.wantError(fs.ErrNotExist)
}
