//go:build darwin || freebsd || netbsd || openbsd

package vfs

import "golang.org/x/sys/unix"

func volumeAt(dir int, name string, flags int, info Info) (Volume, error) {
	fd, err := openat(dir, name, readFlags|flags, 0)
	if err != nil {
		return Volume{}, err
	}
	defer closeFD(fd)
	return volumeFD(fd, info)
}

func volumeFD(fd int, _ Info) (Volume, error) {
	name, point, flags, err := fstatfs(fd)
	if err != nil {
		return Volume{}, err
	}
	return Volume{
		Type:     name,
		Point:    point,
		Remote:   flags&unix.MNT_LOCAL == 0,
		ReadOnly: flags&unix.MNT_RDONLY != 0,
	}, nil
}

// text ends at the first zero byte.
func text(field []byte) string { return unix.ByteSliceToString(field) }
