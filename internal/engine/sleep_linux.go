package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep leaves the lock free for a moment. It asks the kernel, since the
// runtime's timers round what is under a millisecond up to one when the program
// is idle, and the lock would be left unused for five times as long.
func sleep(d time.Duration) {
	left := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&left, &left) == unix.EINTR {
	}
}
