//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// readFlags open a file without waiting for the writer of a FIFO, and without making a terminal the controlling
// terminal.
const readFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

type osFS struct{}

type osDir struct {
	descriptor
	path  string       // for error texts only
	check atomic.Int32 // the syncCheck that its filesystem needs
}

// retry repeats a call that a signal interrupted. Go's own handlers restart
// most calls (SA_RESTART), but signal(7) lists some that are never restarted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// pathError adds operation and path to an error. A nil error stays nil.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

func openat(dir int, name string, flags int, perm fs.FileMode) (fd int, err error) {
	for {
		if fd, err = unix.Openat(dir, name, flags, uint32(perm.Perm())); err != unix.EINTR {
			return fd, err
		}
	}
}

func (osFS) OpenDir(path string) (Dir, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, pathError("open directory", path, err)
	}
	return &osDir{descriptor: descriptor{fd: fd}, path: path}, nil
}

func (osFS) Open(path string, follow bool) (File, error) {
	flags := readFlags
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := openat(unix.AT_FDCWD, path, flags, 0)
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return &osFile{descriptor{fd: fd}, "", path}, nil
}

func (osFS) Stat(path string, follow bool) (Info, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	info, err := statAt(unix.AT_FDCWD, path, flags)
	if err != nil {
		return info, pathError("stat", path, err)
	}
	return info, nil
}

func (osFS) Volume(path string, info Info) (Volume, error) {
	v, err := volumeAt(unix.AT_FDCWD, path, 0, info)
	return v, pathError("statfs", path, err)
}

func accessible(path string) error {
	err := retry(func() error { return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK|unix.X_OK, unix.AT_EACCESS) })
	return pathError("access", path, err)
}

func (osFS) Readlink(path string) (string, error) { return os.Readlink(path) }

func (osFS) Mkdir(path string, perm fs.FileMode) error { return os.Mkdir(path, perm) }

func (osFS) Rmdir(path string) error {
	return pathError("rmdir", path, retry(func() error { return unix.Rmdir(path) }))
}

func (d *osDir) Path() string { return d.path }

func (d *osDir) join(name string) string { return d.path + "/" + name }

func (d *osDir) Self() (info Info, err error) {
	err = d.do(func(fd int) error { info, err = statFD(fd); return err })
	if err != nil {
		return info, pathError("stat", d.path, err)
	}
	return info, nil
}

func (d *osDir) Stat(name string) (info Info, err error) {
	err = d.do(func(fd int) error { info, err = statAt(fd, name, unix.AT_SYMLINK_NOFOLLOW); return err })
	if err != nil {
		return info, pathError("stat", d.join(name), err)
	}
	return info, nil
}

func (d *osDir) Volume(name string, info Info) (v Volume, err error) {
	if name == "" {
		err = d.do(func(fd int) error { v, err = volumeFD(fd, info); return err })
		if err == nil {
			d.check.Store(int32(syncCheckOf(v)))
			return v, nil
		}
		return v, pathError("statfs", d.path, err)
	}
	err = d.do(func(fd int) error { v, err = volumeAt(fd, name, unix.O_NOFOLLOW, info); return err })
	if err != nil {
		return v, pathError("statfs", d.join(name), err)
	}
	return v, nil
}

// Same implements Dir.
func (d *osDir) Same(name string, l Lock) (bool, error) {
	there, err := d.Stat(name)
	return err == nil && there.ID == l.Info().ID, err
}

// InfoOf converts an fs.FileInfo. If the platform has no inode numbers, the ID, owner and group are
// zero.
func InfoOf(info fs.FileInfo) Info {
	i := Info{Mode: info.Mode(), Links: 1, Size: info.Size(), Mtime: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		i.ID, i.UID, i.GID, i.Links = ID{uint64(st.Dev), uint64(st.Ino)}, st.Uid, st.Gid, uint64(st.Nlink)
	}
	return i
}

func (d *osDir) open(name string, flags int, perm fs.FileMode) (File, error) {
	var fd int
	err := d.do(func(dir int) (err error) { fd, err = openat(dir, name, flags|unix.O_NOFOLLOW, perm); return err })
	if err != nil {
		return nil, pathError("open", d.join(name), err)
	}
	return &osFile{descriptor{fd: fd}, d.path, name}, nil
}

func (d *osDir) Open(name string) (File, error) { return d.open(name, readFlags, 0) }

func (d *osDir) OpenRecord(name string) (File, error) {
	return d.open(name, readFlags&^unix.O_RDONLY|unix.O_RDWR, 0)
}

func (d *osDir) Create(name string, perm fs.FileMode) (File, error) {
	return d.open(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, perm)
}

func (d *osDir) Writable(name string) error {
	err := d.do(func(fd int) error { return unix.Faccessat(fd, name, unix.W_OK, unix.AT_EACCESS) })
	if err != nil {
		return pathError("access", d.join(name), err)
	}
	return nil
}

func (d *osDir) Rename(name string, to Dir, newName string) error {
	target := to.(*osDir)
	err := d.do(func(from int) error {
		return target.do(func(to int) error { return unix.Renameat(from, name, to, newName) })
	})
	if err != nil {
		return pathError("rename", target.join(newName), err)
	}
	return nil
}

func (d *osDir) Link(name, newName string) error {
	err := d.do(func(fd int) error { return unix.Linkat(fd, name, fd, newName, 0) })
	if err != nil {
		return pathError("link", d.join(newName), err)
	}
	return nil
}

func (d *osDir) Remove(name string) error {
	err := d.do(func(fd int) error { return unix.Unlinkat(fd, name, 0) })
	if err != nil {
		return pathError("remove", d.join(name), err)
	}
	return nil
}

// Names reads through an open file of its own, since the position of a
// directory's descriptor is shared with every duplicate of it.
func (d *osDir) Names() ([]string, error) {
	var fd int
	err := d.do(func(dir int) (err error) {
		fd, err = openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, pathError("open directory", d.path, err)
	}
	f := os.NewFile(uintptr(fd), d.path)
	defer f.Close()
	return f.Readdirnames(-1)
}

// A syncCheck tests a directory after its fsync. On some filesystems fsync(2) returns 0 although the filesystem has
// stopped after an error of its disk, and the directory's entries will be lost. A filesystem that has stopped
// stays stopped until it is mounted again. So if it still works after the fsync, the fsync was successful.
type syncCheck int32

const (
	checkAll     syncCheck = iota // it is not known which is needed
	checkNothing                  // fsync(2) fails
	checkStat                     // statx(2) fails, fsync(2) may not
	checkChange                   // only the start of a change fails
)

func (d *osDir) Sync() error {
	if err := d.do(syncFD); err != nil {
		return pathError("sync directory", d.path, err)
	}
	return nil
}

func (d *osDir) Confirm() (err error) {
	check := syncCheck(d.check.Load())
	if check == checkAll || check == checkStat {
		_, err = d.Self()
	}
	if err == nil && (check == checkAll || check == checkChange) {
		err = d.do(changeStarts)
	}
	if err != nil {
		return pathError("sync directory", d.path, err)
	}
	return nil
}

// Close does nothing if the directory is closed already.
func (d *osDir) Close() error {
	if err := d.close(); err != nil {
		return pathError("close", d.path, err)
	}
	return nil
}

// closeFD does not retry after EINTR. On Linux the descriptor is closed even then, and
// its number may belong to another file already (close(2)).
func closeFD(fd int) error {
	if err := unix.Close(fd); err != unix.EINTR {
		return err
	}
	return nil
}

// unixMode is the inverse of goMode for what chmod(2) sets.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for _, b := range modeBits {
		if mode&b.goBit != 0 {
			bits |= b.unixBit
		}
	}
	return bits
}

var modeBits = [...]struct {
	goBit   fs.FileMode
	unixBit uint32
}{{fs.ModeSetuid, unix.S_ISUID}, {fs.ModeSetgid, unix.S_ISGID}, {fs.ModeSticky, unix.S_ISVTX}}

// goMode translates st_mode.
func goMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for _, b := range modeBits {
		if bits&b.unixBit != 0 {
			mode |= b.goBit
		}
	}
	switch bits & unix.S_IFMT {
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	case unix.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		mode |= fs.ModeDevice
	case unix.S_IFREG:
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}
