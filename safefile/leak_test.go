package safefile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// settled waits until a count has come down to what it was.
func settled(t testing.TB, what string, want int, count func() int) {
	t.Helper()
	testkit.Until(t, fmt.Sprintf("there are no more %s than %d", what, want), func() bool { return count() <= want })
}

// inUse is the memory that is reachable, in bytes.
func inUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestNothingOutlivesItsUseOverThousandsOfFiles(t *testing.T) {
	dir := testkit.Memory(t)
	faulty := faultfs.Wrap(osFS)
	shared := engine.New(disk.New(faulty))
	option := handle.OptionFunc(func(o *handle.Options) { o.Engine = shared })
	touch := func(from, to int) {
		for i := from; i < to; i++ {
			path := filepath.Join(dir, fmt.Sprintf("%d.json", i))
			f := safefile.New[map[string]int](path, option)
			testkit.Must(t, f.Write(counters{"a": i}))
			testkit.Must(t, f.Merge(counters{"b": i}))
			testkit.Must(t, f.Append("\n"))
			if v, err := f.Read(); err != nil || len(v) != 2 {
				t.Fatalf("%s: %v, %v", path, v, err)
			}
			if i%10 == 0 { // a refused one now and then
				faulty.FailAll(faultfs.Rename, syscall.EIO)
				if err := f.WriteBytes(nil); !errors.Is(err, syscall.EIO) {
					t.Fatal(err)
				}
			}
			if i%100 == 0 { // and one that waits in vain
				other := held(t, path)
				impatient := safefile.New[int](path, option, safefile.WithTimeout(time.Millisecond))
				if err := impatient.Append("x"); !errors.Is(err, errors.ErrTimeout) {
					t.Fatal(err)
				}
				testkit.Must(t, other.Unlock())
			}
			faulty.Reset()
			testkit.Must(t, f.Remove())
			testkit.Must(t, os.Remove(path+".lock"))
		}
	}
	touch(0, 200) // what is made once and kept
	open, running, memory := testkit.Descriptors(t), runtime.NumGoroutine(), inUse()
	touch(200, 3200)
	settled(t, "goroutines", running, runtime.NumGoroutine)
	settled(t, "descriptors", open, func() int { return testkit.Descriptors(t) })
	// 3000 paths of which one entry each were kept would be more than this.
	settled(t, "bytes", memory+100<<10, inUse)
	runtime.KeepAlive(shared) // and with it what it keeps
	testkit.WantNames(t, dir)
}

func TestNothingOutlivesItsUseOverThousandsOfChangesOfOneFile(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "log")
	f := safefile.New[string](path)
	testkit.Must(t, f.Append("x"))
	open, running, memory := testkit.Descriptors(t), runtime.NumGoroutine(), inUse()
	for range 3000 {
		testkit.Must(t, f.Append("x"))
	}
	settled(t, "goroutines", running, runtime.NumGoroutine)
	settled(t, "descriptors", open, func() int { return testkit.Descriptors(t) })
	settled(t, "bytes", memory+200<<10, inUse)
	testkit.WantNames(t, filepath.Dir(path), "log", "log.lock")
}
