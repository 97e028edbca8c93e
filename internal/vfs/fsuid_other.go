//go:build !linux

package vfs

import "os"

// FSUID is the user that access to files is checked by.
func FSUID() uint32 { return uint32(os.Geteuid()) }
