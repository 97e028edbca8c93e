package safefile_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// seenOf is the version of a file that can be read.
func seenOf[T any](t testing.TB, f *safefile.SafeFile[T]) safefile.Version {
	t.Helper()
	_, seen, err := f.ReadVersion()
	testkit.Must(t, err)
	return seen
}

func TestVersionsAreEqualWhereTheContentIs(t *testing.T) {
	dir := testkit.Memory(t)
	a, b := safefile.New[map[string]int](filepath.Join(dir, "a.json")), safefile.New[any](filepath.Join(dir, "b.yaml"))
	testkit.Put(t, a.Path(), `{"a": 1}`)
	testkit.Put(t, b.Path(), `{"a": 1}`)
	first := seenOf(t, a)
	if first != seenOf(t, b) {
		t.Error("two files of one content have two versions")
	}
	for _, other := range []string{`{"a": 2}`, `{"a":  1}`, "{\"a\": 1}\n"} {
		testkit.Put(t, a.Path(), other)
		if seenOf(t, a) == first {
			t.Errorf("%q has the version of another content", other)
		}
	}
	testkit.Put(t, a.Path(), `{"a": 1}`)
	if seenOf(t, a) != first {
		t.Error("the content is back, and its version is not")
	}
}

func TestAVersionPrintsAsATextForAnETagAndIsReadBack(t *testing.T) {
	f := safefile.New[string](filepath.Join(testkit.Memory(t), "a.txt"))
	testkit.Must(t, f.Write(""))
	empty := seenOf(t, f)
	if empty == (safefile.Version{}) {
		t.Error("an empty file has the version of a missing one")
	}
	testkit.Must(t, f.Write("text"))
	for _, v := range []safefile.Version{{}, empty, seenOf(t, f)} {
		text := v.String()
		if text == "" || strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q", text)
		}
		if got, err := safefile.ParseVersion(text); got != v || err != nil {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
		form, err := json.Marshal(map[string]safefile.Version{"seen": v})
		testkit.Must(t, err)
		var back map[string]safefile.Version
		if err := json.Unmarshal(form, &back); err != nil || back["seen"] != v {
			t.Errorf("%s is read as %v, %v", form, back, err)
		}
		for _, wrong := range []string{"", text + "0", text[1:], `"` + text + `"`, " " + text, strings.ToUpper(text), "W/" + text, "*"} {
			got, err := safefile.ParseVersion(wrong)
			if got != (safefile.Version{}) || !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%q is read as %v, %v", wrong, got, err)
			}
		}
	}
	if _, err := safefile.ParseVersion(strings.Repeat("x", 1<<20)); len(err.Error()) > 500 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestTheZeroVersionWritesOnlyIfThereIsNoFile(t *testing.T) {
	f := safefile.New[map[string]int](filepath.Join(testkit.Memory(t), "a.json"))
	v, none, err := f.ReadVersion()
	if v != nil || none != (safefile.Version{}) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v, %v, %v", v, none, err)
	}
	testkit.Must(t, f.WriteIf(map[string]int{"a": 1}, none))
	testkit.WantIs(t, "a second creation", f.WriteIf(map[string]int{"a": 2}, none), errors.ErrChanged, errors.ErrWrite)
	testkit.WantContent(t, f.Path(), "{\n  \"a\": 1\n}\n")
}

func TestAWriteOfAnOldVersionChangesNothing(t *testing.T) {
	dir := testkit.Memory(t)
	f := safefile.New[map[string]int](filepath.Join(dir, "a.yaml"))
	testkit.Put(t, f.Path(), "a: 1 # one\n")
	seen := seenOf(t, f)
	testkit.Must(t, f.WriteIf(map[string]int{"a": 2}, seen))
	testkit.WantContent(t, f.Path(), "a: 2 # one\n")
	before, err := os.Stat(f.Path())
	testkit.Must(t, err)
	testkit.WantIs(t, "the second", f.WriteIf(map[string]int{"a": 3}, seen), errors.ErrChanged, errors.ErrWrite)
	if after, err := os.Stat(f.Path()); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced, %v", err)
	}
	testkit.WantContent(t, f.Path(), "a: 2 # one\n")
	// A person changes a comment only, in between.
	seen = seenOf(t, f)
	testkit.Put(t, f.Path(), "a: 2 # two\n")
	testkit.WantIs(t, "after a change of a comment", f.WriteIf(map[string]int{"a": 3}, seen), errors.ErrChanged)
	wantNoTemps(t, dir)
}

func TestAWriteOfAVersionOfAMissingFileMakesNeitherFileNorLockNorParents(t *testing.T) {
	dir := testkit.Memory(t)
	f := safefile.New[int](filepath.Join(dir, "a.json"))
	testkit.Must(t, f.Write(1))
	seen := seenOf(t, f)
	for _, path := range []string{filepath.Join(dir, "empty", "b.json"), filepath.Join(dir, "none", "deep", "b.json")} {
		testkit.Must(t, os.MkdirAll(filepath.Join(dir, "empty"), 0o755))
		err := safefile.New[int](path, safefile.WithParents(0o755)).WriteIf(2, seen)
		testkit.WantIs(t, path, err, errors.ErrChanged, errors.ErrWrite)
	}
	testkit.WantNames(t, filepath.Join(dir, "empty"))
	testkit.WantNames(t, dir, "a.json", "a.json.lock", "empty")
	// Another directory that is missing does not mean that the file has changed.
	err := safefile.New[int](f.Path(), safefile.WithLockDir(filepath.Join(dir, "locks"))).WriteIf(2, seen)
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrChanged) {
		t.Errorf("without the directory of the locks: %v", err)
	}
}

func TestOfManyWritesOfOneVersionExactlyOneWins(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	const writers = 8
	var handles []*safefile.SafeFile[int]
	for i := range writers {
		var opts []safefile.Option
		if i%2 == 1 {
			opts = append(opts, over(osFS)) // as in another process
		}
		handles = append(handles, safefile.New[int](path, opts...))
	}
	seen := safefile.Version{}
	for round := range 20 {
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for i, f := range handles {
			all.Go(func() {
				switch err := f.WriteIf(round*writers+i, seen); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, errors.ErrChanged):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != writers-1 {
			t.Fatalf("%d have won and %d have lost", won.Load(), lost.Load())
		}
		seen = seenOf(t, handles[0])
	}
}

// While the first write waits for the disk, the second one compares with what the first has staged.
func TestAWriteBehindACommitOfTheSameVersionIsJudgedByThatCommit(t *testing.T) {
	for _, broken := range []error{nil, syscall.EIO} {
		path := filepath.Join(testkit.Memory(t), "a.json")
		synctest.Test(t, func(t *testing.T) { // so that no time passes in which the second comes too late
			disk := faultfs.Wrap(osFS)
			f := safefile.New[int](path, over(disk))
			testkit.Must(t, f.Write(1))
			seen := seenOf(t, f)
			goOn := make(chan struct{})
			disk.Before(func(op faultfs.Op) error {
				if op.Verb == faultfs.Sync && strings.HasSuffix(op.Path, ".tmp") {
					<-goOn
					return broken
				}
				return nil
			})
			first, second := make(chan error, 1), make(chan error, 1)
			go func() { first <- f.WriteIf(2, seen) }()
			synctest.Wait() // the first is in its fsync
			go func() { second <- f.WriteIf(3, seen) }()
			synctest.Wait() // the second waits for the first one's commit
			close(goOn)
			if err := <-first; !errors.Is(err, broken) {
				t.Errorf("the first: %v, want %v", err, broken)
			}
			if broken != nil {
				testkit.WantIs(t, "behind a commit that failed", <-second, broken)
				testkit.WantContent(t, path, "1\n")
				return
			}
			testkit.WantIs(t, "behind a commit", <-second, errors.ErrChanged)
			testkit.WantContent(t, path, "2\n")
		})
	}
}

func TestAChangeWithoutTheLockAfterTheComparisonIsNotOverwritten(t *testing.T) {
	disk := faultfs.Wrap(osFS)
	f := safefile.New[map[string]int](filepath.Join(testkit.Memory(t), "a.json"), over(disk))
	testkit.Must(t, f.Write(map[string]int{"a": 1}))
	seen := seenOf(t, f)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Create && strings.HasSuffix(op.Path, ".tmp") { // the comparison is done
			testkit.Put(t, f.Path(), `{"theirs": 1}`)
		}
		return nil
	})
	testkit.WantIs(t, "it", f.WriteIf(map[string]int{"a": 2}, seen), errors.ErrChanged)
	testkit.WantContent(t, f.Path(), `{"theirs": 1}`)
}

func TestWriteIfKeepsToTheOptions(t *testing.T) {
	dir := testkit.Memory(t)
	sealed := safefile.New[map[string]int](filepath.Join(dir, "a.json"), safefile.WithChecksum())
	testkit.Must(t, sealed.WriteIf(map[string]int{"a": 1}, safefile.Version{}))
	seen := seenOf(t, sealed)
	testkit.Must(t, sealed.WriteIf(map[string]int{"a": 2}, seen))
	testkit.Must(t, sealed.Verify())
	seen = seenOf(t, sealed)
	testkit.Put(t, sealed.Path(), "{\n  \"a\": 9\n}\n")
	testkit.WantIs(t, "damage", sealed.WriteIf(map[string]int{"a": 3}, seen), errors.ErrChecksumMismatch)
	_, none, err := sealed.ReadVersion()
	testkit.WantIs(t, "damage", err, errors.ErrChecksumMismatch)
	if none != (safefile.Version{}) {
		t.Error("what is damaged has a version")
	}

	small := safefile.New[string](filepath.Join(dir, "a.txt"), safefile.WithMaxSize(10))
	testkit.Put(t, small.Path(), strings.Repeat("x", 11))
	_, _, err = small.ReadVersion()
	testkit.WantIs(t, "a large file", err, errors.ErrTooLarge)
	testkit.WantIs(t, "a large file", small.WriteIf("y", seen), errors.ErrTooLarge)

	zipped := safefile.New[map[string]int](filepath.Join(dir, "a.json.gz"), safefile.WithCodec(codec.Gzip(codec.JSON())))
	testkit.Must(t, zipped.WriteIf(map[string]int{"a": 1}, safefile.Version{}))
	seen = seenOf(t, zipped)
	testkit.Must(t, zipped.WriteIf(map[string]int{"a": 2}, seen))
	testkit.WantIs(t, "an old version", zipped.WriteIf(map[string]int{"a": 3}, seen), errors.ErrChanged)
	if v, err := zipped.Read(); err != nil || v["a"] != 2 {
		t.Errorf("%v, %v", v, err)
	}

	free := safefile.New[int](filepath.Join(dir, "b.json"), safefile.WithoutLock())
	testkit.Must(t, free.WriteIf(1, safefile.Version{}))
	testkit.WantIs(t, "without a lock", free.WriteIf(2, safefile.Version{}), errors.ErrChanged)
}

func TestWriteIfOfWhatCantBeEncodedTouchesNothing(t *testing.T) {
	dir := testkit.Memory(t)
	f := safefile.New[any](filepath.Join(dir, "a.json"))
	testkit.WantIs(t, "a function", f.WriteIf(func() {}, safefile.Version{}), errors.ErrEncode, errors.ErrWrite)
	testkit.WantNames(t, dir)
	unknown := safefile.New[int](filepath.Join(dir, "a.unknown"))
	testkit.WantIs(t, "a format", unknown.WriteIf(1, safefile.Version{}), errors.ErrUnknownFormat, errors.ErrWrite)
	_, _, err := unknown.ReadVersion()
	testkit.WantIs(t, "a format", err, errors.ErrUnknownFormat, errors.ErrRead)
}
