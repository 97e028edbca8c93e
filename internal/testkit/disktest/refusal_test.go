package disktest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// witness is a test inside the test, whose end is watched.
type witness struct {
	testing.TB
	verdict  string // "", "skipped" or "failed"
	said     string
	cleanups []func()
}

func (w *witness) end(verdict, text string) {
	w.verdict, w.said = verdict, text
	runtime.Goexit()
}

func (w *witness) Fatal(args ...any)                 { w.end("failed", fmt.Sprint(args...)) }
func (w *witness) Fatalf(format string, args ...any) { w.end("failed", fmt.Sprintf(format, args...)) }
func (w *witness) Skip(args ...any)                  { w.end("skipped", fmt.Sprint(args...)) }
func (w *witness) Skipf(format string, args ...any)  { w.end("skipped", fmt.Sprintf(format, args...)) }
func (w *witness) Cleanup(f func())                  { w.cleanups = append(w.cleanups, f) }
func (w *witness) Errorf(format string, args ...any) {
	w.verdict, w.said = "failed", fmt.Sprintf(format, args...)
}

// watch runs body as a test of its own, with its cleanups.
func watch(t *testing.T, body func(t testing.TB)) *witness {
	w := &witness{TB: t}
	phase := func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
	phase(func() { body(w) })
	for i := len(w.cleanups) - 1; i >= 0; i-- {
		phase(w.cleanups[i])
	}
	return w
}

func (w *witness) want(t *testing.T, verdict, said string) {
	t.Helper()
	if w.verdict != verdict || !strings.Contains(w.said, said) {
		t.Errorf("%s: %q; want %s: %q", w.verdict, w.said, verdict, said)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	require(t, "mount")
}

func TestWhatIsMissingSkipsWithAReason(t *testing.T) {
	needRoot(t)
	for want, got := range map[string]string{
		"needs Linux":   missing("plan9", 0, "mount"),
		"needs root":    missing("linux", 1000, "mount"),
		"not installed": missing("linux", 0, "nonesuch"),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the reason is %q, not %q", got, want)
		}
	}
	watch(t, func(t testing.TB) { New(t, "nonesuch") }).want(t, "skipped", "mkfs.nonesuch is not installed")
	t.Setenv("PATH", t.TempDir())
	watch(t, func(t testing.TB) { Tmpfs(t) }).want(t, "skipped", "mount is not installed")
	watch(t, func(t testing.TB) { FUSE(t, ".") }).want(t, "skipped", "bindfs is not installed")
}

func TestWhatGoesWrongFailsTheTest(t *testing.T) {
	needRoot(t)
	for _, program := range []string{"mkfs.ext4", "mkfs.btrfs", "bindfs"} {
		require(t, program)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	watch(t, func(t testing.TB) { Bind(t, missing, missing) }).want(t, "failed", "no such file")
	watch(t, func(t testing.TB) { New(t, "ext4", "nonsense") }).want(t, "failed", "mount -t ext4")
	watch(t, func(t testing.TB) { Overlay(t, "/proc") }).want(t, "failed", "/proc/lower")
	watch(t, func(t testing.TB) { New(t, "btrfs").Shutdown(t) }).want(t, "failed", "cutting the power")
	watch(t, func(t testing.TB) { FUSE(t, missing) }).want(t, "failed", "bindfs")
	watch(t, func(t testing.TB) { makeFile(t, filepath.Join(missing, "x")) }).want(t, "failed", "no such file")
	watch(t, func(t testing.TB) { makeImage(t, filepath.Join(missing, "x"), "ext4") }).want(t, "failed", "no such file")
	watch(t, func(t testing.TB) { makeImage(t, filepath.Join(t.TempDir(), "x"), "nonesuch") }).want(t, "failed", "mkfs.nonesuch")
	if err := shutdown(missing); err == nil {
		t.Error("the power of nothing was cut")
	}
}

func TestAnOpenFileIsALeakAndFailsTheTest(t *testing.T) {
	needRoot(t)
	defer func(before time.Duration) { busyTimeout = before }(busyTimeout)
	busyTimeout = 50 * time.Millisecond
	var leaked *os.File
	var dir string
	leak := func(t testing.TB) *Disk {
		disk := New(t, "ext4")
		dir = disk.Dir()
		var err error
		if leaked, err = os.Create(filepath.Join(dir, "leaked")); err != nil {
			t.Fatal(err)
		}
		return disk
	}
	watch(t, func(t testing.TB) { leak(t) }).want(t, "failed", "busy")
	if line := mountLine(t, dir); line != "" {
		t.Errorf("left behind: %s", line)
	}
	leaked.Close()
	watch(t, func(t testing.TB) { leak(t).Remount(t) }).want(t, "failed", "busy")
	leaked.Close()
}
