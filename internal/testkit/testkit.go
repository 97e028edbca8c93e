// Package testkit holds what the tests of several packages need: files and what
// they hold, waiting for a condition, other processes and other users, and the
// system calls that a process makes.
//
// If the machine lacks something that a function needs, the function skips the test and says what is missing.
// Any other failure of a function fails the test.
package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantIs fails unless an error matches all the sentinels. The text what names the call.
func WantIs(t testing.TB, what string, err error, sentinels ...error) {
	t.Helper()
	for _, want := range sentinels {
		if !errors.Is(err, want) {
			t.Errorf("%s: %v does not match %v", what, err, want)
		}
	}
}

// WantNil fails if there is an error, and lets the test go on. The text what names the call.
func WantNil(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Memory is a directory on a filesystem whose fsync costs nothing, for tests
// that write thousands of times and cut no power.
func Memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// OwnTemp gives the test, and the processes that it starts, a directory for
// temporary files of their own, which must be empty when the test ends.
func OwnTemp(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP"} { // Windows knows the second
		t.Setenv(name, dir)
	}
	t.Cleanup(func() { WantNames(t, dir) })
}

// Shared is a directory that every user can reach, and change if mode allows it.
func Shared(t testing.TB, mode os.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "holdfast")
	Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	Must(t, os.Chmod(dir, mode))
	return dir
}

// Missing is the Content of a file that is not there.
const Missing = "(missing)"

// Put writes a file, as everybody does who does not use this library.
func Put(t testing.TB, path, content string) {
	t.Helper()
	Must(t, os.WriteFile(path, []byte(content), 0o644))
}

// File writes a file into a directory of its own.
func File(t testing.TB, name, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	Put(t, path, content)
	return path
}

// Content is what a file holds, [Missing] if there is none.
func Content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Missing
	}
	Must(t, err)
	return string(data)
}

// WantContent compares what a file holds.
func WantContent(t testing.TB, path, want string) {
	t.Helper()
	if got := Content(t, path); got != want {
		t.Errorf("%s holds %q, want %q", filepath.Base(path), short(got), short(want))
	}
}

func short(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// Names are a directory's entries, sorted.
func Names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	Must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// WantNames compares a directory's entries, in any order.
func WantNames(t testing.TB, dir string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := Names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
}

// WantNone fails if a directory holds entries that match a pattern of [filepath.Match].
func WantNone(t testing.TB, dir, pattern string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, pattern))
	Must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Descriptors counts what this process has open.
func Descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("counting open descriptors needs /proc")
	}
	return len(entries)
}

// Until waits for a condition, and ends the test if it does not come in a minute.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// InTime is a call's error. It ends the test if the call hangs.
func InTime(t testing.TB, what string, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("%s hangs", what)
		return nil
	}
}

// Panic gives what a call panics with, nil if it does not.
func Panic(call func()) (value any) {
	defer func() { value = recover() }()
	call()
	return nil
}

// NeedRoot skips the test unless it runs as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// NeedLinux skips the test on other systems.
func NeedLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
}

// NeedUnix skips the test on Windows, where paths and permissions are others.
func NeedUnix(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs Unix")
	}
}
