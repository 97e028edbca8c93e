package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

type yamlSelf struct{ n int }

func (s *yamlSelf) MarshalYAML() (any, error) {
	if s.n < 0 {
		return nil, errTouchy
	}
	return map[string]int{"self": s.n}, nil
}

type badText struct{}

func (badText) MarshalText() ([]byte, error) { return nil, errTouchy }

type badTOML struct{}

func (badTOML) MarshalTOML() ([]byte, error) { return []byte("= ="), nil }

type panics struct{}

func (panics) MarshalText() ([]byte, error) { panic("touchy") }

type cycle struct {
	Next *cycle         `yaml:"next"`
	Map  map[string]any `yaml:"map"`
}

func TestWhatAFormatCannotHoldIsAnEncodeError(t *testing.T) {
	ring := &cycle{}
	ring.Next = ring
	snake := map[string]any{}
	snake["snake"] = snake
	worm := []any{nil}
	worm[0] = worm
	var self any
	self = &self
	c, y, j, x := codec.TOML(), codec.YAML(), codec.JSON(), codec.Text()
	type m = map[string]any
	var nilMap m
	tests := []struct {
		name string
		c    codec.Codec
		v    any
		says string
	}{
		{"JSON channel", j, m{"a": make(chan int)}, `MarshalJSON`},
		{"JSON NaN", j, math.NaN(), "float64: unsupported value"},
		{"JSON map of any", j, map[any]any{1: 1}, "unsupported type"},
		{"JSON cycle", j, ring, "cycle"},
		{"JSON invalid UTF-8", j, m{"a": []any{"ok", "\xff"}}, `["a"][1] is a string that is not valid UTF-8`},
		{"JSON invalid UTF-8 at the top", j, "\xff", "the value is a string that is not valid UTF-8"},
		{"JSON invalid key", j, m{"\xff": 1}, `["\xff"]`},
		{"JSON invalid UTF-8 in a struct", j, struct{ A *string }{ptr("\xff\ufffd")}, "A is a string"},
		{"JSON panic", j, panics{}, "panic: touchy"},
		{"YAML channel", y, m{"a": make(chan int)}, "[a]: yaml has no form for a chan int"},
		{"YAML channel in a list", y, []any{make(chan int)}, "[0]: "},
		{"YAML channel as key", y, map[any]int{make(chan int): 1}, "chan int"},
		{"YAML channel in a field", y, struct{ A chan int }{}, "A: "},
		{"YAML channel in an inlined map", y, struct {
			A map[string]chan int `yaml:",inline"`
		}{map[string]chan int{"a": nil}}, "A: [a]"},
		{"YAML inline of no table", y, struct {
			A int `yaml:",inline"`
		}{}, "for structs and maps"},
		{"YAML unknown flag", y, struct {
			A int `yaml:"a,omitemtpy"`
		}{}, `unknown flag "omitemtpy"`},
		{"YAML cycle of pointers", y, ring, "holds itself"},
		{"YAML cycle of maps", y, snake, "holds itself"},
		{"YAML cycle of slices", y, worm, "holds itself"},
		{"YAML cycle of interfaces", y, self, "holds itself"},
		{"YAML keys alike", y, map[any]int{1: 1, "1": 2}, `both be written as "1"`},
		{"YAML fields alike", y, struct {
			A int `yaml:"a"`
			B int `yaml:"a"`
		}{}, `have the key "a"`},
		{"YAML year", y, time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), "year 12000"},
		{"YAML number", y, json.Number("true"), "is no number"},
		{"YAML marshaler", y, yamlSelf{-1}, "touchy"},
		{"YAML text marshaler", y, []any{badText{}}, "touchy"},
		{"YAML panic", y, panics{}, "panic: touchy"},
		{"YAML bad node", y, &yaml.Node{Kind: 99}, "unknown kind"},
		{"TOML nil", c, nil, "a nil has no form in toml"},
		{"TOML nil pointer", c, (*point)(nil), "a nil has no form"},
		{"TOML nil map", c, nilMap, "a nil has no form"},
		{"TOML list", c, []int{1}, "[]int: a toml document is a table"},
		{"TOML string", c, "x", "a toml document is a table"},
		{"TOML time", c, time.Now(), "a toml document is a table"},
		{"TOML nil in a map", c, m{"a": m{"b": nil}}, `["a"]["b"] is nil`},
		{"TOML nil map in a map", c, m{"a": nilMap}, `["a"] is nil`},
		{"TOML nil pointer in a map", c, map[string]*int{"a": nil}, `["a"] is nil`},
		{"TOML nil slice in a map", c, map[string][]int{"a": nil}, `["a"] is nil`},
		{"TOML nil in a list", c, m{"a": []any{1, nil}}, `["a"][1] is nil`},
		{"TOML nil deep in a list", c, struct{ A [][]*int }{[][]*int{{nil}}}, "A[0][0] is nil"},
		{"TOML non-string keys", c, map[int]int{1: 1}, "non-string key"},
		{"TOML large integer", c, m{"a": []uint64{math.MaxUint64}}, `["a"][0] is 18446744073709551615`},
		{"TOML large json.Number", c, m{"a": json.Number("9223372036854775808")}, `hold it as a string`},
		{"TOML invalid UTF-8", c, m{"a": "\xff"}, `["a"] is a string that is not valid UTF-8`},
		{"TOML invalid key", c, m{"\xff": 1}, "not valid UTF-8"},
		{"TOML empty key in a list", c, m{"a": []any{1, m{"": 1}}}, "name the key"},
		{"TOML year", c, m{"a": time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}, "year -1"},
		{"TOML zone", c, m{"a": []*time.Time{ptr(time.Unix(0, 0).In(time.FixedZone("", 1)))}}, "time zone"},
		{"TOML zone of another planet", c, m{"a": time.Unix(0, 0).In(time.FixedZone("", 24*60*60))}, "a day or more"},
		{"TOML embedded field of the same key", c, struct {
			point
			X int
		}{}, "does not load again"},
		{"TOML key of a tag", c, struct {
			A int `toml:"\xff"`
		}{}, "does not load again"},
		{"TOML text that is not valid UTF-8", c, m{"a": netip.MustParseAddr("fe80::1%\xff")}, "does not load again"},
		{"TOML pointer receiver in a map", c, map[string]big.Int{"a": *big.NewInt(1)}, "hold a *big.Int"},
		{"TOML pointer receiver in an interface", c, m{"a": *big.NewInt(1)}, "hold a *big.Int"},
		{"TOML channel", c, m{"a": make(chan int)}, "unsupported type"},
		{"TOML text marshaler", c, m{"a": badText{}}, "touchy"},
		{"TOML marshaler of no TOML", c, m{"a": badTOML{}}, "does not load again"},
		{"TOML fields alike", c, struct {
			A int `toml:"x"`
			B int `toml:"x"`
		}{}, "does not load again"},
		{"TOML panic", c, m{"a": panics{}}, "panic: touchy"},
		{"TOML cycle", c, ring, "holds itself"},
		{"TOML cycle of maps", c, snake, "holds itself"},
		{"TOML cycle of slices", c, m{"a": worm}, "holds itself"},
		{"TOML cycle of interfaces", c, self, "a toml document is a table"},
		{"TOML inline struct, omitted", c, m{"a": []any{1, struct {
			A int `toml:",omitempty"`
		}{}}}, "field A can't be written there"},
		{"TOML inline struct, table first", c, m{"a": []any{1, struct {
			T point
			B int
		}{}}}, "field B can't be written there"},
		{"TOML inline struct, list of tables first", c, m{"a": []any{1, struct {
			T []point
			B int
		}{T: []point{{}}}}}, "field B can't be written there"},
		{"TOML inline struct, nil", c, m{"a": [][]any{{struct{ A *int }{}}}}, "field A can't be written there"},
		{"TOML inline struct, unexported", c, m{"a": []any{1, struct {
			A int
			b int
		}{}}}, "field b can't be written there"},
		{"Text int", x, 1, "int: this type has no text"},
		{"Text nil", x, nil, "nil: this type has no text"},
		{"Text nil pointer", x, (*string)(nil), "*string: nil has no text"},
		{"Text marshaler", x, badText{}, "touchy"},
		{"Text panic", x, panics{}, "panic: touchy"},
		{"Gzip", codec.Gzip(c), 1, "a toml document is a table"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, err := dumped(test.c, test.v)
			if !errors.Is(err, errors.ErrEncode) || text != "" {
				t.Fatalf("%q, %v", text, err)
			}
			if _, ok := errors.AsType[*errors.EncodeError](err); !ok || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v\ndoes not say %q", err, test.says)
			}
			if name := fmt.Sprintf("%T", test.v); test.v != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%v\ndoes not name the type %s", err, name)
			}
		})
	}
}

// The encoder writes every value correctly that passes the check for inline structs.
func TestTOMLStructsInMixedArrays(t *testing.T) {
	type ok struct {
		A int
		B string
		C point
		D []point
		E map[string]int
		F time.Time
	}
	v := map[string]any{"a": []any{1, ok{1, "x", point{1, 2}, []point{{3, 4}}, map[string]int{"k": 1}, time.Unix(0, 0).UTC()}}}
	_, err := dumped(codec.TOML(), v)
	if !errors.Is(err, errors.ErrEncode) { // F comes after tables
		t.Error(err)
	}
	type better struct {
		A int
		F time.Time
		C point
		D []point
		E map[string]int
	}
	text, err := dumped(codec.TOML(), map[string]any{"a": []any{1, better{1, time.Unix(0, 0).UTC(), point{1, 2}, []point{{3, 4}}, map[string]int{"k": 1}}}})
	testkit.Must(t, err)
	var again map[string]any
	testkit.Must(t, toml.Unmarshal([]byte(text), &again))
	in := again["a"].([]any)[1].(map[string]any)
	if in["A"] != int64(1) || !reflect.DeepEqual(in["C"], map[string]any{"X": int64(1), "Y": int64(2)}) || len(in) != 5 {
		t.Errorf("%s", text)
	}
}

// A deep value is not a cycle, and shared parts are not either.
func TestDeepAndSharedValuesAreWritten(t *testing.T) {
	shared := map[string]any{"x": "y"}
	var deep any = []any{shared, shared}
	for range 1000 {
		deep = map[string]any{"d": deep}
	}
	for name, c := range map[string]codec.Codec{"YAML": codec.YAML(), "JSON": codec.JSON()} {
		text, err := dumped(c, deep)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again, err := loadAs[any](c, text); err != nil || !reflect.DeepEqual(again, deep) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
