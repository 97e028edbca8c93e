package json

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// edit makes one edit on the encodings of two values given as JSON.
func changed(t *testing.T, old, was, is string) (string, edit.Report) {
	t.Helper()
	got, report, err := edit.Edit(JSONC, []byte(old), []byte(was), []byte(is), edit.Options{})
	testkit.WantNil(t, fmt.Sprintf("editing %q", old), err)
	return string(got), report
}

func TestEditFollowsTheSurroundings(t *testing.T) {
	for _, c := range []struct{ name, old, was, is, want string }{
		{"set in minified text", `{"a":1,"b":[1,2]}`, `{"a":1,"b":[1,2]}`, `{"a":2,"b":[1,2]}`, `{"a":2,"b":[1,2]}`},
		{"minified stays minified", `{"a":1,"b":[1,2]}`, `{"a":1,"b":[1,2]}`, `{"a":1,"n":{"x":1,"y":[]},"b":[1,2,3]}`, `{"a":1,"n":{"x":1,"y":[]},"b":[1,2,3]}`},
		{"compact stays compact", `{"a": 1, "b": [1, 2]}`, `{"a":1,"b":[1,2]}`, `{"n":{"x":1,"y":[]},"a":1,"b":[1,2,3]}`, `{"n": {"x": 1, "y": []}, "a": 1, "b": [1, 2, 3]}`},
		{"padded stays padded", `{ "a" : 1 }`, `{"a":1}`, `{"a":1,"n":{"x":1}}`, `{ "a" : 1, "n" : { "x" : 1 } }`},
		{"tabs", "{\n\t\"a\": 1\n}\n", `{"a":1}`, `{"a":1,"n":{"x":1}}`, "{\n\t\"a\": 1,\n\t\"n\": {\n\t\t\"x\": 1\n\t}\n}\n"},
		{"four spaces", "{\n    \"a\": 1\n}\n", `{"a":1}`, `{"a":1,"n":{"x":[1]}}`, "{\n    \"a\": 1,\n    \"n\": {\n        \"x\": [\n            1\n        ]\n    }\n}\n"},
		{"CRLF", "{\r\n  \"a\": 1\r\n}", `{"a":1}`, `{"a":1,"n":{"x":1}}`, "{\r\n  \"a\": 1,\r\n  \"n\": {\r\n    \"x\": 1\r\n  }\r\n}"},
		{"lists of scalars as the others", "{\n  \"a\": [1, 2],\n  \"b\": []\n}\n", `{"a":[1,2],"b":[]}`, `{"a":[1,2],"b":[3,4],"c":[5,6]}`, "{\n  \"a\": [1, 2],\n  \"b\": [3, 4],\n  \"c\": [5, 6]\n}\n"},
		{"a map like its neighbour", "{\n  \"a\": {\"x\": 1},\n  \"b\": {\n    \"x\": 1\n  }\n}\n", `{"a":{"x":1},"b":{"x":1}}`, `{"a":{"x":1},"n":{"x":2},"b":{"x":1},"m":{"x":3}}`, "{\n  \"a\": {\"x\": 1},\n  \"n\": {\"x\": 2},\n  \"b\": {\n    \"x\": 1\n  },\n  \"m\": {\n    \"x\": 3\n  }\n}\n"},
		{"the unit of the neighbours", "{\n\n    \"a\": {\n      \"x\": 1\n    }\n}\n", `{"a":{"x":1}}`, `{"a":{"x":1},"b":{"y":1}}`, "{\n\n    \"a\": {\n      \"x\": 1\n    },\n    \"b\": {\n      \"y\": 1\n    }\n}\n"},
		{"trailing commas are kept", "{\n  \"a\": 1,\n}\n", `{"a":1}`, `{"a":1,"b":{"x":1}}`, "{\n  \"a\": 1,\n  \"b\": {\n    \"x\": 1,\n  },\n}\n"},
		{"and not made", "{\n  \"a\": 1 // one\n}\n", `{"a":1}`, `{"a":1,"b":2}`, "{\n  \"a\": 1, // one\n  \"b\": 2\n}\n"},
		{"the last one's comma goes", "{\n  \"a\": 1, // one\n  \"b\": 2 // two\n}\n", `{"a":1,"b":2}`, `{"a":1}`, "{\n  \"a\": 1 // one\n}\n"},
		{"or stays if it trails", "{\n  \"a\": 1, // one\n  \"b\": 2, // two\n}\n", `{"a":1,"b":2}`, `{"a":1}`, "{\n  \"a\": 1, // one\n}\n"},
		{"the comment above stays", "{\n  // of a\n  \"a\": 1, // one\n\n  // of b\n  \"b\": 2\n}\n", `{"a":1,"b":2}`, `{"b":2}`, "{\n  // of a\n\n  // of b\n  \"b\": 2\n}\n"},
		{"those inside as well", "{\n  \"a\": { // open\n    // of x\n    \"x\": 1 // x\n  },\n  \"b\": 2\n}\n", `{"a":{"x":1},"b":2}`, `{"b":2}`, "{\n    // of x\n  \"b\": 2\n}\n"},
		{"in front, above the first one's comment", "{ // head\n\n  // all\n\n  // of a\n  \"a\": 1\n}\n", `{"a":1}`, `{"n":0,"a":1}`, "{ // head\n\n  // all\n\n  \"n\": 0,\n  // of a\n  \"a\": 1\n}\n"},
		{"in the middle, below the line before", "{\n  \"a\": 1, // one\n\n  // of b\n  \"b\": 2\n}\n", `{"a":1,"b":2}`, `{"a":1,"n":0,"b":2}`, "{\n  \"a\": 1, // one\n  \"n\": 0,\n\n  // of b\n  \"b\": 2\n}\n"},
		{"one in place of another", "{\n  // of a\n  \"a\": 1, // one\n  \"b\": 2\n}\n", `{"a":1,"b":2}`, `{"n":1,"b":2}`, "{\n  // of a\n  \"n\": 1,\n  \"b\": 2\n}\n"},
		{"the last entry", "{\n  \"a\": 1\n}\n", `{"a":1}`, `{}`, "{}\n"},
		{"the last entry, with a comment to keep", "{\n  // of a\n  \"a\": 1\n}\n", `{"a":1}`, `{}`, "{\n  // of a\n}\n"},
		{"first entries", "{}\n", `{}`, `{"a":1,"b":[]}`, "{\n  \"a\": 1,\n  \"b\": []\n}\n"},
		{"first entries behind a comment", "{\n    // none\n}\n", `{}`, `{"a":1,"b":[]}`, "{\n    // none\n    \"a\": 1,\n    \"b\": []\n}\n"},
		{"a matrix", "[\n  1, 2,\n  3, 4\n]\n", `[1,2,3,4]`, `[1,9,2,3,4,5]`, "[\n  1, 9, 2,\n  3, 4, 5\n]\n"},
		{"a matrix, first of a line", "[\n  1, 2,\n  3, 4\n]\n", `[1,2,3,4]`, `[1,2,4]`, "[\n  1, 2,\n  4\n]\n"},
		{"hugging brackets", "[{\n  \"a\": 1\n}]\n", `[{"a":1}]`, `[{"a":1},{"a":2}]`, "[{\n  \"a\": 1\n}, {\n  \"a\": 2\n}]\n"},
		{"a line comment at the end of a row", "[1, 2 // two\n]\n", `[1,2]`, `[1,2,3]`, "[1, 2, // two\n  3\n]\n"},
		{"a row's first and last", "[1, 2, 3]", `[1,2,3]`, `[2]`, "[2]"},
		{"a padded row's first and last", "{ \"a\": 1, \"b\": 2, \"c\": 3 }", `{"a":1,"b":2,"c":3}`, `{"b":2}`, "{ \"b\": 2 }"},
		{"all of a row", "[1, 2]", `[1,2]`, `[]`, "[]"},
		{"a byte order mark", "\uFEFF{\"a\":1}", `{"a":1}`, `{"a":2}`, "\uFEFF{\"a\":2}"},
		{"an empty text", "", `{}`, `{"a":{"b":1}}`, "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n"},
		{"an empty text, indented as the encoding", "", "{}", "{\n\t\"a\": 1\n}", "{\n\t\"a\": 1\n}\n"},
		{"comments only", "// nothing\r\n", `{}`, `{"a":1}`, "// nothing\r\n{\r\n  \"a\": 1\r\n}\r\n"},
		{"comments only, no final newline", "// nothing", `{}`, `{"a":1}`, "// nothing\n{\n  \"a\": 1\n}"},
		{"comments between key and value", `{"a" /*k*/ : /*v*/ 1 /*e*/}`, `{"a":1}`, `{"a":[true]}`, `{"a" /*k*/ : /*v*/ [true] /*e*/}`},
		{"letters escaped as the others", `{"a":"\u00e9"}`, `{"a":"é"}`, `{"a":"ü😀"}`, `{"a":"\u00fc\ud83d\ude00"}`},
		{"HTML escaped as the others", `{"a":"\u003cb>"}`, `{"a":"<b>"}`, `{"a":"<i>&"}`, `{"a":"<i>&"}`},
		{"HTML escaped as Go does", `{"a":"\u003cb\u003e"}`, `{"a":"<b>"}`, `{"a":"<i>&"}`, `{"a":"\u003ci\u003e\u0026"}`},
		{"the key as the text spells it", `{"Port": 1}`, `{"port":1}`, `{"port":2}`, `{"Port": 2}`},
		{"of keys in two cases the last", `{"Port": 1, "PORT": 2}`, `{"port":2}`, `{"port":3}`, `{"Port": 1, "PORT": 3}`},
		{"of equal keys the last", `{"a": 1, "a": 2}`, `{"a":2}`, `{"a":3}`, `{"a": 1, "a": 3}`},
		{"keys in two cases deleted", "{\n  \"Port\": 1,\n  \"x\": 1,\n  \"port\": 2\n}", `{"port":2}`, `{}`, "{\n  \"x\": 1\n}"},
		{"parents that are missing", "{\n  \"x\": 1\n}", `{"a":{"b":{"c":0}}}`, `{"a":{"b":{"c":1}}}`, "{\n  \"x\": 1,\n  \"a\": {\n    \"b\": {\n      \"c\": 1\n    }\n  }\n}"},
		{"a null becomes a map", "{\n  \"a\": null\n}", `{"a":{"b":0}}`, `{"a":{"b":1}}`, "{\n  \"a\": {\n    \"b\": 1\n  }\n}"},
		{"the root", "// c\n[1] // d\n", `[1]`, `"x"`, "// c\n\"x\" // d\n"},
	} {
		got, report := changed(t, c.old, c.was, c.is)
		if got != c.want || len(report.Lost) > 0 || report.Rung > edit.Spliced {
			t.Errorf("%s: %+v\ngot  %q\nwant %q", c.name, report, got, c.want)
		}
	}
}

func TestEditRendersAnewWhatItMustAndNamesTheLostComments(t *testing.T) {
	got, report := changed(t, "{\n  \"a\": {\n    // of x\n    \"x\": 1\n  }\n}\n", `{"a":{"x":1}}`, `{"a":"none"}`)
	if want := "{\n  \"a\": \"none\"\n}\n"; got != want || len(report.Lost) != 1 || report.Lost[0] != 3 {
		t.Errorf("got %q, %+v; want %q and line 3 lost", got, report, want)
	}
}

func TestFormatTakesWhatTheDecoderTakes(t *testing.T) {
	for _, c := range []struct {
		text        string
		json, jsonc bool
	}{
		{`{"a":1}`, true, true},
		{"", true, true},
		{" \n", true, true},
		{"\uFEFF1", true, true},
		{"// c\n", false, true},
		{"/* c", false, false},
		{"[1,]", false, true},
		{"[,]", false, false},
		{"[1,,]", false, false},
		{`{"a":,}`, false, false},
		{"[1] 2", false, false},
		{"[\"\xff\"]", false, false},
		{"{\"a\":1", false, false},
		{"\"a", false, false},
		{"[1/**/2]", false, false},
	} {
		for _, f := range []struct {
			format edit.Format
			ok     bool
		}{{JSON, c.json}, {JSONC, c.jsonc}} {
			if _, err := f.format.Parse([]byte(c.text)); (err == nil) != f.ok {
				t.Errorf("%q, comments %v: %v", c.text, f.format == JSONC, err)
			}
		}
	}
}

func TestJSONIsEditedWithoutComments(t *testing.T) {
	got, _, err := edit.Edit(JSON, []byte("[1]"), []byte("[1]"), []byte("[2]"), edit.Options{})
	if string(got) != "[2]" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, _, err := edit.Edit(JSON, []byte("[1] // c"), []byte("[1]"), []byte("[2]"), edit.Options{}); !errors.Is(err, errors.ErrDecode) {
		t.Errorf("a comment in JSON: %v", err)
	}
}

func TestPlainKeepsOffsetsAndLines(t *testing.T) {
	text := "\uFEFF[ // one\r\n1, /* a\n b */ 2 ,\r\"//\"\n/**/,]"
	plain, err := withoutComments([]byte(text))
	want := "\uFEFF[       \r\n1,     \n      2 ,\r\"//\"\n     ]"
	if string(plain) != want || err != nil {
		t.Errorf("got  %q, %v\nwant %q", plain, err, want)
	}
	doc, err := JSONC.Parse([]byte(text))
	testkit.Must(t, err)
	comments := doc.Comments
	lines := []edit.Comment{{Line: 1}, {Line: 2}, {Line: 5, Own: true}}
	for i, c := range comments {
		if i >= len(lines) || c.Line != lines[i].Line || c.Own != lines[i].Own {
			t.Errorf("comment %d: %+v", i, c)
		}
	}
	if !json.Valid(plain[3:]) || len(comments) != len(lines) {
		t.Errorf("%q, %d comments", plain, len(comments))
	}
}

func TestEveryStyleHoldsWhatItShould(t *testing.T) {
	for _, style := range []edit.Style{edit.Plain, edit.Robust} {
		tally := edittest.Tally{}
		suite := suiteOf(JSONC)
		suite.Format = edittest.InStyle(JSONC, style)
		for name, text := range written {
			suite.Run(t, name, text, 1, 2, tally)
			suite.RunMany(t, name, text, 1, 10, tally)
		}
		tally.Require(t, map[edittest.Class]float64{
			edittest.SetScalar: 1, edittest.SetList: 1, edittest.InsertKey: 0.99, edittest.Append: 0.99, edittest.Insert: 0.99, edittest.Delete: 0.97,
		})
	}
}

func Example_comments() {
	text := "{\n  // the site\n  \"Host\": \"a.example\", // public\n  \"ports\": [80],\n}\n"
	was := `{"host": "a.example", "ports": [80]}`
	is := `{"host": "b.example", "ports": [80, 443], "tls": true}`
	got, report, err := edit.Edit(JSONC, []byte(text), []byte(was), []byte(is), edit.Options{})
	fmt.Print(string(got))
	fmt.Println(report.Rung, report.Lost, err)
	// Output:
	// {
	//   // the site
	//   "Host": "b.example", // public
	//   "ports": [80, 443],
	//   "tls": true,
	// }
	// spliced [] <nil>
}
