package safefile_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/safefile"
)

// mergeAll has every handle merge keys of its own, from a goroutine of its own,
// and checks that none is lost.
func mergeAll(t testing.TB, handles []*safefile.SafeFile[map[string]int], each int) {
	t.Helper()
	var writers sync.WaitGroup
	for w, f := range handles {
		writers.Go(func() {
			for i := range each {
				if err := f.Merge(map[string]int{fmt.Sprintf("%d-%d", w, i): i}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	v, err := handles[0].Read()
	if err != nil || len(v) != each*len(handles) {
		t.Errorf("%d keys, want %d, %v", len(v), each*len(handles), err)
	}
}

// Handles with engines of their own meet only at the kernel's lock, as those of
// different processes do.
func TestField01WritersLoseNothingAndReadersSeeNoPart(t *testing.T) {
	path := filepath.Join(memory(t), "file.json")
	var handles []*safefile.SafeFile[map[string]int]
	for range 3 {
		engine := over(osFS)
		for range 2 {
			handles = append(handles, safefile.New[map[string]int](path, engine))
		}
	}
	must(t, handles[0].Write(map[string]int{}))
	var over atomic.Bool
	var reads atomic.Int64
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			f, last := safefile.New[map[string]int](path), 0
			for !over.Load() {
				v, err := f.Read()
				if err != nil || len(v) < last {
					t.Errorf("%d keys after %d, %v", len(v), last, err)
					return
				}
				last = len(v)
				reads.Add(1)
			}
		})
	}
	mergeAll(t, handles, 40)
	over.Store(true)
	readers.Wait()
	if reads.Load() == 0 {
		t.Error("nobody read")
	}
	wantNames(t, filepath.Dir(path), "file.json", "file.json.lock")
}
