package safefile_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestADamagedFileIsATypedErrorWithItsPlaceAndIsNotTouched(t *testing.T) {
	for name, c := range map[string]struct {
		damaged string
		line    int
	}{
		"a.json":  {"{\n  \"a\": 1,\n  \"b\": oops\n}", 3},
		"a.jsonc": {"{\n  // a comment\n  \"a\": ,\n}", 3},
		"a.yaml":  {"a: 1\nb: [1,\n", 0},
		"a.toml":  {"a = 1\nb = = 2\n", 2},
	} {
		path := filepath.Join(testkit.Memory(t), name)
		testkit.Put(t, path, c.damaged)
		f := safefile.New[map[string]any](path)
		_, readErr := f.Read()
		_, orErr := f.ReadOr(map[string]any{"default": 1})
		for what, err := range map[string]error{"Read": readErr, "ReadOr": orErr, "Merge": f.Merge(map[string]any{"b": 1})} {
			typed, ok := errors.AsType[*errors.DecodeError](err)
			if !ok || !errors.Is(err, errors.ErrDecode) || !errors.Is(err, errors.ErrFile) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s of %s: %v", what, name, err)
				continue
			}
			if typed.Line == 0 || (c.line > 0 && typed.Line != c.line) {
				t.Errorf("%s of %s tells line %d: %v", what, name, typed.Line, err)
			}
		}
		testkit.WantContent(t, path, c.damaged)
		testkit.Must(t, f.Write(map[string]any{"a": "repaired"})) // on purpose it may be replaced
	}
}

func TestAnEmptyFileIsNoDefault(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	testkit.Put(t, path, "")
	f := safefile.New[map[string]int](path)
	if v, err := f.ReadOr(map[string]int{"default": 1}); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("ReadOr: %v, %v", v, err)
	}
	testkit.WantIs(t, "Merge", f.Merge(map[string]int{"a": 1}), errors.ErrDecode)
	testkit.WantContent(t, path, "")
}

func TestAMissingFileIsNotExistAndReadOrsDefault(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	f := safefile.New[[]int](path)
	if v, err := f.Read(); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, errors.ErrRead) || v != nil {
		t.Errorf("Read: %v, %v", v, err)
	}
	if v, err := f.ReadOr([]int{7}); err != nil || len(v) != 1 {
		t.Errorf("ReadOr: %v, %v", v, err)
	}
	testkit.WantIs(t, "Remove", f.Remove(), fs.ErrNotExist)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the default was written")
	}
}

func TestNothingIsAddedToTheFile(t *testing.T) {
	dir := testkit.Memory(t)
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "bytes"), []byte("exactly this")))
	testkit.WantContent(t, filepath.Join(dir, "bytes"), "exactly this")
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "empty"), nil))
	testkit.WantContent(t, filepath.Join(dir, "empty"), "")
	f := safefile.New[string](filepath.Join(dir, "log"))
	testkit.Must(t, f.Append("no newline"))
	testkit.Must(t, f.Append(", and none here"))
	testkit.WantContent(t, filepath.Join(dir, "log"), "no newline, and none here")
	s := safefile.New[struct {
		Name string `json:"name"`
	}](filepath.Join(dir, "a.json"))
	v, _ := s.ReadOr(struct {
		Name string `json:"name"`
	}{"x<y>"})
	testkit.Must(t, s.Write(v))
	testkit.WantContent(t, filepath.Join(dir, "a.json"), "{\n  \"name\": \"x<y>\"\n}\n")
}

func TestAWriteThatChangesNothingWritesNothing(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	f := safefile.New[map[string]int](path)
	testkit.Must(t, f.Write(map[string]int{"a": 1}))
	before, err := os.Stat(path)
	testkit.Must(t, err)
	for what, err := range map[string]error{
		"Write": f.Write(map[string]int{"a": 1}), "Merge": f.Merge(map[string]int{"a": 1}), "Append": f.Append(""),
	} {
		after, statErr := os.Stat(path)
		if err != nil || statErr != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
			t.Errorf("%s: %v; was %v, is %v", what, err, before.ModTime(), after.ModTime())
		}
	}
	testkit.Must(t, f.Write(map[string]int{"a": 2})) // the same size
	testkit.WantContent(t, path, "{\n  \"a\": 2\n}\n")
}

func TestABigFileIsReadAndWrittenWhole(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	f := safefile.New[[]string](path)
	want := make([]string, 40_000)
	for i := range want {
		want[i] = fmt.Sprintf("%060d", i) // 2.6 MB in all
	}
	testkit.Must(t, f.Write(want))
	if got, err := f.Read(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %d of %d, %v", len(got), len(want), err)
	}
	data, err := f.ReadBytes()
	testkit.Must(t, err)
	if direct, _ := os.ReadFile(path); !bytes.Equal(data, direct) || len(data) < 1<<20 {
		t.Errorf("%d bytes by the handle, %d by the system", len(data), len(direct))
	}
	testkit.Must(t, f.Append(" "))
	if again, _ := f.ReadBytes(); len(again) != len(data)+1 {
		t.Errorf("%d bytes after an append to %d", len(again), len(data))
	}
}

func TestMaxSizeBoundsWhatIsRead(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	testkit.Put(t, path, `"`+strings.Repeat("x", 100)+`"`)
	f := safefile.New[string](path, safefile.WithMaxSize(50))
	_, readErr := f.Read()
	_, bytesErr := f.ReadBytes()
	for what, err := range map[string]error{"Read": readErr, "ReadBytes": bytesErr} {
		if !errors.Is(err, errors.ErrTooLarge) || !errors.Is(err, errors.ErrRead) || !strings.Contains(err.Error(), "102") {
			t.Errorf("%s: %v", what, err)
		}
	}
	m := safefile.New[[]int](path, safefile.WithMaxSize(50))
	testkit.WantIs(t, "Merge", m.Merge([]int{1}), errors.ErrTooLarge, errors.ErrWrite)
	for _, n := range []int64{0, 102} {
		if v, err := safefile.New[string](path, safefile.WithMaxSize(n)).Read(); len(v) != 100 || err != nil {
			t.Errorf("up to %d: %v", n, err)
		}
	}
	if _, err := safefile.ReadFile(path, safefile.WithMaxSize(-1)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a negative limit: %v", err)
	}
	testkit.Must(t, f.Append("x")) // what is not read into memory has no limit
}

func TestMergeReadsTheFileAndNotAMemoryOfIt(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.json")
	f := safefile.New[map[string]int](path)
	testkit.Must(t, f.Merge(map[string]int{"a": 1})) // into no file
	testkit.Put(t, path, `{"somebody": 2}`)
	testkit.Must(t, f.Merge(map[string]int{"b": 3}))
	if v, err := f.Read(); err != nil || !reflect.DeepEqual(v, map[string]int{"somebody": 2, "b": 3}) {
		t.Errorf("it holds %v, %v", v, err)
	}
	list := safefile.New[[]string](filepath.Join(testkit.Memory(t), "b.yaml"))
	testkit.Must(t, list.Merge([]string{"one"}))
	testkit.Must(t, list.Merge([]string{"two", "three"}))
	if v, err := list.Read(); err != nil || len(v) != 3 || v[2] != "three" {
		t.Errorf("it holds %v, %v", v, err)
	}
	untyped := safefile.New[any](filepath.Join(testkit.Memory(t), "c.json"))
	testkit.Must(t, untyped.Merge(map[string]any{"a": "x"}))
	testkit.Must(t, untyped.Merge(map[string]any{"b": []any{"y"}}))
	testkit.WantIs(t, "a list into a map", untyped.Merge([]any{1}), errors.ErrEncode)
	if v, err := untyped.Read(); err != nil || !reflect.DeepEqual(v, map[string]any{"a": "x", "b": []any{"y"}}) {
		t.Errorf("it holds %v, %v", v, err)
	}
	record := safefile.New[struct{ A int }](filepath.Join(testkit.Memory(t), "d.json"))
	testkit.WantIs(t, "a struct", record.Merge(struct{ A int }{1}), errors.ErrEncode, errors.ErrWrite)
}

// words is a format of one word per line.
var words = codec.Pair(
	func(r io.Reader) ([]string, error) {
		data, err := io.ReadAll(r)
		return strings.Fields(string(data)), err
	},
	func(w io.Writer, v []string) error {
		_, err := io.WriteString(w, strings.Join(v, "\n"))
		return err
	})

func TestACodecRegisteredAfterTheHandleWasMadeIsUsed(t *testing.T) {
	r := registry.New()
	path := filepath.Join(testkit.Memory(t), "a.words")
	f := safefile.New[[]string](path, safefile.WithRegistry(r))
	err := f.Write([]string{"a", "b"})
	if !errors.Is(err, errors.ErrUnknownFormat) || !errors.Is(err, errors.ErrWrite) || !strings.Contains(err.Error(), ".words") {
		t.Errorf("before: %v", err)
	}
	if _, err := f.Read(); !errors.Is(err, errors.ErrUnknownFormat) || !errors.Is(err, errors.ErrRead) {
		t.Errorf("before: %v", err)
	}
	testkit.WantNames(t, filepath.Dir(path)) // nothing was touched
	testkit.Must(t, f.WriteBytes([]byte("needs no codec")))
	if data, err := f.ReadBytes(); string(data) != "needs no codec" || err != nil {
		t.Errorf("ReadBytes: %q, %v", data, err)
	}
	testkit.Must(t, f.Append("\nat all"))
	r.Register("words", words)
	if v, err := f.Read(); err != nil || len(v) != 5 {
		t.Errorf("after: %v, %v", v, err)
	}
	if _, err := safefile.New[[]string](path).Read(); !errors.Is(err, errors.ErrUnknownFormat) {
		t.Errorf("the registry of the process has it too: %v", err)
	}
	own := safefile.New[[]string](path, safefile.WithCodec(words), safefile.WithRegistry(nil))
	if v, err := own.Read(); err != nil || len(v) != 5 {
		t.Errorf("WithCodec: %v, %v", v, err)
	}
}

// panicking is a codec that does not even return.
type panicking struct{}

func (panicking) Load(io.Reader, any) error { panic("in the loader") }
func (panicking) Dump(io.Writer, any) error { panic("in the dumper") }

func TestACodecThatPanicsCostsNoData(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.x")
	testkit.Put(t, path, "precious")
	f := safefile.New[string](path, safefile.WithCodec(panicking{}))
	if _, err := f.Read(); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "in the loader") {
		t.Errorf("Read: %v", err)
	}
	if err := f.Write("x"); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errors.ErrWrite) || !strings.Contains(err.Error(), "in the dumper") {
		t.Errorf("Write: %v", err)
	}
	testkit.WantContent(t, path, "precious")
	testkit.WantNames(t, filepath.Dir(path), "a.x") // encoding comes before the lock
}

func TestBytesBelongToTheCallerAgainAfterwards(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a")
	data := []byte("written")
	testkit.Must(t, safefile.WriteFile(path, data))
	copy(data, "changed")
	testkit.WantContent(t, path, "written")
	got, err := safefile.ReadFile(path)
	testkit.Must(t, err)
	clear(got)
	testkit.WantContent(t, path, "written")
}

func TestOptionsThatMakeNoSenseAreErrorsOfEveryCall(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a")
	for what, o := range map[string]safefile.Option{
		"WithMode":     safefile.WithMode(fs.ModeDir | 0o644),
		"WithParents":  safefile.WithParents(0o600),
		"WithSafety":   safefile.WithSafety(9),
		"WithSymlinks": safefile.WithSymlinks(9),
	} {
		if err := safefile.WriteFile(path, nil, safefile.WithOptions(o)); !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	testkit.WantNames(t, filepath.Dir(path))
	defer func() {
		if p := recover(); p != "safefile.WithOptions: nil option" {
			t.Errorf("a nil option: %v", p)
		}
	}()
	safefile.New[int](path, nil)
}

// mergeAll has every handle merge keys of its own, from a goroutine of its own,
// and checks that none is lost.
func mergeAll(t testing.TB, handles []*safefile.SafeFile[map[string]int], each int) {
	t.Helper()
	var writers sync.WaitGroup
	for w, f := range handles {
		writers.Go(func() {
			for i := range each {
				if err := f.Merge(map[string]int{fmt.Sprintf("%d-%d", w, i): i}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	v, err := handles[0].Read()
	if err != nil || len(v) != each*len(handles) {
		t.Errorf("%d keys, want %d, %v", len(v), each*len(handles), err)
	}
}

// Handles with engines of their own meet only at the kernel's lock, as those of
// different processes do.
func TestWritersLoseNothingAndReadersSeeNoPart(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file.json")
	var handles []*safefile.SafeFile[map[string]int]
	for range 3 {
		engine := over(osFS)
		for range 2 {
			handles = append(handles, safefile.New[map[string]int](path, engine))
		}
	}
	testkit.Must(t, handles[0].Write(map[string]int{}))
	var over atomic.Bool
	var reads atomic.Int64
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			f, last := safefile.New[map[string]int](path), 0
			for !over.Load() {
				v, err := f.Read()
				if err != nil || len(v) < last {
					t.Errorf("%d keys after %d, %v", len(v), last, err)
					return
				}
				last = len(v)
				reads.Add(1)
			}
		})
	}
	mergeAll(t, handles, 40)
	over.Store(true)
	readers.Wait()
	if reads.Load() == 0 {
		t.Error("nobody read")
	}
	testkit.WantNames(t, filepath.Dir(path), "file.json", "file.json.lock")
}
