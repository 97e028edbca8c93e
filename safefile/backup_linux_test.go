package safefile_test

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// The inode of such a file stays, so a hard link would change with it.
func TestAFileThatIsRewrittenInPlaceIsCopiedIntoItsBackup(t *testing.T) {
	for name, opts := range map[string][]safefile.Option{"plain": nil, "sealed": {safefile.WithChecksum()}} {
		t.Run(name, func(t *testing.T) {
			path := boundConfig(t, filepath.Join(t.TempDir(), "source"), t.TempDir())
			opts = append(opts, safefile.WithBackups(2), safefile.WithSafety(safefile.BestEffort), quiet, jsonCodec)
			f := safefile.New[string](path, opts...)
			for _, text := range []string{"a", "b", "c"} {
				testkit.Must(t, f.WriteBytes([]byte(text)))
			}
			wantBackups(t, f, "3:b", "2:a")
			testkit.WantContent(t, path, "c")
			list, err := f.Backups()
			testkit.Must(t, err)
			testkit.Must(t, f.Restore(list[1]))
			testkit.WantContent(t, path, "a")
			wantBackups(t, f, "4:c", "3:b")
		})
	}
}

// Each operation fails in turn: the file is old or new, and no backup is of a content that never was.
func TestAWriteInPlaceThatFailsMakesNoBackup(t *testing.T) {
	for n := 1; ; n++ {
		path := boundConfig(t, filepath.Join(t.TempDir(), "source"), t.TempDir())
		disk := faultfs.Wrap(vfs.OS)
		f := safefile.New[string](path, safefile.WithBackups(2), safefile.WithSafety(safefile.BestEffort), quiet, jsonCodec, over(disk))
		disk.FailAt(n, os.ErrInvalid)
		err := f.WriteBytes([]byte("new"))
		ops := len(disk.Ops())
		disk.Reset()
		list := texts(t, f)
		data, readErr := f.ReadBytes()
		testkit.Must(t, readErr)
		switch {
		case err == nil && (string(data) != "new" || !slices.Equal(list, []string{"1:old"})):
			t.Errorf("operation %d fails, the write does not: %q, backups %q", n, data, list)
		case err != nil && !errors.Is(err, errors.ErrNotDurable) && (string(data) != "old" || len(list) > 0):
			t.Errorf("operation %d fails: %v: %q, backups %q", n, err, data, list)
		}
		if n > ops {
			t.Logf("%d operations", ops)
			return
		}
	}
}

// In a sticky directory everybody can make names, and nobody can replace another user's file.
func TestAnotherUsersFileInAStickyDirectoryIsNoBackup(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777|os.ModeSticky)
	f := safefile.New[string](filepath.Join(dir, "f.txt"), safefile.WithBackups(1))
	writeAll(t, f, "a")
	testkit.Must(t, os.Chown(f.Path(), 12, 12))
	const mallory = 34
	secret := testkit.File(t, "secret", "secret")
	planted := map[string]string{f.Path() + ".~3~": "planted", f.Path() + ".~4~.sha256": "planted", f.Path() + ".~90~": "secret"}
	for path, text := range planted {
		if text == "secret" { // a further name of root's own file
			data := filepath.Join(dir, "secret")
			testkit.Must(t, os.WriteFile(data, []byte(testkit.Content(t, secret)), 0o600))
			testkit.Must(t, os.Link(data, path))
			continue
		}
		testkit.Put(t, path, text)
		testkit.Must(t, os.Chown(path, mallory, mallory))
	}
	writeAll(t, f, "b", "c", "d", "e")
	wantBackups(t, f, "6:d")
	for path, text := range planted {
		testkit.WantContent(t, path, text)
	}
	for _, number := range []int{3, 90} {
		if _, err := f.ReadBackup(safefile.Backup{Number: number}); err == nil {
			t.Errorf("backup %d can be read", number)
		}
	}
	// The file's owner, root and this process's user are trusted.
	testkit.Must(t, os.Chown(f.Path()+".~6~", 12, 12))
	wantBackups(t, f, "6:d")
	testkit.Must(t, os.Chown(f.Path()+".~6~", mallory, mallory))
	wantBackups(t, f)
	testkit.Must(t, os.Chmod(dir, 0o777))
	if got := texts(t, f); !slices.Contains(got, "6:d") {
		t.Errorf("without the sticky bit there are %q", got)
	}
}

func TestACopiedBackupHasOwnerAndModeOfItsFile(t *testing.T) {
	testkit.NeedRoot(t)
	disk := faultfs.Wrap(vfs.OS)
	f := keeping(t, 2, over(disk), safefile.WithChecksum())
	writeAll(t, f, "secret")
	testkit.Must(t, os.Chmod(f.Path(), 0o640))
	testkit.Must(t, os.Chown(f.Path(), 12, 34))
	disk.Before(noLinks)
	writeAll(t, f, "new")
	for _, path := range []string{f.Path() + ".~1~", f.Path() + ".~1~.sha256"} {
		testkit.WantMode(t, path, 0o640)
		testkit.WantOwner(t, path, 12, 34)
	}
}

func TestAFIFOUnderABackupsNameIsLeftAlone(t *testing.T) {
	f := keeping(t, 1)
	testkit.FIFO(t, f.Path()+".~1~")
	testkit.Must(t, testkit.InTime(t, "the writes", func() error {
		writeAll(t, f, "a", "b", "c")
		return nil
	}))
	wantBackups(t, f, "3:b")
	if _, err := os.Lstat(f.Path() + ".~1~"); err != nil {
		t.Error(err)
	}
}

func TestBackupsLeaveNoDescriptorOpen(t *testing.T) {
	f := keeping(t, 2, safefile.WithChecksum())
	writeAll(t, f, "a", "b")
	before := testkit.Descriptors(t)
	for _, copies := range []bool{false, true} {
		disk := faultfs.Wrap(vfs.OS)
		if copies {
			disk.Before(noLinks)
		}
		g := safefile.New[string](f.Path(), safefile.WithBackups(2), safefile.WithChecksum(), over(disk))
		writeAll(t, g, "c", "d")
		list, err := g.Backups()
		testkit.Must(t, err)
		testkit.Must(t, g.Restore(list[1]))
		testkit.Must(t, g.Remove())
		writeAll(t, g, "e")
		from := g.Path() + ".from"
		testkit.Put(t, from, "x")
		testkit.Must(t, safefile.Move(from, g.Path(), safefile.WithBackups(2), over(disk)))
		testkit.Must(t, g.Remove())
		_, err = g.ReadBackup(safefile.Backup{Number: 1})
		if err == nil {
			t.Error("backup 1 is still there")
		}
	}
	testkit.Until(t, "all descriptors are closed", func() bool { return testkit.Descriptors(t) <= before })
}

// A secret that was removed must not come back with the permissions of a new file.
func TestARestoredFileIsReadableByNoMoreUsersThanItsBackup(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644} {
		for name, opts := range map[string][]safefile.Option{
			"plain": nil, "sealed": {safefile.WithChecksum()}, "without metadata": {safefile.WithoutMetadata()}, "a wide mode": {safefile.WithMode(0o666)},
		} {
			t.Run(name, func(t *testing.T) {
				path := testkit.File(t, "secret", "secret")
				testkit.Must(t, os.Chmod(path, mode))
				f := safefile.New[string](path, append(opts, safefile.WithBackups(2), jsonCodec)...)
				testkit.Must(t, f.Remove())
				list, err := f.Backups()
				testkit.Must(t, err)
				testkit.Must(t, f.Restore(list[0]))
				testkit.WantContent(t, path, "secret")
				for _, made := range []string{path, path + ".sha256"} {
					info, err := os.Stat(made)
					if err != nil && made != path {
						continue
					}
					testkit.Must(t, err)
					if wide := info.Mode().Perm() &^ mode; wide != 0 || made == path && info.Mode().Perm() != mode {
						t.Errorf("%s of a backup with mode %v has mode %v", filepath.Base(made), mode, info.Mode().Perm())
					}
				}
			})
		}
	}
}

// The owner, too, is the backup's.
func TestARestoredFileBelongsToTheOwnerOfItsBackup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	path := testkit.File(t, "secret", "secret")
	testkit.Must(t, os.Chmod(path, 0o640))
	testkit.Must(t, os.Chown(path, 1234, 4321))
	f := safefile.New[string](path, safefile.WithBackups(2), jsonCodec)
	testkit.Must(t, f.Remove())
	list, err := f.Backups()
	testkit.Must(t, err)
	testkit.Must(t, f.Restore(list[0]))
	info, err := os.Stat(path)
	testkit.Must(t, err)
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 1234 || s.Gid != 4321 || info.Mode().Perm() != 0o640 {
		t.Errorf("it belongs to %d:%d with mode %v", s.Uid, s.Gid, info.Mode().Perm())
	}
}
