//go:build unix

package vfs

import "syscall"

// lockFlags neither follow a planted link nor wait for a planted FIFO.
const lockFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
