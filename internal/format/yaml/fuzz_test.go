package yaml

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
)

// FuzzEdit tries random operations on any text:
//
//	go test -fuzz FuzzEdit ./internal/format/yaml
func FuzzEdit(f *testing.F) {
	for _, text := range []string{
		anchored, string(services(2)), "", "# only\n", "a", "- - a\n  - b\n", "{a: [1, 2], b: {c: d}}\n", "? a\n: |\n  x\n\n? b\n",
		"a: \"x\n  y\"\nb: 'z'\nc: >-\n  w\n", "%YAML 1.1\n--- !t &a\n- !u b\n- *a\n", "a: [\n  b, # c\n  {d: e} # f\n]\r\n", "x: &x {a: 1}\ny: {<<: *x, b: 2}",
		"\ufeffa:\u0085  - b\u2028  - c\n", "a:\tb\t# c\n", "? a\n:b: 1\n",
	} {
		f.Add([]byte(text), uint64(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		if len(text) > 1000 {
			return
		}
		doc, err := Grammar.Parse(text)
		if err != nil {
			return
		}
		if _, err := doc.Effective(); err != nil {
			return
		}
		suite.Run(t, "fuzzed", text, seed%1000, 1+len(text)/20, edittest.Tally{})
	})
}
