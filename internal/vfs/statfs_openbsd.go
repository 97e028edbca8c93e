package vfs

import "golang.org/x/sys/unix"

func fstatfs(fd int) (name, point string, flags uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(fd, &s); err != nil {
		return "", "", 0, err
	}
	return text(s.F_fstypename[:]), text(s.F_mntonname[:]), uint64(s.F_flags), nil
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, 0, pathError("statfs", path, err)
	}
	return s.F_bavail * int64(s.F_bsize), s.F_favail, int64(s.F_files), nil
}
