//go:build unix && !aix && !solaris && !illumos

package lock

import "syscall"

func makeFIFO(path string) error { return syscall.Mkfifo(path, 0o600) }
