package safefile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// inotifyWatches counts the inotify watches of this process.
func inotifyWatches(t testing.TB) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fdinfo/*")
	testkit.Must(t, err)
	for _, path := range all {
		text, _ := os.ReadFile(path) // one may be closed by now
		n += strings.Count(string(text), "inotify wd:")
	}
	return n
}

func TestAWatchLeavesNothingBehind(t *testing.T) {
	path := testkit.File(t, "f.json", text(1))
	polling := faultfs.Wrap(vfs.OS)
	polling.FailAll(faultfs.Notifier, errors.ErrUnsupported)
	handles := map[string]*safefile.SafeFile[numbered]{
		"by inotify": safefile.New[numbered](path),
		"by polling": safefile.New[numbered](path, over(polling)),
	}
	ends := map[string]func(f *safefile.SafeFile[numbered]){
		"the loop is left": func(f *safefile.SafeFile[numbered]) {
			for range f.Watch(context.Background()) {
				break
			}
		},
		"the loop panics": func(f *safefile.SafeFile[numbered]) {
			testkit.Panic(func() {
				for range f.Watch(context.Background()) {
					panic("the loop's own")
				}
			})
		},
		"the context ends": func(f *safefile.SafeFile[numbered]) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for range f.Watch(ctx) {
				cancel()
			}
		},
		"many end at once": func(f *safefile.SafeFile[numbered]) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			started, done := make(chan bool), make(chan bool)
			for range 20 {
				go func() {
					for range f.Watch(ctx) {
						started <- true
					}
					done <- true
				}()
			}
			for range 20 {
				<-started
			}
			cancel()
			for range 20 {
				<-done
			}
		},
	}
	for how, f := range handles {
		for end, run := range ends {
			t.Run(how+", "+end, func(t *testing.T) {
				descriptors, goroutines := testkit.Descriptors(t), runtime.NumGoroutine()
				for range 5 {
					run(f)
				}
				if n := inotifyWatches(t); n != 0 {
					t.Errorf("%d inotify watches are left", n)
				}
				if n := testkit.Descriptors(t); n > descriptors {
					t.Errorf("%d descriptors are open, and %d were before", n, descriptors)
				}
				testkit.Until(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
			})
		}
	}
}

func TestAProcessHasOneInotifyInstanceForAllWatches(t *testing.T) {
	dir := t.TempDir()
	var all []*watched
	for _, name := range []string{"a.json", "b.json", "c.json"} {
		testkit.Put(t, filepath.Join(dir, name), text(1))
		all = append(all, watch(t, safefile.New[numbered](filepath.Join(dir, name))))
	}
	for _, w := range all {
		w.want(1)
	}
	if n := inotifyInstances(t); n != 1 {
		t.Errorf("%d inotify instances, want 1", n)
	}
	before := inotifyWatches(t)
	all[0].stop()
	if n := inotifyWatches(t); n != before {
		t.Errorf("a directory that others watch lost its watch: %d of %d", n, before)
	}
}

func inotifyInstances(t testing.TB) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	testkit.Must(t, err)
	for _, path := range all {
		if to, _ := os.Readlink(path); strings.Contains(to, "inotify") {
			n++
		}
	}
	return n
}

func TestAWatchThatCantBeginYieldsOneError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	for name, c := range map[string]struct {
		file *safefile.SafeFile[numbered]
		want error
	}{
		"an empty path":     {safefile.New[numbered](""), fs.ErrInvalid},
		"a zero handle":     {new(safefile.SafeFile[numbered]), fs.ErrInvalid},
		"a bad option":      {safefile.New[numbered](path, safefile.WithMaxSize(-1)), fs.ErrInvalid},
		"an unknown format": {safefile.New[numbered](path + ".unknown"), errors.ErrUnknownFormat},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, err := range c.file.Watch(t.Context()) {
				n++
				testkit.WantIs(t, "the element", err, c.want, errors.ErrRead)
				if !errors.As(err, new(*errors.Error)) {
					t.Errorf("%T is no *errors.Error", err)
				}
			}
			if n != 1 {
				t.Errorf("%d elements, want 1", n)
			}
		})
	}
}

func TestAWatchWhoseContextHasEndedIsEmpty(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for v, err := range safefile.New[numbered](testkit.File(t, "f.json", text(1))).Watch(ctx) {
		t.Errorf("yielded %v, %v", v, err)
	}
	var none context.Context
	if testkit.Panic(func() { safefile.New[numbered]("f.json").Watch(none) }) == nil {
		t.Error("a nil context is accepted")
	}
}

func TestAWatchCreatesNothingAndTakesNoLock(t *testing.T) {
	path := testkit.File(t, "f.json", text(1))
	w := watch(t, safefile.New[numbered](path, safefile.WithParents(0o755)))
	w.want(1)
	missing := watch(t, safefile.New[numbered](filepath.Join(filepath.Dir(path), "no", "f.json"), safefile.WithParents(0o755)))
	missing.wantError(fs.ErrNotExist)
	testkit.WantNames(t, filepath.Dir(path), "f.json")
}
