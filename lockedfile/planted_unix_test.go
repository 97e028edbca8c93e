//go:build unix

package lockedfile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// everyOperation is all that resolves the last element of a path itself. Each leaves
// the file where it is usable for the next, or fails.
var everyOperation = map[string]func(path string) error{
	"WriteBytes": func(path string) error { return safefile.New[any](path).WriteBytes([]byte("new")) },
	"Append":     func(path string) error { return safefile.New[any](path).Append("new") },
	"Remove":     func(path string) error { return safefile.New[any](path).Remove() },
	"Move from":  func(path string) error { return safefile.Move(path, path+".moved") },
	"Move to": func(path string) error {
		other, err := os.MkdirTemp("", "holdfast")
		if err != nil {
			return err
		}
		defer os.RemoveAll(other)
		other = filepath.Join(other, "other")
		if err := os.WriteFile(other, nil, 0o600); err != nil {
			return err
		}
		return safefile.Move(other, path)
	},
	"Create": func(path string) error {
		w, err := safefile.New[any](path).Create()
		if err != nil {
			return err
		}
		defer w.Close()
		return w.Commit()
	},
	"Acquire":    func(path string) error { return release(lockedfile.Acquire(context.Background(), path)) },
	"TryAcquire": func(path string) error { return release(lockedfile.TryAcquire(path)) },
	"LockAll": func(path string) error {
		return lockedfile.LockAll(context.Background(), []string{path}, func(context.Context) error { return nil })
	},
	"Locked": func(path string) error {
		return lockedfile.New[any](path).Locked(func(*lockedfile.Tx[any]) error { return nil })
	},
	"checksum.Write":  checksum.Write,
	"checksum.Remove": checksum.Remove,
}

// everyCheckedRead is what reads through the sidecar's directory, or judges it.
var everyCheckedRead = map[string]func(path string) error{
	"ReadFile with checksum": func(path string) error {
		_, err := safefile.ReadFile(path, safefile.WithChecksum())
		return err
	},
	"Open with checksum": func(path string) error {
		r, err := safefile.New[any](path, safefile.WithChecksum()).Open()
		if err != nil {
			return err
		}
		return r.Close()
	},
	"checksum.Verify": checksum.Verify,
	"checksum.Read": func(path string) error {
		_, err := checksum.Read(path)
		return err
	},
	"Inspect": func(path string) error {
		_, err := guarantee.Inspect(path)
		return err
	},
	"Doctor": func(path string) error {
		_, err := guarantee.Doctor(path)
		return err
	},
	"lock Inspect": func(path string) error {
		_, err := lockedfile.Inspect(path)
		return err
	},
	"ForceRelease": func(path string) error { return lockedfile.ForceRelease(path) },
}

// shared is a directory like /tmp, with a file of this user's elsewhere that links in
// it may lead to.
func shared(t *testing.T) (dir, target string) {
	t.Helper()
	testkit.NeedRoot(t) // to make links of other users
	dir = t.TempDir()
	testkit.Must(t, os.Chmod(dir, fs.ModeSticky|0o777))
	target = filepath.Join(t.TempDir(), "target")
	return dir, target
}

func plant(t *testing.T, text, link string, owner int) {
	t.Helper()
	testkit.Must(t, os.Symlink(text, link))
	testkit.Must(t, os.Lchown(link, owner, owner))
}

func TestALinkThatAnotherUserPlantedInASharedDirectoryIsNotFollowed(t *testing.T) {
	for _, chain := range []bool{false, true} {
		dir, target := shared(t)
		link := filepath.Join(dir, "link")
		plant(t, target, link, 4711)
		path := link
		if chain { // the link of the caller's own leads to the planted one
			path = filepath.Join(t.TempDir(), "mine")
			testkit.Must(t, os.Symlink(link, path))
		}
		for _, operations := range []map[string]func(string) error{everyOperation, everyCheckedRead} {
			for name, do := range operations {
				testkit.Put(t, target, "old")
				err := do(path)
				if !errors.Is(err, syscall.EACCES) || !errors.Is(err, fs.ErrPermission) {
					t.Errorf("%s, in a chain: %v: %v", name, chain, err)
				}
				testkit.WantContent(t, target, "old")
			}
		}
		testkit.WantNames(t, filepath.Dir(target), "target")
		testkit.WantNames(t, dir, "link")
	}
}

func TestLinksOfTheCallerAndOfTheSharedDirectorysOwnerAreFollowed(t *testing.T) {
	dir, target := shared(t)
	testkit.Must(t, os.Chown(dir, 4711, 4711))
	for _, owner := range []int{os.Geteuid(), 4711} {
		link := filepath.Join(dir, "link")
		plant(t, target, link, owner)
		testkit.Must(t, safefile.WriteFile(link, []byte("new")))
		testkit.WantContent(t, target, "new")
		testkit.Must(t, os.Remove(link))
		testkit.Must(t, os.Remove(target))
	}
	for _, mode := range []fs.FileMode{0o777, fs.ModeSticky | 0o755} { // another rule is not the kernel's either
		testkit.Must(t, os.Chmod(dir, mode))
		link := filepath.Join(dir, "link")
		plant(t, target, link, 815)
		testkit.Must(t, safefile.WriteFile(link, []byte("new")))
		testkit.Must(t, os.Remove(link))
	}
}

func TestReplaceTakesAwayAPlantedLink(t *testing.T) {
	dir, target := shared(t)
	link := filepath.Join(dir, "link")
	plant(t, target, link, 4711)
	testkit.Must(t, safefile.WriteFile(link, []byte("new"), safefile.WithSymlinks(safefile.Replace)))
	testkit.WantContent(t, link, "new")
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target: %v", err)
	}
}
