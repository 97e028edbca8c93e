package safefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// failOn makes one verb fail for the paths with a suffix.
func failOn(disk *faultfs.FS, verb, suffix string, err error) {
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == verb && strings.HasSuffix(op.Path, suffix) {
			return err
		}
		return nil
	})
}

func claims(err error) bool { return strings.Contains(err.Error(), "the old content is intact") }

func TestAnErrorSaysThatTheOldContentIsIntactOnlyWhereItIs(t *testing.T) {
	streamed := func(f *safefile.SafeFile[counters]) error {
		w, err := f.Create()
		testkit.Must(t, err)
		defer w.Close()
		_, err = w.Write([]byte("new"))
		return err
	}
	for name, c := range map[string]struct {
		old   string // "" for no file
		fault func(disk *faultfs.FS)
		do    func(f *safefile.SafeFile[counters]) error
		want  bool
	}{
		"a full disk": {"1", func(d *faultfs.FS) { failOn(d, faultfs.Write, ".tmp", syscall.ENOSPC) },
			func(f *safefile.SafeFile[counters]) error { return f.Write(nil) }, true},
		"a full disk, and no file": {"", func(d *faultfs.FS) { failOn(d, faultfs.Write, ".tmp", syscall.ENOSPC) },
			func(f *safefile.SafeFile[counters]) error { return f.Write(nil) }, false},
		"a stream to a full disk": {"1", func(d *faultfs.FS) { failOn(d, faultfs.Write, ".tmp", syscall.ENOSPC) },
			streamed, true},
		"a stream to a full disk, and no file": {"", func(d *faultfs.FS) { failOn(d, faultfs.Write, ".tmp", syscall.ENOSPC) },
			streamed, false},
		"a Writer that was committed": {"1", func(*faultfs.FS) {},
			func(f *safefile.SafeFile[counters]) error {
				w := create(t, f, "new")
				testkit.Must(t, w.Commit())
				return w.Commit()
			}, false},
		"an fsync of the temp": {"1", func(d *faultfs.FS) { failOn(d, faultfs.Sync, ".tmp", syscall.EIO) },
			func(f *safefile.SafeFile[counters]) error { return f.Append("2") }, true},
		"an fsync of the directory": {"1", func(d *faultfs.FS) { failOn(d, faultfs.SyncDir, "", syscall.EIO) },
			func(f *safefile.SafeFile[counters]) error { return f.Append("2") }, false},
		"an unlink": {"1", func(d *faultfs.FS) { failOn(d, faultfs.Remove, "app.json", syscall.EPERM) },
			(*safefile.SafeFile[counters]).Remove, true},
		"the lock was lost": {"1", func(*faultfs.FS) {},
			func(f *safefile.SafeFile[counters]) error {
				w := create(t, f, "new")
				testkit.Must(t, lockedfile.ForceRelease(f.Path()))
				return w.Commit()
			}, false},
	} {
		disk := faultfs.Wrap(vfs.OS)
		f := safefile.New[counters](filepath.Join(testkit.Memory(t), "app.json"), over(disk), quiet)
		if c.old != "" {
			testkit.Put(t, f.Path(), c.old)
		}
		c.fault(disk)
		err := c.do(f)
		if err == nil || claims(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFailedFsyncOfTheFileThatIsThereClaimsNothingOfItsContent(t *testing.T) {
	dir := testkit.Memory(t)
	disk := faultfs.Wrap(vfs.OS)
	f := safefile.New[counters](filepath.Join(dir, "app.json"), over(disk), quiet)
	testkit.Put(t, f.Path(), "{}")
	failOn(disk, faultfs.Sync, "app.json", syscall.EIO)
	err := f.WriteBytes([]byte("{}")) // it changes no byte
	if !errors.Is(err, errors.ErrNotDurable) || !errors.Is(err, syscall.EIO) || claims(err) {
		t.Errorf("a write of the same: %v", err)
	}
	dst := filepath.Join(dir, "dst.json")
	err = safefile.Move(f.Path(), dst, over(disk))
	if !errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrNotDurable) || claims(err) {
		t.Errorf("a move: %v", err)
	}
	if _, err := os.Stat(dst); err == nil {
		t.Error("it was moved")
	}
	testkit.WantContent(t, f.Path(), "{}")
}
