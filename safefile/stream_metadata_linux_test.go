package safefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAStreamKeepsTheMetadataThatTheFileHasWhenItIsCommitted(t *testing.T) {
	needRoot(t)
	for name, there := range map[string]bool{"a file": true, "a file that is made meanwhile": false} {
		path := filepath.Join(t.TempDir(), "file")
		if there {
			put(t, path, "old")
		}
		w, err := safefile.New[string](path).Create()
		must(t, err)
		defer w.Close()
		_, err = w.Write([]byte("new"))
		must(t, err)
		put(t, path, "somebody else's")
		must(t, os.Chown(path, 1001, 1002))
		must(t, os.Chmod(path, 0o600))
		setACL(t, "-m", "u:1234:r", path)
		setXattr(t, path, "user.colour", "blue")
		before := getACL(t, path)
		must(t, w.Commit())
		wantContent(t, path, "new")
		wantOwner(t, path, 1001, 1002)
		if after := getACL(t, path); after != before {
			t.Errorf("%s: was\n%s\nis\n%s", name, before, after)
		}
		if got, _ := getXattr(path, "user.colour"); got != "blue" {
			t.Errorf("%s: the attribute is %q", name, got)
		}
	}
}

func TestAStreamUndoesNoChmodMadeWhileItIsCommitted(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"chmod":     func(t *testing.T, path string) { must(t, os.Chmod(path, 0o600)) },
		"setfacl":   func(t *testing.T, path string) { setACL(t, "-m", "u:1234:-,m:rw,g::rw", path) },
		"attribute": func(t *testing.T, path string) { setXattr(t, path, "user.colour", "blue") },
	} {
		path := filepath.Join(t.TempDir(), "file")
		put(t, path, "old")
		must(t, os.Chmod(path, 0o660))
		disk := faultfs.Wrap(vfs.OS)
		w, err := safefile.New[string](path, over(disk)).Create()
		must(t, err)
		defer w.Close()
		_, err = w.Write([]byte("new"))
		must(t, err)
		var after string
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Sync && after == "" {
				change(t, path)
				after = getACL(t, path)
			}
			return nil
		})
		if err := w.Commit(); !errors.Is(err, errors.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		wantContent(t, path, "old")
		if now := getACL(t, path); now != after {
			t.Errorf("%s: was\n%s\nis\n%s", name, after, now)
		}
		wantNoTemps(t, filepath.Dir(path))
	}
}
