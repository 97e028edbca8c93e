package disk

import (
	"context"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

const (
	leasePause    = time.Millisecond // doubled after each attempt
	maxLeasePause = 50 * time.Millisecond
	// maxLeaseWait limits a wait that has no other limit. The kernel takes a lease
	// away after 45 s (/proc/sys/fs/lease-break-time), so a file that is busy for longer
	// is not leased.
	maxLeaseWait = 2 * time.Minute
)

// leaseWait limits the wait for the end of a lease. The zero value waits for maxLeaseWait.
type leaseWait struct {
	ctx   context.Context // ends the wait; nil does not
	limit time.Duration   // see ReadOptions.Wait
}

func (p leaseWait) over(waited time.Duration) error {
	switch {
	case p.ctx != nil && p.ctx.Err() != nil, p.limit == store.NoWait, p.limit > 0 && waited >= p.limit:
		return store.ErrBusy
	}
	return nil
}

// unleased opens a file on which another program may have a lease (fcntl(2), F_SETLEASE),
// as Samba and backup programs do. An open with O_NONBLOCK then notifies the holder and
// fails with EAGAIN. An open without O_NONBLOCK would wait until the holder releases the
// lease or the kernel takes it away. unleased waits too, by trying again.
func unleased(p leaseWait, open func() (vfs.File, error)) (vfs.File, error) {
	f, err := open()
	if !errors.Is(err, syscall.EAGAIN) {
		return f, err
	}
	began := time.Now()
	for pause := leasePause; errors.Is(err, syscall.EAGAIN); pause = min(2*pause, maxLeasePause) {
		waited := time.Since(began)
		if busy := p.over(waited); busy != nil {
			return nil, busy
		}
		if p.limit == 0 && waited > maxLeaseWait {
			return nil, err
		}
		time.Sleep(pause)
		f, err = open()
	}
	return f, err
}

// openData opens the data file for reading. While the lock is being taken, the caller's
// timeout limits the wait for a lease.
func (f *file) openData() (vfs.File, error) {
	open, err := f.dir.Open(f.name)
	if err == nil || !errors.Is(err, syscall.EAGAIN) {
		return open, err
	}
	return unleased(f.leaseWait, func() (vfs.File, error) { return f.dir.Open(f.name) })
}

// openRecord opens the data file for rewriting it in place.
func (f *file) openRecord() (vfs.File, error) {
	return unleased(f.leaseWait, func() (vfs.File, error) { return f.dir.OpenRecord(f.name) })
}
