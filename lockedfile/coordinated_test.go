package lockedfile_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// coordination is the load of the coordinated tests: ten workers with short timeouts, and now and then a holder, as if in another
// process, whose function takes many times as long as they wait. HOLDFAST_LONG=1 runs it for 30 seconds with a holder of 3.
type coordination struct{ lasts, holds, waits time.Duration }

func coordinated() coordination {
	brief := coordination{2 * time.Second, 300 * time.Millisecond, 30 * time.Millisecond}
	return effort.Of(brief, brief, coordination{30 * time.Second, 3 * time.Second, 300 * time.Millisecond})
}

// coordinate lets ten workers add to their own counters. add adds 1 as one worker, and returns after waits at most.
func coordinate(t *testing.T, c coordination, path string, add func(worker string) error, hold func(run func()) error) {
	const workers = 10
	end := time.Now().Add(c.lasts)
	var done [workers]atomic.Int64
	var timeouts, holds atomic.Int64
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for time.Now().Before(end) {
				began := time.Now()
				switch err := add(fmt.Sprint(i)); {
				case err == nil:
					done[i].Add(1)
				case errors.Is(err, errors.ErrTimeout):
					timeouts.Add(1)
					if took := time.Since(began); took < c.waits {
						t.Errorf("worker %d gave up after %v, and may wait %v", i, took, c.waits)
					}
				default:
					t.Errorf("worker %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Go(func() {
		for time.Now().Before(end) {
			err := hold(func() {
				before, err := os.ReadFile(path)
				testkit.WantNil(t, "a read while the file is held", err)
				time.Sleep(c.holds) // the user's function takes long
				if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
					t.Errorf("the file changed while it was held: %v", err)
				}
				holds.Add(1)
			})
			testkit.WantNil(t, "the long function", err)
			idle := time.NewTimer(c.holds)
			<-idle.C
		}
	})
	all.Wait()
	v, err := lockedfile.New[counters](path).Read()
	testkit.Must(t, err)
	sum := 0
	for i := range workers {
		n := int(done[i].Load())
		if v[fmt.Sprint(i)] != n || n == 0 {
			t.Errorf("worker %d was told of %d changes, and the file has %d", i, n, v[fmt.Sprint(i)])
		}
		sum += n
	}
	if timeouts.Load() == 0 || holds.Load() == 0 {
		t.Errorf("%d calls timed out, and %d long functions ran", timeouts.Load(), holds.Load())
	}
	t.Logf("%d changes, %d timeouts, %d functions of %v", sum, timeouts.Load(), holds.Load(), c.holds)
}

func TestTenGoroutinesAndALongFunctionCoordinate(t *testing.T) {
	c, path := coordinated(), filepath.Join(t.TempDir(), "f.json")
	testkit.Put(t, path, "{}")
	worker := lockedfile.New[counters](path, safefile.WithTimeout(c.waits))
	holder := lockedfile.New[counters](path, another())
	coordinate(t, c, path,
		func(name string) error {
			return worker.Update(func(v *counters) error { (*v)[name]++; return nil })
		},
		func(run func()) error {
			return holder.Locked(func(*lockedfile.Tx[counters]) error { run(); return nil })
		})
}

func TestTenContextsAndALongFunctionCoordinate(t *testing.T) {
	c, path := coordinated(), filepath.Join(t.TempDir(), "f.json")
	testkit.Put(t, path, "{}")
	worker, holder := lockedfile.NewContext[counters](path), lockedfile.NewContext[counters](path, another())
	coordinate(t, c, path,
		func(name string) error {
			ctx, cancel := context.WithTimeout(context.Background(), c.waits)
			defer cancel()
			return worker.Update(ctx, func(v *counters) error { (*v)[name]++; return nil })
		},
		func(run func()) error {
			return holder.Locked(context.Background(), func(context.Context, *lockedfile.Tx[counters]) error { run(); return nil })
		})
}

// Each content is one value many times, so that a mixture shows.
func TestAFileThatIsRemovedAndMadeAgainAllTheTimeIsWholeOrMissing(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "f.json")
	rounds := effort.Of(50, 300, 300)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			f := safefile.New[[]int](path)
			for {
				select {
				case <-stop:
					return
				default:
				}
				v, err := f.Read()
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil || len(v) != 1000 {
					t.Errorf("%d values, %v", len(v), err)
					return
				}
				for _, n := range v {
					if n != v[0] {
						t.Errorf("a mixture of %d and %d", v[0], n)
						return
					}
				}
			}
		})
	}
	for w := range 4 {
		f := lockedfile.New[[]int](path, another())
		writers.Go(func() {
			v := make([]int, 1000)
			for i := range v {
				v[i] = w
			}
			for range rounds {
				testkit.WantNil(t, "Write", f.Write(v))
				if err := f.Remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Remove: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	testkit.WantNames(t, filepath.Dir(path), "f.json.lock")
}
