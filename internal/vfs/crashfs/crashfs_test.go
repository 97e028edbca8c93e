package crashfs

import (
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

func openDir(t *testing.T, f *FS, path string) vfs.Dir {
	t.Helper()
	d, err := f.OpenDir(path)
	testkit.Must(t, err)
	return d
}

// write makes a file in a directory without syncing either.
func write(t *testing.T, d vfs.Dir, name, text string) vfs.File {
	t.Helper()
	file, err := d.Create(name, 0o644)
	testkit.Must(t, err)
	_, err = file.Write([]byte(text))
	testkit.Must(t, err)
	return file
}

// show is what a disk holds: names with their content, in order.
func show(t *testing.T, f *FS) string {
	t.Helper()
	d := openDir(t, f, "/")
	all, err := d.Names()
	testkit.Must(t, err)
	var parts []string
	for _, name := range all {
		file, err := d.Open(name)
		testkit.Must(t, err)
		data, err := io.ReadAll(file)
		testkit.Must(t, err)
		parts = append(parts, name+"="+strings.ReplaceAll(string(data), "\x00", "0"))
	}
	return strings.Join(parts, " ")
}

// left are the different disks that a crash could leave, sorted.
func left(t *testing.T, f *FS) []string {
	t.Helper()
	all := map[string]bool{}
	for disk := range f.Crashes() {
		all[show(t, disk)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func wantLeft(t *testing.T, f *FS, want ...string) {
	t.Helper()
	if got := left(t, f); !slices.Equal(got, want) {
		t.Errorf("a crash leaves %q, want %q", got, want)
	}
}

func TestAnUnsyncedFileMayBeAnythingUnderItsNameOrHaveNone(t *testing.T) {
	f := New()
	write(t, openDir(t, f, "/"), "a", "data")
	wantLeft(t, f, "", "a=", "a=0000", "a=da", "a=data")
}

func TestAFileSyncSavesTheContentButNotTheName(t *testing.T) {
	f := New()
	testkit.Must(t, write(t, openDir(t, f, "/"), "a", "data").Sync())
	wantLeft(t, f, "", "a=data")
}

func TestADirectorySyncSavesTheNameButNotTheContent(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	write(t, d, "a", "data")
	testkit.Must(t, d.Sync())
	wantLeft(t, f, "a=", "a=0000", "a=da", "a=data")
}

func TestARenameIsOneChangeAndOlderChangesMayFollowIt(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	write(t, d, "a", "old")
	f.SyncAll()
	testkit.Must(t, write(t, d, "temp", "new").Sync())
	testkit.Must(t, d.Rename("temp", d, "a"))
	wantLeft(t, f, "a=new", "a=old", "a=old temp=new")
	testkit.Must(t, d.Sync())
	wantLeft(t, f, "a=new")
}

func TestARemovalLastsOnceItsDirectoryIsSynced(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	write(t, d, "a", "x")
	f.SyncAll()
	testkit.Must(t, d.Remove("a"))
	wantLeft(t, f, "", "a=x")
	testkit.Must(t, d.Sync())
	wantLeft(t, f, "")
}

func TestAnOverwriteInPlaceMayTear(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	file := write(t, d, "a", "abcd")
	f.SyncAll()
	_, err := file.WriteAt([]byte("WXYZ"), 0)
	testkit.Must(t, err)
	wantLeft(t, f, "a=", "a=0000", "a=WX", "a=WXYZ", "a=abcd")
}

func TestUnsyncedMetadataMayBeOldOrNew(t *testing.T) {
	f := New()
	file := write(t, openDir(t, f, "/"), "a", "x")
	f.SyncAll()
	testkit.Must(t, file.Chmod(0o600))
	testkit.Must(t, file.Chown(1, 2))
	testkit.Must(t, file.SetAttr("user.x", []byte("y")))
	modes := map[fs.FileMode]int{}
	for disk := range f.Crashes() {
		info, err := disk.Stat("/a", true)
		testkit.Must(t, err)
		modes[info.Mode]++
	}
	if len(modes) != 2 || modes[0o644] == 0 || modes[0o600] == 0 {
		t.Errorf("modes after the crash: %v", modes)
	}
}

func TestACrashLeavesTheDiskItselfAloneAndIsOneOfItsOwn(t *testing.T) {
	f := New()
	write(t, openDir(t, f, "/"), "a", "data")
	for disk := range f.Crashes() {
		write(t, openDir(t, disk, "/"), "b", "more")
	}
	if got := show(t, f); got != "a=data" {
		t.Errorf("the disk holds %q", got)
	}
}

func TestADirectoryIsLostWithItsUnsyncedName(t *testing.T) {
	f := New()
	testkit.Must(t, f.Mkdir("/d", 0o755))
	d := openDir(t, f, "/d")
	testkit.Must(t, write(t, d, "a", "x").Sync())
	testkit.Must(t, d.Sync())
	lost := 0
	for disk := range f.Crashes() {
		if _, err := disk.Stat("/d/a", true); errors.Is(err, fs.ErrNotExist) {
			lost++
		}
	}
	if lost == 0 {
		t.Error("the directory's name was never lost")
	}
	testkit.Must(t, openDir(t, f, "/").Sync())
	for disk := range f.Crashes() {
		_, err := disk.Stat("/d/a", true)
		testkit.Must(t, err)
	}
}

func TestVerbsRefuseWhatARealDiskRefuses(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	file := write(t, d, "a", "x")
	testkit.Must(t, f.Mkdir("/d", 0o755))
	testkit.Must(t, f.Symlink("a", "/link"))
	testkit.Must(t, f.Symlink("loop", "/loop"))
	testkit.Must(t, f.Symlink("/d", "/there"))
	drop := func(_ any, err error) error { return err }
	for what, got := range map[string]struct{ err, want error }{
		"open a missing file":           {drop(f.Open("/none", true)), fs.ErrNotExist},
		"open a link, not following":    {drop(f.Open("/link", false)), syscall.ELOOP},
		"open a link by its directory":  {drop(d.Open("link")), syscall.ELOOP},
		"open below a file":             {drop(f.Open("/a/b", true)), syscall.ENOTDIR},
		"open a loop":                   {drop(f.Open("/loop", true)), syscall.ELOOP},
		"open a file as a directory":    {drop(f.OpenDir("/a")), syscall.ENOTDIR},
		"open a missing directory":      {drop(f.OpenDir("/none")), fs.ErrNotExist},
		"create what there is":          {drop(d.Create("a", 0)), fs.ErrExist},
		"make a directory twice":        {f.Mkdir("/d", 0o755), fs.ErrExist},
		"make a directory below a file": {f.Mkdir("/a/d", 0o755), syscall.ENOTDIR},
		"make a directory nowhere":      {f.Mkdir("/none/d", 0o755), fs.ErrNotExist},
		"link nowhere":                  {f.Symlink("x", "/none/l"), fs.ErrNotExist},
		"read a file as a link":         {drop(f.Readlink("/a")), syscall.EINVAL},
		"read a missing link":           {drop(f.Readlink("/none")), fs.ErrNotExist},
		"stat nothing":                  {drop(f.Stat("/none", true)), fs.ErrNotExist},
		"stat no entry":                 {drop(d.Stat("none")), fs.ErrNotExist},
		"write to nothing":              {d.Writable("none"), fs.ErrNotExist},
		"rename nothing":                {d.Rename("none", d, "x"), fs.ErrNotExist},
		"remove nothing":                {d.Remove("none"), fs.ErrNotExist},
		"an attribute that is not set":  {drop(file.Attr("user.x")), fs.ErrNotExist},
		"lock nothing":                  {drop(d.Lock("none", vfs.TryLock)), fs.ErrNotExist},
		"clone more than there is":      {file.CloneFrom(file, 5), io.ErrUnexpectedEOF},
	} {
		if !errors.Is(got.err, got.want) {
			t.Errorf("%s: %v, want %v", what, got.err, got.want)
		}
	}
	if target, err := f.Readlink("/link"); target != "a" || err != nil {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if info, err := f.Stat("/there", true); err != nil || !info.Mode.IsDir() {
		t.Errorf("the directory behind a link is %v, %v", info.Mode, err)
	}
}

func TestVerbsDoWhatTheySay(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	file := write(t, d, "a", "abc")
	_, err := file.WriteAt([]byte("f"), 5)
	testkit.Must(t, err)
	testkit.Must(t, file.SetAttr("user.x", []byte("1")))
	names, err := file.Attrs()
	testkit.Must(t, err)
	value, err := file.Attr("user.x")
	testkit.Must(t, err)
	testkit.Must(t, file.RemoveAttr("user.x"))
	gone, _ := file.Attrs()
	if !slices.Equal(names, []string{"user.x"}) || string(value) != "1" || len(gone) != 0 {
		t.Errorf("attributes: %v, %q, then %v", names, value, gone)
	}
	buf := make([]byte, 9)
	n, err := file.ReadAt(buf, 0)
	if string(buf[:n]) != "abc\x00\x00f" || err != io.EOF {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	testkit.Must(t, file.Truncate(2))
	testkit.Must(t, file.Truncate(4))
	if n, err := file.ReadAt(buf, 0); string(buf[:n]) != "ab\x00\x00" || err != io.EOF {
		t.Errorf("cut and extended: %q, %v", buf[:n], err)
	}
	if _, err := d.Volume("a", vfs.Info{}); err != vfs.ErrNoVolume {
		t.Errorf("a simulated disk lies on a volume: %v", err)
	}
	twin, err := d.Create("b", 0o600)
	testkit.Must(t, err)
	testkit.Must(t, twin.CloneFrom(file, 3))
	testkit.Must(t, twin.Close())
	again, err := d.OpenRecord("b")
	testkit.Must(t, err)
	info, err := again.Stat()
	self, _ := d.Self()
	if info.Size != 3 || err != nil || d.Path() != "/" || !self.Mode.IsDir() {
		t.Errorf("the clone has %d bytes, %v", info.Size, err)
	}
	testkit.Must(t, d.Close())
}

func TestALockExcludesUntilItIsFreedOrTheMachineDies(t *testing.T) {
	f := New()
	d := openDir(t, f, "/")
	write(t, d, "a", "")
	f.SyncAll()
	for _, name := range []string{"a", "."} {
		held, err := d.Lock(name, vfs.TryLock)
		testkit.Must(t, err)
		if same, err := d.Same("a", held); same != (name == "a") || err != nil {
			t.Errorf("Same of %s: %v, %v", name, same, err)
		}
		if l, err := d.Lock(name, vfs.TryShare); l != nil || err != nil {
			t.Errorf("%s: beside an exclusive lock: %v, %v", name, l, err)
		}
		for disk := range f.Crashes() {
			if l, err := openDir(t, disk, "/").Lock(name, vfs.TryLock); l == nil || err != nil {
				t.Errorf("%s: after a crash: %v, %v", name, l, err)
			}
		}
		got := make(chan vfs.Lock)
		go func() {
			l, _ := d.Lock(name, vfs.WaitLock)
			got <- l
		}()
		testkit.Must(t, held.Unlock())
		testkit.Must(t, (<-got).Unlock())
		first, err := d.Lock(name, vfs.TryShare)
		testkit.Must(t, err)
		second, err := d.Lock(name, vfs.TryShare)
		testkit.Must(t, err)
		if l, err := d.Lock(name, vfs.TryLock); l != nil || err != nil {
			t.Errorf("%s: beside shared locks: %v, %v", name, l, err)
		}
		testkit.Must(t, errors.Join(first.Unlock(), second.Unlock()))
	}
}
