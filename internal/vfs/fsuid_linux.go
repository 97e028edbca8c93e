package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// FSUID is the user that the kernel checks this thread's access to files by
// (credentials(7)). setfsuid(2) tells it when it is asked for an impossible change.
func FSUID() uint32 {
	id, err := unix.SetfsuidRetUid(-1)
	if err != nil {
		return uint32(os.Geteuid())
	}
	return uint32(id)
}
