package bench

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
)

// onEachDisk runs a benchmark on the machine's own disk, in the directory for temporary files (TMPDIR), on ext4 on a
// loop device, and in tmpfs.
func onEachDisk(b *testing.B, run func(b *testing.B, root string)) {
	b.Run("own", func(b *testing.B) { run(b, b.TempDir()) })
	b.Run("ext4", func(b *testing.B) { run(b, disktest.New(b, "ext4").Dir()) })
	b.Run("tmpfs", func(b *testing.B) { run(b, disktest.Tmpfs(b)) })
}
