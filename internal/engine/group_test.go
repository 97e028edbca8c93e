package engine

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func request(path string) *Request {
	return &Request{Target: store.Target{Path: path}, Timeout: Forever}
}

// increment adds one to the number in the file.
func increment(tx *Tx) error {
	data, exists, err := tx.Text(store.ReadOptions{})
	if err != nil {
		return err
	}
	n := 0
	if exists {
		if n, err = strconv.Atoi(string(data)); err != nil {
			return err
		}
	}
	tx.Put(fmt.Append(nil, n+1))
	return nil
}

// hammer lets callers increment in closed loops and gives the sizes of the commits.
func hammer(t *testing.T, latency time.Duration, callers, each int) []int {
	s := newFakeStore(latency)
	e := newEngine(s)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				testkit.WantNil(t, "it", e.Do(request("f"), increment))
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	var sizes []int
	last := 0
	for _, c := range s.commits("f") {
		n, err := strconv.Atoi(string(c.change.Parts[0]))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, n-last)
		last = n
	}
	if want := callers * each; last != want {
		t.Errorf("%d callers × %d increments ended at %d, want %d", callers, each, last, want)
	}
	return sizes
}

func TestCallersInALoopShareCommits(t *testing.T) {
	for _, latency := range []time.Duration{300 * time.Microsecond, time.Millisecond, 10 * time.Millisecond} {
		for _, callers := range []int{1, 2, 8, 64, 512} {
			synctest.Test(t, func(t *testing.T) {
				const each = 50
				start := time.Now()
				sizes := hammer(t, latency, callers, each)
				took := time.Since(start)
				mean := float64(callers*each) / float64(len(sizes))
				t.Logf("latency %v, %d callers: %d commits of %.1f on average, disk busy %.0f %% of %v; the first: %v",
					latency, callers, len(sizes), mean, 100*float64(len(sizes))*float64(latency)/float64(took), took, sizes[:min(len(sizes), 16)])
				if mean < 0.85*float64(callers) {
					t.Errorf("commits held %.1f of %d callers on average", mean, callers)
				}
			})
		}
	}
}
