package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// FSUID gives the user id by which the kernel checks this thread's access to files
// (credentials(7)). setfsuid(2) returns it when it is called with an invalid id.
func FSUID() uint32 {
	id, err := unix.SetfsuidRetUid(-1)
	if err != nil {
		return uint32(os.Geteuid())
	}
	return uint32(id)
}
