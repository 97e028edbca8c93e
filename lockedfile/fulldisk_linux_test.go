package lockedfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disktest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

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
	dir, room := fullDisk(t, "file")
	path := filepath.Join(dir, "file")
	other, err := os.Open(dir) // as another process would have it
	testkit.Must(t, err)
	defer other.Close()

	// Somebody makes a lock file in the directory: who can't make one has to wait.
	testkit.Must(t, syscall.Flock(int(other.Fd()), syscall.LOCK_SH))
	if err := safefile.New[any](path, safefile.WithTimeout(0)).Remove(); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("removed while a lock file was being made: %v", err)
	}
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
