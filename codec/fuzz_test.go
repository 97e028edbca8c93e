package codec_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

// fuzzLoad proves that no input makes a codec panic, and that what loads can be
// dumped and loads again as the same value.
func fuzzLoad(f *testing.F, c codec.Codec) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if err := c.Load(codec.NewSource(data, 1<<20), &v); err != nil {
			if !errors.Is(err, errors.ErrDecode) && !errors.Is(err, errors.ErrTooLarge) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		var text bytes.Buffer
		if err := c.Dump(&text, v); err != nil {
			t.Fatalf("%q loads as %#v, which does not dump: %v", data, v, err)
		}
		var again any
		if err := c.Load(codec.NewSource(text.Bytes(), 0), &again); err != nil {
			t.Fatalf("%q loads as %#v, whose dump %q does not load: %v", data, v, text.Bytes(), err)
		}
		if !same(v, again) {
			t.Fatalf("%q loads as %#v, and its dump %q as %#v", data, v, text.Bytes(), again)
		}
	})
}

// same is equality that takes NaN as equal to itself and times by their instant.
func same(x, y any) bool {
	return reflect.DeepEqual(x, y) || fmt.Sprintf("%#v", x) == fmt.Sprintf("%#v", y) || fmt.Sprintf("%v", x) == fmt.Sprintf("%v", y)
}

func seed(f *testing.F, suffixes ...string) {
	for _, folder := range []string{"json-test-suite", "yaml-test-suite", "real"} {
		for name, data := range corpus(f, folder) {
			for _, suffix := range suffixes {
				if strings.HasSuffix(name, suffix) && len(data) < 4096 {
					f.Add(data)
				}
			}
		}
	}
}

func FuzzJSON(f *testing.F) {
	seed(f, ".json")
	fuzzLoad(f, codec.JSON(codec.AllowEmpty()))
}

func FuzzJSONC(f *testing.F) {
	seed(f, ".jsonc", "y_structure_whitespace_array.json")
	f.Add([]byte("// c\n{\"a\": [1, /* x */ 2,], \"b\": \"//\",}"))
	fuzzLoad(f, codec.JSONC(codec.AllowEmpty()))
}

func FuzzYAML(f *testing.F) {
	seed(f, ".yaml", ".yml")
	fuzzLoad(f, codec.YAML())
}

func FuzzTOML(f *testing.F) {
	seed(f, ".toml")
	f.Add([]byte("a = [1, 'x', {b = 1}, [{c = 2}]]\nd = 1979-05-27T07:32:00Z\ne = 07:32:00\n[[t]]\nx=1\n[[t.u]]\n"))
	fuzzLoad(f, codec.TOML())
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a\r\n\x00\xff"))
	fuzzLoad(f, codec.Text())
}

func FuzzGzip(f *testing.F) {
	var text bytes.Buffer
	if err := codec.Gzip(codec.JSON()).Dump(&text, map[string]int{"a": 1}); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	fuzzLoad(f, codec.Gzip(codec.JSON()))
}

// FuzzYAMLString proves that every string survives in every position of a YAML file.
func FuzzYAMLString(f *testing.F) {
	for _, s := range []string{"\na", "\n", "\t\n", " a\nb", "<<", "yes", "1:20", "a\r\nb", "a\n\n\n", "\u0085", "é\n😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fuzzString(t, codec.YAML(), s)
	})
}

// FuzzTOMLString does so for TOML.
func FuzzTOMLString(f *testing.F) {
	for _, s := range []string{"\na", "\"\\", "\x7f\x00", "", "a.b", "é\n😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || !utf8.ValidString(s) {
			t.Skip("Dump refuses it, in a table inside an array")
		}
		fuzzString(t, codec.TOML(), s)
	})
}

func fuzzString(t *testing.T, c codec.Codec, s string) {
	v := map[string]any{
		"value": s,
		s:       map[string]any{s: s},
		"list":  []any{s, []any{s, map[string]any{"deep": s, s: s}}, s},
	}
	var text bytes.Buffer
	if err := c.Dump(&text, v); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	var again map[string]any
	if err := c.Load(codec.NewSource(text.Bytes(), 0), &again); err != nil {
		t.Fatalf("%q is written as %q: %v", s, text.Bytes(), err)
	}
	if !same(v, again) { // a key of bytes makes a map[any]any of its map
		t.Fatalf("%q is written as %q and comes back as %#v", s, text.Bytes(), again)
	}
}
