package safefile_test

import (
	"syscall"
	"testing"
)

func setXattr(t testing.TB, path, name, value string) {
	t.Helper()
	if err := syscall.Setxattr(path, name, []byte(value), 0); err != nil {
		t.Skipf("the filesystem keeps no attributes: %v", err)
	}
}

func getXattr(path, name string) (string, bool) {
	buf := make([]byte, 256)
	n, err := syscall.Getxattr(path, name, buf)
	if err != nil {
		return "", false
	}
	return string(buf[:n]), true
}
