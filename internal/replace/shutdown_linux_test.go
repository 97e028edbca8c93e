package replace

import (
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A filesystem that has shut itself down after the rename will not have the new name
// when it is mounted again. On XFS fsync(2) of the directory still succeeds.
func TestADirectoryIsNotDurableOnAFilesystemThatHasShutDown(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		for _, asked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, asked before: %v", kind, asked), func(t *testing.T) {
				disk := disktest.New(t, kind)
				dir, err := vfs.OS.OpenDir(disk.Dir())
				testkit.Must(t, err)
				defer dir.Close()
				if asked { // what kind it is, as a commit does
					self, err := dir.Self()
					testkit.Must(t, err)
					_, err = dir.Volume("", self)
					testkit.Must(t, err)
				}
				f, err := dir.Create("new", 0o600)
				testkit.Must(t, err)
				testkit.Must(t, f.Sync())
				testkit.Must(t, f.Close())
				testkit.Must(t, SyncDirs(safety.Policy{}, dir))
				testkit.Must(t, dir.Rename("new", dir, "target"))
				disk.Shutdown(t)
				testkit.WantIs(t, "the sync ends with", SyncDirs(safety.Policy{}, dir), errors.ErrNotDurable)
			})
		}
	}
}
