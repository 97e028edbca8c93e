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
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestField17ADamagedFileIsATypedErrorWithItsPlaceAndIsNotTouched(t *testing.T) {
	for name, c := range map[string]struct {
		damaged string
		line    int
	}{
		"a.json":  {"{\n  \"a\": 1,\n  \"b\": oops\n}", 3},
		"a.jsonc": {"{\n  // a comment\n  \"a\": ,\n}", 3},
		"a.yaml":  {"a: 1\nb: [1,\n", 0},
		"a.toml":  {"a = 1\nb = = 2\n", 2},
	} {
		path := filepath.Join(memory(t), name)
		put(t, path, c.damaged)
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
		wantContent(t, path, c.damaged)
		must(t, f.Write(map[string]any{"a": "repaired"})) // on purpose it may be replaced
	}
}

func TestField17AnEmptyFileIsNoDefault(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	put(t, path, "")
	f := safefile.New[map[string]int](path)
	if v, err := f.ReadOr(map[string]int{"default": 1}); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("ReadOr: %v, %v", v, err)
	}
	if err := f.Merge(map[string]int{"a": 1}); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("Merge: %v", err)
	}
	wantContent(t, path, "")
}

func TestField17AMissingFileIsNotExistAndReadOrsDefault(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	f := safefile.New[[]int](path)
	if v, err := f.Read(); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, errors.ErrRead) || v != nil {
		t.Errorf("Read: %v, %v", v, err)
	}
	if v, err := f.ReadOr([]int{7}); err != nil || len(v) != 1 {
		t.Errorf("ReadOr: %v, %v", v, err)
	}
	if err := f.Remove(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the default was written")
	}
}

func TestField16NothingIsAddedToTheFile(t *testing.T) {
	dir := memory(t)
	must(t, safefile.WriteFile(filepath.Join(dir, "bytes"), []byte("exactly this")))
	wantContent(t, filepath.Join(dir, "bytes"), "exactly this")
	must(t, safefile.WriteFile(filepath.Join(dir, "empty"), nil))
	wantContent(t, filepath.Join(dir, "empty"), "")
	f := safefile.New[string](filepath.Join(dir, "log"))
	must(t, f.Append("no newline"))
	must(t, f.Append(", and none here"))
	wantContent(t, filepath.Join(dir, "log"), "no newline, and none here")
	s := safefile.New[struct {
		Name string `json:"name"`
	}](filepath.Join(dir, "a.json"))
	v, _ := s.ReadOr(struct {
		Name string `json:"name"`
	}{"x<y>"})
	must(t, s.Write(v))
	wantContent(t, filepath.Join(dir, "a.json"), "{\n  \"name\": \"x<y>\"\n}\n")
}

func TestField16AWriteThatChangesNothingWritesNothing(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	f := safefile.New[map[string]int](path)
	must(t, f.Write(map[string]int{"a": 1}))
	before, err := os.Stat(path)
	must(t, err)
	for what, err := range map[string]error{
		"Write": f.Write(map[string]int{"a": 1}), "Merge": f.Merge(map[string]int{"a": 1}), "Append": f.Append(""),
	} {
		after, statErr := os.Stat(path)
		if err != nil || statErr != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
			t.Errorf("%s: %v; was %v, is %v", what, err, before.ModTime(), after.ModTime())
		}
	}
	must(t, f.Write(map[string]int{"a": 2})) // the same size
	wantContent(t, path, "{\n  \"a\": 2\n}\n")
}

func TestField16ABigFileIsReadAndWrittenWhole(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	f := safefile.New[[]string](path)
	want := make([]string, 40_000)
	for i := range want {
		want[i] = fmt.Sprintf("%060d", i) // 2.6 MB in all
	}
	must(t, f.Write(want))
	if got, err := f.Read(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %d of %d, %v", len(got), len(want), err)
	}
	data, err := f.ReadBytes()
	must(t, err)
	if direct, _ := os.ReadFile(path); !bytes.Equal(data, direct) || len(data) < 1<<20 {
		t.Errorf("%d bytes by the handle, %d by the system", len(data), len(direct))
	}
	must(t, f.Append(" "))
	if again, _ := f.ReadBytes(); len(again) != len(data)+1 {
		t.Errorf("%d bytes after an append to %d", len(again), len(data))
	}
}

func TestField16MaxSizeBoundsWhatIsRead(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	put(t, path, `"`+strings.Repeat("x", 100)+`"`)
	f := safefile.New[string](path, safefile.WithMaxSize(50))
	_, readErr := f.Read()
	_, bytesErr := f.ReadBytes()
	for what, err := range map[string]error{"Read": readErr, "ReadBytes": bytesErr} {
		if !errors.Is(err, errors.ErrTooLarge) || !errors.Is(err, errors.ErrRead) || !strings.Contains(err.Error(), "102") {
			t.Errorf("%s: %v", what, err)
		}
	}
	m := safefile.New[[]int](path, safefile.WithMaxSize(50))
	if err := m.Merge([]int{1}); !errors.Is(err, errors.ErrTooLarge) || !errors.Is(err, errors.ErrWrite) {
		t.Errorf("Merge: %v", err)
	}
	for _, n := range []int64{0, 102} {
		if v, err := safefile.New[string](path, safefile.WithMaxSize(n)).Read(); len(v) != 100 || err != nil {
			t.Errorf("up to %d: %v", n, err)
		}
	}
	if _, err := safefile.ReadFile(path, safefile.WithMaxSize(-1)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a negative limit: %v", err)
	}
	must(t, f.Append("x")) // what is not read into memory has no limit
}

func TestField02MergeReadsTheFileAndNotAMemoryOfIt(t *testing.T) {
	path := filepath.Join(memory(t), "a.json")
	f := safefile.New[map[string]int](path)
	must(t, f.Merge(map[string]int{"a": 1})) // into no file
	put(t, path, `{"somebody": 2}`)
	must(t, f.Merge(map[string]int{"b": 3}))
	if v, err := f.Read(); err != nil || !reflect.DeepEqual(v, map[string]int{"somebody": 2, "b": 3}) {
		t.Errorf("it holds %v, %v", v, err)
	}
	list := safefile.New[[]string](filepath.Join(memory(t), "b.yaml"))
	must(t, list.Merge([]string{"one"}))
	must(t, list.Merge([]string{"two", "three"}))
	if v, err := list.Read(); err != nil || len(v) != 3 || v[2] != "three" {
		t.Errorf("it holds %v, %v", v, err)
	}
	untyped := safefile.New[any](filepath.Join(memory(t), "c.json"))
	must(t, untyped.Merge(map[string]any{"a": "x"}))
	must(t, untyped.Merge(map[string]any{"b": []any{"y"}}))
	if err := untyped.Merge([]any{1}); !errors.Is(err, errors.ErrEncode) {
		t.Errorf("a list into a map: %v", err)
	}
	if v, err := untyped.Read(); err != nil || !reflect.DeepEqual(v, map[string]any{"a": "x", "b": []any{"y"}}) {
		t.Errorf("it holds %v, %v", v, err)
	}
	record := safefile.New[struct{ A int }](filepath.Join(memory(t), "d.json"))
	if err := record.Merge(struct{ A int }{1}); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errors.ErrWrite) {
		t.Errorf("a struct: %v", err)
	}
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

func TestField17ACodecRegisteredAfterTheHandleWasMadeIsUsed(t *testing.T) {
	r := registry.New()
	path := filepath.Join(memory(t), "a.words")
	f := safefile.New[[]string](path, safefile.WithRegistry(r))
	err := f.Write([]string{"a", "b"})
	if !errors.Is(err, errors.ErrUnknownFormat) || !errors.Is(err, errors.ErrWrite) || !strings.Contains(err.Error(), ".words") {
		t.Errorf("before: %v", err)
	}
	if _, err := f.Read(); !errors.Is(err, errors.ErrUnknownFormat) || !errors.Is(err, errors.ErrRead) {
		t.Errorf("before: %v", err)
	}
	wantNames(t, filepath.Dir(path)) // nothing was touched
	must(t, f.WriteBytes([]byte("needs no codec")))
	if data, err := f.ReadBytes(); string(data) != "needs no codec" || err != nil {
		t.Errorf("ReadBytes: %q, %v", data, err)
	}
	must(t, f.Append("\nat all"))
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

func TestField17ACodecThatPanicsCostsNoData(t *testing.T) {
	path := filepath.Join(memory(t), "a.x")
	put(t, path, "precious")
	f := safefile.New[string](path, safefile.WithCodec(codec.Pair(
		func(io.Reader) (string, error) { panic("in the loader") },
		func(io.Writer, string) error { panic("in the dumper") })))
	if _, err := f.Read(); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "in the loader") {
		t.Errorf("Read: %v", err)
	}
	if err := f.Write("x"); !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "in the dumper") {
		t.Errorf("Write: %v", err)
	}
	wantContent(t, path, "precious")
	wantNames(t, filepath.Dir(path), "a.x") // encoding comes before the lock
}

func TestField16BytesBelongToTheCallerAgainAfterwards(t *testing.T) {
	path := filepath.Join(memory(t), "a")
	data := []byte("written")
	must(t, safefile.WriteFile(path, data))
	copy(data, "changed")
	wantContent(t, path, "written")
	got, err := safefile.ReadFile(path)
	must(t, err)
	clear(got)
	wantContent(t, path, "written")
}

func TestOptionsThatMakeNoSenseAreErrorsOfEveryCall(t *testing.T) {
	path := filepath.Join(memory(t), "a")
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
	wantNames(t, filepath.Dir(path))
	defer func() {
		if p := recover(); p != "safefile.WithOptions: nil option" {
			t.Errorf("a nil option: %v", p)
		}
	}()
	safefile.New[int](path, nil)
}
