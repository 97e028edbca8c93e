package vfs

import "golang.org/x/sys/unix"

// volumeAt opens the file with O_PATH, which needs no permission on the file and does nothing to a device.
func volumeAt(dir int, name string, flags int, info Info) (Volume, error) {
	fd, err := openat(dir, name, unix.O_PATH|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		return Volume{}, err
	}
	defer closeFD(fd)
	return volumeFD(fd, info)
}

// volumeFD takes the number of the mount from the earlier description of fd.
func volumeFD(fd int, info Info) (Volume, error) {
	var s unix.Statfs_t
	err := unix.Fstatfs(fd, &s)
	for err == unix.EINTR {
		err = unix.Fstatfs(fd, &s)
	}
	if err != nil && (Missing(err) || denied(err)) {
		// A sandbox may refuse fstatfs(2). The mount table has the same facts. If it can't be read either,
		// the result is the zero Volume.
		v, ok := readMount(info.Mount.ID, fd)
		if ok && info.Mount.ID.Unique {
			mounts.remember(mountKey{id: info.Mount.ID}, v)
		}
		return v, nil
	}
	if err != nil {
		return Volume{}, err
	}
	key := mountKey{id: info.Mount.ID, device: info.Dev, number: int64(uint32(s.Type)), fsid: s.Fsid.Val}
	v := mounts.find(key, fd)
	v.ReadOnly = s.Flags&unix.ST_RDONLY != 0
	return v, nil
}

func space(path string) (bytes, inodes, allInodes int64, err error) {
	var s unix.Statfs_t
	if err := retry(func() error { return unix.Statfs(path, &s) }); err != nil {
		return 0, 0, 0, pathError("statfs", path, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), int64(s.Files), nil
}

// volumeOfMount gives the cached volume of a mount, except for ReadOnly, which may have changed. It returns false for
// an unknown mount.
func volumeOfMount(id MountID) (Volume, bool) { return mounts.lookUp(mountKey{id: id}) }
