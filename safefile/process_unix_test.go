//go:build unix

package safefile_test

import (
	"os"
	"syscall"
	"testing"
)

func setUmask(mask int) { syscall.Umask(mask) }

// as does a task as another user, who is in one group and no other.
func (t task) as(tb testing.TB, uid, gid uint32) report {
	tb.Helper()
	needRoot(tb)
	return t.by(tb, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}})
}

// by does a task in a process with these attributes.
func (t task) by(tb testing.TB, attributes *syscall.SysProcAttr) report {
	tb.Helper()
	cmd := t.self(tb)
	// The directory of the binary may be closed to others; its descriptor is not.
	exe, err := os.Open(cmd.Path)
	must(tb, err)
	defer exe.Close()
	cmd.ExtraFiles = []*os.File{exe}
	cmd.Path = "/proc/self/fd/3"
	cmd.SysProcAttr = attributes
	cmd.Dir = "/"
	cmd.Env = append(cmd.Env, "GOCOVERDIR="+open(tb, 0o777)) // go test's own is closed to others
	return reportOf(tb, cmd)
}

// open is a directory that every user can reach, and change if mode allows it.
func open(tb testing.TB, mode os.FileMode) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "holdfast")
	must(tb, err)
	tb.Cleanup(func() { os.RemoveAll(dir) })
	must(tb, os.Chmod(dir, mode))
	return dir
}
