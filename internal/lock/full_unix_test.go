//go:build unix

package lock

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// instead locks where the directory is as good as full.
func instead(t *testing.T, p Spec) *Held {
	t.Helper()
	h, err := p.tryDirectory(syscall.ENOSPC)
	if h == nil || err != nil {
		t.Fatalf("%v, %v", h, err)
	}
	return h
}

func fullPlace(t *testing.T) Spec {
	t.Helper()
	dir, err := vfs.OS.OpenDir(t.TempDir())
	testkit.Must(t, err)
	t.Cleanup(func() { dir.Close() })
	return Spec{Dir: dir, Name: "data.lock", Path: dir.Path() + "/data.lock", Perm: 0o600, Full: true,
		Like: func() (vfs.Info, bool) { return vfs.Info{}, false }}
}

func TestALockFileThatAppearsTakesTheDirectorysLockAway(t *testing.T) {
	p := fullPlace(t)
	h := instead(t, p)
	testkit.WantNil(t, "it", h.Check())
	if err := os.WriteFile(p.Path, nil, 0o600); err != nil { // by a program that does not know better
		t.Fatal(err)
	}
	if err := h.Check(); !errors.Is(err, errors.ErrLockLost) {
		t.Error(err)
	}
	testkit.WantNil(t, "it", h.Release())
	if h, err := p.tryDirectory(syscall.ENOSPC); h != nil || err != nil {
		t.Errorf("locked beside a lock file: %v, %v", h, err)
	}
}

func TestTheFilesOfOneDirectoryShareItsLockInOneProcess(t *testing.T) {
	p := fullPlace(t)
	other, err := os.Open(p.Dir.Path())
	testkit.Must(t, err)
	defer other.Close()
	first, second := instead(t, p), instead(t, p)
	p.shareDirectory()() // does not wait for its own process
	for _, h := range []*Held{first, second} {
		if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != syscall.EWOULDBLOCK {
			t.Errorf("another process gets it too: %v", err)
		}
		testkit.WantNil(t, "it", h.Release())
	}
	testkit.WantNil(t, "it was not freed", syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	if _, err := p.tryDirectory(syscall.ENOSPC); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("got it beside another process: %v", err)
	}
}

func TestAFullDirectoryThatCannotBeLockedSaysWhatToDo(t *testing.T) {
	p := fullPlace(t)
	testkit.Must(t, os.Rename(p.Dir.Path(), p.Dir.Path()+".moved"))
	_, err := p.tryDirectory(syscall.ENOSPC)
	if !errors.Is(err, errors.ErrLock) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "WithLockDir") {
		t.Error(err)
	}
}
