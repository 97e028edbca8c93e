package vfs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"golang.org/x/sys/unix"
)

// mountText has lines as kernels, containers and hypervisors write them.
const mountText = `21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
22 21 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 master:3 propagate_from:2 unbindable - proc proc rw
23 21 0:45 / /mnt/with\040blank\011tab\012line\134back rw - nfs4 server:/export rw,vers=4.2,local_lock=none
24 21 0:46 / /mnt/share rw,relatime shared:20 - cifs //server/share rw,vers=3.1.1
25 21 0:47 / /mnt/host rw - 9p host rw,trans=virtio
26 21 0:48 / /mnt/ssh rw,nosuid - fuse.sshfs me@there: rw,user_id=1000
27 21 8:17 / /mnt/stick rw - fuseblk /dev/sdb1 rw,blksize=4096
28 21 8:18 / /mnt/fat rw - vfat /dev/sdb2 rw,fmask=0022
29 21 0:49 / /run rw - tmpfs  rw,size=1024k
30 21 0:50 / /hidden rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/nowhere/at/all/diff,workdir=/nowhere/at/all/work
31 21 0:51 / /quick rw - overlay overlay rw,lowerdir=/l,upperdir=/proc,workdir=/w,volatile
32 21 0:52 / /quicker rw - overlay overlay rw,lowerdir=/l,upperdir=/proc,workdir=/w,uuid=on,fsync=volatile
33 21 0:53 / /fixed ro - overlay overlay ro,lowerdir=/l1:/l2
34 21 8:3 /sub /data rw - xfs /dev/sda3 rw,attr2
35 34 8:4 / /data rw - ext4 /dev/sda4 rw,nobarrier
36 21 8:5 / /flash rw - f2fs /dev/sda5 rw,fsync_mode=nobarrier
37 21 8:6 / /old rw - ext3 /dev/sda6 rw,barrier=0
38 21 0:54 / /comma rw - overlay overlay rw,lowerdir=/l,upperdir=/no\054where
nonsense
x 21 8:9 / /bad rw - ext4 /dev/sda9 rw
39 21 8:9 / /short
`

func TestTheMountTableIsReadAsKernelsWriteIt(t *testing.T) {
	table := parseMountTable(mountText)
	if len(table) != 18 {
		t.Fatalf("%d lines", len(table))
	}
	for number, want := range map[uint64]Volume{
		21: {Type: "ext4", Point: "/"},
		22: {Type: "proc", Point: "/proc"},
		23: {Type: "nfs4", Point: "/mnt/with blank\ttab\nline\\back"},
		24: {Type: "cifs", Point: "/mnt/share"},
		25: {Type: "9p", Point: "/mnt/host"},
		26: {Type: "fuse.sshfs", Point: "/mnt/ssh"},
		27: {Type: "fuseblk", Point: "/mnt/stick"},
		28: {Type: "vfat", Point: "/mnt/fat"},
		29: {Type: "tmpfs", Point: "/run"},
		30: {Type: "overlay", Point: "/hidden"},
		31: {Type: "overlay", Point: "/quick", Upper: "proc", Unsynced: true},
		32: {Type: "overlay", Point: "/quicker", Upper: "proc", Unsynced: true},
		33: {Type: "overlay", Point: "/fixed", ReadOnly: true},
		35: {Type: "ext4", Point: "/data", NoBarrier: true},
		36: {Type: "f2fs", Point: "/flash", NoBarrier: true},
		37: {Type: "ext3", Point: "/old", NoBarrier: true},
	} {
		entry := table.byNumber(number)
		if entry == nil {
			t.Errorf("no mount %d", number)
			continue
		}
		if v := entry.volume(); v != want {
			t.Errorf("mount %d is %+v", number, v)
		}
	}
	if table.byNumber(39) != nil || table.byNumber(1000) != nil {
		t.Error("a mount that is not in the table was found")
	}
	if !slices.Contains(table.byNumber(38).options, "upperdir=/no,where") {
		t.Errorf("the comma in a path splits it: %q", table.byNumber(38).options)
	}
}

func TestWithoutANumberThePathFindsTheMount(t *testing.T) {
	table := parseMountTable(mountText)
	for path, want := range map[string]uint64{
		"/":               21,
		"/home/x":         21,
		"/database":       21, // not below /data
		"/data":           35, // the later mount covers the earlier
		"/data/x":         35,
		"/proc/self/task": 22,
	} {
		if entry := table.byPath(path); entry.number != want {
			t.Errorf("%s lies on mount %d", path, entry.number)
		}
	}
	if (mountTable{}).byPath("/") != nil {
		t.Error("an empty table knows a mount")
	}
	dir := asked(t, "/proc/self")
	if m, ok := readMount(MountID{}, dir); !ok || m.Type != "proc" {
		t.Errorf("an old kernel's /proc is %+v, %v", m, ok)
	}
	plain := statxNumber(t, dir)
	if m, ok := readMount(MountID{plain, false}, dir); !ok || m.Type != "proc" {
		t.Errorf("by its reused number /proc is %+v, %v", m, ok)
	}
}

// asked is a descriptor for questions.
func asked(t *testing.T, path string) int {
	t.Helper()
	fd, err := openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_CLOEXEC, 0)
	testkit.Must(t, err)
	t.Cleanup(func() { _ = closeFD(fd) })
	return fd
}

func statxNumber(t *testing.T, fd int) uint64 {
	t.Helper()
	var s unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &s); err != nil || s.Mask&unix.STATX_MNT_ID == 0 {
		t.Skipf("this kernel numbers no mounts: %v", err)
	}
	return s.Mnt_id
}

func TestEscapesThatAreNoneStay(t *testing.T) {
	for escaped, want := range map[string]string{`a\040b`: "a b", `a\04`: `a\04`, `a\999b`: `a\999b`, `\`: `\`} {
		if got := unescape(escaped); got != want {
			t.Errorf("%s is read as %q", escaped, got)
		}
	}
}

func TestAMountOutOfTheTableIsKnownByItsNumberAlone(t *testing.T) {
	cache := mountCache{known: make(map[mountKey]Volume)}
	key := mountKey{id: MountID{1 << 40, true}, number: unix.XFS_SUPER_MAGIC}
	if m := cache.find(key, -1); m != (Volume{Type: "xfs"}) {
		t.Errorf("found %+v", m)
	}
	if len(cache.known) != 0 {
		t.Error("a guess is remembered")
	}
	if name := magicNames[unix.EXT4_SUPER_MAGIC]; name == "ext4" {
		t.Error("ext2 would pass for ext4")
	}
}

func TestOnlyAKeyThatLastsIsRemembered(t *testing.T) {
	dir := asked(t, t.TempDir())
	plain := statxNumber(t, dir)
	for key, want := range map[mountKey]int{
		{id: MountID{plain, false}, number: unix.EXT4_SUPER_MAGIC}:      1,
		{id: MountID{plain, false}, number: unix.OVERLAYFS_SUPER_MAGIC}: 0,
		{id: MountID{plain, false}, number: unix.FUSE_SUPER_MAGIC}:      0,
		{id: MountID{7, true}, number: unix.FUSE_SUPER_MAGIC}:           2, // also by the id alone
		{}: 0,
	} {
		cache := mountCache{known: make(map[mountKey]Volume)}
		if first, again := cache.find(key, dir), cache.find(key, dir); first != again || first.Type == "" {
			t.Errorf("%+v: %+v, then %+v", key, first, again)
		}
		if len(cache.known) != want {
			t.Errorf("%+v: %d remembered", key, len(cache.known))
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	cache := mountCache{known: make(map[mountKey]Volume)}
	for i := range uint64(10 * maxMounts) {
		cache.remember(mountKey{id: MountID{i, true}}, Volume{})
		if len(cache.known) > maxMounts {
			t.Fatalf("%d mounts are remembered", len(cache.known))
		}
	}
}

func TestTheRealTableHasThisDirectory(t *testing.T) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Skip("no mount table here")
	}
	table, err := readMountTable()
	if err != nil || len(table) != strings.Count(string(text), "\n") {
		t.Errorf("%d entries, %d lines, %v", len(table), strings.Count(string(text), "\n"), err)
	}
}

func TestALayerOutOfSightTellsNothing(t *testing.T) {
	for _, path := range []string{"relative/upper", "/nowhere/at/all"} {
		if v := layer(path); v != (Volume{}) {
			t.Errorf("the layer %s is taken for %+v", path, v)
		}
	}
}
