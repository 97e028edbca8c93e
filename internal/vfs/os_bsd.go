//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package vfs

import "golang.org/x/sys/unix"

func statAt(dir int, name string, follow bool) (Info, error) {
	flags := 0
	if !follow {
		flags = unix.AT_SYMLINK_NOFOLLOW
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstatat(dir, name, &st, flags) }); err != nil {
		return Info{}, err
	}
	return infoOf(&st), nil
}

func statFD(fd int) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return Info{}, err
	}
	return infoOf(&st), nil
}

func infoOf(st *unix.Stat_t) Info {
	return Info{
		ID:    ID{uint64(st.Dev), uint64(st.Ino)},
		Mode:  goMode(uint32(st.Mode)),
		UID:   st.Uid,
		GID:   st.Gid,
		Links: uint64(st.Nlink),
		Size:  st.Size,
		Mtime: st.Mtim.Nano(),
		Ctime: st.Ctim.Nano(),
	}
}

func (f *osFile) CloneFrom(src File, size int64) error { return copyFrom(f, src, size) }
