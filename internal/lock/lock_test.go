package lock

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// placeIn is the lock of a file that does not exist, in a directory of fsys.
func placeIn(t *testing.T, fsys vfs.FS, dir string) Place {
	t.Helper()
	d, err := fsys.OpenDir(dir)
	must(t, err)
	t.Cleanup(func() { d.Close() })
	nothing := func() (vfs.Info, bool) { return vfs.Info{}, false }
	return Place{Dir: d, Name: "data.lock", Path: filepath.Join(dir, "data.lock"), Like: nothing, Perm: 0o666}
}

// named gives one name, again and again.
func named(name string) func() string { return func() string { return name } }

func place(t *testing.T) Place { return placeIn(t, vfs.OS, t.TempDir()) }

func take(t *testing.T, p Place) *Held {
	t.Helper()
	h, err := Try(p)
	must(t, err)
	t.Cleanup(func() { h.Release() })
	return h
}

func TestOneHolderAtATime(t *testing.T) {
	p := place(t)
	h := take(t, p)
	if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
		t.Fatalf("a second holder: %v", err)
	}
	must(t, h.Check())
	must(t, h.Release())
	must(t, take(t, p).Release())
	if _, err := os.Stat(p.Path); err != nil {
		t.Errorf("the lock file did not stay: %v", err)
	}
}

func TestALockFileThatGoesAwayRevokesTheLock(t *testing.T) {
	for what, spoil := range map[string]func(path string) error{
		"removed":  os.Remove,
		"moved":    func(path string) error { return os.Rename(path, path+".away") },
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) },
	} {
		t.Run(what, func(t *testing.T) {
			p := place(t)
			h := take(t, p)
			must(t, spoil(p.Path))
			if err := h.Check(); !errors.Is(err, errors.ErrLockLost) {
				t.Errorf("Check: %v", err)
			}
			take(t, p) // whoever comes now has the lock
		})
	}
}

func TestCheckSaysThatItCouldNotLook(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	h := take(t, placeIn(t, disk, t.TempDir()))
	disk.FailAll(faultfs.Same, syscall.EIO)
	if err := h.Check(); !errors.Is(err, errors.ErrLock) || !errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrLockLost) {
		t.Errorf("Check: %v", err)
	}
}

func needUnix(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs Unix")
	}
}

func TestWhatIsNoRegularFileIsRefusedWithoutHanging(t *testing.T) {
	needUnix(t)
	for what, plant := range map[string]func(path string) error{
		"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"a FIFO":      func(path string) error { return makeFIFO(path) },
		"a link":      func(path string) error { return os.Symlink(path+".victim", path) },
		"a loop":      func(path string) error { return os.Symlink("data.lock", path) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			p := place(t)
			if err := plant(p.Path); err != nil {
				t.Skip(err)
			}
			h, err := Try(p)
			if err == nil {
				h.Release()
			}
			if !errors.Is(err, errors.ErrLock) {
				t.Errorf("Try: %v", err)
			}
			if _, err := os.Stat(p.Path + ".victim"); !errors.Is(err, fs.ErrNotExist) {
				t.Error("the link was followed")
			}
		})
	}
}

func TestALockFileThatKeepsBeingReplacedIsAnErrorInTheEnd(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := placeIn(t, disk, t.TempDir())
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
	if replaced != patience {
		t.Errorf("tried %d times, want %d", replaced, patience)
	}
}

func TestErrorsOfTheSystemMatchTheirSentinels(t *testing.T) {
	p := Place{Path: "data.lock"}
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
	p := place(t)
	must(t, os.Remove(p.Dir.Path()))
	if _, err := Try(p); !errors.Is(err, errors.ErrLock) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Try: %v", err)
	}
}

func TestANewLockFileTakesModeAndOwnerOfTheData(t *testing.T) {
	needUnix(t)
	p := place(t)
	data := vfs.Info{Mode: 0o664, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if os.Geteuid() == 0 {
		data.UID, data.GID = 12, 34
	}
	p.Like = func() (vfs.Info, bool) { return data, true }
	take(t, p)
	info, err := p.Dir.Stat(p.Name)
	must(t, err)
	if info.Mode != 0o660 || info.UID != data.UID || info.GID != data.GID {
		t.Errorf("the lock has mode %v and owner %d:%d", info.Mode, info.UID, info.GID)
	}
}

func TestALockFileThatWasThereKeepsItsMode(t *testing.T) {
	needUnix(t)
	p := place(t)
	must(t, os.WriteFile(p.Path, nil, 0o606))
	must(t, os.Chmod(p.Path, 0o606))
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

// Whoever may rename in the directory could swap the lock for another file
// while it is opened by its path, and back before the path is looked at again.
func TestAFileSwappedInForTheLockIsNotTouched(t *testing.T) {
	needUnix(t)
	for what, do := range map[string]func(*Held){
		"announcing": func(h *Held) { h.Announce()() },
		"mending":    (*Held).mend,
	} {
		t.Run(what, func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			p := placeIn(t, disk, t.TempDir())
			must(t, take(t, p).Release())
			h := take(t, p) // which opens nothing for the record yet
			h.place.Data = &vfs.Info{Mode: 0o666, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
			victim, hidden := p.Path+".victim", p.Path+".hidden"
			must(t, os.WriteFile(victim, []byte("precious"), 0o600))
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
				must(t, swap(hidden, victim))
			}
			info, err := os.Stat(victim)
			must(t, err)
			if data, _ := os.ReadFile(victim); string(data) != "precious" || info.Mode().Perm() != 0o600 {
				t.Errorf("it holds %q and has mode %v", data, info.Mode())
			}
		})
	}
}

func TestIsHeldAsksWithoutMakingOrKeepingTheLock(t *testing.T) {
	p := place(t)
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
	must(t, h.Release())
	wantHeld("free", false)
	take(t, p)
	p.Path = filepath.Join(p.Path, "below a file")
	if _, err := p.IsHeld(); !errors.Is(err, errors.ErrLock) {
		t.Errorf("a place that can't be: %v", err)
	}
}

func TestSupplantRevokesTheLockAndHoldsTheNewOne(t *testing.T) {
	p := place(t)
	old := take(t, p)
	h, err := p.Supplant(named("new.lock"))
	must(t, err)
	defer h.Release()
	must(t, h.Check())
	if err := old.Check(); !errors.Is(err, errors.ErrLockLost) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("a third one: %v", err)
	}
	if names, _ := p.Dir.Names(); len(names) != 1 {
		t.Errorf("the directory holds %v", names)
	}
}

func TestASupplantThatFailsLeavesTheLockAndNothingElse(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := placeIn(t, disk, t.TempDir())
	old := take(t, p)
	for _, verb := range []string{faultfs.Rename, faultfs.Same} {
		disk.FailAll(verb, syscall.EIO)
		if _, err := p.Supplant(named("new.lock")); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", verb, err)
		}
		disk.Reset()
		must(t, old.Check())
		if names, _ := p.Dir.Names(); len(names) != 1 {
			t.Errorf("%s: the directory holds %v", verb, names)
		}
	}
	must(t, os.WriteFile(p.Path+"2", nil, 0o600))
	if _, err := p.Supplant(named(p.Name + "2")); !errors.Is(err, errors.ErrLock) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
}
