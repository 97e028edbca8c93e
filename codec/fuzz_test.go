package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
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

// same is reflect.DeepEqual for what loads into an interface, but for four
// things: NaN equals itself, times are equal as instants with the same clock
// reading, a map[any]any equals a map[string]any with the same keys, and a
// []map[string]any, which TOML loads from [[name]], a []any of the same tables.
func same(x, y any) bool {
	switch x := x.(type) {
	case float64:
		y, ok := y.(float64)
		return ok && (x != x && y != y || x == y && math.Signbit(x) == math.Signbit(y))
	case time.Time:
		y, ok := y.(time.Time)
		return ok && x.Equal(y) && x.Format(time.RFC3339Nano) == y.Format(time.RFC3339Nano)
	}
	vx, vy := reflect.ValueOf(x), reflect.ValueOf(y)
	if !vx.IsValid() || !vy.IsValid() || vx.Kind() != vy.Kind() {
		return vx.IsValid() == vy.IsValid() && !vx.IsValid()
	}
	switch vx.Kind() {
	case reflect.Slice:
		return listOfAny(vx) == listOfAny(vy) && slices.EqualFunc(items(vx), items(vy), same)
	case reflect.Map:
		return sameMap(vx, vy)
	}
	return reflect.DeepEqual(x, y)
}

// listOfAny is the type of a list, or what TOML may load in its place.
func listOfAny(list reflect.Value) reflect.Type {
	if list.Type() == reflect.TypeFor[[]map[string]any]() {
		return reflect.TypeFor[[]any]()
	}
	return list.Type()
}

func items(v reflect.Value) []any {
	var all []any
	for i := range v.Len() {
		all = append(all, v.Index(i).Interface())
	}
	return all
}

// sameMap finds the partner of each entry by its key; a NaN key has no other way.
func sameMap(x, y reflect.Value) bool {
	if x.Len() != y.Len() {
		return false
	}
	for ix := x.MapRange(); ix.Next(); {
		found := false
		for iy := y.MapRange(); !found && iy.Next(); {
			found = same(ix.Key().Interface(), iy.Key().Interface()) && same(ix.Value().Interface(), iy.Value().Interface())
		}
		if !found {
			return false
		}
	}
	return true
}

func TestSameTellsTypesApart(t *testing.T) {
	nan := math.NaN()
	for _, v := range []any{1, "1", 1.0, nil, nan, []any{nan}, map[any]any{nan: 1}, time.Unix(0, 0), true, []any{}, map[string]any{}} {
		if !same(v, v) {
			t.Errorf("%#v differs from itself", v)
		}
		for _, other := range []any{2, "2", 2.0, json.Number("1"), uint64(1), int64(1), []any{1}, map[any]any{nan: "1"}, time.Unix(0, 1), false, []int{}, "", math.Copysign(0, -1)} {
			if same(v, other) {
				t.Errorf("%#v and %#v count as the same", v, other)
			}
		}
	}
	if !same(map[any]any{"a": []any{1}}, map[string]any{"a": []any{1}}) || same(map[any]any{1: 1}, map[string]any{"1": 1}) {
		t.Error("keys")
	}
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
	f.Add([]byte("00=[{}]"))
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
			return // Dump refuses it, in a table inside an array
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
