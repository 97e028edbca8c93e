package safefile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/disktest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// onDisk is how much of a disk a file takes, in bytes.
func onDisk(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.Open(path)
	testkit.Must(t, err)
	defer f.Close()
	testkit.Must(t, f.Sync()) // until then blocks may not be allocated
	info, err := f.Stat()
	testkit.Must(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestAppendKeepsTheHolesOfASparseFile(t *testing.T) {
	const unit = 1 << 20
	for kind, dir := range map[string]string{
		"tmpfs": disktest.Tmpfs(t), "ext4": disktest.New(t, "ext4").Dir(), "xfs": disktest.New(t, "xfs").Dir(),
		"btrfs": disktest.New(t, "btrfs").Dir(),
	} {
		for name, pieces := range map[string]string{
			"hole first": ".x", "hole last": "x.", "holes between": "x.x..x", "a hole alone": ".", "holes around": "..x..", "no hole": "xx",
		} {
			path := filepath.Join(dir, "file")
			f, err := os.Create(path)
			testkit.Must(t, err)
			testkit.Must(t, f.Truncate(int64(len(pieces))*unit))
			for i, piece := range pieces {
				if piece == 'x' {
					_, err := f.WriteAt(bytes.Repeat([]byte("data"), 4096), int64(i)*unit)
					testkit.Must(t, err)
				}
			}
			testkit.Must(t, f.Close())
			want, err := os.ReadFile(path)
			testkit.Must(t, err)
			before := onDisk(t, path)

			testkit.Must(t, safefile.New[string](path, safefile.WithSafety(safefile.BestEffort)).Append("tail"))
			got, err := os.ReadFile(path)
			testkit.Must(t, err)
			if !bytes.Equal(got, append(want, "tail"...)) {
				t.Errorf("%s, %s: the content is another one, %d bytes", kind, name, len(got))
			}
			if after := onDisk(t, path); after > before+128<<10 {
				t.Errorf("%s, %s: it took %d KiB and takes %d KiB", kind, name, before>>10, after>>10)
			}
			testkit.Must(t, os.Remove(path))
		}
	}
}
