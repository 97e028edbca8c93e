package safefile_test

import (
	"syscall"
	"testing"
)

func makeFIFO(t testing.TB, path string) { must(t, syscall.Mkfifo(path, 0o600)) }

// makeDevice makes another /dev/zero, which never ends.
func makeDevice(t testing.TB, path string) {
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|5); err != nil {
		t.Skipf("making a device: %v", err)
	}
}
