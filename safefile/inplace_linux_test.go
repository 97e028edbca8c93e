package safefile_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/safefile"
)

// A single file bound into a container, as of docker/cli#2902: every rename over
// it is EBUSY, for ever.
func boundConfig(t *testing.T, source, dir string) (path string) {
	t.Helper()
	testkit.Put(t, source, "old")
	path = filepath.Join(dir, "config.json")
	disktest.Bind(t, source, path)
	return path
}

func TestStrictSaysToMountTheDirectory(t *testing.T) {
	dir := t.TempDir()
	path := boundConfig(t, filepath.Join(t.TempDir(), "source"), dir)
	for name, change := range everyChange {
		err := change(path)
		if name == "Move to" {
			testkit.Put(t, path+"2", "other")
			err = change(path)
			testkit.Must(t, os.Remove(path+"2"))
			_ = os.Remove(path + "2.lock")
		}
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) || errors.Is(err, syscall.EBUSY) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil || !strings.Contains(err.Error(), "no AtomicVisibility on ") || !strings.Contains(err.Error(), "mount its directory instead") {
			t.Errorf("%s does not say what to do: %v", name, err)
		}
	}
	testkit.WantContent(t, path, "old")
	testkit.WantNames(t, dir, "config.json")
	if data, err := safefile.ReadFile(path); err != nil || string(data) != "old" {
		t.Errorf("a read is refused: %q, %v", data, err)
	}
}

func TestARefusedMoveNamesTheFileThatIsTheMount(t *testing.T) {
	dir := t.TempDir()
	path := boundConfig(t, filepath.Join(t.TempDir(), "source"), dir)
	other := filepath.Join(dir, "other.json")
	testkit.Put(t, other, "new")
	for _, c := range [][2]string{{other, path}, {path, other}} {
		err := safefile.Move(c[0], c[1], safefile.WithSafety(safefile.BestEffort))
		if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !strings.Contains(err.Error(), "config.json is itself a mount") {
			t.Errorf("Move %s: %v", filepath.Base(c[0]), err)
		}
	}
	testkit.WantContent(t, path, "old")
	testkit.WantContent(t, other, "new")
}

func TestOtherwiseTheFileIsRewrittenAndThatIsSaidOnce(t *testing.T) {
	for _, c := range []struct {
		name      string
		safety    safefile.Safety
		elsewhere bool
		want      []string // of what each record speaks
	}{
		{"Warn", safefile.Warn, false, []string{"no AtomicVisibility"}},
		{"Warn, from another filesystem", safefile.Warn, true, []string{"no AtomicVisibility", "after a crash of the machine"}},
		{"BestEffort", safefile.BestEffort, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := disktest.New(t, "ext4").Dir()
			source := filepath.Join(dir, "source")
			if c.elsewhere {
				source = filepath.Join(disktest.Tmpfs(t), "source")
			}
			inside := filepath.Join(dir, "inside")
			testkit.Must(t, os.Mkdir(inside, 0o755))
			path := boundConfig(t, source, inside)
			before, err := os.Stat(source)
			testkit.Must(t, err)
			log := &testkit.Log{}
			f := safefile.New[map[string]int](path, safefile.WithSafety(c.safety), safefile.WithChecksum(), logging(log))
			testkit.Must(t, f.Write(map[string]int{"a": 1}))
			testkit.Must(t, f.Merge(map[string]int{"b": 2}))
			testkit.Must(t, f.Append("\n"))
			testkit.Must(t, f.Verify())
			w, err := f.Create()
			testkit.Must(t, err)
			_, err = io.WriteString(w, `{"c":3}`)
			testkit.Must(t, err)
			testkit.Must(t, w.Commit())
			testkit.Must(t, f.Verify())
			if v, err := f.Read(); err != nil || v["c"] != 3 || len(v) != 1 {
				t.Errorf("read %v, %v", v, err)
			}
			r, err := f.Open()
			testkit.Must(t, err)
			data, err := io.ReadAll(r)
			if err != nil || string(data) != `{"c":3}` {
				t.Errorf("streamed %q, %v", data, err)
			}
			testkit.Must(t, r.Close())
			after, err := os.Stat(source)
			testkit.Must(t, err)
			if !os.SameFile(before, after) {
				t.Error("it is another file")
			}
			testkit.WantContent(t, source, `{"c":3}`)
			testkit.WantNames(t, inside, "config.json", "config.json.lock", "config.json.sha256")
			testkit.WantIs(t, "removed", f.Remove(), errors.ErrUnsupportedEnvironment)
			if len(log.Records()) != len(c.want) {
				t.Fatalf("%d records: %q", len(log.Records()), log)
			}
			for i, want := range c.want {
				if !strings.Contains(log.Records()[i], want) {
					t.Errorf("record %d: %q", i, log.Records()[i])
				}
			}
		})
	}
}

// A sandbox that refuses statx(2), or a kernel before 5.8, does not say that a file is a mount
// of its own.
func TestABoundFileIsKnownWhereStatxIsDenied(t *testing.T) {
	for _, errno := range []string{"EPERM", "ENOSYS"} {
		t.Run(errno, func(t *testing.T) {
			dir := t.TempDir()
			source := filepath.Join(t.TempDir(), "source")
			path := boundConfig(t, source, dir)
			before, err := os.Stat(source)
			testkit.Must(t, err)
			denied := func(do, data string, safety safefile.Safety) report {
				r, _ := task{Do: do, Path: path, Data: data, Safety: safety}.trace(t, "-e", "inject=statx:error="+errno)
				return r
			}
			if r := denied("inspect", "", safefile.Strict); r.Data != "mount true, AtomicVisibility Unsupported" {
				t.Errorf("inspected: %q, %v", r.Data, r.Err)
			}
			if r := denied("write", "strict", safefile.Strict); !r.is("ErrUnsupportedEnvironment") || !strings.Contains(r.Err, "mount its directory instead") {
				t.Errorf("Strict: %q", r.Err)
			}
			testkit.WantContent(t, source, "old")
			if r := denied("write", "new", safefile.Warn); r.Err != "" {
				t.Errorf("Warn: %q", r.Err)
			}
			testkit.WantContent(t, source, "new")
			if after, err := os.Stat(source); err != nil || !os.SameFile(before, after) {
				t.Errorf("it is another file, %v", err)
			}
			// The copy that a crash has left is seen too.
			ino := before.Sys().(*syscall.Stat_t).Ino
			copied := filepath.Join(dir, replace.CopyName("config.json", ino))
			testkit.Put(t, copied, "kept")
			if r := denied("read", "", safefile.Warn); r.Data != "kept" {
				t.Errorf("beside a copy %q is read, %q", r.Data, r.Err)
			}
			if r := denied("append", " and more", safefile.Warn); r.Err != "" {
				t.Errorf("Warn: %q", r.Err)
			}
			testkit.WantContent(t, source, "kept and more")
			testkit.WantNames(t, dir, "config.json", "config.json.lock")
			// A file that is none is replaced as ever.
			plain := filepath.Join(dir, "plain.json")
			testkit.Put(t, plain, "old")
			was, err := os.Stat(plain)
			testkit.Must(t, err)
			path = plain
			if r := denied("inspect", "", safefile.Strict); !strings.HasPrefix(r.Data, "mount false") {
				t.Errorf("a plain file: %q, %v", r.Data, r.Err)
			}
			if r := denied("write", "new", safefile.Strict); r.Err != "" {
				t.Errorf("a plain file: %q", r.Err)
			}
			if is, err := os.Stat(plain); err != nil || os.SameFile(was, is) {
				t.Errorf("a plain file was not replaced: %v", err)
			}
		})
	}
}

// A user may write a file that is bound into a directory of root's.
func TestABoundFileInADirectoryOfRootsIsRewrittenByItsUser(t *testing.T) {
	testkit.NeedRoot(t)
	const user = 1111
	dir, locks := testkit.Shared(t, 0o755), testkit.Shared(t, 0o755)
	testkit.Must(t, os.Chown(locks, user, user))
	source := filepath.Join(testkit.Shared(t, 0o755), "source")
	path := boundConfig(t, source, dir)
	testkit.Must(t, os.Chown(source, user, user))
	write := task{Do: "write", Path: path, Data: "new", Safety: safefile.Warn}
	r := write.as(t, user, user)
	if !r.is("ErrUnsupportedEnvironment") || !r.is("ErrPermission") || !strings.Contains(r.Err, "WithLockDir") {
		t.Errorf("without a lock directory: %q", r.Err)
	}
	testkit.WantContent(t, source, "old")
	write.Locks = locks
	if r := write.as(t, user, user); r.Err != "" {
		t.Errorf("with one: %q", r.Err)
	}
	testkit.WantContent(t, source, "new")
	testkit.WantNames(t, dir, "config.json")
	if entries, err := os.ReadDir(locks); err != nil || len(entries) != 1 {
		t.Errorf("left in the lock directory: %v, %v", entries, err)
	}
}
