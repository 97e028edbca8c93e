//go:build darwin || freebsd || netbsd || openbsd

package environ

import (
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// sharesDevices: what is mounted has a device of its own here.
const sharesDevices = false

// File flags, from sys/stat.h; the numbers are the same on all four.
const (
	flagsImmutable  = 0x2 | 0x20000 // UF_IMMUTABLE, SF_IMMUTABLE
	flagsAppendOnly = 0x4 | 0x40000 // UF_APPEND, SF_APPEND
)

func statAt(dir uintptr, name string) (Node, error) {
	var s unix.Stat_t
	if name == "" {
		err := unix.Fstat(int(dir), &s)
		return nodeOf(&s), err
	}
	err := unix.Fstatat(int(dir), name, &s, unix.AT_SYMLINK_NOFOLLOW)
	return nodeOf(&s), err
}

func lstat(path string) (Node, error) {
	var s unix.Stat_t
	err := unix.Lstat(path, &s)
	return nodeOf(&s), err
}

func nodeOf(s *unix.Stat_t) Node {
	return Node{
		Mode:       fileMode(uint32(s.Mode)),
		UID:        s.Uid,
		GID:        s.Gid,
		Size:       s.Size,
		Dev:        uint64(s.Dev),
		Ino:        s.Ino,
		Modified:   s.Mtim.Nano(),
		Changed:    s.Ctim.Nano(),
		Immutable:  s.Flags&flagsImmutable != 0,
		AppendOnly: s.Flags&flagsAppendOnly != 0,
	}
}

func openDir(path string) (uintptr, error) { return open(unix.AT_FDCWD, path, unix.O_DIRECTORY) }

func openAt(dir uintptr, name string) (uintptr, error) {
	return open(int(dir), name, unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY)
}

func open(dir int, name string, flags int) (uintptr, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return uintptr(fd), nil
}

func closeAt(fd uintptr) { _ = unix.Close(int(fd)) }

func lookAt(fd uintptr) (look, error) {
	node, err := statAt(fd, "")
	if err != nil {
		return look{}, os.NewSyscallError("fstat", err)
	}
	name, point, flags, err := fstatfs(int(fd))
	if err != nil {
		return look{}, os.NewSyscallError("fstatfs", err)
	}
	return look{
		mount:    mount{filesystem: name, point: point, remote: flags&unix.MNT_LOCAL == 0 && placeOf[family(runtime.GOOS)][name] != pseudo},
		node:     node,
		readOnly: flags&unix.MNT_RDONLY != 0,
	}, nil
}

// text ends at the first zero byte.
func text(field []byte) string { return unix.ByteSliceToString(field) }
