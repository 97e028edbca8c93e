package jsonedit

import (
	"bytes"
	"testing"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/edittest"
)

// BenchmarkEdit sets one value, proof included, in a real file and in one of
// ten thousand lines.
func BenchmarkEdit(b *testing.B) {
	text := edittest.Containing(b, edittest.Corpus(b, "real/*.jsonc"), "\"indent\": 2")
	var long bytes.Buffer
	long.WriteString("{\n")
	for i := range 10000 {
		long.WriteString("  // about it\n  \"key")
		long.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)))
		long.WriteString("\": {\"a\": [1, 2, 3]},\n")
	}
	long.WriteString("  \"indent\": 2\n}\n")
	for name, text := range map[string][]byte{"a real file": text, "20000 lines": long.Bytes()} {
		doc, err := JSONC.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		was, err := encode(doc.Root)
		if err != nil {
			b.Fatal(err)
		}
		is := bytes.Replace(was, []byte(`"indent": 2`), []byte(`"indent": 4`), 1)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, report, err := EditJSONC(text, was, is, textedit.Options{}); err != nil || report.Rung != textedit.Spliced {
					b.Fatal(report, err)
				}
			}
		})
	}
}
