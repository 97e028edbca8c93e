package disk

import (
	"os"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// Whether a file may be written is told by its mode where that is all there is to
// it: for its owner, on a local filesystem. Else the system is asked, and obeyed.
func TestTheSystemIsAskedWhetherAFileMayBeWrittenUnlessItsModeTells(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, path string)
		asked  bool
	}{
		"ours":           {func(*testing.T, string) {}, false},
		"ours, for us":   {func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o200)) }, false},
		"read-only":      {func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o466)) }, true},
		"somebody's own": {func(t *testing.T, path string) { testkit.Must(t, os.Chown(path, 1, 0)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			p := at(t)
			p.Path = disktest.Tmpfs(t) + "/f"
			testkit.Put(t, p.Path, "old")
			c.change(t, p.Path)
			s := session(t, New(disk), p)
			denied := errors.New("denied")
			disk.FailAll(faultfs.Writable, denied)
			_, err := commit(s, text("new"), store.Options{Metadata: true})
			if errors.Is(err, denied) != c.asked || !c.asked && err != nil {
				t.Errorf("the commit: %v", err)
			}
			if c.asked {
				testkit.WantContent(t, p.Path, "old")
			} else {
				testkit.WantContent(t, p.Path, "new")
			}
		})
	}
}
