package safefile_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestOnAReadOnlyMountReadsWorkAndWritesSayWhy(t *testing.T) {
	testkit.NeedRoot(t)
	source, mounted := t.TempDir(), t.TempDir()
	testkit.Put(t, filepath.Join(source, "file.json"), "{}")
	disktest.Bind(t, source, mounted, "ro")
	path := filepath.Join(mounted, "file.json")
	f := safefile.New[map[string]int](path)
	if v, err := f.Read(); err != nil || len(v) != 0 {
		t.Errorf("Read: %v, %v", v, err)
	}
	if _, err := f.ReadBytes(); err != nil {
		t.Errorf("ReadBytes: %v", err)
	}
	if v, err := safefile.New[int](filepath.Join(mounted, "none.json")).ReadOr(7); v != 7 || err != nil {
		t.Errorf("ReadOr: %v, %v", v, err)
	}
	wantEveryWriteRefused(t, f, mounted)
	testkit.WantNames(t, source, "file.json")
	testkit.WantContent(t, filepath.Join(source, "file.json"), "{}")
}

// wantEveryWriteRefused changes, or would, what a read-only mount holds: {}.
func wantEveryWriteRefused(t *testing.T, f *safefile.SafeFile[map[string]int], mounted string) {
	t.Helper()
	path := f.Path()
	locks := t.TempDir()
	for what, err := range map[string]error{
		"Write":                 f.Write(nil),
		"a write of the same":   f.WriteBytes([]byte("{}")),
		"Append":                f.Append("x"),
		"Remove":                f.Remove(),
		"with another lock":     safefile.WriteFile(path, []byte("x"), safefile.WithLockDir(locks)),
		"the same, other lock":  safefile.WriteFile(path, []byte("{}"), safefile.WithLockDir(locks)),
		"a new file":            safefile.WriteFile(filepath.Join(mounted, "new"), nil, safefile.WithLockDir(locks)),
		"with missing parents":  safefile.WriteFile(filepath.Join(mounted, "a", "b"), nil, safefile.WithParents(0o755)),
		"without a lock at all": safefile.WriteFile(path, []byte("x"), safefile.WithoutLock()),
	} {
		testkit.WantIs(t, what, err, syscall.EROFS, errors.ErrFile)
	}
}

func TestWhatIsNoRegularFileIsRefusedWithoutHanging(t *testing.T) {
	testkit.NeedLinux(t)
	for what, make := range map[string]func(t *testing.T, path string){
		"a directory": func(t *testing.T, path string) { testkit.Must(t, os.Mkdir(path, 0o755)) },
		"a FIFO":      func(t *testing.T, path string) { testkit.FIFO(t, path) },
		"a socket": func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			testkit.Must(t, err)
			t.Cleanup(func() { l.Close() })
		},
		"a device": func(t *testing.T, path string) { testkit.Device(t, path) },
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file.json")
			make(t, path)
			before, err := os.Lstat(path)
			testkit.Must(t, err)
			f := safefile.New[map[string]int](path)
			for name, call := range map[string]func() error{
				"Read":      func() error { _, err := f.Read(); return err },
				"ReadOr":    func() error { _, err := f.ReadOr(nil); return err },
				"ReadBytes": func() error { _, err := f.ReadBytes(); return err },
				"Write":     func() error { return f.Write(nil) },
				"Append":    func() error { return f.Append("x") },
				"Merge":     func() error { return f.Merge(map[string]int{"a": 1}) },
				"Remove":    f.Remove,
			} {
				err := testkit.InTime(t, name, call)
				if !errors.Is(err, errors.ErrFile) || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %v", name, err)
				}
			}
			after, err := os.Lstat(path)
			if err != nil || after.Mode() != before.Mode() {
				t.Errorf("it is %v now, %v", after, err)
			}
			wantNoTemps(t, filepath.Dir(path))
		})
	}
}

func TestAnEmptyPathIsAnErrorOfEveryCall(t *testing.T) {
	f := safefile.New[int]("")
	_, readErr := f.Read()
	_, moreErr := safefile.ReadFile("")
	for what, err := range map[string]error{"Read": readErr, "ReadFile": moreErr, "Write": f.Write(1), "Append": f.Append("x"),
		"Remove": f.Remove(), "WriteFile": safefile.WriteFile("", nil)} {
		testkit.WantIs(t, what, err, fs.ErrInvalid, errors.ErrFile)
	}
}

func TestALaterChdirMovesNoHandle(t *testing.T) {
	here, there := testkit.Memory(t), testkit.Memory(t)
	t.Chdir(here)
	f := safefile.New[string]("file.json", safefile.WithLockDir("."))
	t.Chdir(there)
	testkit.Must(t, f.Write("x"))
	testkit.WantContent(t, filepath.Join(here, "file.json"), "\"x\"\n")
	if len(testkit.Names(t, here)) != 2 || len(testkit.Names(t, there)) != 0 {
		t.Errorf("here is %v, there is %v", testkit.Names(t, here), testkit.Names(t, there))
	}
	if want := filepath.Join(here, "file.json"); f.Path() != want {
		t.Errorf("Path is %q, want %q", f.Path(), want)
	}
}

func TestAMissingParentIsAnErrorThatSaysSoOrIsMadeDurably(t *testing.T) {
	dir := testkit.Memory(t)
	path := filepath.Join(dir, "a", "b", "file")
	err := safefile.WriteFile(path, []byte("x"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, "a", "b")) || !strings.Contains(err.Error(), "WithParents") {
		t.Errorf("got %v", err)
	}
	testkit.WantNames(t, dir)
	disk := faultfs.Wrap(osFS)
	testkit.Must(t, safefile.WriteFile(path, []byte("x"), safefile.WithParents(0o700), over(disk)))
	testkit.WantContent(t, path, "x")
	var synced []string
	for _, op := range disk.Ops() {
		if op.Verb == faultfs.SyncDir {
			synced = append(synced, op.Path)
		}
	}
	if want := []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}; !slices.Equal(synced, want) {
		t.Errorf("synced %v, want %v", synced, want)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(dir, "a"))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the directory is %v, %v", info, err)
		}
	}
}

func TestLeftoversAreSweptAtAProcesssFirstWriteAndForeignFilesAreNot(t *testing.T) {
	dir := testkit.Memory(t)
	mine := []string{"a", "a.b", "a.json"}
	for _, name := range mine {
		testkit.Put(t, filepath.Join(dir, tempOf(name)), "half")
		testkit.Put(t, filepath.Join(dir, name+".lock"), "")
	}
	testkit.Put(t, filepath.Join(dir, "notes.tmp"), "a user's")
	testkit.Put(t, filepath.Join(dir, ".holdfast-notes.tmp"), "a user's")
	holder := held(t, filepath.Join(dir, "a.b")) // its writer lives
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "a"), []byte("x"), over(osFS)))
	testkit.WantNames(t, dir, ".holdfast-notes.tmp", tempOf("a.b"), "a", "a.b.lock", "a.json.lock", "a.lock", "notes.tmp")
	testkit.Must(t, holder.Unlock())
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "a"), []byte("y"), over(osFS)))
	testkit.WantNames(t, dir, ".holdfast-notes.tmp", "a", "a.b.lock", "a.json.lock", "a.lock", "notes.tmp")
}

func TestTempsOfWritersWithoutALockAreNotSwept(t *testing.T) {
	dir := testkit.Memory(t)
	temp := filepath.Join(dir, ".holdfast-nolock-0123456789abcdef.tmp")
	testkit.Put(t, temp, "half")
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "a"), []byte("x"), over(osFS)))
	testkit.WantContent(t, temp, "half")
}

func TestAnEditorsChangeDuringAMergeIsKept(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	for what, c := range map[string]struct {
		do      func(*safefile.SafeFile[map[string]int]) error
		changed bool
	}{
		"Merge":  {func(f *safefile.SafeFile[map[string]int]) error { return f.Merge(map[string]int{"b": 2}) }, true},
		"Append": {func(f *safefile.SafeFile[map[string]int]) error { return f.Append("\n") }, true},
		"Write":  {func(f *safefile.SafeFile[map[string]int]) error { return f.Write(map[string]int{"c": 3}) }, false},
	} {
		testkit.Put(t, path, `{"a": 1}`)
		disk := faultfs.Wrap(osFS)
		f := safefile.New[map[string]int](path, over(disk))
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Sync {
				return os.WriteFile(path, []byte(`{"editor": 1}`), 0o644)
			}
			return nil
		})
		err := c.do(f)
		if !c.changed {
			testkit.Must(t, err)
			testkit.WantContent(t, path, `{"c": 3}`)
			continue
		}
		testkit.WantIs(t, what, err, errors.ErrChanged, errors.ErrFile)
		testkit.WantContent(t, path, `{"editor": 1}`)
		disk.Reset()
		testkit.Must(t, c.do(f))
	}
}

func TestAHardLinksTwinKeepsTheOldContent(t *testing.T) {
	dir := testkit.Memory(t)
	path, twin := filepath.Join(dir, "file"), filepath.Join(dir, "twin")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Link(path, twin))
	testkit.Must(t, safefile.WriteFile(path, []byte("new")))
	testkit.WantContent(t, path, "new")
	testkit.WantContent(t, twin, "old")
}

func TestAFullDiskLosesNothing(t *testing.T) {
	dir := disktest.Tmpfs(t, "size=1m")
	path := filepath.Join(dir, "file.json")
	f := safefile.New[map[string]string](path)
	testkit.Must(t, f.Write(map[string]string{"a": strings.Repeat("x", 400<<10)}))
	before := testkit.Content(t, path)
	for what, err := range map[string]error{
		"Write":  f.Write(map[string]string{"a": strings.Repeat("y", 900<<10)}),
		"Merge":  f.Merge(map[string]string{"b": strings.Repeat("y", 500<<10)}),
		"Append": f.Append(strings.Repeat("y", 700<<10)),
	} {
		testkit.WantIs(t, what, err, syscall.ENOSPC, errors.ErrFile)
	}
	if testkit.Content(t, path) != before {
		t.Error("the content changed")
	}
	testkit.WantNames(t, dir, "file.json", "file.json.lock")
	testkit.Must(t, f.Write(map[string]string{"a": "small"}))
}
