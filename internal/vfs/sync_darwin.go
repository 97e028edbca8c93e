package vfs

import "golang.org/x/sys/unix"

// syncFD asks the drive itself to write its cache (fcntl(2), F_FULLFSYNC);
// fsync(2) on macOS does not. There is no fall-back: a filesystem without
// F_FULLFSYNC must not look durable.
func syncFD(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	return err
}
