//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"io/fs"
	"sync/atomic"
)

// descriptor owns a file descriptor. It is safe for concurrent use.
//
// The kernel gives the number of a closed descriptor to the next file that is
// opened. A call after Close must therefore not reach the kernel: it would read,
// change or close somebody else's file. It fails with fs.ErrClosed instead. A
// Close beside a call leaves the descriptor open until that call has returned.
type descriptor struct {
	fd int
	// state counts the system calls under way; closing is added to it once no new ones are
	// taken. Every system call comes by here twice, so it is no mutex.
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
	defer d.release()
	return retry(func() error { return call(d.fd) })
}

func (d *descriptor) release() {
	if d.state.Add(-1) == closing {
		_ = closeFD(d.fd) // its Close has returned already
	}
}

// close does nothing the second time.
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
