// Package disktest gives tests filesystems that are really mounted: ext4, xfs
// and btrfs on a loop device, tmpfs, overlay, FUSE, bind mounts, and power cuts
// on the first two.
//
//	disk := disktest.New(t, "ext4")
//	write(disk.Dir())     // what the test is about
//	disk.Shutdown(t)      // the power goes: what was not fsynced is lost
//	disk.Remount(t)       // the machine comes back and replays the journal
//	check(disk.Dir())
//
// Every mount lies in a directory of [testing.TB.TempDir] and is taken away when
// the test ends. A test that still has a file open there fails, since a leaked
// descriptor is a bug worth knowing.
//
// A test that can't have its filesystem skips and says what is missing: Linux,
// root, loop devices, a mkfs program, bindfs, ntfs-3g. Nothing here touches a disk or a
// mount that it did not make.
package disktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// imageSize is what a disk can hold, in bytes. The image is sparse: an unused
// disk costs less than 70 MB.
const imageSize = 2 << 30

// busyTimeout is how long a mount may stay busy; after that a test has leaked a descriptor. A test
// shortens it.
var busyTimeout = 5 * time.Second

// Disk is a filesystem of its own on a loop device.
type Disk struct {
	image, dir string
	kind       string
	options    []string
}

// New makes a filesystem of the kind "ext4" (or ext2, ext3), "xfs" or "btrfs" and
// mounts it with the given options.
func New(t testing.TB, kind string, options ...string) *Disk {
	t.Helper()
	return formatted(t, kind, nil, options)
}

// NewCoarse makes an ext4 whose inodes have no room for fractions of a second.
func NewCoarse(t testing.TB) *Disk {
	t.Helper()
	return formatted(t, "ext4", []string{"-I", "128"}, nil)
}

// formatted passes format to the mkfs program.
func formatted(t testing.TB, kind string, format, options []string) *Disk {
	t.Helper()
	require(t, "mkfs."+kind)
	if loops, _ := filepath.Glob("/dev/loop*"); len(loops) == 0 {
		t.Skip("no loop devices here")
	}
	base := t.TempDir()
	disk := &Disk{image: filepath.Join(base, "image"), dir: filepath.Join(base, "disk"), kind: kind, options: options}
	makeImage(t, disk.image, kind, format...)
	makeDir(t, disk.dir)
	disk.mount(t, options)
	atEnd(t, disk.dir)
	return disk
}

// Dir is the root directory of the mounted filesystem.
func (d *Disk) Dir() string { return d.dir }

// Kind is the filesystem's name, as given to New.
func (d *Disk) Kind() string { return d.kind }

// Shutdown cuts the power: from here on nothing reaches the disk, not even what
// the journal holds in memory, and every operation on the filesystem fails with
// EIO. Only ext4 and xfs can do it. Remount brings it back.
func (d *Disk) Shutdown(t testing.TB) {
	t.Helper()
	if err := shutdown(d.dir); err != nil {
		t.Fatalf("cutting the power of %s (%s): %v", d.dir, d.kind, err)
	}
}

// Remount takes the filesystem away and mounts it again, which replays its
// journal and forgets every cached page. The options replace those of New for
// this time; without any, those of New hold. It fails the test if something
// still has a file open there.
func (d *Disk) Remount(t testing.TB, options ...string) {
	t.Helper()
	if err := unmount(d.dir); err != nil {
		t.Fatalf("taking %s away: %v", d.dir, err)
	}
	if len(options) == 0 {
		options = d.options
	}
	d.mount(t, options)
}

func (d *Disk) mount(t testing.TB, options []string) {
	t.Helper()
	mount(t, "-t", d.kind, "-o", strings.Join(append([]string{"loop"}, options...), ","), d.image, d.dir)
}

func makeImage(t testing.TB, path, kind string, format ...string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := errors.Join(file.Truncate(imageSize), run("mkfs."+kind, append(format, "-q", path)...)); err != nil {
		t.Fatal(err)
	}
}

// require skips the test unless it may mount and has the program.
func require(t testing.TB, program string) {
	t.Helper()
	if reason := missing(runtime.GOOS, os.Geteuid(), program); reason != "" {
		t.Skip(reason)
	}
}

// missing says why a process can't mount, empty if it can.
func missing(goos string, user int, program string) string {
	if goos != "linux" {
		return "mounting for a test needs Linux"
	}
	if user != 0 {
		return "mounting for a test needs root"
	}
	if _, err := exec.LookPath(program); err != nil {
		return program + " is not installed"
	}
	return ""
}

func makeDir(t testing.TB, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func mount(t testing.TB, args ...string) {
	t.Helper()
	if err := run("mount", args...); err != nil {
		t.Fatal(err)
	}
}

// atEnd takes the mount away when the test ends, in any case; that it had to be
// forced is reported.
func atEnd(t testing.TB, target string) {
	t.Helper()
	t.Cleanup(func() {
		if err := unmount(target); err != nil {
			t.Errorf("taking the mount away: %v", err)
			_ = run("umount", "--lazy", target)
		}
	})
}

// unmount tries for a moment: the kernel may drop the last reference of a
// process that has just been killed a little later than its parent hears of it.
func unmount(target string) error {
	deadline := time.Now().Add(busyTimeout)
	for {
		err := run("umount", target)
		if err == nil || !strings.Contains(err.Error(), "busy") || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// run gives the program's own words when it fails.
func run(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return &runError{name + " " + strings.Join(args, " "), strings.TrimSpace(string(output)), err}
	}
	return nil
}

type runError struct {
	command, output string
	err             error
}

func (e *runError) Error() string { return e.command + ": " + e.err.Error() + ": " + e.output }
func (e *runError) Unwrap() error { return e.err }
