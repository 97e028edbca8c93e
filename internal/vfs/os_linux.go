package vfs

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// statMask has every field that a commit needs, so one statx(2) is enough. A kernel that has both kinds of mount id
// gives the one that is never used again.
const statMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME | unix.STATX_MNT_ID | unix.STATX_MNT_ID_UNIQUE

func statFD(fd int) (Info, error) { return statAt(fd, "", unix.AT_EMPTY_PATH) }

func statAt(dir int, name string, flags int) (Info, error) {
	var st unix.Statx_t
	err := unix.Statx(dir, name, flags|unix.AT_STATX_SYNC_AS_STAT, statMask, &st)
	for err == unix.EINTR {
		err = unix.Statx(dir, name, flags|unix.AT_STATX_SYNC_AS_STAT, statMask, &st)
	}
	if err == unix.ENOSYS || err == unix.EPERM { // a kernel before 4.11, or a sandbox that knows no statx
		return fstatat(dir, name, flags)
	}
	if err != nil {
		return Info{}, err
	}
	info := Info{
		ID:    ID{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino},
		Mode:  goMode(uint32(st.Mode)),
		UID:   st.Uid,
		GID:   st.Gid,
		Links: uint64(st.Nlink),
		Size:  int64(st.Size),
		Mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
		Ctime: st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec),
		Birth: st.Btime.Sec*1e9 + int64(st.Btime.Nsec),
		Mount: Mount{
			ID:        mountIDOf(&st),
			Root:      st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0,
			Immutable: st.Attributes&unix.STATX_ATTR_IMMUTABLE != 0,
			Append:    st.Attributes&unix.STATX_ATTR_APPEND != 0,
		},
	}
	if st.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT == 0 { // a kernel before 5.8
		info.askMountRoot(dir, name, flags)
	}
	return info, nil
}

// askMountRoot finds out in another way whether a regular file is a mount of its own.
func (i *Info) askMountRoot(dir int, name string, flags int) {
	if !i.Mode.IsRegular() {
		return
	}
	known := false
	if flags&unix.AT_EMPTY_PATH != 0 {
		i.Mount.Root, known = mountRootFD(dir)
	} else {
		i.Mount.Root, known = mountRootAt(dir, name, flags)
	}
	i.Mount.RootUnknown = !known
}

func mountIDOf(st *unix.Statx_t) MountID {
	switch {
	case st.Mask&unix.STATX_MNT_ID_UNIQUE != 0:
		return MountID{st.Mnt_id, true}
	case st.Mask&unix.STATX_MNT_ID != 0:
		return MountID{st.Mnt_id, false}
	}
	return MountID{}
}

// fstatat gives the same as statx, except attributes and the id of the mount.
func fstatat(dir int, name string, flags int) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstatat(dir, name, &st, flags) }); err != nil {
		return Info{}, err
	}
	info := Info{
		ID:    ID{uint64(st.Dev), st.Ino},
		Mode:  goMode(st.Mode),
		UID:   st.Uid,
		GID:   st.Gid,
		Links: uint64(st.Nlink),
		Size:  st.Size,
		Mtime: st.Mtim.Nano(),
		Ctime: st.Ctim.Nano(),
	}
	info.askMountRoot(dir, name, flags)
	return info, nil
}

func syncFD(fd int) error { return unix.Fsync(fd) }

func setMtimeFD(fd int, ns int64) error {
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(ns)}
	err := unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
	if err == unix.EINVAL || err == unix.ENOENT { // a kernel before 5.8
		err = unix.UtimesNanoAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), times, 0)
	}
	return err
}

// syncCheckOf gives the check that must follow fsync(2) of a directory. For an overlay it is the check of its upper
// layer. By the kernel's source:
//   - XFS: xfs_dir_fsync only checks whether the log still has to be written for the directory. statx(2)
//     fails with EIO.
//   - ext4: if the commit that held the directory's change has failed in another caller's fsync,
//     jbd2_journal_force_commit finds nothing to commit. ext4 notices that its journal has aborted
//     when the next change starts (ext4_journal_check_start).
//   - btrfs: fsync(2) of a directory that several callers sync at once fails for some of them only (seen on
//     Linux 6.18). The next change fails (btrfs_start_transaction).
func syncCheckOf(v Volume) syncCheck {
	kind := v.Type
	if v.Upper != "" {
		kind = v.Upper
	}
	switch kind {
	case "":
		return checkAll
	case "xfs":
		return checkStat
	case "ext2", "ext3", "ext4", "btrfs":
		return checkChange
	}
	return checkNothing
}

// changeStarts starts a change that changes nothing: it removes an attribute that does not exist. It returns only the
// errors of a filesystem that has stopped, since btrfs may lack the space for a change (ENOSPC).
func changeStarts(dir int) error {
	err := unix.Fremovexattr(dir, "user.holdfast.none")
	switch err {
	case unix.EPERM, unix.EACCES, unix.ENOTSUP:
		// The directory is sticky and another user's, or the filesystem has no extended attributes. Every
		// user who may change an entry may make a file without a name, which starts a change too.
		var fd int
		if fd, err = openat(dir, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600); err == nil {
			closeFD(fd)
		}
	}
	switch err {
	case unix.EROFS, unix.EIO, unix.EUCLEAN, unix.ESHUTDOWN:
		return err
	}
	return nil
}

func (f *osFile) Attrs() ([]string, error) {
	list, err := f.growing(unix.Flistxattr)
	switch {
	case err != nil && !Missing(err):
		return nil, f.failure("listxattr", err)
	case len(list) == 0:
		return nil, nil
	}
	var names []string
	for name := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		names = append(names, string(name))
	}
	return names, nil
}

func (f *osFile) Attr(name string) ([]byte, error) {
	value, err := f.growing(func(fd int, p []byte) (int, error) { return unix.Fgetxattr(fd, name, p) })
	switch err {
	case nil:
		return value, nil
	case unix.ENODATA:
		return nil, fs.ErrNotExist // without a path, since most files have no such attribute
	}
	return nil, f.failure("getxattr "+name, err)
}

// growing calls read with a buffer of the size that read itself reports. For most files that is 0. If the size has
// grown meanwhile, it calls read again.
func (f *osFile) growing(read func(fd int, buf []byte) (int, error)) ([]byte, error) {
	var buf []byte
	for {
		var n int
		err := f.do(func(fd int) (err error) { n, err = read(fd, buf); return err })
		switch {
		case err == unix.ERANGE:
			buf = nil
		case err != nil || n == 0:
			return nil, err
		case buf == nil:
			buf = make([]byte, n)
		default:
			return buf[:n], nil
		}
	}
}

func (f *osFile) SetAttr(name string, value []byte) error {
	err := f.do(func(fd int) error { return unix.Fsetxattr(fd, name, value, 0) })
	if err != nil {
		return f.failure("setxattr "+name, err)
	}
	return nil
}

func (f *osFile) RemoveAttr(name string) error {
	err := f.do(func(fd int) error { return unix.Fremovexattr(fd, name) })
	if err == nil || err == unix.ENODATA || Missing(err) {
		return nil
	}
	return f.failure("removexattr "+name, err)
}

// CloneFrom lets the kernel share or copy the blocks (copy_file_range(2)). If the kernel can't, it
// copies through memory. It skips the holes of src, since the kernel would copy them as zeros.
func (f *osFile) CloneFrom(src File, size int64) error {
	from, ok := src.(*osFile)
	if !ok {
		return copyFrom(f, src, size)
	}
	done, skipped := int64(0), false
	for done < size {
		end, err := from.dataEnd(done, size)
		if err != nil {
			return err
		}
		if err := f.copyRange(from, done, end); err != nil {
			return err
		}
		if end == size {
			break
		}
		if done, err = from.holeEnd(end, size); err != nil {
			return err
		}
		if err := f.skip(done - end); err != nil {
			return err
		}
		skipped = true
	}
	if !skipped {
		return nil
	}
	// A file that was truncated meanwhile looks as if it had a hole.
	if now, err := from.Stat(); err != nil || now.Size < size {
		return cmp.Or(err, io.ErrUnexpectedEOF)
	}
	return nil
}

// smallFile is the size, in bytes, up to which a file is copied with its holes as zeros.
const smallFile = 4096

// dataEnd gives the end of the data that begins at off: the next hole, or size. If off is in a hole, it gives off. If
// the filesystem can't tell, there are no holes.
func (f *osFile) dataEnd(off, size int64) (int64, error) {
	if size <= smallFile {
		return size, nil
	}
	end, err := f.seek(off, unix.SEEK_HOLE)
	switch {
	case SyncMissing(err):
		return size, nil
	case err == unix.ENXIO: // the file ends before off
		return off, io.ErrUnexpectedEOF
	case err != nil:
		return off, f.failure("seek", err)
	}
	return min(end, size), nil
}

// holeEnd gives the end of the hole that begins at off.
func (f *osFile) holeEnd(off, size int64) (int64, error) {
	end, err := f.seek(off, unix.SEEK_DATA)
	if err == unix.ENXIO {
		return size, nil
	}
	if err != nil {
		return off, f.failure("seek", err)
	}
	return min(end, size), nil
}

func (f *osFile) seek(off int64, whence int) (at int64, err error) {
	err = f.do(func(fd int) (err error) {
		at, err = unix.Seek(fd, off, whence)
		return err
	})
	return at, err
}

// skip leaves a hole of n bytes at the end of the file.
func (f *osFile) skip(n int64) error {
	end, err := f.seek(n, io.SeekCurrent)
	if err != nil {
		return f.failure("seek", err)
	}
	return f.Truncate(end)
}

// copyRange copies from[off:end] to the position of f.
func (f *osFile) copyRange(from *osFile, off, end int64) error {
	for off < end {
		var n int
		err := from.do(func(in int) error {
			return f.do(func(out int) (err error) {
				n, err = unix.CopyFileRange(in, &off, out, nil, int(min(end-off, 1<<30)), 0)
				return err
			})
		})
		switch err {
		case nil:
		case unix.ENOSYS, unix.EXDEV, unix.EINVAL, unix.ENOTSUP, unix.EPERM:
			return copyFromAt(f, from, off, end)
		default:
			return f.failure("copy", err)
		}
		if n == 0 {
			return copyFromAt(f, from, off, end)
		}
	}
	return nil
}
