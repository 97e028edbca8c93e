package disk

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// unjudged is the system's filesystem without a word about what it is.
type unjudged struct{ vfs.FS }

type unjudgedDir struct{ vfs.Dir }

func (f unjudged) OpenDir(path string) (vfs.Dir, error) {
	d, err := f.FS.OpenDir(path)
	return unjudgedDir{d}, err
}

func (d unjudgedDir) Volume(string, vfs.Info) (vfs.Volume, error) {
	return vfs.Volume{}, vfs.ErrNoVolume
}

func (d unjudgedDir) Rename(name string, to vfs.Dir, newName string) error {
	return d.Dir.Rename(name, to.(unjudgedDir).Dir, newName)
}

// BenchmarkCommit is a write where fsync costs nothing, with the environment
// table and without.
func BenchmarkCommit(b *testing.B) {
	for name, fsys := range map[string]vfs.FS{"judged": vfs.OS, "unjudged": unjudged{vfs.OS}} {
		b.Run(name, func(b *testing.B) {
			dir, err := os.MkdirTemp("/dev/shm", "holdfast")
			if err != nil {
				b.Skip("needs /dev/shm")
			}
			defer os.RemoveAll(dir)
			d, p := New(fsys), store.Target{Path: filepath.Join(dir, "data"), Perm: 0o666}
			n := 0
			for b.Loop() {
				n++
				where, err := d.Locate(context.Background(), p)
				testkit.Must(b, err)
				s, err := d.TryLock(ctx, p, where, keep)
				if err == nil {
					_, err = commit(s, text(strconv.Itoa(n)), keep)
				}
				testkit.Must(b, err)
				_ = s.Release(ctx)
			}
		})
	}
}

// BenchmarkPlace is what the environment table adds to a write: one look at the
// volume, and the file held against the table twice.
func BenchmarkPlace(b *testing.B) {
	dir, err := vfs.OS.OpenDir(b.TempDir())
	testkit.Must(b, err)
	defer dir.Close()
	self, err := dir.Self()
	testkit.Must(b, err)
	f := &file{dir: dir, lockDir: dir, name: "data"}
	target := vfs.Info{Mode: 0o644}
	b.ReportAllocs()
	for b.Loop() {
		testkit.Must(b, f.judge(self, &target, keep, false))
		testkit.Must(b, f.require(keep, &target))
	}
}
