package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// failing are calls that fail without having written anything.
var failing = map[string]func(dir string) error{
	"Remove of nothing": func(dir string) error { return safefile.New[any](filepath.Join(dir, "none")).Remove() },
	"Remove below nothing": func(dir string) error {
		return safefile.New[any](filepath.Join(dir, "a/b/none"), safefile.WithParents(0o755)).Remove()
	},
	"Move of nothing": func(dir string) error { return safefile.Move(filepath.Join(dir, "none"), filepath.Join(dir, "dst")) },
	"Move of nothing to a new directory": func(dir string) error {
		return safefile.Move(filepath.Join(dir, "none"), filepath.Join(dir, "a/b/dst"), safefile.WithParents(0o755))
	},
	"Move of a directory": func(dir string) error {
		return safefile.Move(filepath.Join(dir, "sub"), filepath.Join(dir, "a/dst"), safefile.WithParents(0o755))
	},
	"a name that is too long below nothing": func(dir string) error {
		return safefile.WriteFile(filepath.Join(dir, "a/b", strings.Repeat("n", 300)), nil, safefile.WithParents(0o755))
	},
	"a parent whose name is too long": func(dir string) error {
		return safefile.WriteFile(filepath.Join(dir, "a/b", strings.Repeat("n", 300), "file"), nil, safefile.WithParents(0o755))
	},
	"a lock directory that is missing": func(dir string) error {
		return safefile.WriteFile(filepath.Join(dir, "a/b/file"), nil, safefile.WithParents(0o755), safefile.WithLockDir(filepath.Join(dir, "none")))
	},
}

func TestACallThatFailsWithNothingWrittenLeavesNothing(t *testing.T) {
	for name, do := range failing {
		dir := t.TempDir()
		testkit.Must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
		if do(dir) == nil {
			t.Errorf("%s succeeds", name)
		}
		testkit.WantNames(t, dir, "sub")
		testkit.WantNames(t, filepath.Join(dir, "sub"))
	}
}

func TestARefusedPlaceLeavesNoParents(t *testing.T) {
	dir := disktest.FUSE(t, t.TempDir())
	here := filepath.Join(t.TempDir(), "here")
	testkit.Put(t, here, "old")
	for name, err := range map[string]error{
		"write":  safefile.WriteFile(filepath.Join(dir, "a/b/file"), nil, safefile.WithParents(0o755)),
		"move":   safefile.Move(here, filepath.Join(dir, "a/b/file"), safefile.WithParents(0o755)),
		"stream": streamTo(filepath.Join(dir, "a/b/file"), safefile.WithParents(0o755)),
	} {
		testkit.WantIs(t, name, err, errors.ErrUnsupportedEnvironment)
	}
	testkit.WantNames(t, dir)
	testkit.WantNames(t, filepath.Dir(here), "here")
}

func streamTo(path string, opts ...safefile.Option) error {
	w, err := safefile.New[any](path, opts...).Create()
	if err != nil {
		return err
	}
	return w.Close()
}

func TestAMoveToAnotherFilesystemLeavesNothing(t *testing.T) {
	src, dst := t.TempDir(), disktest.Tmpfs(t)
	testkit.Put(t, filepath.Join(src, "file"), "old")
	err := safefile.Move(filepath.Join(src, "file"), filepath.Join(dst, "a/b/file"), safefile.WithParents(0o755))
	if !errors.Is(err, errors.ErrCrossDevice) {
		t.Error(err)
	}
	testkit.WantNames(t, src, "file")
	testkit.WantNames(t, dst)
}

func TestAParentThatHoldsSomethingStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "file")
	f := safefile.New[func()](path, safefile.WithParents(0o755), jsonCodec)
	if err := f.Merge(nil); err == nil { // it fails under the lock, which stays
		t.Error("merged")
	}
	testkit.WantNames(t, filepath.Dir(path), "file.lock")
	if err := f.Remove(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

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
