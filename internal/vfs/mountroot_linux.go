package vfs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A kernel before 5.8 does not report whether a file is itself a mount. The same holds in a sandbox that refuses
// statx(2). There the mount of the open file is compared with the mount of its directory. Both are in
// /proc/self/fdinfo since Linux 3.15 (proc_pid_fdinfo(5)).

// mountRootAt reports whether the file of that name is itself a mount. known is false if that can't be found out.
func mountRootAt(dir int, name string, flags int) (root, known bool) {
	open := unix.O_PATH | unix.O_CLOEXEC
	if flags&unix.AT_SYMLINK_NOFOLLOW != 0 {
		open |= unix.O_NOFOLLOW
	}
	fd, err := openat(dir, name, open, 0)
	if err != nil {
		return false, false
	}
	defer closeFD(fd)
	return mountRootFD(fd)
}

func mountRootFD(fd int) (root, known bool) {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil || !filepath.IsAbs(path) {
		return false, false
	}
	parent, err := openat(unix.AT_FDCWD, filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, false
	}
	defer closeFD(parent)
	// The file may have been renamed or removed meanwhile: then no mount was on it.
	var here, there unix.Stat_t
	err = unix.Fstat(fd, &here)
	if err == nil {
		err = unix.Fstatat(parent, filepath.Base(path), &there, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != nil || here.Dev != there.Dev || here.Ino != there.Ino {
		return false, true
	}
	of, ok := mountOf(fd)
	above, okAbove := mountOf(parent)
	return ok && okAbove && of != above, ok && okAbove
}

// mountOf gives the number of the mount that an open file lies on.
func mountOf(fd int) (number string, ok bool) {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			return strings.TrimSpace(number), true
		}
	}
	return "", false
}
