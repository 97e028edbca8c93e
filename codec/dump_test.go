package codec_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"gopkg.in/yaml.v3"
)

func dumped(c codec.Codec, v any) (string, error) {
	var text bytes.Buffer
	err := c.Dump(&text, v)
	return text.String(), err
}

func ptr[T any](v T) *T { return &v }

type point struct{ X, Y int }

type base struct {
	ID int `yaml:"id"`
}

type inlined struct {
	base  `yaml:",inline"`
	More  *base          `yaml:"more,omitempty"`
	Extra map[string]int `yaml:",inline"`
	Flow  []int          `yaml:"flow,flow"`
	Skip  int            `yaml:"-"`
	none  int
	Zero  point     `yaml:"zero,omitempty"`
	Since time.Time `yaml:"since,omitempty"`
}

func TestDumpGivesTheText(t *testing.T) {
	var nothing any
	tests := []struct {
		name string
		c    codec.Codec
		v    any
		want string
	}{
		{"JSON", codec.JSON(), map[string]any{"b": []int{1}, "a": "<é&>\u2028"}, "{\n  \"a\": \"<é&>\\u2028\",\n  \"b\": [\n    1\n  ]\n}\n"},
		{"JSON on one line", codec.JSON(codec.Indent(0)), map[string]int{"b": 1, "a": 2}, "{\"a\":2,\"b\":1}\n"},
		{"JSON by four", codec.JSON(codec.Indent(4)), []int{1}, "[\n    1\n]\n"},
		{"JSON nil", codec.JSON(), nil, "null\n"},
		{"JSON pointer receiver", codec.JSON(), struct{ N big.Int }{*big.NewInt(5)}, "{\n  \"N\": 5\n}\n"},
		{"JSON replacement character", codec.JSON(), "\ufffd \\ufffd", "\"\ufffd \\\\ufffd\"\n"},
		{"JSONC", codec.JSONC(), []int{1}, "[\n  1\n]\n"},
		{"YAML", codec.YAML(), map[string]any{"b": []int{1}, "a": map[string]bool{"x": true}}, "a:\n  x: true\nb:\n  - 1\n"},
		{"YAML by four", codec.YAML(codec.Indent(4)), map[string]any{"a": map[string]bool{"x": true}}, "a:\n    x: true\n"},
		{"YAML nil", codec.YAML(), nil, "null\n"},
		{"YAML pointer to nil", codec.YAML(), &nothing, "null\n"},
		{"YAML key order", codec.YAML(), map[string]int{"a10": 1, "a9": 2, "a": 3, "b": 4, "a09": 5, "A": 6}, "A: 6\na: 3\na09: 5\na9: 2\na10: 1\nb: 4\n"},
		{"YAML strings", codec.YAML(), []string{"yes", "1:20", "<<", "a\nb\n", "\na", "1", "2020-01-02", ""},
			"- \"yes\"\n- \"1:20\"\n- \"<<\"\n- |\n  a\n  b\n- \"\\na\"\n- \"1\"\n- \"2020-01-02\"\n- \"\"\n"},
		{"YAML numbers", codec.YAML(), []any{1.0, 1.5, 1e30, math.Inf(1), math.Inf(-1), math.NaN(), float32(0.1), uint64(math.MaxUint64), json.Number("12.50"), json.Number("")},
			"- 1.0\n- 1.5\n- 1e+30\n- .inf\n- -.inf\n- .nan\n- 0.1\n- 18446744073709551615\n- 12.50\n- 0\n"},
		{"YAML own forms", codec.YAML(), []any{time.Minute, time.Date(2020, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3601)), *big.NewInt(5), big.NewInt(6), yamlSelf{1}, "\xff", (*int)(nil)},
			"- 1m0s\n- 2020-01-02T02:04:04.000000006Z\n- \"5\"\n- \"6\"\n- self: 1\n- !!binary /w==\n- null\n"},
		{"YAML struct", codec.YAML(), inlined{base: base{1}, More: &base{2}, Extra: map[string]int{"z": 1, "y": 2}, Flow: []int{1, 2}, Skip: 1, none: 1},
			"id: 1\nmore:\n  id: 2\n\"y\": 2\nz: 1\nflow: [1, 2]\n"},
		{"YAML inlined pointers", codec.YAML(), struct {
			*base `yaml:",inline"`
			Nil   *point `yaml:",inline"`
			Fixed [1]int `yaml:"fixed,omitempty"`
		}{base: &base{1}}, "id: 1\nfixed:\n  - 0\n"},
		{"YAML node", codec.YAML(), yaml.Node{Kind: yaml.DocumentNode, HeadComment: "# top", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "1"}}}, "# top\n\n1\n"},
		{"YAML empty node", codec.YAML(), yaml.Node{}, "null\n"},
		{"TOML", codec.TOML(), map[string]any{"b": map[string]any{"c": map[string]any{"d": 1}}, "a": 1}, "a = 1\n\n[b]\n  [b.c]\n    d = 1\n"},
		{"TOML without indent", codec.TOML(codec.Indent(0)), map[string]any{"b": map[string]any{"c": map[string]any{"d": 1}}}, "[b]\n[b.c]\nd = 1\n"},
		{"TOML nil in a struct", codec.TOML(), struct {
			P *int
			M map[string]int
			N int
		}{N: 1}, "N = 1\n"},
		{"TOML pointer receiver", codec.TOML(), struct{ N big.Int }{*big.NewInt(5)}, "N = \"5\"\n"},
		{"TOML in an interface", codec.TOML(), ptr(any(map[string]int{"a": 1})), "a = 1\n"},
		{"TOML mixed arrays", codec.TOML(), map[string]any{"a": []any{1, "x", []any{point{1, 2}}, map[string]any{"k": []any{}}}}, "a = [1, \"x\", [{X = 1, Y = 2}], {k = []}]\n"},
		{"TOML tables", codec.TOML(), map[string]any{"a": []point{{1, 2}, {3, 4}}}, "[[a]]\n  X = 1\n  Y = 2\n\n[[a]]\n  X = 3\n  Y = 4\n"},
		{"TOML numbers", codec.TOML(), map[string]any{"a": []any{math.Inf(-1), math.NaN(), math.Copysign(0, -1), 1e30, json.Number("1.5"), json.Number("7"), json.Number(""), uint64(math.MaxInt64)}},
			"a = [-inf, nan, -0.0, 1e+30, 1.5, 7, 0, 9223372036854775807]\n"},
		{"TOML integers", codec.TOML(), map[string][]int{"a": {1, 2}}, "a = [1, 2]\n"},
		{"YAML pointer to a pointer", codec.YAML(), ptr(ptr(5)), "5\n"},
		{"Text", codec.Text(), "a", "a"},
		{"Text pointer", codec.Text(), ptr("a"), "a"},
		{"Text bytes", codec.Text(), json.RawMessage("a"), "a"},
		{"Text marshaler", codec.Text(), big.NewInt(1), "1"},
		{"Text pointer receiver", codec.Text(), *big.NewInt(2), "2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := dumped(test.c, test.v)
			if err != nil || got != test.want {
				t.Errorf("%q, %v; want\n%q", got, err, test.want)
			}
		})
	}
}

func TestAWritersErrorIsItsOwn(t *testing.T) {
	for name, c := range map[string]codec.Codec{
		"JSON": codec.JSON(), "YAML": codec.YAML(), "TOML": codec.TOML(), "Gzip": codec.Gzip(codec.JSON()),
	} {
		if err := c.Dump(shortWriter{}, map[string]int{"a": 1}); !errors.Is(err, io.ErrShortWrite) || errors.Is(err, errors.ErrEncode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestOptionsAreChecked(t *testing.T) {
	for want, call := range map[string]func(){
		"codec.Text: the option AllowEmpty does not apply to this format": func() { codec.Text(codec.AllowEmpty()) },
		"codec.Text: the option Indent does not apply to this format":     func() { codec.Text(codec.Indent(2)) },
		"codec.Text: the option Strict does not apply to this format":     func() { codec.Text(codec.Strict()) },
		"codec.JSON: nil option":                          func() { codec.JSON(nil) },
		"codec.JSON: Indent(-1) is not between 0 and 16":  func() { codec.JSON(codec.Indent(-1)) },
		"codec.JSONC: Indent(17) is not between 0 and 16": func() { codec.JSONC(codec.Indent(17)) },
		"codec.YAML: Indent(1) is not between 2 and 9":    func() { codec.YAML(codec.Indent(1)) },
		"codec.TOML: Indent(99) is not between 0 and 16":  func() { codec.TOML(codec.Indent(99)) },
	} {
		mustPanic(t, want, call)
	}
}

func mustPanic(t *testing.T, want string, call func()) {
	t.Helper()
	defer func() {
		if got := recover(); got != want {
			t.Errorf("panic %v, want %s", got, want)
		}
	}()
	call()
}
