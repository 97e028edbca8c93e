//go:build darwin || freebsd

package vfs

import "golang.org/x/sys/unix"

func fstatfs(fd int) (name, point string, flags uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(fd, &s); err != nil {
		return "", "", 0, err
	}
	return text(s.Fstypename[:]), text(s.Mntonname[:]), uint64(s.Flags), nil
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, 0, pathError("statfs", path, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), int64(s.Files), nil
}
