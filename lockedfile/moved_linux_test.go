package lockedfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// lead makes a link lead to a name beside it, at once.
func lead(t *testing.T, link, name string) {
	t.Helper()
	testkit.Must(t, os.Symlink(name, link+".new"))
	testkit.Must(t, os.Rename(link+".new", link))
}

// A handle remembers the file that its link led to. When the link leads to another file, the state of the old
// file does not matter any more: its lock may be held by another process, or be broken.
func TestTheFileThatALinkLedToIsNothingToTheHandle(t *testing.T) {
	for name, happens := range map[string]func(t *testing.T, lock string){
		"held": func(t *testing.T, lock string) {
			f, err := os.Open(lock)
			testkit.Must(t, err)
			t.Cleanup(func() { f.Close() })
			testkit.Must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
		},
		"broken": func(t *testing.T, lock string) {
			testkit.Must(t, os.Remove(lock))
			testkit.Must(t, os.Mkdir(lock, 0o755))
		},
	} {
		for _, timeout := range []time.Duration{0, time.Hour} {
			t.Run(name+" "+timeout.String(), func(t *testing.T) {
				dir := t.TempDir()
				link := filepath.Join(dir, "link.json")
				lead(t, link, "a.json")
				f := lockedfile.New[scores](link, safefile.WithTimeout(timeout))
				testkit.Must(t, f.Write(scores{"a": 1}))
				happens(t, filepath.Join(dir, "a.json.lock"))
				lead(t, link, "b.json")
				for n := range 2 {
					testkit.Must(t, f.Write(scores{"b": n}))
				}
				other, err := lockedfile.New[scores](filepath.Join(dir, "b.json")).Read()
				if err != nil || other["b"] != 1 {
					t.Errorf("%v, %v", other, err)
				}
			})
		}
	}
}
