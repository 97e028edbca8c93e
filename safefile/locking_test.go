package safefile_test

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

var osFS = vfs.OS

// planting answers to the creation of a temp by putting something in its place first.
func planting(t testing.TB, plant func(temp string) error) vfs.FS {
	t.Helper()
	disk := faultfs.Wrap(osFS)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Create && !strings.HasSuffix(op.Path, ".lock") {
			return plant(op.Path)
		}
		return nil
	})
	return disk
}

// held is a path whose lock another program holds.
func held(t testing.TB, path string) *flock.Flock {
	t.Helper()
	other := flock.New(path + ".lock")
	ok, err := other.TryLock()
	if err != nil || !ok {
		t.Fatalf("the lock was not free: %v", err)
	}
	t.Cleanup(func() { other.Unlock() })
	return other
}

func TestAReadWorksWhileTheLockIsHeld(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	testkit.Put(t, path, "1")
	held(t, path)
	f := safefile.New[int](path, safefile.WithTimeout(0))
	if v, err := f.Read(); v != 1 || err != nil {
		t.Errorf("it reads %v, %v", v, err)
	}
}

func TestABusyFileIsATimeoutThatNamesThePath(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	testkit.Put(t, path, "1")
	held(t, path)
	for timeout, locked := range map[time.Duration]bool{0: true, 20 * time.Millisecond: false} {
		f := safefile.New[int](path, safefile.WithTimeout(timeout))
		start := time.Now()
		err := f.Write(2)
		if !errors.Is(err, errors.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errors.ErrLocked) != locked {
			t.Errorf("%v: %v", timeout, err)
		}
		if took := time.Since(start); took < timeout {
			t.Errorf("%v: gave up after %v", timeout, took)
		}
		typed, ok := errors.AsType[*errors.TimeoutError](err)
		if !ok || typed.Timeout != timeout || typed.Path != path || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", timeout, err)
		}
		if strings.Contains(err.Error(), "intact") {
			t.Errorf("it speaks of content that was never looked at: %v", err)
		}
	}
	testkit.WantContent(t, path, "1")
}

func TestTheWaitEndsWhenTheLockIsFree(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	other := held(t, path)
	f := safefile.New[int](path)
	done := make(chan error, 1)
	go func() { done <- f.Write(7) }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond): // that it waits shows in that it does not end
	}
	testkit.Must(t, other.Unlock())
	testkit.Must(t, <-done)
	testkit.WantContent(t, path, "7\n")
}

func TestANegativeTimeoutIsAnErrorOfEveryCall(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	testkit.Put(t, path, "1")
	f := safefile.New[int](path, safefile.WithTimeout(-time.Second))
	if _, err := f.Read(); !errors.Is(err, fs.ErrInvalid) || !errors.Is(err, errors.ErrRead) {
		t.Errorf("Read: %v", err)
	}
	if err := f.Write(2); !errors.Is(err, fs.ErrInvalid) || !errors.Is(err, errors.ErrWrite) || !strings.Contains(err.Error(), "WithTimeout") {
		t.Errorf("Write: %v", err)
	}
	testkit.WantContent(t, path, "1")
}

func TestDeletingTheLockFileNeverGivesTwoHolders(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Put(t, path, "old")
	disk := faultfs.Wrap(osFS)
	robbed := safefile.New[string](path, over(disk))
	disk.Before(func(op faultfs.Op) error {
		if op.Verb != faultfs.Sync {
			return nil
		}
		// Somebody "cleans up", and another process writes.
		testkit.Must(t, os.Remove(path+".lock"))
		return safefile.WriteFile(path, []byte("the other's"), over(osFS))
	})
	err := robbed.WriteBytes([]byte("the robbed one's"))
	testkit.WantIs(t, "it", err, errors.ErrLockLost, errors.ErrWrite)
	disk.Reset()
	testkit.WantContent(t, path, "the other's")
	testkit.WantNames(t, filepath.Dir(path), "file", "file.lock")
	testkit.Must(t, robbed.WriteBytes([]byte("again")))
}

func TestTheLockFileStays(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file")
	f := safefile.New[string](path)
	testkit.Must(t, f.Append("x"))
	before, err := os.Stat(path + ".lock")
	testkit.Must(t, err)
	testkit.Must(t, f.Remove())
	testkit.Must(t, f.Append("x"))
	after, err := os.Stat(path + ".lock")
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("it is another one: %v", err)
	}
}

func TestTheLockIsAFileOfItsOwnAndTheDataIsNeverLocked(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Put(t, path, "old")
	disk := faultfs.Wrap(osFS)
	looked := false
	disk.Before(func(op faultfs.Op) error {
		if op.Verb != faultfs.Create || strings.HasSuffix(op.Path, ".lock") {
			return nil
		}
		looked = true
		data := flock.New(path, flock.SetFlag(os.O_RDONLY))
		if ok, err := data.TryLock(); !ok || err != nil {
			t.Errorf("the data file is locked: %v", err)
		}
		testkit.Must(t, data.Unlock())
		if ok, _ := flock.New(path + ".lock").TryLock(); ok {
			t.Error("the lock file is not locked")
		}
		return nil
	})
	testkit.Must(t, safefile.WriteFile(path, []byte("new"), over(disk)))
	if !looked {
		t.Error("no temp was made")
	}
}

func TestWhatIsPlantedAsALockIsRefusedAndLeftAlone(t *testing.T) {
	testkit.NeedLinux(t)
	for what, plant := range map[string]func(t *testing.T, lock string){
		"a link":          func(t *testing.T, lock string) { testkit.Must(t, os.Symlink("victim", lock)) },
		"a dangling link": func(t *testing.T, lock string) { testkit.Must(t, os.Symlink("nothing", lock)) },
		"a looping link":  func(t *testing.T, lock string) { testkit.Must(t, os.Symlink(filepath.Base(lock), lock)) },
		"a FIFO":          func(t *testing.T, lock string) { testkit.FIFO(t, lock) },
		"a directory":     func(t *testing.T, lock string) { testkit.Must(t, os.Mkdir(lock, 0o755)) },
		"a socket": func(t *testing.T, lock string) {
			l, err := net.Listen("unix", lock)
			testkit.Must(t, err)
			t.Cleanup(func() { l.Close() })
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := testkit.Memory(t)
			path := filepath.Join(dir, "file")
			testkit.Put(t, path, "old")
			testkit.Put(t, filepath.Join(dir, "victim"), "precious")
			plant(t, path+".lock")
			before, err := os.Lstat(path + ".lock")
			testkit.Must(t, err)
			err = testkit.InTime(t, "a write", func() error { return safefile.WriteFile(path, []byte("new")) })
			if !errors.Is(err, errors.ErrLock) || !errors.Is(err, errors.ErrWrite) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
			if strings.HasSuffix(what, "link") && !errors.Is(err, errors.ErrSymlink) {
				t.Errorf("not ErrSymlink: %v", err)
			}
			testkit.WantContent(t, path, "old")
			testkit.WantContent(t, filepath.Join(dir, "victim"), "precious")
			testkit.WantNames(t, dir, "file", "file.lock", "victim")
			if after, err := os.Lstat(path + ".lock"); err != nil || after.Mode() != before.Mode() {
				t.Errorf("what was planted is now %v, %v", after, err)
			}
		})
	}
}

func TestALockThatCannotBeOpenedIsNotBusy(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Put(t, path, "old")
	disk := faultfs.Wrap(osFS)
	for _, fault := range []error{syscall.ENOSYS, syscall.ENOLCK, syscall.EIO} {
		disk.FailAll(faultfs.Same, fault)
		err := safefile.WriteFile(path, []byte("new"), over(disk))
		if errors.Is(err, errors.ErrTimeout) || errors.Is(err, errors.ErrLocked) || !errors.Is(err, errors.ErrLock) {
			t.Errorf("%v: %v", fault, err)
		}
	}
	testkit.WantContent(t, path, "old")
}

func TestTheLockDirectoryCanBeChosen(t *testing.T) {
	dir, locks := testkit.Memory(t), testkit.Memory(t)
	path := filepath.Join(dir, strings.Repeat("n", 255))
	f := safefile.New[string](path, safefile.WithLockDir(locks))
	testkit.Must(t, f.Append("x"))
	testkit.WantNames(t, dir, filepath.Base(path))
	made := testkit.Names(t, locks)
	if len(made) != 1 || !strings.HasSuffix(made[0], ".lock") {
		t.Fatalf("the lock directory holds %v", made)
	}
	other := flock.New(filepath.Join(locks, made[0]))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	defer other.Unlock()
	testkit.WantIs(t, "with the lock held", safefile.WriteFile(path, nil, safefile.WithLockDir(locks), safefile.WithTimeout(0)), errors.ErrLocked)
	missing := safefile.WriteFile(path, nil, safefile.WithLockDir(filepath.Join(locks, "none")))
	if !errors.Is(missing, errors.ErrLock) || !errors.Is(missing, fs.ErrNotExist) {
		t.Errorf("a missing lock directory: %v", missing)
	}
	testkit.WantIs(t, "an empty lock directory", safefile.WriteFile(path, nil, safefile.WithLockDir("")), fs.ErrInvalid)
}
