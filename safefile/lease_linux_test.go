package safefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// lease takes a write lease on a file, as Samba does, and returns what gives it up.
func lease(t *testing.T, path string) (giveUp func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	testkit.Must(t, err)
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		f.Close()
		t.Skipf("no lease can be had here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return func() {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
			t.Error(err)
		}
		testkit.Must(t, f.Close())
	}
}

// leased are calls that open the data file.
var leased = map[string]func(f *safefile.SafeFile[map[string]int]) error{
	"Read":       func(f *safefile.SafeFile[map[string]int]) error { return second(f.Read()) },
	"ReadOr":     func(f *safefile.SafeFile[map[string]int]) error { return second(f.ReadOr(nil)) },
	"ReadBytes":  func(f *safefile.SafeFile[map[string]int]) error { return second(f.ReadBytes()) },
	"Verify":     func(f *safefile.SafeFile[map[string]int]) error { return f.Verify() },
	"Write":      func(f *safefile.SafeFile[map[string]int]) error { return f.Write(map[string]int{"b": 2}) },
	"WriteBytes": func(f *safefile.SafeFile[map[string]int]) error { return f.WriteBytes([]byte("{}")) },
	"Append":     func(f *safefile.SafeFile[map[string]int]) error { return f.Append("\n") },
	"Open": func(f *safefile.SafeFile[map[string]int]) error {
		r, err := f.Open()
		if err != nil {
			return err
		}
		return r.Close()
	},
	"Create": func(f *safefile.SafeFile[map[string]int]) error {
		w, err := f.Create()
		if err != nil {
			return err
		}
		return w.Close()
	},
	"Move": func(f *safefile.SafeFile[map[string]int]) error { return safefile.Move(f.Path(), f.Path()+".moved") },
}

func second[T any](_ T, err error) error { return err }

func TestALeaseOfAnotherProgramIsWaitedFor(t *testing.T) {
	for name, do := range leased {
		path := filepath.Join(t.TempDir(), "file.json")
		testkit.Must(t, safefile.New[map[string]int](path, safefile.WithChecksum()).Write(map[string]int{"a": 1}))
		for _, opts := range [][]safefile.Option{nil, {safefile.WithChecksum()}} {
			giveUp := lease(t, path)
			done := make(chan error, 1)
			go func() { done <- do(safefile.New[map[string]int](path, opts...)) }()
			testkit.Until(t, "somebody asks for the file", func() bool {
				return strings.Contains(strings.Join(testkit.KernelLocks(t, path), ""), "BREAKING")
			})
			select {
			case err := <-done:
				t.Errorf("%s does not wait: %v", name, err)
				done <- nil
			default:
			}
			giveUp()
			testkit.WantNil(t, name, <-done)
			testkit.Must(t, safefile.New[map[string]int](path, safefile.WithChecksum()).Write(map[string]int{"a": 1}))
		}
	}
}

func TestAWaitForALeaseEndsWithTheTimeout(t *testing.T) {
	for name, do := range leased {
		if name == "Move" {
			continue // it takes none here
		}
		for _, timeout := range []time.Duration{0, 30 * time.Millisecond} {
			path := filepath.Join(t.TempDir(), "file.json")
			testkit.Must(t, safefile.New[map[string]int](path, safefile.WithChecksum()).Write(map[string]int{"a": 1}))
			lease(t, path)
			err := do(safefile.New[map[string]int](path, safefile.WithTimeout(timeout)))
			var timedOut *errors.TimeoutError
			if !errors.As(err, &timedOut) || !errors.Is(err, errors.ErrTimeout) || errors.Is(err, errors.ErrLocked) != (timeout == 0) {
				t.Errorf("%s within %v: %v", name, timeout, err)
			}
			if errors.Is(err, syscall.EAGAIN) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
