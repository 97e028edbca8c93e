//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"io/fs"
	"sync"
)

// descriptor owns a file descriptor. It is safe for concurrent use.
//
// The kernel gives the number of a closed descriptor to the next file that is
// opened. A call after Close must therefore not reach the kernel: it would read,
// change or close somebody else's file. It fails with fs.ErrClosed instead. A
// Close beside a call leaves the descriptor open until that call has returned.
type descriptor struct {
	mu     sync.Mutex
	fd     int
	calls  int  // system calls under way
	closed bool // takes no new ones
}

// do runs one system call on the descriptor, again if a signal interrupts it.
func (d *descriptor) do(call func(fd int) error) error {
	fd, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release()
	return retry(func() error { return call(fd) })
}

func (d *descriptor) acquire() (fd int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return -1, fs.ErrClosed
	}
	d.calls++
	return d.fd, nil
}

func (d *descriptor) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls--
	if d.closed && d.calls == 0 {
		_ = closeFD(d.fd) // its Close has returned already
	}
}

// close does nothing the second time.
func (d *descriptor) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if d.calls > 0 {
		return nil // the last of them closes it
	}
	return closeFD(d.fd)
}
