package environ

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// sharesDevices: a bind mount has the device of what it shows, and a btrfs
// subvolume has one of its own, so devices tell nothing about mounts.
const sharesDevices = true

// What one statx is asked for. A kernel that knows both kinds of mount id gives
// the one that is never used again.
const statxMask = unix.STATX_BASIC_STATS | unix.STATX_MNT_ID | unix.STATX_MNT_ID_UNIQUE

func statAt(dir uintptr, name string) (Node, error) {
	node, _, err := statx(int(dir), name)
	return node, err
}

func lstat(path string) (Node, error) {
	node, _, err := statx(unix.AT_FDCWD, path)
	return node, err
}

// mountID names a mount; the zero one is none.
type mountID struct {
	number uint64
	unique bool // never given to another mount until the machine restarts
}

func statx(dir int, name string) (Node, mountID, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_STATX_SYNC_AS_STAT | unix.AT_NO_AUTOMOUNT
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	var s unix.Statx_t
	err := retry(func() error { return unix.Statx(dir, name, flags, statxMask, &s) })
	if err == unix.ENOSYS || err == unix.EPERM { // a kernel before 4.11, or a sandbox that knows no statx
		node, err := fstatat(dir, name, flags)
		return node, mountID{}, err
	}
	if err != nil {
		return Node{}, mountID{}, err
	}
	return nodeOf(&s), mountIDOf(&s), nil
}

// retry goes on when a signal came between, as FUSE and network filesystems let
// it in any call.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func nodeOf(s *unix.Statx_t) Node {
	return Node{
		Mode:       fileMode(uint32(s.Mode)),
		UID:        s.Uid,
		GID:        s.Gid,
		Size:       int64(s.Size),
		Dev:        unix.Mkdev(s.Dev_major, s.Dev_minor),
		Ino:        s.Ino,
		Modified:   s.Mtime.Sec*1e9 + int64(s.Mtime.Nsec),
		Changed:    s.Ctime.Sec*1e9 + int64(s.Ctime.Nsec),
		Immutable:  s.Attributes&unix.STATX_ATTR_IMMUTABLE != 0,
		AppendOnly: s.Attributes&unix.STATX_ATTR_APPEND != 0,
		MountRoot:  s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0,
	}
}

func mountIDOf(s *unix.Statx_t) mountID {
	switch {
	case s.Mask&unix.STATX_MNT_ID_UNIQUE != 0:
		return mountID{s.Mnt_id, true}
	case s.Mask&unix.STATX_MNT_ID != 0:
		return mountID{s.Mnt_id, false}
	}
	return mountID{}
}

// fstatat tells what statx does but for attributes and mounts.
func fstatat(dir int, name string, flags int) (Node, error) {
	var s unix.Stat_t
	flags &^= unix.AT_STATX_SYNC_AS_STAT
	if err := unix.Fstatat(dir, name, &s, flags); err != nil {
		return Node{}, err
	}
	return Node{
		Mode:     fileMode(s.Mode),
		UID:      s.Uid,
		GID:      s.Gid,
		Size:     s.Size,
		Dev:      uint64(s.Dev),
		Ino:      s.Ino,
		Modified: s.Mtim.Nano(),
		Changed:  s.Ctim.Nano(),
	}, nil
}

func openDir(path string) (uintptr, error) { return open(unix.AT_FDCWD, path, unix.O_DIRECTORY) }

func openAt(dir uintptr, name string) (uintptr, error) { return open(int(dir), name, unix.O_NOFOLLOW) }

// open takes a descriptor that can only be asked, which needs no permission on
// the file and starts nothing on a device.
func open(dir int, name string, flags int) (uintptr, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat(dir, name, unix.O_PATH|unix.O_CLOEXEC|flags, 0)
		return err
	})
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return uintptr(fd), nil
}

func closeAt(fd uintptr) { _ = unix.Close(int(fd)) }

func lookAt(fd uintptr) (look, error) {
	node, id, err := statx(int(fd), "")
	if err != nil {
		return look{}, os.NewSyscallError("statx", err)
	}
	var s unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(int(fd), &s) }); err != nil {
		return look{}, os.NewSyscallError("fstatfs", err)
	}
	key := mountKey{id: id, device: node.Dev, number: int64(uint32(s.Type)), fsid: s.Fsid.Val}
	return look{mount: mounts.find(key, int(fd)), node: node, readOnly: s.Flags&unix.ST_RDONLY != 0}, nil
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, 0, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), int64(s.Files), nil
}
