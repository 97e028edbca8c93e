package vfs

import (
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// mounts is the cache of the mount table.
var mounts = mountCache{known: make(map[mountKey]Volume)}

// maxMounts limits the size of the cache.
const maxMounts = 64

// mountKey identifies a mount in the cache.
type mountKey struct {
	id     MountID
	device uint64
	number int64 // the filesystem's magic number
	fsid   [2]int32
}

// lasting reports whether no later mount can have the same key. A kernel before 6.8 uses the id of a mount again.
// Device and fsid still tell disks apart then, but not overlays and FUSE mounts, which have neither of their own.
func (k *mountKey) lasting() bool {
	return k.id.Unique || k.id.Number != 0 && k.number != unix.OVERLAYFS_SUPER_MAGIC && k.number != unix.FUSE_SUPER_MAGIC
}

type mountCache struct {
	mutex sync.Mutex
	known map[mountKey]Volume
}

// find gives the mount of the open file fd. If the mount table can't be read, the type comes from the
// magic number, and the result is not remembered.
func (c *mountCache) find(key mountKey, fd int) Volume {
	v, ok := c.lookUp(key)
	if ok {
		return v
	}
	v, ok = readMount(key.id, fd)
	if !ok {
		return Volume{Type: magicNames[key.number]}
	}
	if key.lasting() {
		c.remember(key, v)
	}
	if key.id.Unique { // then no later mount has this id, and the id alone is a key too
		c.remember(mountKey{id: key.id}, v)
	}
	return v
}

func (c *mountCache) lookUp(key mountKey) (Volume, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	v, ok := c.known[key]
	return v, ok
}

func (c *mountCache) remember(key mountKey, v Volume) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.known) >= maxMounts {
		clear(c.known)
	}
	c.known[key] = v
}

// readMount finds fd's mount in the mount table, by its number. If the kernel gives no number, it finds it by path.
func readMount(id MountID, fd int) (Volume, bool) {
	table, err := readMountTable()
	if err != nil {
		return Volume{}, false
	}
	var entry *mountEntry
	if number, ok := tableNumber(id, fd); ok {
		entry = table.byNumber(number)
	} else if path, err := filepath.EvalSymlinks("/proc/self/fd/" + strconv.Itoa(fd)); err == nil {
		entry = table.byPath(path)
	}
	if entry == nil {
		return Volume{}, false
	}
	return entry.volume(), true
}

// tableNumber gives the number that the mount table uses, which is not the
// unique one.
func tableNumber(id MountID, fd int) (uint64, bool) {
	if !id.Unique {
		return id.Number, id.Number != 0
	}
	var s unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &s)
	return s.Mnt_id, err == nil && s.Mask&unix.STATX_MNT_ID != 0
}

// volume makes a Volume of a line of the mount table.
func (e *mountEntry) volume() Volume {
	v := Volume{Type: e.filesystem, Point: e.point, ReadOnly: e.readOnly}
	for _, option := range e.options {
		switch name, value, _ := strings.Cut(option, "="); {
		case option == "volatile" && e.filesystem == "overlay", option == "fsync=volatile":
			v.Unsynced = true
		case option == "nobarrier", option == "barrier=0", option == "fsync_mode=nobarrier":
			v.NoBarrier = true
		case name == "upperdir" && e.filesystem == "overlay":
			upper := layer(value)
			v.Upper, v.NoBarrier = upper.Type, v.NoBarrier || upper.NoBarrier
		}
	}
	return v
}

// layer gives the volume of an overlay's layer. It is unknown if the path is relative or does not exist, as in a
// container that sees its host's path.
func layer(path string) Volume {
	if !filepath.IsAbs(path) {
		return Volume{}
	}
	info, err := OS.Stat(path, true)
	if err != nil {
		return Volume{}
	}
	v, err := OS.Volume(path, info)
	if err != nil {
		return Volume{}
	}
	return v
}

// magicNames gives the name of a filesystem by its magic number, for systems without a mount table. ext2, ext3
// and ext4 share one number.
var magicNames = map[int64]string{
	unix.BTRFS_SUPER_MAGIC:     "btrfs",
	unix.CIFS_SUPER_MAGIC:      "cifs",
	unix.EXT4_SUPER_MAGIC:      "ext2/ext3/ext4",
	unix.F2FS_SUPER_MAGIC:      "f2fs",
	unix.FUSE_SUPER_MAGIC:      "fuse",
	unix.MSDOS_SUPER_MAGIC:     "vfat",
	unix.NFS_SUPER_MAGIC:       "nfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.PROC_SUPER_MAGIC:      "proc",
	unix.SMB2_SUPER_MAGIC:      "cifs",
	unix.SYSFS_MAGIC:           "sysfs",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.V9FS_MAGIC:            "9p",
	unix.XFS_SUPER_MAGIC:       "xfs",
}
