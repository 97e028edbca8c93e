package codec_test

import (
	"encoding/csv"
	"io"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/codec/codectest"
)

// server is a typical configuration.
type server struct {
	Name    string            `json:"name" yaml:"name" toml:"name"`
	Port    int               `json:"port" yaml:"port" toml:"port"`
	Ratio   float64           `json:"ratio" yaml:"ratio" toml:"ratio"`
	On      bool              `json:"on" yaml:"on" toml:"on"`
	Tags    []string          `json:"tags" yaml:"tags" toml:"tags"`
	Labels  map[string]string `json:"labels" yaml:"labels" toml:"labels"`
	Backend []backend         `json:"backend" yaml:"backend" toml:"backend"`
	Started time.Time         `json:"started" yaml:"started" toml:"started"`
	Limit   *int64            `json:"limit,omitempty" yaml:"limit,omitempty" toml:"limit,omitempty"`
	Serial  *big.Int          `json:"serial,omitempty" yaml:"serial,omitempty" toml:"serial,omitempty"`
}

type backend struct {
	Host   string `json:"host" yaml:"host" toml:"host"`
	Weight uint8  `json:"weight" yaml:"weight" toml:"weight"`
}

func servers() []server {
	limit := int64(math.MaxInt64)
	return []server{
		{Name: "small", Tags: []string{}, Labels: map[string]string{}, Backend: []backend{}, Started: time.Unix(1, 5).UTC()},
		{Name: "<a> & \"b\" \\ é 😀 \u2028", Port: -1, Ratio: 0.1, On: true, Tags: []string{"", "x y", "yes", "1", "null", "a: b", "#"},
			Labels: map[string]string{"b": "2", "a": "1", "": "e", "a.b": "c"}, Backend: []backend{{"h", 255}, {"i", 7}},
			Started: time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC), Limit: &limit,
			Serial: new(big.Int).Lsh(big.NewInt(1), 100)},
	}
}

func TestBuiltInsKeepTheRules(t *testing.T) {
	structured := map[string]codec.Codec{
		"JSON": codec.JSON(), "JSONC": codec.JSONC(), "YAML": codec.YAML(), "TOML": codec.TOML(),
		"StrictJSON": codec.JSON(codec.Strict(), codec.Indent(0)), "StrictYAML": codec.YAML(codec.Strict(), codec.Indent(4)),
		"StrictTOML": codec.TOML(codec.Strict(), codec.Indent(0)),
		"GzipJSON":   codec.Gzip(codec.JSON()), "Validate": codec.Validate(codec.YAML(), func(any) error { return nil }),
	}
	for name, c := range structured {
		t.Run(name, func(t *testing.T) {
			t.Run("Struct", func(t *testing.T) { codectest.Run(t, c, servers()...) })
			t.Run("Map", func(t *testing.T) {
				codectest.Run(t, c, map[string]string{}, map[string]string{"a": "1", "B": "two\nlines\n", "c d": " "})
			})
			t.Run("Any", func(t *testing.T) {
				codectest.Run[any](t, c, map[string]any{"a": "x", "b": true, "c": map[string]any{"d": "e"}, "f": []any{"g", false}})
			})
			t.Run("Numbers", func(t *testing.T) {
				codectest.Run(t, c, map[string]float64{"a": 1, "b": -0.5, "c": 1e300, "d": math.SmallestNonzeroFloat64, "e": 1e21})
			})
		})
	}
	for _, name := range []string{"JSON", "JSONC", "YAML"} {
		t.Run(name+"/Slice", func(t *testing.T) {
			codectest.Run(t, structured[name], []int64{}, []int64{1, -2, math.MaxInt64})
			codectest.Run(t, structured[name], []uint64{0, math.MaxUint64})
			codectest.Run(t, structured[name], [][]string{{}, {"a"}, {"b", "c"}})
		})
	}
}

type label string

func TestTextAndPairKeepTheRules(t *testing.T) {
	t.Run("String", func(t *testing.T) { codectest.Run(t, codec.Text(), "", "a\r\nb\x00\xff") })
	t.Run("Named", func(t *testing.T) { codectest.Run(t, codec.Text(), label("a\n")) })
	t.Run("Bytes", func(t *testing.T) { codectest.Run(t, codec.Text(), []byte{}, []byte("a\n")) })
	t.Run("Any", func(t *testing.T) { codectest.Run[any](t, codec.Text(), "a\n") })
	t.Run("TextMarshaler", func(t *testing.T) { codectest.Run(t, codec.Text(), *big.NewInt(-12345678901)) })
	t.Run("CSV", func(t *testing.T) {
		codectest.Run(t, csvCodec(), [][]string{{"a", "b"}, {"1", ""}, {"x,y", "\"q\""}})
		codectest.Run[any](t, csvCodec(), [][]string{{"a"}})
	})
	t.Run("GzipCSV", func(t *testing.T) { codectest.Run(t, codec.Gzip(csvCodec()), [][]string{{"a", "b"}}) })
}

func csvCodec() codec.Codec {
	return codec.Pair(
		func(r io.Reader) ([][]string, error) { return csv.NewReader(r).ReadAll() },
		func(w io.Writer, rows [][]string) error { return csv.NewWriter(w).WriteAll(rows) })
}
