//go:build !linux

package testkit

import "testing"

// FIFO makes a named pipe.
func FIFO(t testing.TB, _ string) { t.Skip("needs Linux") }

// Device makes another /dev/zero, which never ends.
func Device(t testing.TB, _ string) { t.Skip("needs Linux") }

// SetXattr gives a file an extended attribute.
func SetXattr(t testing.TB, _, _, _ string) { t.Skip("attributes are kept on Linux only") }

// Xattr is an extended attribute of a file, and whether there is one.
func Xattr(_, _ string) (value string, ok bool) { return "", false }
