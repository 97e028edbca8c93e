//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"io/fs"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// descriptor owns a file descriptor. It is safe for concurrent use.
//
// The kernel gives the number of a closed descriptor to the next file that is opened. So a call after Close must not
// reach the kernel: it would read, change or close another file. It fails with fs.ErrClosed. If a
// call is running during Close, the descriptor stays open until the call has returned.
type descriptor struct {
	fd int
	// state is the number of running system calls. closing is added to it by Close; then no new call may
	// begin. It is an atomic and not a mutex, since every system call changes it twice.
	state atomic.Int64
}

const closing = 1 << 62

// do runs one system call on the descriptor, again if a signal interrupts it.
func (d *descriptor) do(call func(fd int) error) error {
	for {
		calls := d.state.Load()
		if calls >= closing {
			return fs.ErrClosed
		}
		if d.state.CompareAndSwap(calls, calls+1) {
			break
		}
	}
	defer func() {
		if d.state.Add(-1) == closing {
			_ = closeFD(d.fd) // its Close has returned already
		}
	}()
	for {
		if err := call(d.fd); err != unix.EINTR {
			return err
		}
	}
}

// close closes the descriptor. A second close does nothing.
func (d *descriptor) close() error {
	for {
		calls := d.state.Load()
		switch {
		case calls >= closing:
			return nil
		case !d.state.CompareAndSwap(calls, calls+closing):
		case calls > 0:
			return nil // the last of them closes it
		default:
			return closeFD(d.fd)
		}
	}
}
