package json

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format"
)

var plainScalars = []any{
	nil, true, false, "", "word", "é", "😀", "a\"b", `a\b`, "\x00\x1f\t\r\n\b\f", "\x7f", "<b>&", "\u2028", "é\u2029", "\ufffd", "\ufeff",
	json.Number("0"), json.Number("-12.50e+7"), json.Number("1E400"), 0, -7, math.MinInt64, int64(math.MaxInt64),
	0.0, math.Copysign(0, -1), 1.5, 1e21, 1e20, 1e-7, 123456789.125, math.MaxFloat64,
}

func randomPlain(r *rand.Rand, depth int) any {
	switch k := r.IntN(6); {
	case depth > 0 && k < 2:
		m := map[string]any{}
		for range r.IntN(5) {
			key, _ := plainScalars[r.IntN(len(plainScalars))].(string)
			m[key+strings.Repeat("x", r.IntN(3))] = randomPlain(r, depth-1)
		}
		return m
	case depth > 0 && k < 4:
		list := []any{}
		for range r.IntN(5) {
			list = append(list, randomPlain(r, depth-1))
		}
		return list
	case k == 4 && r.IntN(10) == 0:
		return []any{map[string]any(nil), []any(nil)}
	}
	return plainScalars[r.IntN(len(plainScalars))]
}

func TestPlainValuesAreWrittenAsEncodingJSONDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range []format.Settings{{Format: "json", Indent: 2}, {Format: "json", Indent: 7}, {Format: "json"}} {
		c := New(s).Codec
		for i := range 2000 {
			v := randomPlain(r, i%6)
			var want bytes.Buffer
			e := json.NewEncoder(&want)
			e.SetEscapeHTML(false)
			e.SetIndent("", strings.Repeat(" ", s.Indent))
			if err := e.Encode(v); err != nil {
				t.Fatal(v, err)
			}
			if got, ok := c.DumpPlain(v); !ok || string(got) != want.String() {
				t.Fatalf("%#v, plain: %t\ngot  %s\nwant %s", v, ok, got, want.Bytes())
			}
			if dumped, err := c.Dump(v); err != nil || string(dumped) != want.String() {
				t.Fatalf("%#v: %v\ngot  %s\nwant %s", v, err, dumped, want.Bytes())
			}
		}
	}
}

// Values that encoding/json refuses, or writes in a special way, go to encoding/json.
func TestOnlyPlainValuesAreWrittenWithoutEncodingJSON(t *testing.T) {
	endless := map[string]any{}
	endless["self"] = endless
	deep := any("end")
	for range plainLevels {
		deep = []any{deep}
	}
	wide := any(make([]any, plainBlanks/(2*(plainLevels-10))))
	for range plainLevels - 10 {
		wide = []any{wide}
	}
	type named string
	for _, v := range []any{
		"\xff", map[string]any{"\xff": 1}, "é\xff", "\"\xff", math.NaN(), []any{math.Inf(1)}, endless, deep, wide,
		json.Number(""), json.Number("01"), json.Number("1."), json.Number(".5"), json.Number("-"), json.Number("1e"), json.Number("1e+"), json.Number("NaN"), json.Number("1 "), json.Number("+1"), json.Number("0x1"),
		named("x"), []any{named("x")}, map[string]int{"a": 1}, struct{}{}, json.RawMessage("1"), uint8(1), float32(1), []byte("x"), []string{"x"},
	} {
		if text, ok := New(format.Settings{Indent: 2}).Codec.DumpPlain(v); ok {
			t.Errorf("%T is written as %.100s", v, text)
		}
	}
}
