package engine

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/effort"
)

// idleEntries fails unless the engine has no file in use.
func idleEntries(t *testing.T, e *Engine) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.entries) > 0 {
		t.Errorf("%d entries are left", len(e.entries))
	}
}

// HOLDFAST_LONG=1 touches a million paths.
func TestPathsTouchedOnceLeaveNothing(t *testing.T) {
	paths := effort.Of(20_000, 20_000, 1_000_000)
	s := newFakeStore(0)
	e := newEngine(s)
	goroutines := runtime.NumGoroutine()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := w; i < paths; i += 4 {
				path := strconv.Itoa(i)
				must(t, e.Do(request(path), put("new")))
				s.forget(path)
			}
		})
	}
	workers.Wait()
	idleEntries(t, e)
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d paths left %d bytes", paths, after-before)
	}
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left of %d", runtime.NumGoroutine(), goroutines)
		}
	}
}
