//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package vfs

import "golang.org/x/sys/unix"

// File flags, from sys/stat.h; the numbers are the same on all of them.
const (
	flagsImmutable = 0x2 | 0x20000 // UF_IMMUTABLE, SF_IMMUTABLE
	flagsAppend    = 0x4 | 0x40000 // UF_APPEND, SF_APPEND
)

func statAt(dir int, name string, flags int) (Info, error) {
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
		Mount: Mount{
			Immutable: st.Flags&flagsImmutable != 0,
			Append:    st.Flags&flagsAppend != 0,
		},
	}
}

func (f *osFile) CloneFrom(src File, size int64) error { return copyFrom(f, src, size) }

// setMtimeFD sets the time of the last access too, and rounds down to microseconds.
func setMtimeFD(fd int, ns int64) error {
	t := unix.NsecToTimeval(ns)
	return unix.Futimes(fd, []unix.Timeval{t, t})
}

// syncCheckOf knows of no filesystem here whose fsync of a directory succeeds when it should fail.
func syncCheckOf(Volume) syncCheck { return checkNothing }

func changeStarts(int) error { return nil }
