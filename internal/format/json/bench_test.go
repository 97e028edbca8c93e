package json

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
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
		testkit.Must(b, err)
		was, err := encode(doc.Root)
		testkit.Must(b, err)
		is := bytes.Replace(was, []byte(`"indent": 2`), []byte(`"indent": 4`), 1)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, report, err := edit.Edit(JSONC, text, was, is, edit.Options{}); err != nil || report.Rung != edit.Spliced {
					b.Fatal(report, err)
				}
			}
		})
	}
}

// BenchmarkRead is what the parts of an edit cost that read a text of 1 MiB, in which one
// value in a list of thousands differs.
func BenchmarkRead(b *testing.B) {
	var commented bytes.Buffer
	like := &edit.Node{Kind: edit.List}
	for i := range 6000 {
		fmt.Fprintf(&commented, "%c\n  // about number %d\n  {\n    \"id\": %d,\n    \"name\": \"machine-%d.example.org\",\n    \"tags\": [\n      \"blue\",\n      \"eu-west\"\n    ]\n  }", "[,"[min(i, 1)], i, i, i)
		like.Entries = append(like.Entries, edit.Entry{Value: edit.Nothing})
	}
	commented.WriteString("\n]\n")
	like.Entries[3000].Value = nil
	text := commented.Bytes()
	plain, err := withoutComments(text)
	testkit.Must(b, err)
	next := bytes.Replace(plain, []byte("machine-3000"), []byte("another"), 1)
	for name, read := range map[string]func() error{
		"outline, JSON":  func() error { _, err := JSON.Outline(plain, like); return err },
		"outline, JSONC": func() error { _, err := JSONC.Outline(text, like); return err },
		"compare":        func() error { _, _, err := JSON.Compare(plain, next); return err },
		"plain":          func() error { _, err := withoutComments(text); return err },
		"layout":         func() error { learn(text, true); return nil },
		"parse, JSONC":   func() error { _, err := JSONC.Parse(text); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				testkit.Must(b, read())
			}
		})
	}
}
