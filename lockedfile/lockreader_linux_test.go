package lockedfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// asUser runs a function with the file rights of another user, on a thread that ends
// with it.
func asUser(t *testing.T, id int, fn func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread keeps the rights
		err := errors.Join(syscall.Setfsgid(id), syscall.Setfsuid(id))
		if err == nil {
			fn()
		}
		done <- err
	}()
	must(t, <-done)
}

func TestInspectByWhoMayOnlyReadTheDataSaysWhoMayLookAtTheLock(t *testing.T) {
	dir, err := os.MkdirTemp("", "holdfast") // others can't reach t.TempDir
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	path := filepath.Join(dir, "f.json")
	must(t, os.WriteFile(path, []byte("{}"), 0o644))
	must(t, lockedfile.New[counters](path).Write(counters{"a": 1}))
	asUser(t, 2003, func() {
		_, err := lockedfile.Inspect(path)
		is(t, err, errors.ErrLock, fs.ErrPermission)
		if err == nil || !strings.Contains(err.Error(), "those who may write the data file") {
			t.Errorf("it says %v", err)
		}
	})
}
