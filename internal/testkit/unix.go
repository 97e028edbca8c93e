//go:build unix

package testkit

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Umask sets the process's umask for one test, which must not run in parallel.
func Umask(t testing.TB, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

// WantMode compares a file's mode, its type included.
func WantMode(t testing.TB, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	Must(t, err)
	if got := info.Mode(); got != want {
		t.Errorf("%s has mode %v, want %v", filepath.Base(path), got, want)
	}
}

// WantOwner compares a file's owner and group.
func WantOwner(t testing.TB, path string, uid, gid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	Must(t, err)
	if st := info.Sys().(*syscall.Stat_t); st.Uid != uid || st.Gid != gid {
		t.Errorf("%s belongs to %d:%d, want %d:%d", filepath.Base(path), st.Uid, st.Gid, uid, gid)
	}
}

// As lets another user run a command of [Self], one who is in one group and no other.
func As(t testing.TB, cmd *exec.Cmd, uid, gid uint32) *exec.Cmd {
	t.Helper()
	NeedRoot(t)
	return With(t, cmd, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}})
}

// With lets a process with these attributes run a command of [Self]. It need not
// be allowed to reach the binary, nor the directory that the test runs in.
func With(t testing.TB, cmd *exec.Cmd, attributes *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	exe, err := os.Open(cmd.Path)
	Must(t, err)
	t.Cleanup(func() { exe.Close() })
	cmd.ExtraFiles = []*os.File{exe}
	cmd.Path = "/proc/self/fd/3"
	cmd.SysProcAttr = attributes
	cmd.Dir = "/"
	cmd.Env = append(cmd.Env, "GOCOVERDIR="+Shared(t, 0o777)) // go test's own is closed to others
	return cmd
}
