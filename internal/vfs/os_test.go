//go:build unix && !aix && !solaris && !illumos

package vfs

import (
	"bytes"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func openDir(t *testing.T, path string) Dir {
	t.Helper()
	d, err := OS.OpenDir(path)
	testkit.Must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func create(t *testing.T, d Dir, name, content string) File {
	t.Helper()
	f, err := d.Create(name, 0o644)
	testkit.Must(t, err)
	t.Cleanup(func() { f.Close() })
	n, err := f.Write([]byte(content))
	testkit.Must(t, err)
	if n != len(content) {
		t.Fatalf("wrote %d of %d bytes", n, len(content))
	}
	return f
}

func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s hangs", what)
	}
}

func TestInfoIsWhatTheSystemSays(t *testing.T) {
	dir := t.TempDir()
	f := create(t, openDir(t, dir), "a", "12345")
	testkit.Must(t, f.Chmod(0o640|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
	testkit.Must(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "twin")))
	info, err := f.Stat()
	testkit.Must(t, err)
	want, err := os.Stat(filepath.Join(dir, "a"))
	testkit.Must(t, err)
	st := want.Sys().(*syscall.Stat_t)
	if info.Mode != want.Mode() || info.Size != 5 || info.Links != 2 || info.UID != st.Uid || info.GID != st.Gid ||
		info.Mtime != want.ModTime().UnixNano() || info.Ctime == 0 || info.Ino != st.Ino || info.Dev != uint64(st.Dev) {
		t.Errorf("%+v is not %+v", info, st)
	}
	if i := InfoOf(want); i.ID != info.ID || i.UID != info.UID || i.GID != info.GID || i.Links != 2 || i.Mode != info.Mode || i.Size != 5 || i.Mtime != info.Mtime {
		t.Errorf("InfoOf gives %+v, want %+v", i, info)
	}
	if i := InfoOf(fakeInfo{want}); i.ID != (ID{}) || i.Links != 1 {
		t.Errorf("InfoOf knows a file that is none: %+v", i)
	}
}

type fakeInfo struct{ fs.FileInfo }

func (fakeInfo) Sys() any { return nil }

func TestEveryTypeOfFileIsTold(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	testkit.Must(t, os.Mkdir(at("dir"), 0o755))
	testkit.Must(t, os.Symlink("dir", at("link")))
	testkit.Must(t, syscall.Mkfifo(at("fifo"), 0o600))
	l, err := net.Listen("unix", at("socket"))
	testkit.Must(t, err)
	defer l.Close()
	d := openDir(t, dir)
	for name, want := range map[string]fs.FileMode{"dir": fs.ModeDir, "link": fs.ModeSymlink, "fifo": fs.ModeNamedPipe, "socket": fs.ModeSocket} {
		if info, err := d.Stat(name); err != nil || info.Mode.Type() != want {
			t.Errorf("%s is %v, %v", name, info.Mode, err)
		}
	}
	if info, err := OS.Stat("/dev/null", true); err != nil || info.Mode.Type() != fs.ModeDevice|fs.ModeCharDevice {
		t.Errorf("/dev/null is %v, %v", info.Mode, err)
	}
	if info, err := OS.Stat(at("link"), true); err != nil || !info.Mode.IsDir() {
		t.Errorf("followed, the link is %v, %v", info.Mode, err)
	}
	for bits, want := range map[uint32]fs.FileMode{unix.S_IFBLK: fs.ModeDevice, 0: fs.ModeIrregular, unix.S_IFREG | unix.S_ISVTX: fs.ModeSticky} {
		if got := goMode(bits); got != want {
			t.Errorf("goMode(%o) is %v", bits, got)
		}
	}
}

func TestOpeningWaitsForNobodyAndFollowsNoLastLink(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	testkit.Must(t, syscall.Mkfifo(at("fifo"), 0o600))
	testkit.Must(t, os.Symlink("fifo", at("link")))
	d := openDir(t, dir)
	within(t, "a FIFO", func() {
		for _, open := range []func() (File, error){
			func() (File, error) { return OS.Open(at("fifo"), false) },
			func() (File, error) { return OS.Open(at("link"), true) },
			func() (File, error) { return d.Open("fifo") },
			func() (File, error) { return d.OpenRecord("fifo") },
		} {
			f, err := open()
			if err != nil {
				t.Error(err)
				continue
			}
			testkit.Must(t, f.Close())
		}
	})
	for what, open := range map[string]func() (File, error){
		"OS.Open":    func() (File, error) { return OS.Open(at("link"), false) },
		"Open":       func() (File, error) { return d.Open("link") },
		"OpenRecord": func() (File, error) { return d.OpenRecord("link") },
		"Create":     func() (File, error) { return d.Create("link", 0o600) },
	} {
		if f, err := open(); err == nil {
			f.Close()
			t.Errorf("%s followed a link", what)
		}
	}
	if target, err := OS.Readlink(at("link")); target != "fifo" || err != nil {
		t.Errorf("Readlink: %q, %v", target, err)
	}
}

func TestCreateMakesOnlyWhatWasNotThereAndLeavesTheUmaskToTheSystem(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	old := syscall.Umask(0o027)
	f, err := d.Create("a", 0o666)
	syscall.Umask(old)
	testkit.Must(t, err)
	defer f.Close()
	if info, _ := f.Stat(); info.Mode != 0o640 {
		t.Errorf("the mode is %v", info.Mode)
	}
	if _, err := d.Create("a", 0o666); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice: %v", err)
	}
	fd := f.(*osFile).fd
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Error("a child would inherit it")
	}
}

func TestReadingAndWritingGoToTheEnd(t *testing.T) {
	d := openDir(t, t.TempDir())
	content := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	f := create(t, d, "big", content)
	r, err := d.Open("big")
	testkit.Must(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil || string(data) != content {
		t.Errorf("read %d bytes, %v", len(data), err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
	buf := make([]byte, 10)
	if n, err := f.ReadAt(buf, int64(len(content))-5); n != 5 || err != io.EOF || string(buf[:5]) != "bcdef" {
		t.Errorf("ReadAt the end: %d, %v", n, err)
	}
	n, err := f.WriteAt([]byte("XY"), 3)
	if n != 2 || err != nil {
		t.Errorf("WriteAt: %d, %v", n, err)
	}
	if _, err := f.ReadAt(buf, 0); err != nil || string(buf) != "012XY56789" {
		t.Errorf("ReadAt: %q, %v", buf, err)
	}
	if _, err := r.Write([]byte("x")); !errors.Is(err, syscall.EBADF) {
		t.Errorf("writing to what is open for reading: %v", err)
	}
}

func TestRenameAndRemoveActInTheOpenDirectoryEvenIfItMoves(t *testing.T) {
	base := t.TempDir()
	before, after := filepath.Join(base, "before"), filepath.Join(base, "after")
	testkit.Must(t, os.Mkdir(before, 0o755))
	d := openDir(t, before)
	testkit.Must(t, os.Rename(before, after))
	testkit.Must(t, os.Mkdir(before, 0o755))
	create(t, d, "a", "x")
	testkit.Must(t, d.Rename("a", d, "b"))
	testkit.Must(t, d.Sync())
	names, err := d.Names()
	testkit.Must(t, err)
	again, _ := d.Names()
	if !slices.Equal(names, []string{"b"}) || !slices.Equal(again, names) {
		t.Errorf("it holds %v, then %v", names, again)
	}
	if _, err := os.Stat(filepath.Join(after, "b")); err != nil {
		t.Error(err)
	}
	self, err := d.Self()
	testkit.Must(t, err)
	if now, _ := OS.Stat(after, true); now.ID != self.ID {
		t.Error("Self is another directory")
	}
	testkit.Must(t, d.Remove("b"))
	if d.Path() != before {
		t.Errorf("Path is %q", d.Path())
	}
}

func TestSameTellsFilesApart(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	create(t, d, "a", "")
	create(t, d, "b", "")
	a, err := d.Lock("a", TryLock)
	testkit.Must(t, err)
	defer a.Unlock()
	for name, want := range map[string]bool{"a": true, "b": false} {
		if got, err := d.Same(name, a); got != want || err != nil {
			t.Errorf("Same(%s) is %v, %v", name, got, err)
		}
	}
	if _, err := d.Same("c", a); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Same of nothing: %v", err)
	}
}

func TestCloneCopiesWhatWasAskedForAndNoLess(t *testing.T) {
	d := openDir(t, t.TempDir())
	content := strings.Repeat("clone", 1000)
	src := create(t, d, "src", content)
	for what, from := range map[string]File{"kernel": src, "memory": foreign{src}} {
		dst := create(t, d, what, ">")
		testkit.Must(t, dst.CloneFrom(from, 4998))
		_, err := dst.Write([]byte("<"))
		testkit.Must(t, err)
		got := make([]byte, 5000)
		if _, err := dst.ReadAt(got, 0); err != nil || string(got) != ">"+content[:4998]+"<" {
			t.Errorf("%s: got %d bytes ending in %q, %v", what, len(got), got[4990:], err)
		}
		if err := dst.CloneFrom(from, 6000); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: more than there is: %v", what, err)
		}
	}
	ro, err := d.Open("src")
	testkit.Must(t, err)
	defer ro.Close()
	testkit.WantIs(t, "into what is open for reading", ro.CloneFrom(src, 5), syscall.EBADF)
}

// foreign is a file that is not the system's, so that the kernel can't clone it.
type foreign struct{ File }

func TestAttributesAreListedReadSetAndRemoved(t *testing.T) {
	testkit.NeedLinux(t)
	f := create(t, openDir(t, t.TempDir()), "a", "")
	big := bytes.Repeat([]byte("v"), 3000)
	if err := f.SetAttr("user.big", big); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this filesystem keeps no attributes")
	} else {
		testkit.Must(t, err)
	}
	want := []string{"user.big"}
	for i := range 20 {
		name := "user." + strings.Repeat(string(rune('a'+i)), 30)
		want = append(want, name)
		testkit.Must(t, f.SetAttr(name, nil))
	}
	names, err := f.Attrs()
	testkit.Must(t, err)
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("listed %v, want %v", names, want)
	}
	if got, err := f.Attr("user.big"); err != nil || !bytes.Equal(got, big) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	testkit.Must(t, f.RemoveAttr("user.big"))
	testkit.Must(t, f.RemoveAttr("user.big"))
	if _, err := f.Attr("user.big"); err == nil {
		t.Error("a removed attribute is still there")
	}
	if err := f.SetAttr("nonsense", nil); err == nil {
		t.Error("an attribute without a namespace was set")
	}
	if err := f.RemoveAttr("nonsense." + strings.Repeat("x", 300)); err == nil {
		t.Error("an attribute of a wrong name was removed")
	}
}

func TestAFileWithoutAttributesListsNone(t *testing.T) {
	f, err := OS.Open("/dev/null", true)
	testkit.Must(t, err)
	defer f.Close()
	if names, err := f.Attrs(); len(names) != 0 || err != nil {
		t.Errorf("listed %v, %v", names, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	p, err := OS.Open("/proc/self/status", true)
	testkit.Must(t, err)
	defer p.Close()
	if names, err := p.Attrs(); len(names) != 0 || err != nil {
		t.Errorf("in /proc: listed %v, %v", names, err)
	}
}

func TestAFailureNamesItsPathAndKeepsItsNumber(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	f := create(t, d, "a", "")
	closed, err := d.Create("closed", 0o644)
	testkit.Must(t, err)
	testkit.Must(t, closed.Close())
	gone, err := OS.OpenDir(dir)
	testkit.Must(t, err)
	testkit.Must(t, gone.Close())
	unwritable, err := d.Open("a")
	testkit.Must(t, err)
	defer unwritable.Close()
	drop := func(_ any, err error) error { return err }
	for what, c := range map[string]struct{ err, want error }{
		"OpenDir":    {drop(OS.OpenDir(filepath.Join(dir, "a"))), syscall.ENOTDIR},
		"OS.Open":    {drop(OS.Open(filepath.Join(dir, "b"), true)), syscall.ENOENT},
		"OS.Stat":    {drop(OS.Stat(filepath.Join(dir, "b"), true)), syscall.ENOENT},
		"Readlink":   {drop(OS.Readlink(filepath.Join(dir, "a"))), syscall.EINVAL},
		"Mkdir":      {OS.Mkdir(filepath.Join(dir, "a"), 0o755), syscall.EEXIST},
		"Self":       {drop(gone.Self()), fs.ErrClosed},
		"Stat":       {drop(d.Stat("b")), syscall.ENOENT},
		"Writable":   {d.Writable("b"), syscall.ENOENT},
		"Rename":     {d.Rename("b", d, "c"), syscall.ENOENT},
		"Remove":     {d.Remove("b"), syscall.ENOENT},
		"Names":      {drop(gone.Names()), fs.ErrClosed},
		"Sync dir":   {gone.Sync(), fs.ErrClosed},
		"Read":       {drop(closed.Read(make([]byte, 1))), fs.ErrClosed},
		"ReadAt":     {drop(closed.ReadAt(make([]byte, 1), 0)), fs.ErrClosed},
		"Write":      {drop(closed.Write([]byte("x"))), fs.ErrClosed},
		"Stat file":  {drop(closed.Stat()), fs.ErrClosed},
		"Chmod":      {closed.Chmod(0o600), fs.ErrClosed},
		"Chown":      {closed.Chown(0, 0), fs.ErrClosed},
		"Sync":       {closed.Sync(), fs.ErrClosed},
		"Unwritable": {drop(unwritable.Write([]byte("x"))), syscall.EBADF},
		"NUL":        {drop(d.Open("a\x00b")), syscall.EINVAL},
		"WriteAt -1": {drop(f.WriteAt([]byte("x"), -1)), syscall.EINVAL},
	} {
		path, typed := errors.AsType[*fs.PathError](c.err)
		if !errors.Is(c.err, c.want) || !typed || path.Path == "" {
			t.Errorf("%s: %v, want %v", what, c.err, c.want)
		}
	}
}

func TestAnInterruptedCallIsRepeated(t *testing.T) {
	calls := 0
	err := retry(func() error {
		if calls++; calls < 3 {
			return unix.EINTR
		}
		return unix.EIO
	})
	if calls != 3 || err != unix.EIO {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestAWriteThatWritesNothingIsAnError(t *testing.T) {
	n, err := (&osFile{name: "a"}).writeAll([]byte("abc"), func(_ int, rest []byte, done int) (int, error) {
		if done == 0 {
			return 1, nil
		}
		return 0, nil
	})
	if n != 1 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("wrote %d, %v", n, err)
	}
}

func TestALockExcludesOthersAndASharedOneDoesNot(t *testing.T) {
	d := openDir(t, t.TempDir())
	create(t, d, "a", "")
	for _, name := range []string{"a", "."} {
		held, err := d.Lock(name, TryLock)
		testkit.Must(t, err)
		for _, mode := range []LockMode{TryLock, TryShare} {
			if l, err := d.Lock(name, mode); l != nil || err != nil {
				t.Errorf("%s: a second lock is %v, %v", name, l, err)
			}
		}
		testkit.Must(t, held.Unlock())
		shared, err := d.Lock(name, TryShare)
		testkit.Must(t, err)
		again, err := d.Lock(name, TryShare)
		testkit.Must(t, err)
		if l, err := d.Lock(name, TryLock); l != nil || err != nil {
			t.Errorf("%s: beside shared ones: %v, %v", name, l, err)
		}
		testkit.Must(t, errors.Join(shared.Unlock(), again.Unlock()))
		waited, err := d.Lock(name, WaitLock)
		testkit.Must(t, err)
		testkit.Must(t, waited.Unlock())
	}
	if _, err := d.Lock("none", TryLock); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lock on nothing: %v", err)
	}
}

// gofrs/flock keeps its file open if unlock fails, and gives no access to it.
func TestClosingTheFileOfAFlockFreesItsLock(t *testing.T) {
	d := openDir(t, t.TempDir())
	create(t, d, "a", "")
	f := flock.New(d.Path() + "/a")
	if closeFile(f) {
		t.Error("it closed a file that was never opened")
	}
	if ok, err := f.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if !closeFile(f) {
		t.Fatal("it found no file")
	}
	l, err := d.Lock("a", TryLock)
	if l == nil || err != nil {
		t.Fatal(l, err)
	}
	testkit.Must(t, l.Unlock())
}
