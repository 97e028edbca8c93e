package codec_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// appending is a text codec whose Edit appends.
type appending struct{ codec.Codec }

func (appending) Edit(w io.Writer, old []byte, v any) error {
	if v == "fail" {
		return errTouchy
	}
	_, err := fmt.Fprintf(w, "%s%v", old, v)
	return err
}

func TestGzip(t *testing.T) {
	c := codec.Gzip(codec.Text())
	text, err := dumped(c, strings.Repeat("x", 1000))
	testkit.Must(t, err)
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
		testkit.WantIs(t, fmt.Sprintf("cut at %d", n), load(text[:n], 0), errors.ErrDecode)
	}
	for _, extra := range []string{"x", "\x00", text[:5]} {
		testkit.WantIs(t, fmt.Sprintf("followed by %q", extra), load(text+extra, 0), errors.ErrDecode)
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
	c := codec.Gzip(appending{codec.Text()}).(codec.Editor)
	// Another compressor's bytes for the same content.
	var old bytes.Buffer
	z, _ := gzip.NewWriterLevel(&old, gzip.HuffmanOnly)
	z.Name = "notes"
	z.Write([]byte("abc"))
	z.Close()

	var out bytes.Buffer
	testkit.Must(t, c.Edit(&out, old.Bytes(), "d"))
	if got, err := loadAs[string](c, out.String()); err != nil || got != "abcd" {
		t.Errorf("%q, %v", got, err)
	}
	out.Reset()
	if err := c.Edit(&out, old.Bytes(), ""); err != nil || !bytes.Equal(out.Bytes(), old.Bytes()) {
		t.Errorf("an edit without effect changed the bytes: %v", err)
	}
	out.Reset()
	testkit.WantNil(t, "it", c.Edit(&out, []byte("x"), "whole"))
	if got, err := loadAs[string](c, out.String()); err != nil || got != "whole" {
		t.Errorf("over what is no gzip: %q, %v", got, err)
	}
	testkit.WantIs(t, "it", c.Edit(&out, old.Bytes(), "fail"), errTouchy)
	testkit.WantIs(t, "it", c.Edit(limited{&out}, old.Bytes(), "d"), errors.ErrTooLarge)
}

type limited struct{ io.Writer }

func (limited) MaxSize() int64 { return 2 }
