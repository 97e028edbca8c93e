package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
)

// randomType gives a type that TOML has a form for, all but methods and embedded structs.
func randomType(r *rand.Rand, depth int) reflect.Type {
	basic := []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[time.Time](),
		reflect.TypeFor[time.Duration](), reflect.TypeFor[json.Number](), reflect.TypeFor[any](),
	}
	if depth == 0 {
		return basic[r.IntN(len(basic))]
	}
	switch r.IntN(9) {
	case 0:
		return reflect.PointerTo(randomType(r, depth-1))
	case 1, 2:
		return reflect.SliceOf(randomType(r, depth-1))
	case 3:
		return reflect.ArrayOf(r.IntN(3), randomType(r, depth-1))
	case 4:
		return reflect.MapOf(reflect.TypeFor[string](), randomType(r, depth-1))
	case 5, 6:
		return randomStruct(r, depth)
	}
	return basic[r.IntN(len(basic))]
}

var randomTags = []string{"", "", "", "a%d", "b c%d", "ä%d", "x.y%d", "'%d", `\"q%d\"`, "-", ",omitempty", "A%d,omitzero", "%d"}

func randomStruct(r *rand.Rand, depth int) reflect.Type {
	var fields []reflect.StructField
	for i := range r.IntN(5) {
		tag := strings.Replace(randomTags[r.IntN(len(randomTags))], "%d", fmt.Sprint(i), 1)
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprint("F", i), Type: randomType(r, depth-1), Tag: reflect.StructTag(`toml:"` + tag + `"`),
		})
	}
	return reflect.StructOf(fields)
}

// randomText has every rune that a string or a key must escape, and none most often.
func randomText(r *rand.Rand) string {
	if r.IntN(3) > 0 {
		return []string{"", "a", "b", "key-1", "a.b", "1", "true", "ä", "x y"}[r.IntN(9)]
	}
	var s []rune
	for range r.IntN(6) {
		s = append(s, []rune{rune(r.IntN(0x21)), rune(0x20 + r.IntN(0x60)), rune(r.IntN(0x400)), '"', '\'', '\\', '#', '=', '[', '\uFEFF', '\uFFFD', '\u2028', 0x10FFFF, rune(0xE000 + r.IntN(0x1000))}[r.IntN(14)])
	}
	return string(s)
}

func randomValue(r *rand.Rand, t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch t {
	case reflect.TypeFor[time.Time]():
		at := time.Unix(r.Int64N(1<<37)-1<<36, r.Int64N(2)*r.Int64N(1e9)).UTC()
		if r.IntN(2) == 0 {
			at = at.In(time.FixedZone("", (r.IntN(60*60)-30*60)*60))
		}
		v.Set(reflect.ValueOf(at))
		return v
	case reflect.TypeFor[json.Number]():
		v.SetString([]string{"0", "1", "-7", "1.5", "9223372036854775807"}[r.IntN(5)])
		return v
	}
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int64:
		v.SetInt(int64(r.Uint64() >> r.IntN(64)))
	case reflect.Uint16, reflect.Uint64:
		v.SetUint(r.Uint64() >> (1 + r.IntN(63)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, 1, -1.5, 1e6, 1e21, 1e-7, math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1), r.NormFloat64(), math.MaxFloat32, 5e-324}[r.IntN(13)])
	case reflect.String:
		v.SetString(randomText(r))
	case reflect.Interface:
		if depth > 0 && r.IntN(10) > 0 {
			dynamic := []reflect.Type{reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[]map[string]any](), randomType(r, 1)}
			v.Set(randomValue(r, dynamic[r.IntN(4)], depth-1))
		} else {
			v.Set(reflect.ValueOf(randomText(r)))
		}
	case reflect.Pointer:
		if r.IntN(4) > 0 {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(randomValue(r, t.Elem(), depth-1))
		}
	case reflect.Slice:
		if n := r.IntN(5) - 1; n >= 0 {
			v.Set(reflect.MakeSlice(t, n, n))
			for i := range n {
				v.Index(i).Set(randomValue(r, t.Elem(), depth-1))
			}
		}
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(randomValue(r, t.Elem(), depth-1))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		for range r.IntN(4) {
			v.SetMapIndex(reflect.ValueOf(randomText(r)), randomValue(r, t.Elem(), depth-1))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(randomValue(r, t.Field(i).Type, depth-1))
		}
	}
	return v
}

// checkDumped dumps a value, and reports whether the codec accepts it. The text must load as the
// same value.
func checkDumped(t *testing.T, v reflect.Value) bool {
	t.Helper()
	c := codec.TOML()
	var text, twice bytes.Buffer
	if err := c.Dump(&text, v.Interface()); err != nil {
		if !errors.Is(err, errors.ErrEncode) {
			t.Fatalf("%#v: %v", v, err)
		}
		return false
	}
	var tree any
	if err := c.Load(bytes.NewReader(text.Bytes()), &tree); err != nil {
		t.Fatalf("%q does not load: %v; from %#v", text.Bytes(), err, v)
	}
	if err := c.Dump(&twice, tree); err != nil || !sameTree(t, text.Bytes(), twice.Bytes()) {
		t.Fatalf("%q, which loads as what is written as %q, %v; from %#v", text.Bytes(), twice.Bytes(), err, v)
	}
	if strings.Contains(v.Type().String(), ",omit") {
		return true // what is left out depends on fields that are not written
	}
	again := reflect.New(v.Type())
	if err := c.Load(bytes.NewReader(text.Bytes()), again.Interface()); err != nil {
		return true // as of a float in a json.Number, or of keys that differ in case
	}
	twice.Reset()
	if err := c.Dump(&twice, again.Elem().Interface()); err != nil || !sameTree(t, text.Bytes(), twice.Bytes()) {
		t.Fatalf("%q, which loads into the type as what is written as %q, %v; from %#v", text.Bytes(), twice.Bytes(), err, v)
	}
	return true
}

// sameTree reports whether two texts hold the same.
func sameTree(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	for text, v := range map[*[]byte]*any{&a: &x, &b: &y} {
		if err := codec.TOML().Load(bytes.NewReader(*text), v); err != nil {
			t.Fatalf("%q: %v", *text, err)
		}
	}
	return same(x, y)
}

// Dump does not read back what it has written for types without methods, so that must
// always load.
func TestWhatTOMLWritesLoads(t *testing.T) {
	written, refused := 0, 0
	for seed := range effort.Of[uint64](500, 2_000, 200_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		typ := randomStruct(r, 4)
		if r.IntN(4) == 0 {
			typ = reflect.TypeFor[map[string]any]()
		}
		if checkDumped(t, randomValue(r, typ, 6)) {
			written++
		} else {
			refused++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if t.Logf("%d written, %d refused", written, refused); written < refused {
		t.Error("most were refused")
	}
}
