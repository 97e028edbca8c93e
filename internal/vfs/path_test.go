package vfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzSplit(f *testing.F) {
	for _, path := range []string{"/", "/a", "/a/", "/a//b", "//a", "/a/b/..", "/a/./b", "a", "", "///", "/ü/\x00"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		dir, name := Split(path)
		if strings.ContainsRune(name, filepath.Separator) {
			t.Errorf("%q has the last element %q", path, name)
		}
		if filepath.IsAbs(path) && !filepath.IsAbs(dir) {
			t.Errorf("%q lies in %q", path, dir)
		}
		if len(dir) > 1 && filepath.IsAbs(path) && os.IsPathSeparator(dir[len(dir)-1]) && strings.Trim(dir, string(filepath.Separator)) != "" {
			t.Errorf("%q lies in %q", path, dir)
		}
		if name == "" || dir == "" {
			return
		}
		// Joined again it is the same path, up to repeated separators.
		if got := Join(dir, name); filepath.Clean(got) != filepath.Clean(path) {
			t.Errorf("%q is cut into %q and %q, which make %q", path, dir, name, got)
		}
		again, same := Split(Join(dir, name))
		if again != dir || same != name {
			t.Errorf("%q, %q are cut again into %q, %q", dir, name, again, same)
		}
	})
}

// Whatever the links on a disk say, finding a file ends, and in a directory.
