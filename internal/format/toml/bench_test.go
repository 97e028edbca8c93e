package toml_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/toml/tomlsuite"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// BenchmarkEdit sets one value, proof included, in a real file and in one of
// twenty thousand lines.
func BenchmarkEdit(b *testing.B) {
	files := edittest.Corpus(b, "real/*.toml")
	var long bytes.Buffer
	for i := range 4000 {
		fmt.Fprintf(&long, "# about it\n[table%d.inner]\nname = \"x\" # is it\nlist = [1, 2, 3]\n\n", i)
	}
	long.WriteString("[profile.release]\nlto = true\n")
	for _, c := range []struct {
		name string
		text []byte
	}{{"a real file", edittest.Containing(b, files, "lto = true")}, {"20000 lines", long.Bytes()}} {
		doc, err := toml.Grammar.Parse(c.text)
		testkit.Must(b, err)
		was, err := tomlsuite.Encode(doc.Root)
		testkit.Must(b, err)
		is := bytes.Replace(was, []byte("lto = true"), []byte("lto = false"), 1)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				if _, report, err := edit.Edit(toml.Grammar, c.text, was, is, edit.Options{}); err != nil || report.Rung != edit.Spliced {
					b.Fatal(report, err)
				}
			}
		})
	}
}
