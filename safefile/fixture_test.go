package safefile_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// over puts another filesystem below a handle, with an engine of its own, so
// that the handle is like one of a process that has just started.
func over(fsys vfs.FS) safefile.Option {
	disk := engine.New(store.NewDisk(fsys))
	return handle.OptionFunc(func(o *handle.Options) { o.Engine = disk })
}

// memory is a directory on a filesystem whose fsync costs nothing, for tests
// that write thousands of times and cut no power.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// tempOf is a name that a dead writer of a file may have left.
func tempOf(name string) string {
	return ".holdfast-" + string(replace.OwnerOf(name, "")) + "-0123456789abcdef.tmp"
}

// jsonCodec is for names that do not say their format.
var jsonCodec = safefile.WithCodec(codec.JSON())

// logging writes what a handle complains of.
func logging(to io.Writer) safefile.Option {
	return safefile.WithLogger(slog.New(slog.NewTextHandler(to, nil)))
}

// quiet is for handles that are expected to complain.
var quiet = safefile.WithLogger(slog.New(slog.DiscardHandler))

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// content is what a file holds, "(missing)" if there is none.
func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "(missing)"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func wantContent(t testing.TB, path, want string) {
	t.Helper()
	if got := content(t, path); got != want {
		t.Errorf("%s holds %q, want %q", filepath.Base(path), short(got), short(want))
	}
}

func short(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names are a directory's entries, sorted.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func wantNames(t testing.TB, dir string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
}

// temps are the temps in a directory and those below it.
func temps(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, is := replace.ParseName(e.Name()); is || strings.HasSuffix(e.Name(), ".tmp") {
			found = append(found, path)
		}
		return nil
	})
	must(t, err)
	return found
}

func wantNoTemps(t testing.TB, dir string) {
	t.Helper()
	if left := temps(t, dir); len(left) > 0 {
		t.Errorf("temps remain: %v", left)
	}
}

// descriptors counts what this process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("counting open descriptors needs /proc")
	}
	return len(entries)
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func needLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
}
