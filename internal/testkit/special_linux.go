package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// FIFO makes a named pipe.
func FIFO(t testing.TB, path string) {
	t.Helper()
	Must(t, syscall.Mkfifo(path, 0o600))
}

// Device makes another /dev/zero, which never ends.
func Device(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|5); err != nil {
		t.Skipf("making a device: %v", err)
	}
}

// SetXattr gives a file an extended attribute.
func SetXattr(t testing.TB, path, name, value string) {
	t.Helper()
	if err := syscall.Setxattr(path, name, []byte(value), 0); err != nil {
		t.Skipf("the filesystem keeps no attributes: %v", err)
	}
}

// Xattr is an extended attribute of a file, and whether there is one.
func Xattr(path, name string) (value string, ok bool) {
	buf := make([]byte, 256)
	n, err := syscall.Getxattr(path, name, buf)
	if err != nil {
		return "", false
	}
	return string(buf[:n]), true
}

// Chattr sets a file's flags, as "+i", and takes them away when the test ends.
func Chattr(t testing.TB, flags, path string) {
	t.Helper()
	chattr := NeedProgram(t, "chattr")
	if out, err := exec.Command(chattr, flags, path).CombinedOutput(); err != nil {
		t.Skipf("chattr %s: %v: %s", flags, err, out)
	}
	t.Cleanup(func() { Must(t, exec.Command(chattr, "-"+flags[1:], path).Run()) })
}

// KernelLocks are the lines of /proc/locks about a file: its locks, its leases,
// and the threads that wait for them. While other locks come and go that list
// may show one twice, since it is not read at one moment.
func KernelLocks(t testing.TB, path string) (lines []string) {
	t.Helper()
	info, err := os.Stat(path)
	Must(t, err)
	inode := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
	locks, err := os.ReadFile("/proc/locks")
	Must(t, err)
	for line := range strings.Lines(string(locks)) {
		if strings.Contains(line, inode) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Blocked is how many threads, of any process, wait in the kernel for the flock(2)
// of a file.
func Blocked(t testing.TB, path string) (n int) {
	t.Helper()
	for _, line := range KernelLocks(t, path) {
		if strings.Contains(line, "-> FLOCK") {
			n++
		}
	}
	return n
}
