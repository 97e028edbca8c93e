package codec_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
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

func TestAdaptersPanicOnNil(t *testing.T) {
	load := func(io.Reader) (int, error) { return 0, nil }
	dump := func(io.Writer, int) error { return nil }
	mustPanic(t, "codec.Pair: nil load", func() { codec.Pair(nil, dump) })
	mustPanic(t, "codec.Pair: nil dump", func() { codec.Pair(load, nil) })
	mustPanic(t, "codec.Gzip: nil codec", func() { codec.Gzip(nil) })
	mustPanic(t, "codec.Validate: nil codec", func() { codec.Validate(nil, positive) })
	mustPanic(t, "codec.Validate: nil check", func() { codec.Validate[point](codec.JSON(), nil) })
}
