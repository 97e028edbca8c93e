//go:build !linux

package vfs

import "os"

// fsuid is the user that access to files is checked by.
func fsuid() uint32 { return uint32(os.Geteuid()) }
