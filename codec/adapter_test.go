package codec_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

func TestPairNamesTheTwoTypesThatMet(t *testing.T) {
	type rows [][]string
	c := csvCodec()
	if v, err := loadAs[rows](c, "a,b\n"); err != nil || v[0][1] != "b" {
		t.Errorf("an assignable type: %v, %v", v, err)
	}
	if text, err := dumped(c, rows{{"a", "b"}}); err != nil || text != "a,b\n" {
		t.Errorf("an assignable type: %q, %v", text, err)
	}
	_, err := loadAs[int](c, "a")
	if !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "loads a [][]string and the handle holds a int") {
		t.Errorf("%v", err)
	}
	for _, v := range []any{1, ptr(1), (*[][]string)(nil), nil, ptr(any(nil))} {
		_, err := dumped(c, v)
		if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "dumps a [][]string and the handle holds a ") {
			t.Errorf("%T: %v", v, err)
		}
	}
	if text, err := dumped(c, ptr(any([][]string{{"x"}}))); err != nil || text != "x\n" {
		t.Errorf("a pointer to any: %q, %v", text, err)
	}
}

func TestPairOfAnInterface(t *testing.T) {
	var next any
	c := codec.Pair(func(io.Reader) (any, error) { return next, nil },
		func(w io.Writer, v any) error { _, err := fmt.Fprint(w, v); return err })
	next = 5
	if v, err := loadAs[int](c, ""); err != nil || v != 5 {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := loadAs[string](c, ""); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "loaded a int and the handle holds a string") {
		t.Errorf("%v", err)
	}
	next = nil
	if v, err := loadAs[*int](c, ""); err != nil || v != nil {
		t.Errorf("%v, %v", v, err)
	}
	for want, v := range map[string]any{"5": 5, "<nil>": nil} {
		if text, err := dumped(c, v); err != nil || text != want {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestAPanicInAPairIsAnError(t *testing.T) {
	for name, value := range map[string]any{"an error": errTouchy, "a string": "touchy"} {
		c := codec.Pair(func(io.Reader) (int, error) { panic(value) }, func(io.Writer, int) error { panic(value) })
		_, err := loadAs[int](c, "")
		_, isError := value.(error)
		if !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "panic: touchy") || errors.Is(err, errTouchy) != isError {
			t.Errorf("%s on load: %v", name, err)
		}
		_, err = dumped(c, 1)
		if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "panic: touchy") || errors.Is(err, errTouchy) != isError {
			t.Errorf("%s on dump: %v", name, err)
		}
	}
}

func TestAGoexitInAPairIsNoSuccess(t *testing.T) {
	c := codec.Pair(func(io.Reader) (int, error) { runtime.Goexit(); return 0, nil }, func(io.Writer, int) error { return nil })
	returned := make(chan bool)
	go func() {
		ended := false
		defer func() { returned <- ended }()
		_, _ = loadAs[int](c, "")
		ended = true
	}()
	if <-returned {
		t.Error("Load returned")
	}
}

func TestAUsersErrorKeepsItsPlace(t *testing.T) {
	c := codec.Pair(func(io.Reader) (int, error) {
		return 0, &errors.DecodeError{Format: "ini", Line: 7, Offset: -1, Err: errTouchy}
	}, func(io.Writer, int) error { return &errors.EncodeError{Format: "ini", Err: errTouchy} })
	if _, err := loadAs[int](c, ""); err == nil || err.Error() != "not valid ini, line 7: touchy" {
		t.Errorf("%v", err)
	}
	if _, err := dumped(c, 1); err == nil || err.Error() != "can't be written as ini: touchy" {
		t.Errorf("%v", err)
	}
}

func TestALoaderGetsTheHandlesReader(t *testing.T) {
	c := codec.Pair(func(r io.Reader) (string, error) {
		all, err := io.ReadAll(r)
		if err != nil {
			return "", err
		}
		if _, err := r.(io.Seeker).Seek(1, io.SeekStart); err != nil {
			return "", err
		}
		rest, err := io.ReadAll(r)
		at := make([]byte, 1)
		if _, err := r.(io.ReaderAt).ReadAt(at, 2); err != nil {
			return "", err
		}
		var to bytes.Buffer
		r.(io.Seeker).Seek(-1, io.SeekEnd)
		r.(io.WriterTo).WriteTo(&to)
		max := r.(interface{ MaxSize() int64 }).MaxSize()
		whole := r.(interface{ Bytes() []byte }).Bytes()
		return fmt.Sprintf("%s %s %s %s %s %d", all, rest, at, &to, whole, max), err
	}, func(io.Writer, string) error { return nil })
	var got string
	if err := c.Load(codec.NewSource([]byte("abc"), 9), &got); err != nil || got != "abc bc c c abc 9" {
		t.Errorf("%q, %v", got, err)
	}
	var plain bytes.Buffer
	z := gzip.NewWriter(&plain)
	z.Write([]byte("abc"))
	z.Close()
	if err := codec.Gzip(c).Load(codec.NewSource(plain.Bytes(), 9), &got); err != nil || got != "abc bc c c abc 9" {
		t.Errorf("through Gzip: %q, %v", got, err)
	}
}

// editing is a text codec whose Edit appends.
type editing struct{ codec.Codec }

func (editing) Edit(w io.Writer, old []byte, v any) error {
	if v == "fail" {
		return errTouchy
	}
	_, err := fmt.Fprintf(w, "%s%v", old, v)
	return err
}

func TestGzip(t *testing.T) {
	c := codec.Gzip(codec.Text())
	text, err := dumped(c, strings.Repeat("x", 1000))
	if err != nil {
		t.Fatal(err)
	}
	var v string
	load := func(text string, max int64) error { return c.Load(codec.NewSource([]byte(text), max), &v) }
	for _, max := range []int64{0, 1000, math.MaxInt64} {
		if err := load(text, max); err != nil || len(v) != 1000 {
			t.Errorf("max %d: %v", max, err)
		}
	}
	if err := load(text, 999); !errors.Is(err, errors.ErrTooLarge) || errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "999") {
		t.Errorf("%v", err)
	}
	if err := load(text+text, 0); err != nil || len(v) != 2000 {
		t.Errorf("two members: %v", err)
	}
	for n := range len(text) {
		if err := load(text[:n], 0); !errors.Is(err, errors.ErrDecode) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for _, extra := range []string{"x", "\x00", text[:5]} {
		if err := load(text+extra, 0); !errors.Is(err, errors.ErrDecode) {
			t.Errorf("followed by %q: %v", extra, err)
		}
	}
	// RFC 1952: no flags, no time, so that the bytes depend on the value alone.
	if !bytes.Equal([]byte(text[2:8]), []byte{8, 0, 0, 0, 0, 0}) {
		t.Errorf("header % x", text[:10])
	}
}

func TestGzipStopsInflatingAtTheLimit(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 64 {
		z.Write(zeros)
	}
	z.Close()
	allocated := testing.AllocsPerRun(1, func() {
		var v string
		if err := codec.Gzip(codec.Text()).Load(codec.NewSource(bomb.Bytes(), 1<<10), &v); !errors.Is(err, errors.ErrTooLarge) {
			t.Error(err)
		}
	})
	if allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestGzipKeepsTheEditor(t *testing.T) {
	if _, ok := codec.Gzip(codec.Pair(func(io.Reader) (int, error) { return 0, nil }, func(io.Writer, int) error { return nil })).(codec.Editor); ok {
		t.Error("it made an editor of a plain codec")
	}
	c := codec.Gzip(editing{codec.Text()}).(codec.Editor)
	// Another compressor's bytes for the same content.
	var old bytes.Buffer
	z, _ := gzip.NewWriterLevel(&old, gzip.HuffmanOnly)
	z.Name = "notes"
	z.Write([]byte("abc"))
	z.Close()

	var out bytes.Buffer
	if err := c.Edit(&out, old.Bytes(), "d"); err != nil {
		t.Fatal(err)
	}
	if got, err := loadAs[string](c, out.String()); err != nil || got != "abcd" {
		t.Errorf("%q, %v", got, err)
	}
	out.Reset()
	if err := c.Edit(&out, old.Bytes(), ""); err != nil || !bytes.Equal(out.Bytes(), old.Bytes()) {
		t.Errorf("an edit without effect changed the bytes: %v", err)
	}
	if err := c.Edit(&out, []byte("x"), ""); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("%v", err)
	}
	if err := c.Edit(&out, old.Bytes(), "fail"); !errors.Is(err, errTouchy) {
		t.Errorf("%v", err)
	}
	if err := c.Edit(limited{&out}, old.Bytes(), "d"); !errors.Is(err, errors.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

type limited struct{ io.Writer }

func (limited) MaxSize() int64 { return 2 }

func positive(p point) error {
	if p.X < 0 {
		return errTouchy
	}
	if p.X == 0 {
		panic("zero")
	}
	return nil
}

func TestValidateChecksBothWays(t *testing.T) {
	c := codec.Validate(codec.JSON(), positive)
	if v, err := loadAs[point](c, `{"X": 1}`); err != nil || v.X != 1 {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := loadAs[any](c, `{"X": 1}`); err != nil || v != any(point{X: 1}) {
		t.Errorf("a handle of any: %#v, %v", v, err)
	}
	for _, v := range []any{point{X: 1}, &point{X: 1}, ptr(any(point{X: 1}))} {
		if text, err := dumped(c, v); err != nil || !strings.Contains(text, `"X": 1`) {
			t.Errorf("%q, %v", text, err)
		}
	}
	_, direct := loadAs[point](c, `{"X": -1}`)
	_, viaAny := loadAs[any](c, `{"X": -1}`)
	for _, err := range []error{direct, viaAny} {
		if !errors.Is(err, errors.ErrDecode) || !errors.Is(err, errTouchy) || err.Error() != "not valid codec_test.point: touchy" {
			t.Errorf("%v", err)
		}
	}
	if text, err := dumped(c, point{X: -1}); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errTouchy) || text != "" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := loadAs[point](c, `{}`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "panic: zero") {
		t.Errorf("%v", err)
	}
	if _, err := loadAs[point](c, `{`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "not valid json") {
		t.Errorf("%v", err)
	}
	if _, err := loadAs[int](c, `1`); !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), "codec_test.point and the handle holds a int") {
		t.Errorf("%v", err)
	}
	if _, err := dumped(c, 1); !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "the handle holds a int") {
		t.Errorf("%v", err)
	}
}

func TestValidateOfAnInterfaceServesEveryTypeThatHasIt(t *testing.T) {
	c := codec.Validate(codec.JSON(), func(s fmt.Stringer) error {
		if s.String() == "0s" {
			return errTouchy
		}
		return nil
	})
	if _, err := loadAs[reflect.Kind](c, `2`); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]error{`0`: errors.ErrDecode, `x`: errors.ErrDecode} {
		if _, err := loadAs[int](c, text); !errors.Is(err, want) {
			t.Errorf("%v", err)
		}
	}
	_, err := loadAs[zeroSeconds](c, `0`)
	if !errors.Is(err, errTouchy) {
		t.Errorf("%v", err)
	}
}

type zeroSeconds int

func (zeroSeconds) String() string { return "0s" }

func TestValidateKeepsTheEditor(t *testing.T) {
	check := func(s string) error {
		if s == "bad" {
			return errTouchy
		}
		return nil
	}
	plain := codec.Pair(func(io.Reader) (string, error) { return "", nil }, func(io.Writer, string) error { return nil })
	if _, ok := codec.Validate(plain, check).(codec.Editor); ok {
		t.Error("it made an editor of a plain codec")
	}
	c := codec.Validate(codec.Gzip(editing{codec.Text()}), check).(codec.Editor)
	old, err := dumped(c, "a")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Edit(&out, []byte(old), "b"); err != nil {
		t.Fatal(err)
	}
	if got, err := loadAs[string](c, out.String()); err != nil || got != "ab" {
		t.Errorf("%q, %v", got, err)
	}
	out.Reset()
	if err := c.Edit(&out, []byte(old), "bad"); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errTouchy) || out.Len() > 0 {
		t.Errorf("%v", err)
	}
}

func TestAdaptersPanicOnNil(t *testing.T) {
	load := func(io.Reader) (int, error) { return 0, nil }
	dump := func(io.Writer, int) error { return nil }
	mustPanic(t, "codec.Pair: nil load", func() { codec.Pair(nil, dump) })
	mustPanic(t, "codec.Pair: nil dump", func() { codec.Pair(load, nil) })
	mustPanic(t, "codec.Gzip: nil codec", func() { codec.Gzip(nil) })
	mustPanic(t, "codec.Validate: nil codec", func() { codec.Validate(nil, positive) })
	mustPanic(t, "codec.Validate: nil check", func() { codec.Validate[point](codec.JSON(), nil) })
}
