package environ

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disktest"
)

func inspected(t *testing.T, path string) Verdict {
	t.Helper()
	v, err := Inspect(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantLevels(t *testing.T, v *Verdict, want [guarantees]Level) {
	t.Helper()
	for g, level := range want {
		if v.Level(Guarantee(g)) != level {
			t.Errorf("%v is %v: %s", Guarantee(g), v.Level(Guarantee(g)), v.Why(Guarantee(g)))
		}
	}
}

func wantEnvironment(t *testing.T, v *Verdict, want Environment) {
	t.Helper()
	want.OS = "linux"
	if v.Environment != want {
		t.Errorf("found %+v, not %+v", v.Environment, want)
	}
}

func TestTheTableHoldsOnRealMounts(t *testing.T) {
	for _, c := range []struct {
		name       string
		mount      func(t *testing.T) string
		filesystem string
		class      string
		levels     [guarantees]Level
	}{
		{"ext4", diskOf("ext4"), "ext4", Persistent, all(Guaranteed)},
		{"xfs", diskOf("xfs"), "xfs", Persistent, all(Guaranteed)},
		{"btrfs", diskOf("btrfs"), "btrfs", Persistent, all(Guaranteed)},
		{"ext2", diskOf("ext2"), "ext2", Persistent, all(BestEffort)},
		{"ext4 without barriers", diskOf("ext4", "nobarrier"), "ext4", Persistent, inMemory},
		{"tmpfs", func(t *testing.T) string { return disktest.Tmpfs(t) }, "tmpfs", Volatile, inMemory},
		{"overlay on ext4", func(t *testing.T) string { return disktest.Overlay(t, disktest.New(t, "ext4").Dir()) },
			"overlay", Overlay, all(Guaranteed)},
		{"overlay on ext4 without barriers", func(t *testing.T) string {
			return disktest.Overlay(t, disktest.New(t, "ext4", "nobarrier").Dir())
		}, "overlay", Overlay, inMemory},
		{"overlay on tmpfs", func(t *testing.T) string { return disktest.Overlay(t, disktest.Tmpfs(t)) },
			"overlay", Overlay, inMemory},
		{"volatile overlay", func(t *testing.T) string {
			return disktest.Overlay(t, disktest.New(t, "ext4").Dir(), "volatile")
		}, "overlay", Overlay, [...]Level{Guaranteed, Unsupported, Guaranteed, Guaranteed}},
		{"FUSE", func(t *testing.T) string { return disktest.FUSE(t, t.TempDir()) }, "fuse", Foreign, all(NonTarget)},
		{"proc", func(t *testing.T) string { return "/proc" }, "proc", Pseudo, all(Unsupported)},
		{"sysfs", func(t *testing.T) string { return "/sys" }, "sysfs", Pseudo, all(Unsupported)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.mount(t)
			for _, path := range []string{dir, filepath.Join(dir, "holdfast-test-file")} {
				v := inspected(t, path)
				wantEnvironment(t, &v, Environment{Filesystem: c.filesystem, Class: c.class, Mount: dir})
				wantLevels(t, &v, c.levels)
			}
		})
	}
}

func diskOf(kind string, options ...string) func(t *testing.T) string {
	return func(t *testing.T) string { return disktest.New(t, kind, options...).Dir() }
}

func TestAnOverlayWhoseUpperLayerIsOutOfSightIsOnlyBestEffort(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	dir := disktest.Overlay(t, base)
	if err := os.Rename(base, base+"-moved"); err != nil {
		t.Fatal(err)
	}
	v := inspected(t, dir)
	wantLevels(t, &v, inMemory)
	if !strings.Contains(v.Why(CrashDurability), "unknown") {
		t.Errorf("the reason is %q", v.Why(CrashDurability))
	}
	if m := mountAt("relative/upper"); m != (mount{}) {
		t.Errorf("a relative upper layer is taken for %+v", m)
	}
}

var nothingWritable = [guarantees]Level{Unsupported, Unsupported, Unsupported, Guaranteed}

func TestReadOnlyIsSeenAsSoonAsItIs(t *testing.T) {
	disk := disktest.New(t, "ext4")
	file := filepath.Join(disk.Dir(), "file")
	v := inspected(t, file)
	wantLevels(t, &v, all(Guaranteed))
	for _, readOnly := range []bool{true, false} {
		flags := uintptr(unix.MS_REMOUNT)
		if readOnly {
			flags |= unix.MS_RDONLY
		}
		if err := unix.Mount("", disk.Dir(), "", flags, ""); err != nil {
			t.Fatal(err)
		}
		v := inspected(t, file)
		if v.ReadOnly != readOnly {
			t.Errorf("read-only is %v", v.ReadOnly)
		}
		if readOnly {
			wantLevels(t, &v, nothingWritable)
		} else {
			wantLevels(t, &v, all(Guaranteed))
		}
	}
	elsewhere, err := Inspect(file, disktest.Tmpfs(t, "ro"))
	if err != nil {
		t.Fatal(err)
	}
	wantLevels(t, &elsewhere, [...]Level{Guaranteed, Guaranteed, Unsupported, Guaranteed})
}

func TestAReadOnlyBindMountIsReadOnlyThereAlone(t *testing.T) {
	source, target := t.TempDir(), filepath.Join(t.TempDir(), "bound")
	disktest.Bind(t, source, target, "ro")
	if v := inspected(t, source); v.ReadOnly {
		t.Error("the source became read-only")
	}
	v := inspected(t, target)
	if !v.ReadOnly || v.FileMount || v.Mount != target {
		t.Errorf("%+v", v.Environment)
	}
	wantLevels(t, &v, nothingWritable)
}

func TestABoundFileCanBeRewrittenButNotReplaced(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(disktest.Tmpfs(t), "target")
	disktest.Bind(t, source, target)

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{target, link} {
		v := inspected(t, path)
		of := inspected(t, source)
		wantEnvironment(t, &v, Environment{Filesystem: of.Filesystem, Class: of.Class, Mount: target, FileMount: true})
		wantLevels(t, &v, [...]Level{Unsupported, of.Level(CrashDurability), Guaranteed, Guaranteed})
		if !strings.Contains(v.Why(AtomicVisibility), "mount its directory") {
			t.Errorf("no advice in %q", v.Why(AtomicVisibility))
		}
	}
	// The lock lies beside the path, so it is the tmpfs that must take it.
	if err := unix.Mount("", filepath.Dir(target), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	v := inspected(t, target)
	if v.ReadOnly || v.Level(WriterExclusion) != Unsupported || v.Level(CrashDurability).Refused() {
		t.Errorf("with a read-only directory around it: %+v", v)
	}
}

func TestAttributesForbidReplacement(t *testing.T) {
	if _, err := exec.LookPath("chattr"); err != nil {
		t.Skip("chattr is not installed")
	}
	dir := disktest.New(t, "ext4").Dir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	forbidden := [...]Level{Unsupported, Unsupported, Guaranteed, Guaranteed}
	for _, c := range []struct {
		attribute, path string
		want            [guarantees]Level
	}{
		{"i", file, forbidden},
		{"a", file, forbidden},
		{"i", dir, nothingWritable},
		{"a", dir, forbidden},
	} {
		chattr(t, "+"+c.attribute, c.path)
		v := inspected(t, file)
		wantLevels(t, &v, c.want)
		other := filepath.Join(dir, "other")
		renameFails := os.WriteFile(other, nil, 0o600) != nil || os.Rename(other, file) != nil
		chattr(t, "-"+c.attribute, c.path)
		if !renameFails {
			t.Errorf("with +%s on %s the file can be replaced after all", c.attribute, c.path)
		}
		if !strings.Contains(v.Why(AtomicVisibility), "chattr") {
			t.Errorf("no advice in %q", v.Why(AtomicVisibility))
		}
	}
	v := inspected(t, file)
	wantLevels(t, &v, all(Guaranteed))
}

func chattr(t *testing.T, change, path string) {
	t.Helper()
	if output, err := exec.Command("chattr", change, path).CombinedOutput(); err != nil {
		t.Fatalf("chattr %s: %v: %s", change, err, output)
	}
}

func TestTheLockDirectoryDecidesAboutExclusion(t *testing.T) {
	disk, fuse := disktest.New(t, "ext4").Dir(), disktest.FUSE(t, t.TempDir())
	v, err := Inspect(filepath.Join(disk, "file"), fuse)
	if err != nil {
		t.Fatal(err)
	}
	wantLevels(t, &v, [...]Level{Guaranteed, Guaranteed, NonTarget, Guaranteed})
	if v, err = Inspect(filepath.Join(fuse, "file"), disk); err != nil {
		t.Fatal(err)
	}
	wantLevels(t, &v, [...]Level{NonTarget, NonTarget, Guaranteed, NonTarget})

	remote := judge(&look{mount: mount{filesystem: "nfs4"}})
	local := inspected(t, disk)
	remote.LockedBy(&local)
	if remote.Level(WriterExclusion) != Guaranteed || !strings.Contains(remote.Why(WriterExclusion), "other machines") {
		t.Errorf("a local lock for a remote file: %+v", remote)
	}
}

func TestOneMountPointMayMeanAnotherMountLater(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		for name, want := range map[string]string{"tmpfs": Volatile, "proc": Pseudo} {
			t.Run(name, func(t *testing.T) {
				if os.Geteuid() != 0 {
					t.Skip("mounting needs root")
				}
				if err := unix.Mount(name, dir, name, 0, ""); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := unix.Unmount(dir, 0); err != nil {
						t.Error(err)
					}
				}()
				if v := inspected(t, dir); v.Class != want || v.Filesystem != name {
					t.Errorf("found %+v", v.Environment)
				}
			})
		}
	}
}

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

func TestWithoutStatxTheRestIsTold(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "file")
	if err := os.WriteFile(path, []byte("12"), 0o640|fs.ModePerm&0o100); err != nil {
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
