//go:build unix && !aix && !solaris && !illumos

package safefile_test

import (
	"syscall"
	"testing"
)

func makeFIFO(t testing.TB, path string) { must(t, syscall.Mkfifo(path, 0o600)) }
