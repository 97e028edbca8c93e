//go:build unix

package lock

import "syscall"

// openFlags neither follow a planted link nor wait for a planted FIFO.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
