package environ

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

func inspected(t *testing.T, path string) Verdict {
	t.Helper()
	v, err := Inspect(path, "")
	testkit.Must(t, err)
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
	testkit.Must(t, os.Rename(base, base+"-moved"))
	v := inspected(t, dir)
	wantLevels(t, &v, inMemory)
	if !strings.Contains(v.Why(CrashDurability), "unknown") {
		t.Errorf("the reason is %q", v.Why(CrashDurability))
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
		testkit.Must(t, unix.Mount("", disk.Dir(), "", flags, ""))
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
	testkit.Must(t, err)
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
	testkit.Must(t, os.WriteFile(source, nil, 0o600))
	target := filepath.Join(disktest.Tmpfs(t), "target")
	disktest.Bind(t, source, target)

	link := filepath.Join(t.TempDir(), "link")
	testkit.Must(t, os.Symlink(target, link))
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
	testkit.Must(t, unix.Mount("", filepath.Dir(target), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	v := inspected(t, target)
	if v.ReadOnly || v.Level(WriterExclusion) != Unsupported || v.Level(CrashDurability).Refused() {
		t.Errorf("with a read-only directory around it: %+v", v)
	}
}

func TestAttributesForbidReplacement(t *testing.T) {
	testkit.NeedProgram(t, "chattr")
	dir := disktest.New(t, "ext4").Dir()
	file := filepath.Join(dir, "file")
	testkit.Must(t, os.WriteFile(file, nil, 0o600))
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
	testkit.Must(t, err)
	wantLevels(t, &v, [...]Level{Guaranteed, Guaranteed, NonTarget, Guaranteed})
	if v, err = Inspect(filepath.Join(fuse, "file"), disk); err != nil {
		t.Fatal(err)
	}
	wantLevels(t, &v, [...]Level{NonTarget, NonTarget, Guaranteed, NonTarget})

	remote := judge(&vfs.Volume{Type: "nfs4"})
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
				testkit.NeedRoot(t)
				testkit.Must(t, unix.Mount(name, dir, name, 0, ""))
				defer func() {
					testkit.WantNil(t, "it", unix.Unmount(dir, 0))
				}()
				if v := inspected(t, dir); v.Class != want || v.Filesystem != name {
					t.Errorf("found %+v", v.Environment)
				}
			})
		}
	}
}
