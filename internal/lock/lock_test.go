package lock

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// placeIn is the lock of a file that does not exist, in a directory of fsys.
func specIn(t *testing.T, fsys vfs.FS, dir string) Spec {
	t.Helper()
	d, err := fsys.OpenDir(dir)
	testkit.Must(t, err)
	t.Cleanup(func() { d.Close() })
	nothing := func() (vfs.Info, bool) { return vfs.Info{}, false }
	return Spec{Dir: d, Name: "data.lock", Path: filepath.Join(dir, "data.lock"), Like: nothing, Perm: 0o666}
}

// named gives one name, again and again.
func named(name string) func() string { return func() string { return name } }

func spec(t *testing.T) Spec { return specIn(t, vfs.OS, t.TempDir()) }

func take(t *testing.T, p Spec) *Held {
	t.Helper()
	h, err := Try(p)
	testkit.Must(t, err)
	t.Cleanup(func() { h.Release() })
	return h
}

func TestAHolderWithoutARecordKnowsWhy(t *testing.T) {
	for failure, want := range map[error]error{nil: nil, syscall.EIO: syscall.EIO, syscall.EACCES: fs.ErrPermission} {
		disk := faultfs.Wrap(vfs.OS)
		held, err := Try(specIn(t, disk, t.TempDir()))
		testkit.Must(t, err)
		if err := held.Unannounced(); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("before the record: %v", err)
		}
		disk.FailAll(faultfs.Write, failure)
		clear := held.Announce()
		if err := held.Unannounced(); !errors.Is(err, want) {
			t.Errorf("a write that fails with %v: %v, want %v", failure, err, want)
		}
		disk.Reset()
		clear()
		testkit.Must(t, held.Release())
	}
}

func TestCheckSaysThatItCouldNotLook(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	h := take(t, specIn(t, disk, t.TempDir()))
	disk.FailAll(faultfs.Same, syscall.EIO)
	if err := h.Check(); !errors.Is(err, errors.ErrLock) || !errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrLockLost) {
		t.Errorf("Check: %v", err)
	}
}

func TestALockFileThatKeepsBeingReplacedIsAnErrorInTheEnd(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	replaced := 0
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Same {
			replaced++
			return os.Remove(p.Path)
		}
		return nil
	})
	if _, err := Try(p); !errors.Is(err, errors.ErrLock) || errors.Is(err, errors.ErrLocked) {
		t.Errorf("Try: %v", err)
	}
	if replaced != maxAttempts {
		t.Errorf("tried %d times, want %d", replaced, maxAttempts)
	}
}

func TestErrorsOfTheSystemMatchTheirSentinels(t *testing.T) {
	p := Spec{Path: "data.lock"}
	for err, want := range map[error]error{
		syscall.ENOSYS:  errors.ErrUnsupportedEnvironment,
		syscall.ENOTSUP: errors.ErrUnsupportedEnvironment,
		syscall.ENOLCK:  errors.ErrUnsupportedEnvironment,
		syscall.ELOOP:   errors.ErrSymlink,
		syscall.EACCES:  errors.ErrLock,
		syscall.EROFS:   errors.ErrLock,
		syscall.EIO:     errors.ErrLock,
	} {
		got := p.classify(err)
		if !errors.Is(got, want) || errors.Is(got, errors.ErrLocked) {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
		if want == errors.ErrLock && !errors.Is(got, err) {
			t.Errorf("%v lost its cause: %v", err, got)
		}
	}
}

func TestALockThatCannotBeMadeSaysWhy(t *testing.T) {
	p := spec(t)
	testkit.Must(t, os.Remove(p.Dir.Path()))
	if _, err := Try(p); !errors.Is(err, errors.ErrLock) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Try: %v", err)
	}
}

func TestALockFileThatWasThereKeepsItsMode(t *testing.T) {
	testkit.NeedUnix(t)
	p := spec(t)
	testkit.Must(t, os.WriteFile(p.Path, nil, 0o606))
	testkit.Must(t, os.Chmod(p.Path, 0o606))
	p.Like = func() (vfs.Info, bool) { return vfs.Info{Mode: 0o660}, true }
	take(t, p)
	if info, _ := p.Dir.Stat(p.Name); info.Mode != 0o606 {
		t.Errorf("the lock has mode %v", info.Mode)
	}
}

func TestALockModeLetsInWhoMayWriteAndNeverShutsTheOwnerOut(t *testing.T) {
	for data, want := range map[fs.FileMode]fs.FileMode{0o644: 0o600, 0o755: 0o600, 0o400: 0o600, 0: 0o600, 0o666: 0o666, 0o060: 0o660,
		0o664: 0o660, 0o646: 0o606, 0o222: 0o666} {
		if got := lockMode(data); got != want {
			t.Errorf("for data of mode %v the lock has %v, want %v", data, got, want)
		}
	}
}

// A program that may rename in the directory could replace the lock file by another file
// while it is opened by its path, and put it back before the path is compared.
func TestAFileSwappedInForTheLockIsNotTouched(t *testing.T) {
	testkit.NeedUnix(t)
	for what, do := range map[string]func(*Held){
		"announcing": func(h *Held) { h.Announce()() },
		"mending":    (*Held).mend,
	} {
		t.Run(what, func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			p := specIn(t, disk, t.TempDir())
			testkit.Must(t, take(t, p).Release())
			h := take(t, p) // which opens nothing for the record yet
			h.spec.Data = &vfs.Info{Mode: 0o666, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
			victim, hidden := p.Path+".victim", p.Path+".hidden"
			testkit.Must(t, os.WriteFile(victim, []byte("precious"), 0o600))
			swap := func(in, out string) error { return errors.Join(os.Rename(p.Path, out), os.Rename(in, p.Path)) }
			swapped := false
			disk.Before(func(op faultfs.Op) error {
				switch {
				case op.Verb == faultfs.OpenRecord:
					swapped = true
					return swap(victim, hidden)
				case op.Verb == faultfs.Same && swapped:
					swapped = false
					return swap(hidden, victim)
				}
				return nil
			})
			do(h)
			if len(disk.Ops()) == 0 {
				t.Fatal("it opened nothing")
			}
			if swapped {
				testkit.Must(t, swap(hidden, victim))
			}
			info, err := os.Stat(victim)
			testkit.Must(t, err)
			if data, _ := os.ReadFile(victim); string(data) != "precious" || info.Mode().Perm() != 0o600 {
				t.Errorf("it holds %q and has mode %v", data, info.Mode())
			}
		})
	}
}

func TestIsHeldAsksWithoutMakingOrKeepingTheLock(t *testing.T) {
	p := spec(t)
	wantHeld := func(what string, want bool) {
		t.Helper()
		if held, err := p.IsHeld(); held != want || err != nil {
			t.Errorf("%s: %v, %v", what, held, err)
		}
	}
	wantHeld("no lock file", false)
	if _, err := os.Stat(p.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it made one")
	}
	h := take(t, p)
	wantHeld("held", true)
	testkit.Must(t, h.Release())
	wantHeld("free", false)
	take(t, p)
	p.Path, p.Name = p.Path+"/below a file", p.Name+"/below a file"
	if _, err := p.IsHeld(); !errors.Is(err, errors.ErrLock) {
		t.Errorf("a lock that can't be: %v", err)
	}
}

func TestSupplantRevokesTheLockAndHoldsTheNewOne(t *testing.T) {
	p := spec(t)
	old := take(t, p)
	h, err := p.Supplant(named("new.lock"))
	testkit.Must(t, err)
	defer h.Release()
	testkit.Must(t, h.Check())
	testkit.WantIs(t, "the old one", old.Check(), errors.ErrLockLost)
	if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("a third one: %v", err)
	}
	if names, _ := p.Dir.Names(); len(names) != 1 {
		t.Errorf("the directory holds %v", names)
	}
}

func TestASupplantThatFailsLeavesTheLockAndNothingElse(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	old := take(t, p)
	for _, verb := range []string{faultfs.Rename, faultfs.Same} {
		disk.FailAll(verb, syscall.EIO)
		if _, err := p.Supplant(named("new.lock")); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", verb, err)
		}
		disk.Reset()
		testkit.Must(t, old.Check())
		if names, _ := p.Dir.Names(); len(names) != 1 {
			t.Errorf("%s: the directory holds %v", verb, names)
		}
	}
	testkit.Must(t, os.WriteFile(p.Path+"2", nil, 0o600))
	if _, err := p.Supplant(named(p.Name + "2")); !errors.Is(err, errors.ErrLock) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
}
