package lockedfile_test

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// asUser runs a function with the file rights of another user, on a thread that ends
// with it.
func asUser(t *testing.T, id int, fn func()) {
	t.Helper()
	testkit.NeedRoot(t)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread keeps the rights
		err := errors.Join(syscall.Setfsgid(id), syscall.Setfsuid(id))
		if err == nil {
			fn()
		}
		done <- err
	}()
	testkit.Must(t, <-done)
}

func TestInspectByWhoMayOnlyReadTheDataSaysWhoMayLookAtTheLock(t *testing.T) {
	path := filepath.Join(testkit.Shared(t, 0o755), "f.json") // others can't reach t.TempDir
	testkit.Put(t, path, "{}")
	testkit.Must(t, lockedfile.New[counters](path).Write(counters{"a": 1}))
	asUser(t, 2003, func() {
		_, err := lockedfile.Inspect(path)
		is(t, err, errors.ErrLock, fs.ErrPermission)
		if err == nil || !strings.Contains(err.Error(), "those who may write the data file") {
			t.Errorf("it says %v", err)
		}
	})
}
