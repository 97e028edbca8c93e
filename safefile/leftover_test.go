package safefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disktest"
	"github.com/holdfast-go/holdfast/internal/testkit"
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
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) {
			t.Errorf("%s: %v", name, err)
		}
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
