package lockedfile_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// specials are paths of what is no regular file, and of open files.
func specials(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	paths := map[string]string{"null": "/dev/null", "directory": filepath.Join(dir, "directory"), "fifo": filepath.Join(dir, "fifo"),
		"socket": filepath.Join(dir, "socket")}
	testkit.Must(t, os.Mkdir(paths["directory"], 0o755))
	testkit.Must(t, syscall.Mkfifo(paths["fifo"], 0o600))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: paths["socket"]})
	testkit.Must(t, err)
	t.Cleanup(func() { listener.Close() })

	r, w, err := os.Pipe()
	testkit.Must(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	paths["descriptor of a pipe"] = fmt.Sprintf("/proc/self/fd/%d", w.Fd())
	for _, padding := range []int{1, 64} { // procfs tells 64 as the length of every such link
		name := filepath.Join(dir, "open")
		name += strings.Repeat("n", max(0, padding-len(name)))
		file, err := os.Create(name)
		testkit.Must(t, err)
		t.Cleanup(func() { file.Close() })
		paths[fmt.Sprintf("descriptor of a file of %d bytes", len(name))] = fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	}
	for name, path := range paths {
		link := filepath.Join(dir, "link to "+name)
		testkit.Must(t, os.Symlink(path, link))
		paths["link to "+name] = link
	}
	return paths
}

// around lists what lies beside a path, and beside what it leads to.
func around(t *testing.T, path string) string {
	t.Helper()
	text := ""
	for range 3 {
		text += strings.Join(testkit.Names(t, filepath.Dir(path)), "\n") + "\n"
		target, err := os.Readlink(path)
		if err != nil || !filepath.IsAbs(target) {
			break
		}
		path = target
	}
	return text
}

func TestWhatIsNoRegularFileIsRefusedAndNothingIsLeftBesideIt(t *testing.T) {
	for what, path := range specials(t) {
		before := around(t, path)
		for name, do := range everyOperation {
			err := do(path)
			if strings.HasSuffix(what, "directory") && !errors.Is(err, syscall.EISDIR) ||
				!strings.HasSuffix(what, "directory") && !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s of a %s (%s): %v", name, what, path, err)
			}
			if after := around(t, path); after != before {
				t.Fatalf("%s of a %s left something:\n%s\nbefore:\n%s", name, what, after, before)
			}
		}
	}
}

func TestAReadRefusesWhatIsNoRegularFile(t *testing.T) {
	for what, path := range specials(t) {
		if strings.Contains(what, "descriptor of a file") {
			continue // the content can be read, as os.ReadFile does
		}
		_, err := safefile.ReadFile(path)
		if !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, syscall.EISDIR) || !errors.Is(err, errors.ErrRead) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// lead makes a link lead to a name beside it, at once.
func lead(t *testing.T, link, name string) {
	t.Helper()
	testkit.Must(t, os.Symlink(name, link+".new"))
	testkit.Must(t, os.Rename(link+".new", link))
}

// A handle remembers the file that its link led to. When the link leads to another file, the state of the old
// file does not matter any more: its lock may be held by another process, or be broken.
func TestTheFileThatALinkLedToIsNothingToTheHandle(t *testing.T) {
	for name, happens := range map[string]func(t *testing.T, lock string){
		"held": func(t *testing.T, lock string) {
			f, err := os.Open(lock)
			testkit.Must(t, err)
			t.Cleanup(func() { f.Close() })
			testkit.Must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
		},
		"broken": func(t *testing.T, lock string) {
			testkit.Must(t, os.Remove(lock))
			testkit.Must(t, os.Mkdir(lock, 0o755))
		},
	} {
		for _, timeout := range []time.Duration{0, time.Hour} {
			t.Run(name+" "+timeout.String(), func(t *testing.T) {
				dir := t.TempDir()
				link := filepath.Join(dir, "link.json")
				lead(t, link, "a.json")
				f := lockedfile.New[scores](link, safefile.WithTimeout(timeout))
				testkit.Must(t, f.Write(scores{"a": 1}))
				happens(t, filepath.Join(dir, "a.json.lock"))
				lead(t, link, "b.json")
				for n := range 2 {
					testkit.Must(t, f.Write(scores{"b": n}))
				}
				other, err := lockedfile.New[scores](filepath.Join(dir, "b.json")).Read()
				if err != nil || other["b"] != 1 {
					t.Errorf("%v, %v", other, err)
				}
			})
		}
	}
}

// An editor saves in place, in the second in which the file was written and as
// many bytes, on a filesystem that counts seconds.
func TestAnEditorsSaveInTheSameSecondIsKept(t *testing.T) {
	path := filepath.Join(disktest.NewCoarse(t).Dir(), "app.yaml")
	save := func(content string) {
		testkit.Put(t, path, content)
	}
	f := lockedfile.New[map[string]int](path)
	for i := range 20 {
		save("a: 1\n")
		err := f.Update(func(v *map[string]int) error {
			(*v)["a"] = 2
			save("a: 9\n")
			return nil
		})
		if !errors.Is(err, errors.ErrChanged) {
			t.Fatalf("round %d: %v", i, err)
		}
		if now, err := f.Read(); err != nil || now["a"] != 9 {
			t.Fatalf("round %d: the file says %v, %v", i, now, err)
		}
	}
}

// fullDisk is a filesystem that takes no new file, with some files and no locks in it.
// room takes away a file that is not one of them.
func fullDisk(t *testing.T, names ...string) (dir string, room func()) {
	t.Helper()
	dir = filepath.Join(disktest.Tmpfs(t, "nr_inodes=32"), "dir")
	fill := filepath.Join(filepath.Dir(dir), "fill")
	for _, d := range []string{dir, fill} {
		testkit.Must(t, os.Mkdir(d, 0o755))
	}
	for _, name := range names {
		testkit.Put(t, filepath.Join(dir, name), name)
	}
	last := ""
	for n := 0; ; n++ {
		path := filepath.Join(fill, fmt.Sprint(n))
		f, err := os.Create(path)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		testkit.Must(t, err)
		testkit.Must(t, f.Close())
		last = path
	}
	return dir, func() { testkit.Must(t, os.Remove(last)) }
}

func TestRemoveAndMoveWorkWhereNoLockFileCanBeMade(t *testing.T) {
	dir, _ := fullDisk(t, "a", "b", "c")
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := safefile.WriteFile(path("a"), []byte("new")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a write that needs space: %v", err)
	}
	testkit.Must(t, safefile.Move(path("a"), path("moved")))
	testkit.Must(t, safefile.Move(path("b"), path("c")))
	testkit.WantContent(t, path("moved"), "a")
	testkit.WantContent(t, path("c"), "b")
	testkit.WantNames(t, dir, "c", "moved")
	testkit.Must(t, safefile.New[any](path("moved")).Remove())
	testkit.WantNames(t, dir, "c", "moved.lock") // the move over c made room for one file
}

// Once there is space again another process can make the lock file. It must not get in
// while a file is being removed without one, nor the other way round.
func TestALockFileIsNotMadeWhileAFileIsChangedWithoutOne(t *testing.T) {
	t.Parallel() // most of it is waiting
	dir, room := fullDisk(t, "file")
	path := filepath.Join(dir, "file")
	other, err := os.Open(dir) // as another process would have it
	testkit.Must(t, err)
	defer other.Close()

	// Somebody makes a lock file in the directory: who can't make one has to wait.
	testkit.Must(t, syscall.Flock(int(other.Fd()), syscall.LOCK_SH))
	testkit.WantIs(t, "removed while a lock file was being made", safefile.New[any](path, safefile.WithTimeout(0)).Remove(), errors.ErrLocked)
	testkit.WantContent(t, path, "file")

	// Somebody changes a file without a lock file: who can make one waits, but not for
	// ever, since every reader of the directory can lock it.
	room()
	testkit.Must(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
	began := time.Now()
	testkit.Must(t, release(lockedfile.TryAcquire(path)))
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("the lock file was made after %v", waited)
	}
	testkit.Must(t, syscall.Flock(int(other.Fd()), syscall.LOCK_UN))
	testkit.Must(t, safefile.New[any](path).Remove())
	testkit.WantNames(t, dir, "file.lock")
}

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
		testkit.WantIs(t, "it", err, errors.ErrLock, fs.ErrPermission)
		if err == nil || !strings.Contains(err.Error(), "those who may write the data file") {
			t.Errorf("it says %v", err)
		}
	})
}
