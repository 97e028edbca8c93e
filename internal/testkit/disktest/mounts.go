package disktest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tmpfs mounts a tmpfs of 64 MB and returns its root.
func Tmpfs(t testing.TB, options ...string) string {
	t.Helper()
	require(t, "mount")
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", strings.Join(append([]string{"size=64m"}, options...), ","), "tmpfs", dir)
	atEnd(t, dir)
	return dir
}

// Overlay mounts an overlay whose lower, upper and work directories are made
// below base, an existing directory, and returns its root. Files for the lower
// layer may be put into base/lower before.
func Overlay(t testing.TB, base string, options ...string) string {
	t.Helper()
	require(t, "mount")
	layers := make([]string, 0, 3+len(options))
	for _, layer := range []string{"lower", "upper", "work"} {
		dir := filepath.Join(base, layer)
		makeDir(t, dir)
		layers = append(layers, layer+"dir="+dir)
	}
	dir := t.TempDir()
	mount(t, "-t", "overlay", "-o", strings.Join(append(layers, options...), ","), "overlay", dir)
	atEnd(t, dir)
	return dir
}

// Bind makes source, a file or a directory, appear at target as well, which is
// made if missing. The option "ro" makes it read-only there.
func Bind(t testing.TB, source, target string, options ...string) {
	t.Helper()
	require(t, "mount")
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		makeDir(t, target)
	} else {
		makeFile(t, target)
	}
	mount(t, "-o", strings.Join(append([]string{"bind"}, options...), ","), source, target)
	atEnd(t, target)
}

// FUSE mounts a filesystem that runs in a process of its own, bindfs, showing
// source, and returns its root.
func FUSE(t testing.TB, source string, options ...string) string {
	t.Helper()
	require(t, "bindfs")
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("no /dev/fuse here")
	}
	dir := t.TempDir()
	args := []string{source, dir}
	if len(options) > 0 {
		args = append([]string{"-o", strings.Join(options, ",")}, args...)
	}
	if err := run("bindfs", args...); err != nil {
		t.Fatal(err)
	}
	atEnd(t, dir)
	return dir
}

func makeFile(t testing.TB, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	file.Close() // nothing was written
}

// Folding mounts a filesystem that takes names of another case for the same, NTFS
// through lowntfs-3g, and returns its root. It lists every name in lower case.
func Folding(t testing.TB) string {
	t.Helper()
	require(t, "lowntfs-3g")
	require(t, "mkntfs")
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("no /dev/fuse here")
	}
	image := filepath.Join(t.TempDir(), "image")
	makeFile(t, image)
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	if err := run("mkntfs", "-F", "-Q", "-q", image); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := run("lowntfs-3g", "-o", "ignore_case", image, dir); err != nil {
		t.Fatal(err)
	}
	atEnd(t, dir)
	return dir
}
