package powercut

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	fusekit.Main(m, map[string]fusekit.Role{"server": serve, "worker": work})
}

// A system is a filesystem and how it is mounted.
type system struct {
	name    string // of the test
	kind    string
	size    int64
	block   int // bytes that its disk writes all or not at all
	mkfs    []string
	options string
}

// A torn 4 KiB block is within the rules where a filesystem is made for sectors of 512 bytes. ext4 keeps them:
// its journal has checksums. XFS and btrfs say what they need by their sector size.
//
// noauto_da_alloc takes away what ext4 does for programs that forget an fsync. nouuid mounts what a cut left
// while the disk before the cut is still mounted in another process's mount namespace.
var systems = []system{
	{"ext4 ordered", "ext4", 64 << 20, 512, ext4, "data=ordered,noauto_da_alloc"},
	{"ext4 writeback", "ext4", 64 << 20, 4096, ext4, "data=writeback,noauto_da_alloc"},
	{"ext4 journal", "ext4", 64 << 20, 4096, ext4, "data=journal"},
	{"xfs", "xfs", 320 << 20, 4096, []string{"-q", "-s", "size=4096", "-K"}, "nodiscard,nouuid"},
	{"btrfs", "btrfs", 1 << 30, 4096, []string{"-q", "-K"}, "nodiscard"},
}

var ext4 = []string{"-q", "-b", "4096", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"}

// A disk is a mounted filesystem on a device with a volatile write cache.
type disk struct {
	system
	t      *testing.T
	base   string
	server *fusekit.Process
	total  stats // of all that was cut
}

// newSystem makes the filesystem and starts its server; nothing is mounted yet.
func newSystem(t *testing.T, s system) *disk {
	t.Helper()
	fusekit.Require(t, "mkfs."+s.kind, "losetup")
	d := &disk{system: s, t: t, base: t.TempDir()}
	for _, dir := range []string{"fuse", "disk"} {
		testkit.Must(t, os.Mkdir(filepath.Join(d.base, dir), 0o755))
	}
	blank := filepath.Join(d.base, "blank.img")
	testkit.Must(t, os.WriteFile(blank, nil, 0o600))
	testkit.Must(t, os.Truncate(blank, s.size))
	d.run("mkfs."+s.kind, append(s.mkfs, blank)...)
	t.Cleanup(func() {
		testkit.WantNil(t, "it", errors.Join(d.unmount(), fusekit.Sweep(d.base)))
	})
	d.server = fusekit.Start(t, "server", serverJob{Base: d.base, Blank: blank, Block: s.block})
	t.Cleanup(func() { // before the one above: workers are gone by now
		_ = d.unmount()
		d.server.Close(t)
	})
	d.answer()
	return d
}

func (d *disk) dir() string { return filepath.Join(d.base, "disk") }

// fresh mounts an empty filesystem in place of what was mounted.
func (d *disk) fresh() {
	d.t.Helper()
	testkit.Must(d.t, d.unmount())
	d.mount(d.ask(order{Do: newDisk}).Disk)
}

// cutAfter arms the disk.
func (d *disk) cutAfter(n int) {
	d.t.Helper()
	d.ask(order{Do: cutAfter, N: n})
}

// awaitCut waits for the cut. If the requests do not come to that many, the power goes all the same.
func (d *disk) awaitCut() {
	d.t.Helper()
	select {
	case line, ok := <-d.server.Lines:
		if ok {
			d.understand(line)
			return
		}
	case <-time.After(10 * time.Second):
		if d.server.Say(order{Do: cutNow}) == nil {
			d.answer()
			return
		}
	}
	d.t.Fatal("the server of the disk has ended")
}

// back mounts the disk that the cut has left.
func (d *disk) back(seed uint64) {
	d.t.Helper()
	testkit.Must(d.t, d.unmount())
	a := d.ask(order{Do: nextDisk, Seed: seed})
	d.total.Writes += a.Stats.Writes
	d.total.Flushes += a.Stats.Flushes
	d.total.Unflushed += a.Stats.Unflushed
	d.total.Older += a.Stats.Older
	d.mount(a.Disk)
}

func (d *disk) ask(o order) answer {
	d.t.Helper()
	if err := d.server.Say(o); err != nil {
		d.t.Fatal("the server of the disk has ended:", err)
	}
	return d.answer()
}

func (d *disk) answer() answer {
	d.t.Helper()
	return d.understand(d.server.Next(d.t))
}

func (d *disk) understand(line string) (a answer) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(line), &a); err != nil || a.Error != "" {
		d.t.Fatal(line, err)
	}
	return a
}

// mount attaches a file of the server to a loop device and mounts that. The device is detached by
// the kernel when nothing uses it any more.
func (d *disk) mount(name string) {
	d.t.Helper()
	loop := d.attach(name)
	defer d.run("losetup", "-d", loop)
	d.run("mount", "-t", d.kind, "-o", d.options, loop, d.dir())
}

// attach gives the loop device of a file of the server. Direct I/O keeps the page cache of the FUSE
// filesystem out of it.
func (d *disk) attach(name string) string {
	d.t.Helper()
	return d.run("losetup", "--find", "--show", "--direct-io=on", "--sector-size", strconv.Itoa(d.block), filepath.Join(d.base, "fuse", name))
}

// unmount waits for processes that have just ended.
func (d *disk) unmount() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := unix.Unmount(d.dir(), 0)
		if err == unix.EINVAL { // nothing is mounted there
			return nil
		}
		if err != unix.EBUSY || time.Now().After(deadline) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (d *disk) run(name string, args ...string) string {
	d.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// settle makes all that is on the disk durable.
func (d *disk) settle() {
	d.t.Helper()
	root, err := os.Open(d.dir())
	testkit.Must(d.t, err)
	defer root.Close()
	testkit.Must(d.t, unix.Syncfs(int(root.Fd())))
}

// An fsync of the loop device reaches the server as a flush, whether the loop device uses direct I/O or not.
func TestAnFsyncOfTheDeviceFlushesTheDisk(t *testing.T) {
	for _, direct := range []string{"on", "off"} {
		d := newSystem(t, systems[0])
		loop := d.attach(d.ask(order{Do: newDisk}).Disk)
		t.Cleanup(func() { d.run("losetup", "-d", loop) })
		d.run("losetup", "--direct-io="+direct, loop)
		f, err := os.OpenFile(loop, os.O_RDWR, 0)
		testkit.Must(t, err)
		defer f.Close()
		before := d.ask(order{Do: statsNow}).Stats
		if _, err := f.WriteAt(make([]byte, 8192), 0); err != nil {
			t.Fatal(err)
		}
		testkit.Must(t, f.Sync())
		after := d.ask(order{Do: statsNow}).Stats
		if after.Writes == before.Writes || after.Flushes == before.Flushes {
			t.Errorf("direct I/O %s: before %+v, after %+v", direct, before, after)
		}
		f.Close()
	}
}
