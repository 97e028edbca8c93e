//go:build !linux

package vfs

import "os"

// FSUID gives the user id by which the system checks access to files.
func FSUID() uint32 { return uint32(os.Geteuid()) }
