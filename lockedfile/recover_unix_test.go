//go:build unix

package lockedfile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() {
	roles["append"] = func(args []string) {
		testkit.Check(safefile.New[string](args[0], safefile.WithSafety(safefile.BestEffort)).Append("+"))
		testkit.Say("appended")
	}
}

// sharedPaths are the paths of two files in two directories that every user may write.
func sharedPaths(t *testing.T) (paths []string) {
	for _, name := range []string{"a.txt", "b.txt"} {
		path := filepath.Join(testkit.Shared(t, 0o777), name)
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chmod(path, 0o666))
		paths = append(paths, path)
	}
	return paths
}

func TestAnotherUserWhoMayWriteTheFilesCompletesALockAll(t *testing.T) {
	const user = 4321
	for i := range 2 {
		paths := sharedPaths(t)
		cutOff(t, paths)
		p := testkit.Start(t, testkit.As(t, testkit.Self(t, "append", paths[i]), user, user))
		p.Expect("appended")
		testkit.Must(t, p.Wait())
		for j, path := range paths {
			testkit.WantContent(t, path, map[bool]string{true: "new+", false: "new"}[i == j])
			testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
		}
	}
}

// In a sticky directory every user can make a file of any name, and nobody can replace another user's file.
func TestAStrangersJournalInAStickyDirectoryStopsNoWriter(t *testing.T) {
	testkit.NeedRoot(t)
	const user, owner = 4321, 4322
	paths := sharedPaths(t)
	journal := cutOff(t, paths)
	for _, path := range paths {
		testkit.Must(t, os.Chown(path, owner, owner))
		dir := filepath.Dir(path)
		planted, err := filepath.Glob(filepath.Join(dir, ".holdfast-*"))
		testkit.Must(t, err)
		for _, name := range planted {
			testkit.Must(t, os.Chown(name, user, user))
		}
		testkit.Must(t, os.Chmod(dir, 0o777|fs.ModeSticky))
	}
	for _, garbage := range []bool{false, true} {
		if garbage {
			testkit.Must(t, os.WriteFile(journal, []byte("garbage"), 0o644))
			testkit.Must(t, os.Chown(journal, user, user))
		}
		testkit.WantIs(t, "Recover", lockedfile.Recover(context.Background(), paths), errors.ErrFile)
		for _, path := range paths {
			testkit.WantNil(t, "a write", safefile.New[string](path, another()).Append("+"))
		}
	}
	for _, path := range paths {
		testkit.WantContent(t, path, "old++")
	}
}

// An empty lock file that is young may be another program's, and gets no record before it is two seconds old.
// A time to come, as after the clock was set back, says nothing of the age: then the two seconds begin with the lock.
func TestALockAllWaitsUntilItsMarkCanBeWritten(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"made now": 0, "made in an hour": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			paths := twoDirs(t)
			for _, path := range paths {
				testkit.Put(t, path+".lock", "")
				made := time.Now().Add(ahead)
				testkit.Must(t, os.Chtimes(path+".lock", made, made))
			}
			began := time.Now()
			cutOff(t, paths)
			if waited := time.Since(began); waited > time.Minute {
				t.Errorf("it has waited for %v", waited)
			}
			for _, path := range paths {
				if info, err := lockedfile.Inspect(path); err != nil || !info.Stale {
					t.Errorf("nobody learns that the holder of %s is gone: %+v, %v", path, info, err)
				}
			}
			testkit.WantNil(t, "it", lockedfile.New[string](paths[0]).Append("+"))
			testkit.WantContent(t, paths[1], "new")
		})
	}
}
