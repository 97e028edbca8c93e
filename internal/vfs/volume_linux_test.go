package vfs

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestWithoutStatxTheRestIsTold(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "file")
	testkit.Must(t, os.WriteFile(path, []byte("12"), 0o640))
	for _, path := range []string{path, base, "/dev/null"} {
		full, err := statAt(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
		testkit.Must(t, err)
		full.Mount, full.Birth = Mount{}, 0
		old, err := fstatat(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
		if err != nil || old != full {
			t.Errorf("%s: %+v, %v; statx says %+v", path, old, err, full)
		}
	}
	if _, err := fstatat(unix.AT_FDCWD, filepath.Join(base, "nothing"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAMountHasTheBestNumberTheKernelGives(t *testing.T) {
	for mask, want := range map[uint32]MountID{
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
		if got := goMode(mode); got != want {
			t.Errorf("%o is %v, not %v", mode, got, want)
		}
	}
}

func TestSpaceAndPermissionAreTheSystems(t *testing.T) {
	base := t.TempDir()
	bytes, inodes, err := Space(base)
	if err != nil || bytes <= 0 || inodes == 0 {
		t.Errorf("%d bytes, %d inodes, %v", bytes, inodes, err)
	}
	if _, _, err := Space(filepath.Join(base, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the space of nothing: %v", err)
	}
	testkit.WantNil(t, "a directory of one's own", Accessible(base))
	if err := Accessible(filepath.Join(base, "nothing")); err == nil {
		t.Error("nothing is writable")
	}
}
