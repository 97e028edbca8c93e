package lock

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// A second release must not close a descriptor that is somebody else's by then.
func TestASecondReleaseDoesNothing(t *testing.T) {
	p := spec(t)
	testkit.Must(t, take(t, p).Release())
	h := take(t, p)
	h.Announce()()
	testkit.Must(t, h.Release())
	others := make([]*os.File, 20)
	for i := range others {
		var err error
		others[i], err = os.Create(filepath.Join(t.TempDir(), "other"))
		testkit.Must(t, err)
	}
	testkit.Must(t, h.Release())
	for _, f := range others {
		if _, err := f.WriteString("x"); err != nil {
			t.Errorf("another file was closed: %v", err)
		}
		testkit.Must(t, f.Close())
	}
}

func TestASupplantThatCannotLockItsFileLeavesNothing(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	old := take(t, p)
	other := flock.New(p.Dir.Path() + "/new.lock")
	disk.Before(func(op faultfs.Op) error {
		if op.Verb != faultfs.SetMtime {
			return nil
		}
		_, err := other.TryLock()
		return err
	})
	if _, err := p.Supplant(named("new.lock")); !errors.Is(err, errors.ErrLock) {
		t.Errorf("Supplant: %v", err)
	}
	disk.Reset()
	testkit.Must(t, other.Unlock())
	testkit.Must(t, old.Check())
	if names, _ := p.Dir.Names(); len(names) != 1 {
		t.Errorf("the directory holds %v", names)
	}
}

// A filesystem may make a file, be interrupted, and find the name taken when the call is
// made again.
func TestANameThatIsTakenAfterAnInterruptionIsNotTheEndOfASupplant(t *testing.T) {
	p := spec(t)
	old := take(t, p)
	names := []string{"first.lock", "second.lock"}
	write(t, filepath.Join(p.Dir.Path(), names[0]), "")
	h, err := p.Supplant(func() string {
		name := names[0]
		names = names[1:]
		return name
	})
	testkit.Must(t, err)
	testkit.Must(t, h.Check())
	testkit.Must(t, h.Release())
	testkit.WantIs(t, "the old lock", old.Check(), errors.ErrLockLost)
}

func TestAForbiddenFlockSaysWhatToDo(t *testing.T) {
	err := Spec{Path: "data.lock"}.classify(syscall.EPERM)
	if !errors.Is(err, errors.ErrLock) || !errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupportedEnvironment) ||
		!strings.Contains(err.Error(), "sandbox") || !strings.Contains(err.Error(), "WithLockDir") {
		t.Errorf("%v", err)
	}
	err = Spec{Path: "data.lock"}.classify(&os.PathError{Op: "open", Path: "data.lock", Err: syscall.EACCES})
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "those who may write the data file") {
		t.Errorf("%v", err)
	}
}
