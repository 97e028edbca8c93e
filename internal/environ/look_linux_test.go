package environ

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
)

func TestAtAgreesWithInspect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	node, err := Stat(dir.Fd(), "file")
	if err != nil {
		t.Fatal(err)
	}
	want := inspected(t, path)
	for _, target := range []*Node{&node, nil} {
		v, err := At(dir.Fd(), "file", target)
		if err != nil || v.Environment != want.Environment || v.judged != want.judged {
			t.Errorf("%+v, %v", v, err)
		}
	}
	// One is the empty path's, in golang.org/x/sys.
	if allocations := testing.AllocsPerRun(100, func() { _, _ = At(dir.Fd(), "file", &node) }); allocations > 1 {
		t.Errorf("At allocates %v times", allocations)
	}
}

func TestAtReportsTheSystemsErrors(t *testing.T) {
	if _, err := At(^uintptr(0), "file", nil); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a bad descriptor: %v", err)
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	vanished := Node{Mode: 0o600, MountRoot: true}
	if _, err := At(dir.Fd(), "vanished", &vanished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that vanished in between: %v", err)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	want := inspected(t, path)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if v, err := Inspect(path, ""); err != nil || v.Environment != want.Environment {
					t.Errorf("%+v, %v", v, err)
				}
			}
		})
	}
	group.Wait()
}

func TestWithoutStatxTheRestIsTold(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "file")
	if err := os.WriteFile(path, []byte("12"), 0o640); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, base, "/dev/null"} {
		full, _, err := statx(unix.AT_FDCWD, path)
		if err != nil {
			t.Fatal(err)
		}
		old, err := fstatat(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_SYNC_AS_STAT)
		if err != nil || old != full {
			t.Errorf("%s: %+v, %v; statx says %+v", path, old, err, full)
		}
	}
	if _, err := fstatat(unix.AT_FDCWD, filepath.Join(base, "nothing"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAMountHasTheBestNumberTheKernelGives(t *testing.T) {
	for mask, want := range map[uint32]mountID{
		unix.STATX_MNT_ID | unix.STATX_MNT_ID_UNIQUE: {7, true},
		unix.STATX_MNT_ID: {7, false},
		0:                 {},
	} {
		if got := mountIDOf(&unix.Statx_t{Mask: mask, Mnt_id: 7}); got != want {
			t.Errorf("mask %#x: %+v", mask, got)
		}
	}
}

func TestACallThatASignalInterruptedIsMadeAgain(t *testing.T) {
	calls := 0
	err := retry(func() error {
		if calls++; calls < 3 {
			return unix.EINTR
		}
		return unix.EIO
	})
	if err != unix.EIO || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestAWorkingDirectoryThatIsGoneIsAnError(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(gone)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect("file", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestEveryKindOfFileHasItsMode(t *testing.T) {
	for mode, want := range map[uint32]fs.FileMode{
		unix.S_IFREG | 0o644:                0o644,
		unix.S_IFDIR | unix.S_ISVTX | 0o777: fs.ModeDir | fs.ModeSticky | 0o777,
		unix.S_IFLNK | 0o777:                fs.ModeSymlink | 0o777,
		unix.S_IFIFO:                        fs.ModeNamedPipe,
		unix.S_IFSOCK:                       fs.ModeSocket,
		unix.S_IFBLK:                        fs.ModeDevice,
		unix.S_IFCHR:                        fs.ModeDevice | fs.ModeCharDevice,
		unix.S_IFREG | unix.S_ISUID | unix.S_ISGID | 0o11: fs.ModeSetuid | fs.ModeSetgid | 0o11,
	} {
		if got := fileMode(mode); got != want {
			t.Errorf("%o is %v, not %v", mode, got, want)
		}
	}
}

func BenchmarkInspect(b *testing.B) {
	path := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Inspect(path, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStatAndAt(b *testing.B) {
	dir, err := os.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	if err := os.WriteFile(filepath.Join(dir.Name(), "file"), nil, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		node, err := Stat(dir.Fd(), "file")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := At(dir.Fd(), "file", &node); err != nil {
			b.Fatal(err)
		}
	}
}
