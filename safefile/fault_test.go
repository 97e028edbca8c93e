package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// change is one way to change a file.
type change struct {
	name string
	do   func(*safefile.SafeFile[counters]) error
}

var changes = []change{
	{"Write", func(f *safefile.SafeFile[counters]) error { return f.Write(counters{"new": 1}) }},
	{"Merge", func(f *safefile.SafeFile[counters]) error { return f.Merge(counters{"new": 1}) }},
	{"Append", func(f *safefile.SafeFile[counters]) error { return f.Append("\n") }},
	{"WriteBytes", func(f *safefile.SafeFile[counters]) error { return f.WriteBytes([]byte("new")) }},
	{"WriteBytes of the same", func(f *safefile.SafeFile[counters]) error { return f.WriteBytes([]byte(faultOld)) }},
	{"Remove", (*safefile.SafeFile[counters]).Remove},
}

const faultOld = "{\"old\": 1}"

// scene is a place in which a change is made.
type scene struct {
	name    string
	missing bool                               // there is no file yet
	young   bool                               // the file is read again before it is replaced, however long a call takes
	set     func(t *testing.T, dir string)     // prepares the directory
	path    string                             // of the file in it, as the caller names it
	real    string                             // of the file in it, after links
	options func(dir string) []safefile.Option // beside the filesystem
	planted []string                           // temps that were there before; a fault may be in the way of their removal
}

var scenes = []scene{
	{name: "a file"},
	{name: "a young file", young: true},
	{name: "no file", missing: true},
	{name: "another owner's file with attributes", set: adorn},
	{name: "a link to a file", path: "link", set: func(t *testing.T, dir string) {
		testkit.Must(t, os.Symlink("file.json", filepath.Join(dir, "link")))
	}, options: func(string) []safefile.Option { return []safefile.Option{jsonCodec} }},
	{name: "without a lock", options: func(string) []safefile.Option { return []safefile.Option{safefile.WithoutLock()} }},
	{name: "a lock directory", set: func(t *testing.T, dir string) {
		testkit.Must(t, os.Mkdir(filepath.Join(dir, "locks"), 0o755))
	}, options: func(dir string) []safefile.Option {
		return []safefile.Option{safefile.WithLockDir(filepath.Join(dir, "locks"))}
	}},
	{name: "missing parents", missing: true, path: "a/b/file.json", real: "a/b/file.json",
		options: func(string) []safefile.Option { return []safefile.Option{safefile.WithParents(0o755)} }},
	{name: "without metadata", set: adorn, options: func(string) []safefile.Option {
		return []safefile.Option{safefile.WithoutMetadata()}
	}},
	{name: "best effort", set: adorn, options: func(string) []safefile.Option {
		return []safefile.Option{safefile.WithSafety(safefile.BestEffort)}
	}},
	{name: "backups", options: func(string) []safefile.Option { return []safefile.Option{safefile.WithBackups(2)} }},
	{name: "leftovers of a dead writer", planted: leftovers, set: func(t *testing.T, dir string) {
		for _, name := range leftovers {
			testkit.Put(t, filepath.Join(dir, name), "half")
		}
		testkit.Put(t, filepath.Join(dir, "other.json.lock"), "")
	}},
}

var leftovers = []string{tempOf("file.json"), tempOf("other.json")}

// adorn gives a file another owner and an attribute, as far as that is possible here.
func adorn(t *testing.T, dir string) {
	if os.Geteuid() != 0 {
		return
	}
	path := filepath.Join(dir, "file.json")
	testkit.Must(t, os.Chown(path, 12, 34))
	d, err := vfs.OS.OpenDir(dir)
	testkit.Must(t, err)
	defer d.Close()
	f, err := d.OpenRecord("file.json")
	testkit.Must(t, err)
	defer f.Close()
	if err := f.SetAttr("trusted.colour", []byte("blue")); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
}

// stage is a scene that was set up for one call.
type stage struct {
	dir, file string
	disk      *faultfs.FS
	handle    *safefile.SafeFile[counters]
}

func (s scene) open(t *testing.T, base string) stage {
	t.Helper()
	dir, err := os.MkdirTemp(base, "scene")
	testkit.Must(t, err)
	if !s.missing {
		testkit.Put(t, filepath.Join(dir, "file.json"), faultOld)
	}
	if s.set != nil {
		s.set(t, dir)
	}
	path, file := s.path, s.real
	if path == "" {
		path = "file.json"
	}
	if file == "" {
		file = "file.json"
	}
	if !s.missing {
		// How many operations a call takes must not depend on how long ago that was.
		age := time.Now().Add(-time.Hour)
		if s.young {
			age = time.Now().Add(time.Hour)
		}
		testkit.Must(t, os.Chtimes(filepath.Join(dir, file), age, age))
	}
	disk := faultfs.Wrap(vfs.OS)
	options := []safefile.Option{over(disk), quiet}
	if s.options != nil {
		options = append(options, s.options(dir)...)
	}
	return stage{dir, filepath.Join(dir, file), disk, safefile.New[counters](filepath.Join(dir, path), options...)}
}

// outcome is what a change makes of a scene when nothing fails, and in how many operations.
func (s scene) outcome(t *testing.T, base string, c change) (before, after string, operations int, err error) {
	st := s.open(t, base)
	before = testkit.Content(t, st.file)
	err = c.do(st.handle)
	return before, testkit.Content(t, st.file), len(st.disk.Ops()), err
}

var kinds = []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EACCES, syscall.EROFS, syscall.EXDEV, syscall.EBUSY}

// Each operation fails in turn, each way, until a run has no such operation any more.
func TestEveryOperationFailsOnce(t *testing.T) {
	testkit.NeedLinux(t)
	for _, s := range scenes {
		for _, c := range changes {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				base := testkit.Memory(t)
				before, after, operations, err := s.outcome(t, base, c)
				if err != nil && !(s.missing && c.name == "Remove") {
					t.Fatal(err)
				}
				if operations < 3 && err == nil {
					t.Fatalf("%d operations only", operations)
				}
				refused := 0
				for n := 1; n <= operations; n++ {
					for _, kind := range kinds[:s.kinds()] {
						if s.fail(t, base, c, n, kind, before, after) != nil {
							refused++
						}
					}
				}
				if refused < operations*s.kinds()/2 { // closing, sweeping and the like may fail without a word
					t.Errorf("only %d of %d faults were noticed", refused, operations*s.kinds())
				}
			})
		}
	}
}

// kinds is how many kinds of faults a scene is tried with: all of them where the
// most protocols run, else the first.
func (s scene) kinds() int {
	if s.name == "another owner's file with attributes" || s.name == "no file" {
		return len(kinds)
	}
	return 1
}

// fail makes a change with its n-th operation failing, and checks what is left.
func (s scene) fail(t *testing.T, base string, c change, n int, kind syscall.Errno, before, after string) error {
	t.Helper()
	st := s.open(t, base)
	defer os.RemoveAll(st.dir)
	open := testkit.Descriptors(t)
	st.disk.FailAt(n, kind)
	err := c.do(st.handle)
	ops := st.disk.Ops()
	if len(ops) < n {
		t.Fatalf("there was no operation %d", n)
	}
	failed := ops[n-1]
	st.disk.Reset()
	where := fmt.Sprintf("%v, %v: %v", failed, kind, err)
	if now := testkit.Descriptors(t); now != open {
		t.Errorf("%s: %d descriptors before, %d after", where, open, now)
	}
	want := before
	if err == nil || errors.Is(err, errors.ErrNotDurable) {
		want = after
	}
	if got := testkit.Content(t, st.file); got != want {
		t.Errorf("%s: the file holds %q, want %q", where, got, want)
	}
	if err != nil {
		s.checkError(t, where, st, failed, kind, err)
	}
	for _, left := range temps(t, st.dir) {
		if !slices.Contains(s.planted, filepath.Base(left)) {
			t.Errorf("%s: %s remains", where, left)
		}
	}
	testkit.WantNil(t, fmt.Sprintf("%s: and the next write", where), st.handle.WriteBytes([]byte("next")))
	testkit.WantContent(t, st.file, "next")
	return err
}

func (s scene) checkError(t *testing.T, where string, st stage, failed faultfs.Op, kind syscall.Errno, err error) {
	t.Helper()
	typed, ok := err.(*errors.Error)
	if !ok || !errors.Is(err, errors.ErrFile) || typed.Path == "" {
		t.Errorf("%s: a %T without its sentinel", where, err)
	}
	nothing := s.missing && errors.Is(err, fs.ErrNotExist) // the fault did not matter, and there is nothing to remove
	// A file that may not be read is no obstacle, what follows from it may be.
	if !errors.Is(err, kind) && !(kind == syscall.EACCES && errors.Is(err, fs.ErrPermission)) && !nothing {
		t.Errorf("%s: the cause is lost", where)
	}
	claimed := strings.Contains(err.Error(), "the old content is intact")
	visible := errors.Is(err, errors.ErrNotDurable)
	// A failure before the lock is held tells nothing of the content.
	protocol := !strings.HasSuffix(failed.Path, ".lock") && slices.Contains([]string{faultfs.Create, faultfs.Write, faultfs.Clone, faultfs.Sync, faultfs.Rename}, failed.Verb)
	if claimed && (visible || s.missing) {
		t.Errorf("%s: the text speaks of an old content that is not there", where)
	}
	if protocol && !claimed && !visible && !s.missing {
		t.Errorf("%s: the text does not say that the old content is there", where)
	}
	if failed.Verb == faultfs.SyncDir && filepath.Dir(st.file) == failed.Path && !errors.Is(err, errors.ErrNotDurable) && !s.missing {
		t.Errorf("%s: not ErrNotDurable", where)
	}
	if failed.Verb == faultfs.Rename && kind == syscall.EBUSY && !errors.Is(err, errors.ErrUnsupportedEnvironment) {
		t.Errorf("%s: not ErrUnsupportedEnvironment", where)
	}
	if failed.Verb == faultfs.Same && !errors.Is(err, errors.ErrLock) {
		t.Errorf("%s: not ErrLock", where)
	}
}

// A disk that dies and stays dead lets nobody clean up, so a temp may remain;
// the next process that writes takes it away.
func TestADiskThatDiesAtEveryOperationLosesNothing(t *testing.T) {
	testkit.NeedLinux(t)
	for _, s := range scenes {
		if s.name == "without a lock" {
			continue // temps of writers without a lock are never swept
		}
		for _, c := range changes {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				base := testkit.Memory(t)
				before, after, operations, _ := s.outcome(t, base, c)
				for n := 1; n <= operations; n++ {
					st := s.open(t, base)
					open := testkit.Descriptors(t)
					st.disk.Before(func(op faultfs.Op) error {
						if op.N >= n {
							return syscall.EIO
						}
						return nil
					})
					err := c.do(st.handle)
					failed := st.disk.Ops()[n-1]
					st.disk.Reset()
					if got := testkit.Content(t, st.file); got != before && got != after {
						t.Errorf("from %v on: the file holds %q", failed, got)
					}
					if err != nil && !errors.Is(err, errors.ErrNotDurable) {
						testkit.WantContent(t, st.file, before)
					}
					if now := testkit.Descriptors(t); now != open {
						t.Errorf("from %v on: %d descriptors before, %d after", failed, open, now)
					}
					next := safefile.New[counters](st.handle.Path(), append(s.optionsIn(st.dir), over(vfs.OS), quiet)...)
					testkit.Must(t, next.WriteBytes([]byte("next")))
					wantNoTemps(t, st.dir)
					os.RemoveAll(st.dir)
				}
			})
		}
	}
}

func (s scene) optionsIn(dir string) []safefile.Option {
	if s.options == nil {
		return nil
	}
	return s.options(dir)
}
