package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
)

func suiteOf(f format.Grammar) edittest.Suite {
	return edittest.Suite{Format: checked{f}, Encode: encode, Scalar: words.Scalar, Key: words.Key, Exact: true}
}

// checked compares what it parses with what encoding/json makes of it.
type checked struct{ format.Grammar }

func (c checked) Parse(text []byte) (*edit.Document, error) {
	doc, err := c.Grammar.Parse(text)
	if err != nil {
		return nil, err
	}
	plain := text
	if c.Grammar == JSONC {
		plain, _ = withoutComments(text)
	}
	plain = plain[mark(plain):]
	if blank(plain) {
		return doc, nil
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	var want any
	if err := d.Decode(&want); err != nil {
		return nil, err
	}
	if got := plainValue(doc.Root); !reflect.DeepEqual(got, want) {
		panic(fmt.Sprintf("%q is read as %v, and encoding/json says %v", text, got, want))
	}
	return doc, nil
}

// plainValue is what encoding/json would give for n.
func plainValue(n *edit.Node) any {
	switch {
	case n.Kind == edit.Map:
		m := map[string]any{}
		for _, e := range n.Entries {
			m[e.Key.Value] = plainValue(e.Value)
		}
		return m
	case n.Kind == edit.List:
		list := []any{}
		for _, e := range n.Entries {
			list = append(list, plainValue(e.Value))
		}
		return list
	case n.Type == edit.TypeString:
		return n.Value
	case n.Type == edit.TypeBool:
		return n.Value == "true"
	case n.Type == edit.TypeNull:
		return nil
	}
	return json.Number(n.Value)
}

// encode is what the codec makes of a tree.
func encode(n *edit.Node) ([]byte, error) {
	var flat, b bytes.Buffer
	if err := write(&flat, n); err != nil {
		return nil, err
	}
	if err := json.Indent(&b, flat.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func write(b *bytes.Buffer, n *edit.Node) error {
	quote := func(s string) error {
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		return e.Encode(s)
	}
	switch {
	case n.Kind == edit.Scalar && n.Type == edit.TypeString:
		return quote(n.Value)
	case n.Kind == edit.Scalar:
		b.WriteString(n.Value)
		return nil
	}
	brackets := map[edit.Kind]string{edit.Map: "{}", edit.List: "[]"}[n.Kind]
	b.WriteByte(brackets[0])
	for i, e := range n.Entries {
		if i > 0 {
			b.WriteByte(',')
		}
		if e.Key != nil {
			if err := quote(e.Key.Value); err != nil {
				return err
			}
			b.WriteByte(':')
		}
		if err := write(b, e.Value); err != nil {
			return err
		}
	}
	b.WriteByte(brackets[1])
	return nil
}

var words = edittest.Words{Fold: true, Strange: []string{
	"", " ", "//", "/* */", "a // b", `say "hi"`, `back\slash`, "tab\there", "two\nlines", "{", "]", ",", "é", "😀",
	"a\u2028b", "\x00\x01", "<b>&", "https://x.y/z?a=b&c=d#e", "\ufeff", "null", "1",
}, Others: []*edit.Node{
	edit.NewScalar(edit.TypeNull, "null"), edit.NewScalar(edit.TypeFloat, "0.5"), edit.NewScalar(edit.TypeFloat, "1e400"),
	edit.NewScalar(edit.TypeFloat, "-1.5E-3"), edit.NewScalar(edit.TypeFloat, "12345678901234567890.5"),
}}

// The rates of the random operations, short form:
//
//	go test -run Random -v ./internal/format/json
//
// and with HOLDFAST_LONG=1 every position of every file, three times.
func TestRandomOperationsAreSpliced(t *testing.T) {
	stride, seeds := edittest.Sample(5)
	for _, c := range []struct {
		name   string
		format format.Grammar
		files  map[string][]byte
	}{
		{"real JSON", JSON, edittest.Corpus(t, "real/*.json")},
		{"real JSONC", JSONC, edittest.Corpus(t, "real/*.jsonc")},
		{"json-test-suite", JSON, edittest.Corpus(t, "json-test-suite/y_*.json")},
		{"json-test-suite as JSONC", JSONC, edittest.Corpus(t, "json-test-suite/y_*.json")},
		{"written here", JSONC, written},
	} {
		tally := edittest.Tally{}
		for _, name := range slices.Sorted(maps.Keys(c.files)) {
			for seed := range seeds {
				suiteOf(c.format).Run(t, name, c.files[name], seed, stride, tally)
				suiteOf(c.format).RunMany(t, name, c.files[name], seed, 60/stride, tally)
			}
		}
		t.Logf("%s, %d files:\n%v", c.name, len(c.files), tally)
		if strings.HasPrefix(c.name, "real") {
			tally.Require(t, map[edittest.Class]float64{edittest.Undone: 0.99})
		}
		tally.Require(t, map[edittest.Class]float64{
			edittest.SetScalar: 1, edittest.SetList: 1, edittest.InsertKey: 0.99, edittest.Append: 0.99, edittest.Insert: 0.99, edittest.Delete: 0.97,
			edittest.Move: 0.99, edittest.Swap: 0.99,
		})
	}
}

// written are texts that show what the real files do not.
var written = map[string][]byte{
	"compact":           []byte(`{"a": 1, "b": [1, 2, {"c": null}], "d": {}}`),
	"minified":          []byte(`{"a":1,"b":[1,2,{"c":null}],"d":{},"e":[]}`),
	"padded":            []byte(`{ "a" : 1, "b" : [ 1, 2 ], "c" : { "d" : [] } }`),
	"tabs":              []byte("{\n\t\"a\": 1,\n\t\"b\": [\n\t\t1,\n\t\t2\n\t]\n}\n"),
	"CRLF":              []byte("{\r\n  // one\r\n  \"a\": 1, // end\r\n  /* two\r\n lines */\r\n  \"b\": [\r\n    1,\r\n    2,\r\n  ],\r\n}\r\n"),
	"mark":              []byte("\uFEFF{\n    \"a\": 1\n}"),
	"trailing commas":   []byte("{\n  \"a\": [\n    1,\n    2, // two\n  ],\n  \"b\": {\n    \"c\": 1,\n  },\n}\n"),
	"matrix":            []byte("[\n  1, 2, 3,\n  4, 5, 6,\n  7, 8, 9\n]\n"),
	"comma first":       []byte("{\n    \"a\": 1 // one\n  , \"b\": 2 // two\n  , \"c\": 3\n}\n"),
	"hugging":           []byte("{\n  \"a\": [{\n    \"b\": 1\n  }, {\n    \"b\": 2 // c\n  }]\n}\n"),
	"comments anywhere": []byte("/*1*/{/*2*/\"a\"/*3*/:/*4*/1/*5*/,/*6*/\"b\"/*7*/:/*8*/[/*9*/1/*10*/,/*11*/2/*12*/]/*13*/}/*14*/"),
	"comment before":    []byte("{ // open\n\n  // head\n\n  // of a\n  \"a\": 1, // a\n\n  // of b\n  \"b\": { // open b\n    // in b\n    \"c\": 2 // c\n    // end of b\n  } // b\n  // end\n}\n// done"),
	"line comment last": []byte("[1, 2 // two\n]"),
	"only comments in":  []byte("{\n  // nothing yet\n}\n"),
	"comments in list":  []byte("[ /* none */ ]\n"),
	"scalar":            []byte("// the answer\n42 // it is\n"),
	"duplicate keys":    []byte("{\"a\": 1, \"a\": {\"b\": 2}, \"c\": 1, \"c\": 2}\n"),
	"close on the line": []byte("{\n  \"a\": 1,\n  \"b\": 2}\n"),
	"open on the line":  []byte("{\"a\": 1,\n \"b\": 2\n}\n"),
	"strings":           []byte(`{"a": "// no /* comment", "b\"": "\u00e9\ud83d\ude00", "c": "x\\"} // yes`),
}
