package json

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
)

// FuzzEdit tries random operations on any text:
//
//	go test -fuzz FuzzEdit ./internal/format/json
func FuzzEdit(f *testing.F) {
	for _, text := range written {
		f.Add(text, uint64(1), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, comments bool) {
		format := JSON
		if comments {
			format = JSONC
		}
		doc, err := format.Parse(text)
		if err != nil || len(text) > 2000 || depth(doc.Root) > 50 {
			return
		}
		suiteOf(format).Run(t, "fuzzed", text, seed, 1+len(text)/20, edittest.Tally{})
	})
}

func depth(n *edit.Node) int {
	deepest := 0
	for _, e := range n.Entries {
		deepest = max(deepest, depth(e.Value))
	}
	return deepest + 1
}
