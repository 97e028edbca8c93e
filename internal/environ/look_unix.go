//go:build linux || darwin || freebsd || netbsd || openbsd

package environ

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// fileMode turns the system's mode into Go's.
func fileMode(mode uint32) fs.FileMode {
	result := fs.FileMode(mode & 0o777)
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		result |= fs.ModeDir
	case unix.S_IFLNK:
		result |= fs.ModeSymlink
	case unix.S_IFIFO:
		result |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		result |= fs.ModeSocket
	case unix.S_IFBLK:
		result |= fs.ModeDevice
	case unix.S_IFCHR:
		result |= fs.ModeDevice | fs.ModeCharDevice
	}
	if mode&unix.S_ISUID != 0 {
		result |= fs.ModeSetuid
	}
	if mode&unix.S_ISGID != 0 {
		result |= fs.ModeSetgid
	}
	if mode&unix.S_ISVTX != 0 {
		result |= fs.ModeSticky
	}
	return result
}

func writable(path string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return &fs.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}
