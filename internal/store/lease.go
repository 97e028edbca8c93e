package store

import (
	"fmt"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// ErrLeased is an ErrLocked: the file can't be opened as long as another program's lease
// is on it.
var ErrLeased = fmt.Errorf("%w: another program has a lease on the file", errors.ErrLocked)

const (
	leasePause    = time.Millisecond // doubled from try to try
	maxLeasePause = 50 * time.Millisecond
	// leasePatience bounds a wait that nothing else bounds. The kernel takes a lease
	// away after 45 s (/proc/sys/fs/lease-break-time), so a file that is busy for longer
	// is not leased.
	leasePatience = 2 * time.Minute
)

// unleased opens a file on which another program may have a lease (fcntl(2), F_SETLEASE),
// as Samba and backup programs do. An open that does not wait then tells the holder and
// fails with EAGAIN. An open without O_NONBLOCK would wait until the holder gives the
// lease up or the kernel takes it away; so does this, by trying again. It asks busy
// before each pause, unless that is nil, and busy's error ends the wait.
func unleased(busy func(waited time.Duration) error, open func() (vfs.File, error)) (vfs.File, error) {
	f, err := open()
	if !errors.Is(err, syscall.EAGAIN) {
		return f, err
	}
	if busy == nil {
		busy = func(waited time.Duration) error {
			if waited > leasePatience {
				return err
			}
			return nil
		}
	}
	began := time.Now()
	for pause := leasePause; errors.Is(err, syscall.EAGAIN); pause = min(2*pause, maxLeasePause) {
		if err := busy(time.Since(began)); err != nil {
			return nil, err
		}
		time.Sleep(pause)
		f, err = open()
	}
	return f, err
}

// busyUntil ends a wait with ErrLeased once done is closed.
func busyUntil(done <-chan struct{}) func(time.Duration) error {
	return func(time.Duration) error {
		select {
		case <-done:
			return ErrLeased
		default:
			return nil
		}
	}
}

// busyNow lets nobody wait.
func busyNow(time.Duration) error { return ErrLeased }

// openData opens the data file for reading. While the lock is being taken the caller's
// timeout bounds the wait for a lease.
func (f *file) openData() (vfs.File, error) {
	return unleased(f.busy, func() (vfs.File, error) { return f.dir.Open(f.name) })
}

// openRecord opens the data file for rewriting it in place.
func (f *file) openRecord() (vfs.File, error) {
	return unleased(f.busy, func() (vfs.File, error) { return f.dir.OpenRecord(f.name) })
}
