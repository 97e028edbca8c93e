package vfs

import "golang.org/x/sys/unix"

func fstatfs(fd int) (name, point string, flags uint64, err error) {
	var s unix.Statvfs_t
	if err := unix.Fstatvfs(fd, &s); err != nil {
		return "", "", 0, err
	}
	return text(s.Fstypename[:]), text(s.Mntonname[:]), s.Flag, nil
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	var s unix.Statvfs_t
	if err := unix.Statvfs(path, &s); err != nil {
		return 0, 0, 0, pathError("statvfs", path, err)
	}
	return int64(s.Bavail * s.Frsize), int64(s.Favail), int64(s.Files), nil
}
