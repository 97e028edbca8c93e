package oddfs

import (
	"context"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// handle is an open file. Its flock(2) is that of the file below, so it excludes whoever locks that.
type handle struct {
	*os.File
	access int // O_RDONLY, O_WRONLY or O_RDWR
	rules  *Rules
}

func newHandle(fd int, flags uint32, rules *Rules) *handle {
	return &handle{os.NewFile(uintptr(fd), "handle"), int(flags) & unix.O_ACCMODE, rules}
}

func (h *handle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, err := h.ReadAt(dest, off)
	if err != nil && err != io.EOF {
		return nil, fs.ToErrno(err)
	}
	return fuse.ReadResultData(dest[:n]), 0
}

func (h *handle) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	n, err := unix.Pwrite(int(h.Fd()), data, off) // os.File.WriteAt refuses O_APPEND
	return uint32(max(0, n)), fs.ToErrno(err)
}

func (h *handle) Flush(context.Context) syscall.Errno { return 0 }

// Release lets go of the lock too.
func (h *handle) Release(context.Context) syscall.Errno { return fs.ToErrno(h.Close()) }

func (h *handle) Setlk(_ context.Context, _ uint64, lk *fuse.FileLock, flags uint32) syscall.Errno {
	return h.lock(lk, flags, unix.LOCK_NB)
}

// Setlkw asks again and again, since the wait must end when the caller gives up.
func (h *handle) Setlkw(ctx context.Context, _ uint64, lk *fuse.FileLock, flags uint32) syscall.Errno {
	for {
		errno := h.lock(lk, flags, unix.LOCK_NB)
		if errno != syscall.EAGAIN {
			return errno
		}
		select {
		case <-ctx.Done():
			return syscall.EINTR
		case <-time.After(time.Millisecond):
		}
	}
}

func (h *handle) lock(lk *fuse.FileLock, flags uint32, how int) syscall.Errno {
	if flags&fuse.FUSE_LK_FLOCK == 0 {
		return syscall.ENOTSUP // nobody here asks for a byte-range lock
	}
	switch lk.Typ {
	case syscall.F_UNLCK:
		how = unix.LOCK_UN
	case syscall.F_RDLCK:
		how |= unix.LOCK_SH
		if h.rules.NFSLocks && h.access == unix.O_WRONLY {
			return syscall.EBADF
		}
	case syscall.F_WRLCK:
		how |= unix.LOCK_EX
		if h.rules.NFSLocks && h.access == unix.O_RDONLY {
			return syscall.EBADF
		}
	}
	return fs.ToErrno(unix.Flock(int(h.Fd()), how))
}
