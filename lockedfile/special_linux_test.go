package lockedfile_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// specials are paths of what is no regular file, and of open files.
func specials(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	paths := map[string]string{"null": "/dev/null", "directory": filepath.Join(dir, "directory"), "fifo": filepath.Join(dir, "fifo"),
		"socket": filepath.Join(dir, "socket")}
	testkit.Must(t, os.Mkdir(paths["directory"], 0o755))
	testkit.Must(t, syscall.Mkfifo(paths["fifo"], 0o600))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: paths["socket"]})
	testkit.Must(t, err)
	t.Cleanup(func() { listener.Close() })

	r, w, err := os.Pipe()
	testkit.Must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	paths["descriptor of a pipe"] = fmt.Sprintf("/proc/self/fd/%d", w.Fd())
	for _, padding := range []int{1, 64} { // procfs tells 64 as the length of every such link
		name := filepath.Join(dir, "open")
		name += strings.Repeat("n", max(0, padding-len(name)))
		file, err := os.Create(name)
		testkit.Must(t, err)
		t.Cleanup(func() { file.Close() })
		paths[fmt.Sprintf("descriptor of a file of %d bytes", len(name))] = fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	}
	for name, path := range paths {
		link := filepath.Join(dir, "link to "+name)
		testkit.Must(t, os.Symlink(path, link))
		paths["link to "+name] = link
	}
	return paths
}

// around lists what lies beside a path, and beside what it leads to.
func around(t *testing.T, path string) string {
	t.Helper()
	text := ""
	for range 3 {
		text += strings.Join(testkit.Names(t, filepath.Dir(path)), "\n") + "\n"
		target, err := os.Readlink(path)
		if err != nil || !filepath.IsAbs(target) {
			break
		}
		path = target
	}
	return text
}

func TestWhatIsNoRegularFileIsRefusedAndNothingIsLeftBesideIt(t *testing.T) {
	for what, path := range specials(t) {
		before := around(t, path)
		for name, do := range everyOperation {
			err := do(path)
			if strings.HasSuffix(what, "directory") && !errors.Is(err, syscall.EISDIR) ||
				!strings.HasSuffix(what, "directory") && !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s of a %s (%s): %v", name, what, path, err)
			}
			if after := around(t, path); after != before {
				t.Fatalf("%s of a %s left something:\n%s\nbefore:\n%s", name, what, after, before)
			}
		}
	}
}

func TestAReadRefusesWhatIsNoRegularFile(t *testing.T) {
	for what, path := range specials(t) {
		if strings.Contains(what, "descriptor of a file") {
			continue // the content can be read, as os.ReadFile does
		}
		_, err := safefile.ReadFile(path)
		if !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, syscall.EISDIR) || !errors.Is(err, errors.ErrRead) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
