package safefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAStreamKeepsTheMetadataThatTheFileHasWhenItIsCommitted(t *testing.T) {
	testkit.NeedRoot(t)
	for name, there := range map[string]bool{"a file": true, "a file that is made meanwhile": false} {
		path := filepath.Join(t.TempDir(), "file")
		if there {
			testkit.Put(t, path, "old")
		}
		w, err := safefile.New[string](path).Create()
		testkit.Must(t, err)
		defer w.Close()
		_, err = w.Write([]byte("new"))
		testkit.Must(t, err)
		testkit.Put(t, path, "somebody else's")
		testkit.Must(t, os.Chown(path, 1001, 1002))
		testkit.Must(t, os.Chmod(path, 0o600))
		setACL(t, "-m", "u:1234:r", path)
		testkit.SetXattr(t, path, "user.colour", "blue")
		before := getACL(t, path)
		testkit.Must(t, w.Commit())
		testkit.WantContent(t, path, "new")
		testkit.WantOwner(t, path, 1001, 1002)
		if after := getACL(t, path); after != before {
			t.Errorf("%s: was\n%s\nis\n%s", name, before, after)
		}
		if got, _ := testkit.Xattr(path, "user.colour"); got != "blue" {
			t.Errorf("%s: the attribute is %q", name, got)
		}
	}
}

func TestAStreamUndoesNoChmodMadeWhileItIsCommitted(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"chmod":     func(t *testing.T, path string) { testkit.Must(t, os.Chmod(path, 0o600)) },
		"setfacl":   func(t *testing.T, path string) { setACL(t, "-m", "u:1234:-,m:rw,g::rw", path) },
		"attribute": func(t *testing.T, path string) { testkit.SetXattr(t, path, "user.colour", "blue") },
	} {
		path := filepath.Join(t.TempDir(), "file")
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chmod(path, 0o660))
		disk := faultfs.Wrap(vfs.OS)
		w, err := safefile.New[string](path, over(disk)).Create()
		testkit.Must(t, err)
		defer w.Close()
		_, err = w.Write([]byte("new"))
		testkit.Must(t, err)
		var after string
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Sync && after == "" {
				change(t, path)
				after = getACL(t, path)
			}
			return nil
		})
		testkit.WantIs(t, name, w.Commit(), errors.ErrChanged)
		testkit.WantContent(t, path, "old")
		if now := getACL(t, path); now != after {
			t.Errorf("%s: was\n%s\nis\n%s", name, after, now)
		}
		wantNoTemps(t, filepath.Dir(path))
	}
}
