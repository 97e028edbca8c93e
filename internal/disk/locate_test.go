package disk

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// tree is a disk with directories, files and links to walk.
func tree(t *testing.T) *crashfs.FS {
	t.Helper()
	testkit.NeedUnix(t)
	disk := crashfs.New()
	for _, dir := range []string{"/a", "/a/b", "/c"} {
		testkit.Must(t, disk.Mkdir(dir, 0o755))
	}
	for path, target := range map[string]string{
		"/a/relative": "b/file", "/a/absolute": "/c/file", "/a/up": "../c/file", "/a/dangling": "b/none",
		"/a/loop": "loop", "/a/two": "relative", "/toDir": "a/b", "/a/toDir": "b", "/a/slash": "b/", "/a/dot": "b/.",
		"/a/lost": "none/file", "/a/through": "/toDir/../file",
	} {
		testkit.Must(t, disk.Symlink(target, path))
	}
	for _, dir := range []string{"/a/b", "/c"} {
		d, err := disk.OpenDir(dir)
		testkit.Must(t, err)
		_, err = d.Create("file", 0o644)
		testkit.Must(t, err)
	}
	return disk
}

func TestLinksInTheLastPlaceAreFollowedFromTheirOwnDirectory(t *testing.T) {
	disk := tree(t)
	for path, c := range map[string]struct {
		dir, name string
		err       error
	}{
		"/a/b/file":     {dir: "/a/b", name: "file"},
		"/a/relative":   {dir: "/a/b", name: "file"},
		"/a/absolute":   {dir: "/c", name: "file"},
		"/a/up":         {dir: "/c", name: "file"},
		"/a/two":        {dir: "/a/b", name: "file"},
		"/a/dangling":   {dir: "/a/b", name: "none"},
		"/toDir/file":   {dir: "/a/b", name: "file"},
		"/toDir/new":    {dir: "/a/b", name: "new"},
		"/a/loop":       {err: errors.ErrSymlink},
		"/a/toDir":      {dir: "/a", name: "b"}, // a directory, which opening refuses
		"/a/slash":      {err: syscall.EISDIR},
		"/a/dot":        {err: syscall.EISDIR},
		"/a/lost":       {err: fs.ErrNotExist},
		"/":             {err: syscall.EISDIR},
		"/a/b/..":       {err: syscall.EISDIR},
		"/none/file":    {err: fs.ErrNotExist},
		"/a/b/file/sub": {err: syscall.ENOTDIR},
	} {
		got, err := New(disk).Locate(context.Background(), store.Target{Path: path})
		if c.err != nil {
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %+v, %v, want %v", path, got, err, c.err)
			}
			continue
		}
		dir, dirErr := disk.Stat(c.dir, true)
		if err != nil || dirErr != nil || got.Key != (store.Key{Space: [2]uint64{dir.Dev, dir.Ino}, Name: c.name}) {
			t.Errorf("%s: %+v, %v, want %s in %s", path, got, err, c.name, c.dir)
		}
	}
}

func TestFortyLinksAreFollowedAndNoMore(t *testing.T) {
	const maxHops = 40 // path_resolution(7)
	testkit.NeedUnix(t)
	disk := crashfs.New()
	name := func(i int) string { return "l" + strings.Repeat("x", i) }
	for i := range 60 {
		testkit.Must(t, disk.Symlink(name(i), "/"+name(i+1)))
	}
	if got, err := New(disk).Locate(context.Background(), store.Target{Path: "/" + name(maxHops)}); err != nil || got.Key.Name != name(0) {
		t.Errorf("%d links: %+v, %v", maxHops, got, err)
	}
	if _, err := New(disk).Locate(context.Background(), store.Target{Path: "/" + name(maxHops+1)}); !errors.Is(err, errors.ErrSymlink) {
		t.Errorf("one more: %v", err)
	}
}

func TestANameNeedsRoomForItsLock(t *testing.T) {
	p := at(t)
	for _, c := range []struct {
		length  int
		lockDir string
		want    error
	}{{250, "", nil}, {251, "", syscall.ENAMETOOLONG}, {255, t.TempDir(), nil}, {256, t.TempDir(), syscall.ENAMETOOLONG}} {
		p.Path, p.LockDir = filepath.Join(filepath.Dir(p.Path), strings.Repeat("n", c.length)), c.lockDir
		d := New(vfs.OS)
		where, err := d.Locate(context.Background(), p)
		if !errors.Is(err, c.want) {
			t.Errorf("%d bytes: %v, want %v", c.length, err, c.want)
		}
		if err != nil {
			continue
		}
		_, err = commit(session(t, d, p), text("x"), keep)
		testkit.Must(t, err)
		if where.Lock != c.lockDir {
			t.Errorf("the lock lies in %q", where.Lock)
		}
	}
	if where, err := New(vfs.OS).Locate(context.Background(), store.Target{Path: filepath.Join(t.TempDir(), "a"), NoLock: true}); err != nil || where.Lock != noLock {
		t.Errorf("without a lock: %+v, %v", where, err)
	}
}

func TestParentsThatCannotBeMadeOrSyncedAreAnError(t *testing.T) {
	testkit.NeedUnix(t)
	for _, verb := range []string{faultfs.Mkdir, faultfs.OpenDir, faultfs.SyncDir} {
		disk := faultfs.Wrap(crashfs.New())
		disk.FailAll(verb, syscall.EIO)
		if _, err := New(disk).Locate(context.Background(), store.Target{Path: "/a/b/file", Parents: 0o755}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// The policy of the write that follows accepts or refuses the missing fsync.
func TestParentsAreMadeWhereADirectoryCannotBeSynced(t *testing.T) {
	testkit.NeedUnix(t)
	for _, fault := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS} {
		disk := faultfs.Wrap(crashfs.New())
		disk.FailAll(faultfs.SyncDir, fault)
		if _, err := New(disk).Locate(context.Background(), store.Target{Path: "/a/b/file", Parents: 0o755}); err != nil {
			t.Error(err)
		}
	}
}

func TestAParentThatSomebodyElseJustMadeIsSyncedToo(t *testing.T) {
	testkit.NeedUnix(t)
	inner := crashfs.New()
	disk := faultfs.Wrap(inner)
	synced := false
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Mkdir {
			return inner.Mkdir(op.Path, 0o700)
		}
		synced = synced || op.Verb == faultfs.SyncDir && op.Path == "/"
		return nil
	})
	_, err := New(disk).Locate(context.Background(), store.Target{Path: "/a/file", Parents: 0o755})
	testkit.Must(t, err)
	if !synced {
		t.Error("its name was not synced")
	}
}

func TestAPlaceThatCannotBeLookedAtIsAnError(t *testing.T) {
	inner := tree(t)
	for verb, path := range map[string]string{faultfs.Stat: "/a/b/file", faultfs.Readlink: "/a/relative"} {
		disk := faultfs.Wrap(inner)
		disk.FailAll(verb, syscall.EIO)
		if _, err := New(disk).Locate(context.Background(), store.Target{Path: path}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	disk := faultfs.Wrap(inner)
	disk.FailAt(2, syscall.EIO)
	if _, err := New(disk).Locate(context.Background(), store.Target{Path: "/a/b/file"}); !errors.Is(err, syscall.EIO) {
		t.Errorf("the file: %v", err)
	}
}

func FuzzLocate(f *testing.F) {
	f.Add("a", "/b", "..", uint8(0))
	f.Add("l1", "l2", "l0", uint8(1))
	f.Add("../../l2", "", "//", uint8(2))
	f.Fuzz(func(t *testing.T, t0, t1, t2 string, policy uint8) {
		disk := crashfs.New()
		testkit.Must(t, disk.Mkdir("/d", 0o755))
		for i, target := range []string{t0, t1, t2} {
			if target != "" {
				testkit.Must(t, disk.Symlink(target, "/d/l"+string(rune('0'+i))))
			}
		}
		got, err := New(disk).Locate(context.Background(), store.Target{Path: "/d/l0", Symlinks: store.Symlinks(policy % 3), Parents: fs.FileMode(policy&4) << 6})
		if err != nil {
			return
		}
		info, err := disk.Stat(entryOf(got).Dir, true)
		if err != nil || !info.Mode.IsDir() || [2]uint64{info.Dev, info.Ino} != got.Key.Space || strings.ContainsRune(got.Key.Name, '/') || got.Key.Name == "" {
			t.Errorf("located %+v in %v, %v", got, info.Mode, err)
		}
	})
}
