package lock

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The kernel tells the holder of a lease, and lets nobody in before the holder gives the
// lease up, or did not for as long as /proc/sys/fs/lease-break-time says.
func TestTheEndOfALeaseOnTheLockFileIsWaitedForAsLongAsTheCallerWill(t *testing.T) {
	signal.Ignore(syscall.SIGIO)
	defer signal.Reset(syscall.SIGIO)
	p := spec(t)
	write(t, p.Path, "")
	holder, err := os.Open(p.Path)
	testkit.Must(t, err)
	defer holder.Close()
	lease := func(kind int) error {
		_, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, kind)
		return err
	}
	if err := lease(unix.F_RDLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
	if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
		t.Fatalf("Try: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	given := wait(ctx, p)
	cancel()
	if a := <-given; !errors.Is(a.err, errors.ErrLocked) {
		t.Errorf("gave up with %v", a.err)
	}
	waiter := wait(context.Background(), p)
	select {
	case a := <-waiter:
		t.Fatalf("it did not wait: %v", a.err)
	case <-time.After(20 * time.Millisecond):
	}
	testkit.Must(t, lease(unix.F_UNLCK))
	a := <-waiter
	testkit.Must(t, a.err)
	testkit.Must(t, a.held.Release())
	wantBlocked(t, 0, 0)
}
