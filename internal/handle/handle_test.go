package handle

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
)

var background = context.Background()

// inMemory is a handle on a simulated disk.
func inMemory[T any](t *testing.T, c codec.Codec) *File[T] {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the simulated disk has no volumes")
	}
	o := Defaults()
	o.NoLock, o.Codec, o.Engine = true, c, engine.New(disk.New(crashfs.New()))
	return New[T]("/file.json", o)
}

func wantBytes[T any](t *testing.T, f *File[T], want string) {
	t.Helper()
	data, err := f.ReadBytes()
	if err != nil || string(data) != want {
		t.Errorf("the file holds %q, %v, want %q", data, err, want)
	}
}

// missing is a codec that looks for another file and does not find it.
var missing = codec.Pair(
	func(io.Reader) (map[string]int, error) {
		return nil, fmt.Errorf("the included file: %w", fs.ErrNotExist)
	},
	func(w io.Writer, m map[string]int) error { _, err := fmt.Fprint(w, m); return err })

func TestAFileThatACodecMissesIsNotTakenForTheFileItself(t *testing.T) {
	f := inMemory[map[string]int](t, missing)
	testkit.Must(t, f.WriteBytes(background, []byte("precious")))
	if v, err := f.ReadOr(map[string]int{"default": 1}); !errors.Is(err, errors.ErrDecode) || v != nil {
		t.Errorf("ReadOr gave %v, %v", v, err)
	}
	testkit.WantIs(t, "Merge", f.Merge(background, map[string]int{"a": 1}), errors.ErrDecode)
	err := f.Update(background, func(v *map[string]int) error {
		t.Errorf("Update works on %v", *v)
		return nil
	})
	testkit.WantIs(t, "Update", err, errors.ErrDecode)
	wantBytes(t, f, "precious")
}

func TestMergePutsKeysOverKeysAndElementsAfterElements(t *testing.T) {
	type m = map[string]any
	for _, c := range []struct{ old, patch, want any }{
		{m{"a": 1, "b": 2}, m{"b": 3, "c": nil}, m{"a": 1, "b": 3, "c": nil}},
		{m{"a": m{"x": 1}}, m{"a": m{"y": 2}}, m{"a": m{"y": 2}}}, // keys, not trees
		{[]int{1, 2}, []int{2, 3}, []int{1, 2, 2, 3}},
		{m(nil), m{"a": 1}, m{"a": 1}},
		{m(nil), m(nil), m{}},
		{[]int(nil), []int{1}, []int{1}},
		{nil, m{"a": 1}, m{"a": 1}},
		{nil, []any{1}, []any{1}},
		{m{"a": 1}, nil, m{"a": 1}},
	} {
		got, err := merge(c.old, c.patch)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v and %v: %v, %v, want %v", c.old, c.patch, got, err, c.want)
		}
	}
}

func TestMergeChangesNeitherOfItsArguments(t *testing.T) {
	old, patch := make([]int, 1, 10), []int{2}
	got, err := merge(old, patch)
	testkit.Must(t, err)
	got[0], got[1] = 8, 9
	if old[0] != 0 || patch[0] != 2 || old[:2][1] != 0 {
		t.Errorf("old is %v, patch is %v", old[:2], patch)
	}
	a, b := map[string]int{"a": 1}, map[string]int{"b": 2}
	if _, err := merge(a, b); err != nil || len(a) != 1 || len(b) != 1 {
		t.Errorf("old is %v, patch is %v, %v", a, b, err)
	}
}

func TestMergeRefusesWhatHasNoKeysAndNoElements(t *testing.T) {
	refused := func(what string, err error) {
		t.Helper()
		testkit.WantIs(t, what, err, errors.ErrEncode)
	}
	_, err := merge(struct{ A int }{1}, struct{ A int }{2})
	refused("a struct", err)
	_, err = merge("a", "b")
	refused("a string", err)
	_, err = merge[any](map[string]any{}, []any{1})
	refused("a slice into a map", err)
	_, err = merge[any](1.5, 2.5)
	refused("a number", err)
}

func TestACodecsOwnErrorMatchesItsKindAndStaysVisible(t *testing.T) {
	own := errors.New("the codec's own")
	f := inMemory[string](t, failing{own})
	testkit.Must(t, f.WriteBytes(background, []byte("data")))
	if _, err := f.Read(); !errors.Is(err, errors.ErrDecode) || !errors.Is(err, own) {
		t.Errorf("Read: %v", err)
	}
	testkit.WantIs(t, "Write", f.Write(background, "x"), errors.ErrEncode, own)
	f = inMemory[string](t, failing{errors.ErrTooLarge})
	testkit.Must(t, f.WriteBytes(background, []byte("data")))
	if _, err := f.Read(); !errors.Is(err, errors.ErrTooLarge) || errors.Is(err, errors.ErrDecode) {
		t.Errorf("too large: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Load(io.Reader, any) error { return f.err }
func (f failing) Dump(io.Writer, any) error { return f.err }

func TestWrongArgumentsSurfaceAtEveryCallAndNameThePath(t *testing.T) {
	o := Defaults()
	o.Reject("WithThing(%d) is wrong", 7)
	o.Reject("the second is not told")
	for _, f := range []*File[[]int]{New[[]int]("file.json", o), New[[]int]("", Defaults())} {
		_, readErr := f.Read()
		_, orErr := f.ReadOr(nil)
		_, bytesErr := f.ReadBytes()
		for what, err := range map[string]error{"Read": readErr, "ReadOr": orErr, "ReadBytes": bytesErr,
			"Write": f.Write(background, nil), "WriteBytes": f.WriteBytes(background, nil), "Append": f.Append(background, ""),
			"Merge": f.Merge(background, nil), "Remove": f.Remove(background)} {
			typed, ok := err.(*errors.Error)
			if !ok || !errors.Is(err, fs.ErrInvalid) || !errors.Is(err, errors.ErrFile) || typed.Path != f.name {
				t.Errorf("%s of %q: %v", what, f.name, err)
			}
		}
	}
	if _, err := New[int]("file.json", o).Read(); !strings.Contains(err.Error(), "WithThing(7) is wrong") {
		t.Errorf("it reads %v", err)
	}
}

// A handle must give a path the same meaning as the system.
func TestAPathKeepsWhatTheSystemGivesAMeaning(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cleans paths itself")
	}
	here, err := os.Getwd()
	testkit.Must(t, err)
	for path, want := range map[string]string{
		"a":            here + "/a",
		"./a":          here + "/a",
		"x//./a":       here + "/x/a",
		"../a":         here + "/../a",
		"link/../a":    here + "/link/../a",
		"/link/../a":   "/link/../a",
		"/x//a":        "/x/a",
		"a/":           here + "/a/",
		"a/.":          here + "/a/.",
		"..":           here + "/..",
		"..a/b..":      here + "/..a/b..",
		"/a/../../..b": "/a/../../..b",
	} {
		if got, err := absolute(path); got != want || err != nil || !filepath.IsAbs(got) {
			t.Errorf("%q is %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestARelativeLockDirectoryIsMadeAbsoluteToo(t *testing.T) {
	o := Defaults()
	o.LockDir = "locks"
	f := New[int]("a", o)
	if !filepath.IsAbs(f.request.Target.LockDir) {
		t.Errorf("it is %q", f.request.Target.LockDir)
	}
}

// A codec may hold another whose functions can't be compared.
func TestCodecsThatCannotBeComparedAreNotTheSameAndDoNotPanic(t *testing.T) {
	checked := codec.Validate(codec.JSON(), func(map[string]int) error { return nil })
	for what, c := range map[string]codec.Codec{"plain": codec.JSON(), "checked": checked, "compressed": codec.Gzip(checked)} {
		f := inMemory[map[string]int](t, c)
		testkit.Must(t, f.Write(background, map[string]int{"a": 1}))
		testkit.Must(t, f.Do(background, "write", errors.ErrWrite, nil, func(tx *Tx[map[string]int]) error {
			testkit.Must(t, tx.Write(map[string]int{"a": 2}))
			testkit.Must(t, tx.Merge(map[string]int{"b": 3}))
			return tx.Write(map[string]int{"a": 4})
		}))
		if v, err := f.Read(); err != nil || !reflect.DeepEqual(v, map[string]int{"a": 4}) {
			t.Errorf("%s: %v, %v", what, v, err)
		}
	}
}
