package environ

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// links makes a tree whose links leave their directories.
func links(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	base, err := filepath.EvalSymlinks(t.TempDir())
	testkit.Must(t, err)
	for _, dir := range []string{"real/deep", "other"} {
		testkit.Must(t, os.MkdirAll(filepath.Join(base, dir), 0o755))
	}
	testkit.Must(t, os.WriteFile(filepath.Join(base, "real", "file"), []byte("12345"), 0o640))
	for name, target := range map[string]string{
		"other/dir":      "../real/deep",         // to a directory
		"real/deep/up":   "../file",              // relative to where the link lies
		"other/chain":    "dir/up",               // through a link, then another
		"other/dangling": "dir/../missing",       // the parent of deep, not other
		"other/gone":     base + "/nowhere/file", // its directory is missing too
		"other/loop":     "loop2",
		"other/loop2":    "loop",
	} {
		testkit.Must(t, os.Symlink(target, filepath.Join(base, name)))
	}
	return base
}

func TestFindFollowsLinksFromWhereTheyLie(t *testing.T) {
	base := links(t)
	for path, want := range map[string]struct {
		at     string // below base, after all links
		exists bool
	}{
		"real/file":         {"real/file", true},
		"real/new":          {"real/new", false},
		"other/chain":       {"real/file", true},
		"other/dir/up":      {"real/file", true},
		"other/dir/../file": {"real/file", true}, // not cleaned to other/file
		"other/dangling":    {"real/missing", false},
		"other/gone":        {"nowhere/file", false},
		"nowhere/file":      {"nowhere/file", false},
	} {
		found, err := Find(base + "/" + path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if (found.File != nil) != want.exists {
			t.Errorf("%s: exists %v", path, found.File != nil)
		}
		dir := found.Dir
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		if got := filepath.Join(dir, found.Name); got != filepath.Join(base, want.at) {
			t.Errorf("%s leads to %s, not %s", path, got, want.at)
		}
	}
}

func TestADirectoryStandsForItself(t *testing.T) {
	base := links(t)
	t.Chdir(base)
	for _, path := range []string{"real", "real/", "real//", "./real/deep/..", "other/dir/.."} {
		found, err := Find(path)
		if err != nil || found.Name != "" || found.File != nil {
			t.Errorf("%s: %+v, %v", path, found, err)
			continue
		}
		if !filepath.IsAbs(found.Dir) {
			t.Errorf("%s: %s is not absolute", path, found.Dir)
		}
		if real, err := filepath.EvalSymlinks(found.Dir); err != nil || real != filepath.Join(base, "real") {
			t.Errorf("%s leads to %s, %v", path, real, err)
		}
	}
	if found, err := Find("/"); err != nil || found.Dir != "/" {
		t.Errorf("the root: %+v, %v", found, err)
	}
}

func TestWhatLeadsNowhereIsAnError(t *testing.T) {
	base := links(t)
	for path, want := range map[string]error{
		base + "/other/loop":  errors.ErrSymlink,
		base + "/real/file/x": nil, // ENOTDIR, which has no sentinel
		"":                    nil,
	} {
		_, err := Inspect(path, "")
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v", path, err)
		}
		var e *errors.Error
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%q is not named: %v", path, err)
		}
	}
	if _, err := Inspect(base+"/real/file", base+"/other/loop"); !errors.Is(err, errors.ErrSymlink) {
		t.Errorf("a lock directory that loops: %v", err)
	}
}

func TestAMissingDirectoryIsJudgedByTheOneAbove(t *testing.T) {
	base := t.TempDir()
	there, err := Inspect(filepath.Join(base, "file"), "")
	testkit.Must(t, err)
	if len(there.Remarks) != 0 {
		t.Errorf("remarks about a plain place: %q", there.Remarks)
	}
	missing := filepath.Join(base, "a", "b")
	v, err := Inspect(filepath.Join(missing, "file"), filepath.Join(base, "locks", "x"))
	testkit.Must(t, err)
	if v.Environment != there.Environment {
		t.Errorf("%+v, beside an existing file %+v", v.Environment, there.Environment)
	}
	for _, dir := range []string{missing, filepath.Join(base, "locks")} {
		if !strings.Contains(strings.Join(v.Remarks, "\n"), dir+" does not exist") {
			t.Errorf("%s is not in %q", dir, v.Remarks)
		}
	}
}
