package guarantee

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// Every check is given a system that lies or fails in just the way it is there
// to find.
func TestEachCheckFindsTheFaultItIsThereFor(t *testing.T) {
	broken := errors.New("broken on purpose")
	for _, c := range []struct {
		check, status, detail string
		fault                 func(system *calls)
	}{
		{"writable", StatusFailed, "broken", func(s *calls) { s.writable = func(string) error { return broken } }},
		{"writable", StatusUnknown, "asked to write", func(s *calls) {
			s.writable = func(string) error { return errors.ErrUnsupported }
		}},
		{"lock directory", StatusFailed, "broken", func(s *calls) { s.writable = func(string) error { return broken } }},
		{"file", StatusFailed, "broken", func(s *calls) { s.rehearse = func(string, string, bool) error { return broken } }},
		{"lock file", StatusFailed, "broken", func(s *calls) { s.tryLock = func(string, string) error { return broken } }},
		{"pending change", StatusFailed, "x.journal", func(s *calls) {
			s.pending = func(string, string) (string, error) { return "x.journal", nil }
		}},
		{"pending change", StatusUnknown, "broken", func(s *calls) { s.pending = func(string, string) (string, error) { return "", broken } }},
		{"replacement", StatusFailed, "broken", func(s *calls) { s.rehearse = func(string, string, bool) error { return broken } }},
		{"free space", StatusFailed, "full", func(s *calls) { s.space = spaceOf(0, 5, nil) }},
		{"free space", StatusUnknown, "broken", func(s *calls) { s.space = spaceOf(5, 5, broken) }},
		{"free space", StatusOK, "1.5 MiB", func(s *calls) { s.space = spaceOf(3<<19, 0, nil) }},
		{"free inodes", StatusFailed, "no more files", func(s *calls) { s.space = spaceOf(5, 0, nil) }},
		{"free inodes", StatusUnknown, "broken", func(s *calls) { s.space = spaceOf(5, 5, broken) }},
		{"free inodes", StatusOK, "not limited", func(s *calls) { s.space = spaceOf(0, -1, nil) }},
		{"free inodes", StatusOK, "7", func(s *calls) { s.space = spaceOf(0, 7, nil) }},
		{"exclusive create", StatusFailed, "created twice", func(s *calls) { s.open = withoutExclusion }},
		{"exclusive create", StatusFailed, "that exists: broken", func(s *calls) { s.open = failOnSecond(broken) }},
		{"mode 0600", StatusFailed, "has 0640", func(s *calls) { s.open = withMode(0o640) }},
		{"mode 0600", StatusFailed, "no such file", func(s *calls) { s.open = elsewhere(t) }},
		{"file fsync", StatusFailed, "not supported", func(s *calls) { s.sync = func(*os.File) error { return syscall.ENOTSUP } }},
		{"directory fsync", StatusFailed, "invalid argument", func(s *calls) {
			s.sync = func(*os.File) error { return syscall.EINVAL }
		}},
		{"rename over", StatusFailed, "device or resource busy", func(s *calls) {
			s.rename = func(string, string) error { return syscall.EBUSY }
		}},
		{"rename over", StatusFailed, `the path "old"`, func(s *calls) {
			s.rename = func(string, string) error { return nil }
		}},
		{"rename over", StatusFailed, `open file reads "new"`, func(s *calls) { s.rename = byRewriting }},
		{"JSON round trip", StatusFailed, "no JSON", func(s *calls) { s.readFile = changed(func(d []byte) []byte { return d[1:] }) }},
		{"JSON round trip", StatusFailed, "wrote map", func(s *calls) {
			s.readFile = changed(func(d []byte) []byte { return []byte(strings.Replace(string(d), "hold", "bold", 1)) })
		}},
		{"JSON round trip", StatusFailed, "broken", func(s *calls) { s.rename = func(string, string) error { return broken } }},
		{"checksum round trip", StatusFailed, "the sidecar says", func(s *calls) {
			s.readFile = changed(func(d []byte) []byte { d[0] ^= 1; return d })
		}},
		{"checksum round trip", StatusFailed, "broken", func(s *calls) {
			s.readFile = func(string) ([]byte, error) { return nil, broken }
		}},
		{"extended attribute", StatusFailed, "broken", func(s *calls) { s.xattr = xattrOf("", broken) }},
		{"extended attribute", StatusFailed, `read "other"`, func(s *calls) { s.xattr = xattrOf("other", nil) }},
		{"extended attribute", StatusUnknown, "no extended", func(s *calls) { s.xattr = xattrOf("", errNoXattr) }},
	} {
		t.Run(c.check, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("the faults are those of POSIX")
			}
			v := newVisit(t.TempDir(), "file", &settings{probe: true}, false)
			c.fault(&v.calls)
			got := v.run(checkCalled(t, c.check))
			if got.status != c.status || !strings.Contains(got.detail, c.detail) {
				t.Errorf("%s: %s; want %s: %s", got.status, got.detail, c.status, c.detail)
			}
			testkit.WantNil(t, "it", v.leave())
		})
	}
}

func checkCalled(t *testing.T, name string) *check {
	t.Helper()
	for i := range checks {
		if checks[i].name == name {
			return &checks[i]
		}
	}
	t.Fatalf("no check %q", name)
	return nil
}

func TestEveryWritingCheckFailsWhereNothingCanBeCreated(t *testing.T) {
	for i := range checks {
		if !checks[i].writes {
			continue
		}
		v := newVisit(filepath.Join(t.TempDir(), "missing"), "file", &settings{probe: true, helper: []string{"never started"}}, false)
		if got := v.run(&checks[i]); got.status != StatusFailed || !strings.Contains(got.detail, "missing") {
			t.Errorf("%s is %s: %s", checks[i].name, got.status, got.detail)
		}
		testkit.WantNil(t, "cleaning up what was never made", v.leave())
	}
}

func TestAnAttributeThatCannotBeKeptIsNamed(t *testing.T) {
	_, err := setAndGetXattr(filepath.Join(t.TempDir(), "nothing"), "user.x", "value")
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoXattr) {
		t.Errorf("got %v", err)
	}
}

func spaceOf(bytes, inodes int64, err error) func(string) (int64, int64, error) {
	return func(string) (int64, int64, error) { return bytes, inodes, err }
}

func xattrOf(value string, err error) func(string, string, string) (string, error) {
	return func(string, string, string) (string, error) { return value, err }
}

func withoutExclusion(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, flag&^os.O_EXCL, mode)
}

func failOnSecond(err error) func(string, int, fs.FileMode) (*os.File, error) {
	calls := 0
	return func(path string, flag int, mode fs.FileMode) (*os.File, error) {
		if calls++; calls > 1 {
			return nil, err
		}
		return os.OpenFile(path, flag, mode)
	}
}

func withMode(wrong fs.FileMode) func(string, int, fs.FileMode) (*os.File, error) {
	return func(path string, flag int, _ fs.FileMode) (*os.File, error) { return os.OpenFile(path, flag, wrong) }
}

// elsewhere loses every file it creates.
func elsewhere(t *testing.T) func(string, int, fs.FileMode) (*os.File, error) {
	lost := t.TempDir()
	return func(path string, flag int, mode fs.FileMode) (*os.File, error) {
		return os.OpenFile(filepath.Join(lost, filepath.Base(path)), flag, mode)
	}
}

// byRewriting is how a filesystem without rename may imitate it.
func byRewriting(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func changed(change func([]byte) []byte) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			return data, err
		}
		return change(data), nil
	}
}
