package yaml

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// golden is one edit: the text, both encodings, and what the text is to be.
type golden struct{ name, old, was, is, want string }

func check(t *testing.T, cases []golden) {
	t.Helper()
	for _, c := range cases {
		got, report, err := edit.Edit(Grammar, []byte(c.old), []byte(c.was), []byte(c.is), edit.Options{})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v, %v\nold:\n%s\ngot:\n%s\nwant:\n%s\n%q", c.name, report, err, c.old, got, c.want, got)
		}
		if len(report.Lost) > 0 {
			t.Errorf("%s: the comments of lines %v are lost", c.name, report.Lost)
		}
	}
}

func TestSetScalarFollowsWhatItReplaces(t *testing.T) {
	check(t, []golden{
		{"plain", "a: 1 # c\nb: 2\n", "a: 1\nb: 2\n", "a: 3\nb: 2\n", "a: 3 # c\nb: 2\n"},
		{"double quotes", "a: \"x\"\n", "a: x\n", "a: z\n", "a: \"z\"\n"},
		{"single quotes", "a: 'x'\n", "a: x\n", "a: it's\n", "a: 'it''s'\n"},
		{"quotes where needed", "a: x\n", "a: x\n", "a: \"yes\"\n", "a: \"yes\"\n"},
		{"quotes as elsewhere", "b: 'q'\na: x\n", "a: x\n", "a: \"yes\"\n", "b: 'q'\na: 'yes'\n"},
		{"emoji is not escaped", "a: \"x\"\n", "a: x\n", "a: \"\\U0001F600\"\n", "a: \"😀\"\n"},
		{"empty value", "a:\nb: 1\n", "a: null\nb: 1\n", "a: 5\nb: 1\n", "a: 5\nb: 1\n"},
		{"empty value with comment", "a:  # why\nb: 1\n", "a: null\nb: 1\n", "a: 5\nb: 1\n", "a: 5  # why\nb: 1\n"},
		{"empty item", "-\n- b\n", "- null\n- b\n", "- a\n- b\n", "- a\n- b\n"},
		{"comment between key and value", "a:\n  # why\n  1\nb: 2\n", "a: 1\nb: 2\n", "a: 3\nb: 2\n", "a:\n  # why\n  3\nb: 2\n"},
		{"wrapped plain", "a: one\n  two\n\n  three\nb: 2\n", "a: \"one two\\nthree\"\nb: 2\n", "a: four\nb: 2\n", "a: four\nb: 2\n"},
		{"wrapped double quoted", "a: \"one\n  two\"\n", "a: one two\n", "a: three\n", "a: \"three\"\n"},
		{"literal", "a: |  # c\n  one\n  two\n\nb: 2\n", "a: |\n  one\n  two\nb: 2\n", "a: |\n  one\n  three\nb: 2\n", "a: |  # c\n  one\n  three\n\nb: 2\n"},
		{"literal to one line", "a: |\n  one\n  two\nb: 2\n", "a: |\n  one\n  two\nb: 2\n", "a: one\nb: 2\n", "a: one\nb: 2\n"},
		{"plain to lines", "a: 1 # c\nb: 2\n", "a: 1\nb: 2\n", "a: |\n  x\n  y\nb: 2\n", "a: | # c\n  x\n  y\nb: 2\n"},
		{"folded", "a: >\n  one\n  two\n", "a: |\n  one two\n", "a: |\n  one\n  three\n", "a: >\n  one\n\n  three\n"},
		{"folded is wrapped", "a: >\n  one\n  two\n", "a: |\n  one two\n",
			"a: |\n  a line that is so long that it has to be wrapped near column eighty, where there is a space\n  aVeryLongWordWithoutASpaceInItThatGoesOnUntilItIsLongerThanALineMayBeAndEndsHereAtLast then more\n  x\n",
			"a: >\n  a line that is so long that it has to be wrapped near column eighty, where there\n  is a space\n\n  aVeryLongWordWithoutASpaceInItThatGoesOnUntilItIsLongerThanALineMayBeAndEndsHereAtLast\n  then more\n\n  x\n"},
		{"folded to what folding would change", "a: >\n  one\n  two\n", "a: |\n  one two\n", "a: |\n  one\n    two\n", "a: |\n  one\n    two\n"},
	})
}

func TestSetScalarInUnusualSpelling(t *testing.T) {
	check(t, []golden{
		{"other line breaks", "a: 1\u0085b: 2\u2028c: 3\u2029d: # e\u0085  - f\u0085", "a: 1\nb: 2\nc: 3\nd: [f]\n", "a: 4\nb: 5\nc: 6\nd: [g]\n", "a: 4\u0085b: 5\u2028c: 6\u2029d: # e\u0085  - g\u0085"},
		{"plain wrapped at another line break", "a: one\u2028  two\nb: 1\n", "a: \"one\\u2028two\"\nb: 1\n", "a: x\nb: 1\n", "a: x\nb: 1\n"},
		{"tag in brackets", "a: [!t x, !<tag:a,b> [z]]\n", "a: [x, [z]]\n", "a: [w, [v]]\n", "a: [!t w, !<tag:a,b> [v]]\n"},
		{"numbers of every spelling", "a: 0x10\nb: 1_000\nc: 1.50\nd: .inf\ne: 18446744073709551615\n", "a: 16\nb: 1000\nc: 1.5\nd: .inf\ne: 18446744073709551615\n", "a: 17\nb: 1001\nc: 2.5\nd: 0\ne: 1\n", "a: 0x11\nb: 1_001\nc: 2.5\nd: 0\ne: 1\n"},
		{"key without value in brackets", "a: {b, c: 1}\n", "a: {b: null, c: 1}\n", "a: {b: 2, c: 1}\n", "a: {b: 2, c: 1}\n"},
		{"key of two lines without value in brackets", "a: {b\n  x, c: 1}\n", "a: {b x: null, c: 1}\n", "a: {b x: 2, c: 1}\n", "a: {? b\n  x: 2, c: 1}\n"},
		{"literal with indicator", "a: |2-\n    one\nb: 2\n", "a: '  one'\nb: 2\n", "a: one\nb: 2\n", "a: one\nb: 2\n"},
		{"a deeper comment below would be swallowed", "a: 1\n    # deep\nb: 2\n", "a: 1\nb: 2\n", "a: |\n  x\n  y\nb: 2\n", "a: \"x\\ny\\n\"\n    # deep\nb: 2\n"},
		{"at an end without line break", "a: 1", "a: 1\n", "a: |\n  x\n  z\n", "a: \"x\\nz\\n\""},
		{"custom tag stays", "a: !secret x\n", "a: x\n", "a: z\n", "a: !secret z\n"},
		{"core tag goes with its type", "a: !!str 1\n", "a: \"1\"\n", "a: 2\n", "a: 2\n"},
		{"core tag stays with its type", "a: !!str 1\n", "a: \"1\"\n", "a: \"2\"\n", "a: !!str \"2\"\n"},
		{"in brackets", "a: {b: 1, c: [x, y]} # c\n", "a:\n  b: 1\n  c: [x, y]\n", "a:\n  b: 2\n  c: [x, \"z, w\"]\n", "a: {b: 2, c: [x, \"z, w\"]} # c\n"},
		{"question mark", "? a\n: 1\n? b\n", "a: 1\nb: null\n", "a: 2\nb: 3\n", "? a\n: 2\n? b\n: 3\n"},
		{"question mark above a key with a colon", "? a # c\n:b: 1 # d\nc: 2 # e\n", "a: null\n:b: 1\nc: 2\n", "a: null\n:b: 4\nc: 3\n", "? a # c\n:b: 4 # d\nc: 3 # e\n"},
		{"tab before the comment", "a: 1\t# c\n", "a: 1\n", "a: 2\n", "a: 2\t# c\n"},
		{"root", "# c\n--- x # d\n...\n", "x\n", "z\n", "# c\n--- z # d\n...\n"},
		{"directive", "%YAML 1.1\n---\na: 1\n...\n", "a: 1\n", "a: 2\n", "%YAML 1.1\n---\na: 2\n...\n"},
		{"byte order mark", "\ufeffa: 1\n", "a: 1\n", "a: 2\n", "\ufeffa: 2\n"},
		{"CRLF", "a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n", "a: |\n  x\n  y\nb: 2\nc: 3\n", "a: |\r\n  x\r\n  y\r\nb: 2\r\nc: 3\r\n"},
		{"CR", "a: 1\rb: 2\r", "a: 1\nb: 2\n", "a: 3\nb: 2\nc: 4\n", "a: 3\rb: 2\rc: 4\r"},
		{"key of another type than the encoding's", "80: x\n", "\"80\": x\n", "\"80\": z\n", "80: z\n"},
	})
}

func TestInsertFollowsTheNeighbours(t *testing.T) {
	check(t, []golden{
		{"key in front", "# head\n\na: 1\n", "a: 1\n", "k: 0\na: 1\n", "# head\n\nk: 0\na: 1\n"},
		{"key in front of a comment that belongs to the first", "m:\n  # about a\n  a: 1\n", "m: {a: 1}\n", "m: {k: 0, a: 1}\n", "m:\n  k: 0\n  # about a\n  a: 1\n"},
		{"key in the middle", "a: 1 # c\n\n# about b\nb: 2\n", "a: 1\nb: 2\n", "a: 1\nk: 0\nb: 2\n", "a: 1 # c\nk: 0\n\n# about b\nb: 2\n"},
		{"key at the end", "a: 1\nb:\n    c: 2\n    # d: 3\n# end\n", "a: 1\nb: {c: 2}\n", "a: 1\nb: {c: 2}\nk: 0\n", "a: 1\nb:\n    c: 2\n    # d: 3\nk: 0\n# end\n"},
		{"no final line break", "a: 1", "a: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 2"},
		{"behind a literal at an end without line break", "a: |\n  x", "a: x\n", "a: x\nb: 2\n", "a: |-\n  x\nb: 2"},
		{"behind a kept literal at an end without line break", "a: |+\n  x", "a: x\n", "a: x\nb: 2\n", "a: |-\n  x\nb: 2"},
		{"missing parents", "a: 1\n", "a: 1\nb: {c: {d: 0, e: 0}}\n", "a: 1\nb: {c: {d: 7, e: 0}}\n", "a: 1\nb:\n  c:\n    d: 7\n"},
		{"two below one missing parent", "a: 1\n", "a: 1\nb: {d: 0, e: 0}\n", "a: 1\nb: {d: 7, e: 8}\n", "a: 1\nb:\n  d: 7\n  e: 8\n"},
		{"null parent", "a: 1\nb:\n", "a: 1\nb: {d: 0}\n", "a: 1\nb: {d: 7}\n", "a: 1\nb:\n  d: 7\n"},
		{"indent of the text", "a:\n    b: 1\n    l:\n      - 1\n", "a: {b: 1, l: [1]}\n", "a: {b: 1, l: [1]}\nk: {m: {o: 1}, p: [1]}\n", "a:\n    b: 1\n    l:\n      - 1\nk:\n    m:\n        o: 1\n    p:\n      - 1\n"},
		{"list indent of the text", "a:\n- 1\n", "a: [1]\n", "a: [1]\nb: [2, 3]\n", "a:\n- 1\nb:\n- 2\n- 3\n"},
		{"quotes of the neighbour", "a: \"x\"\n", "a: x\n", "a: x\nb: z\n", "a: \"x\"\nb: \"z\"\n"},
		{"quotes of the neighbour's key", "\"a\": 1\n", "a: 1\n", "a: 1\nb: 2\n", "\"a\": 1\n\"b\": 2\n"},
		{"list in front, middle, end", "l:\n  - b # c\n  - d\n", "l: [b, d]\n", "l: [a, b, c, d, e]\n", "l:\n  - a\n  - b # c\n  - c\n  - d\n  - e\n"},
		{"map into a list", "l:\n  - a: 1\n    b: 2\n", "l: [{a: 1, b: 2}]\n", "l: [{a: 1, b: 2}, {a: 3, b: 4}]\n", "l:\n  - a: 1\n    b: 2\n  - a: 3\n    b: 4\n"},
		{"map in brackets beside such", "l:\n  - {a: 1}\n", "l: [{a: 1}]\n", "l: [{a: 1}, {a: 3}]\n", "l:\n  - {a: 1}\n  - {a: 3}\n"},
		{"key in front behind a dash", "- a: 1\n  b: 2\n", "- {a: 1, b: 2}\n", "- {k: 0, a: 1, b: 2}\n", "- k: 0\n  a: 1\n  b: 2\n"},
		{"brackets", "l: [a, c]\n", "l: [a, c]\n", "l: [x, a, b, c, d]\n", "l: [x, a, b, c, d]\n"},
		{"brackets, tight", "l: [a,c]\n", "l: [a, c]\n", "l: [a, c, d]\n", "l: [a,c,d]\n"},
		{"brackets, trailing comma", "l: [a, c,]\n", "l: [a, c]\n", "l: [a, c, d]\n", "l: [a, c, d,]\n"},
		{"brackets over lines", "l: [\n  a, # one\n  c  # two\n]\n", "l: [a, c]\n", "l: [a, b, c, d]\n", "l: [\n  a, # one\n  b,\n  c,  # two\n  d\n]\n"},
		{"brackets over lines, trailing comma", "m: {\n  a: 1,\n}\n", "m: {a: 1}\n", "m: {a: 1, b: 2}\n", "m: {\n  a: 1,\n  b: 2,\n}\n"},
		{"empty brackets", "l: []\nm: {} # c\n", "l: []\nm: {}\n", "l: [a]\nm: {k: v}\n", "l:\n  - a\nm: # c\n  k: v\n"},
		{"pair in brackets", "l: [a: 1]\n", "l: [{a: 1}]\n", "l: [{a: 1, b: 2}]\n", "l: [{a: 1, b: 2}]\n"},
		{"a leading space on each line", " a: 1\n b: 2\n", "a: 1\nb: 2\n", "k: 0\na: 1\nb: 2\n", " k: 0\n a: 1\n b: 2\n"},
		{"merge first", "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n", "x: {a: 1}\ny: {a: 1, b: 2}\n", "x: {a: 1}\ny: {a: 1, b: 2, c: 3}\n", "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n  c: 3\n"},
	})
}

func TestFirstValueOfAText(t *testing.T) {
	check(t, []golden{
		{"empty", "", "{}\n", "a: 1\n", "a: 1\n"},
		{"comments only", "# one\n# two\n", "a: 0\n", "a: 1\n", "# one\n# two\na: 1\n"},
		{"comments only, no line break", "# one", "a: 0\n", "a: 1\nb: [x]\n", "# one\na: 1\nb:\n  - x"},
		{"document start", "---\n# c\n", "{}\n", "a: 1\n", "---\na: 1\n# c\n"},
		{"blank lines", "\n\n", "{}\n", "a: 1\n", "\n\na: 1\n"},
		{"empty list", "", "[]\n", "- a\n- b\n", "- a\n- b\n"},
		{"empty map", "{}\n", "{}\n", "a: 1\n", "a: 1\n"},
	})
}

func TestDeleteLeavesTheComments(t *testing.T) {
	check(t, []golden{
		{"first", "# about a\na: 1 # c\nb: 2\n", "a: 1\nb: 2\n", "b: 2\n", "# about a\nb: 2\n"},
		{"middle", "a: 1\n# about b\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n", "a: 1\n# about b\nc: 3\n"},
		{"last", "a: 1\nb: 2 # c\n# end\n", "a: 1\nb: 2\n", "a: 1\n", "a: 1\n# end\n"},
		{"last, no final line break", "a: 1\nb: 2", "a: 1\nb: 2\n", "a: 1\n", "a: 1"},
		{"a map with comments inside", "a:\n  # about b\n  b: 1 # c\n\n  c: 2\nd: 3\n", "a: {b: 1, c: 2}\nd: 3\n", "d: 3\n", "  # about b\nd: 3\n"},
		{"the last of a map", "a:\n  # about b\n  b: 1\nc: 2\n", "a: {b: 1}\nc: 2\n", "a: {}\nc: 2\n", "a: {}\n  # about b\nc: 2\n"},
		{"the last of a list", "l: # why\n  - a\nc: 2\n", "l: [a]\nc: 2\n", "l: []\nc: 2\n", "l: [] # why\nc: 2\n"},
		{"the last of all", "# head\na: 1\n", "a: 1\n", "{}\n", "# head\n{}\n"},
		{"behind a dash", "- a: 1\n  b: 2\n- c: 3\n", "- {a: 1, b: 2}\n- {c: 3}\n", "- {b: 2}\n- {c: 3}\n", "- b: 2\n- c: 3\n"},
		{"behind a dash, a comment follows", "- a: 1\n  # about b\n  b: 2\n", "- {a: 1, b: 2}\n", "- {b: 2}\n", "- \n  # about b\n  b: 2\n"},
		{"all behind a dash", "- a: 1\n  b: 2\n- c: 3\n", "- {a: 1, b: 2}\n- {c: 3}\n", "- {}\n- {c: 3}\n", "- {}\n- c: 3\n"},
		{"all behind a dash for another", "- a: 1\n  b: 2\n- c: 3\n", "- {a: 1, b: 2}\n- {c: 3}\n", "- {x: 1, z: 2}\n- {c: 3}\n", "- x: 1\n  z: 2\n- c: 3\n"},
		{"list item", "l:\n  - a\n  # about b\n  - b\n  - c\n", "l: [a, b, c]\n", "l: [a, c]\n", "l:\n  - a\n  - c\n"},
		{"nested list", "- - a\n  - b\n- - c\n", "- [a, b]\n- [c]\n", "- [b]\n- [c]\n", "- - b\n- - c\n"},
		{"brackets", "l: [a, b, c]\n", "l: [a, b, c]\n", "l: [a, c]\n", "l: [a, c]\n"},
		{"first in brackets", "l: [a, b, c]\n", "l: [a, b, c]\n", "l: [b, c]\n", "l: [b, c]\n"},
		{"last in brackets", "l: [a, b, c] # c\n", "l: [a, b, c]\n", "l: [a]\n", "l: [a] # c\n"},
		{"all in brackets", "l: [a, b]\n", "l: [a, b]\n", "l: []\n", "l: []\n"},
		{"brackets with a comment between", "l: [a\n  # one\n  , b]\n", "l: [a, b]\n", "l: [a]\n", "l: [a\n  # one\n  ]\n"},
		{"all in brackets for others", "l: [a, b]\n", "l: [a, b]\n", "l: [{x: 1}]\n", "l: [{x: 1}]\n"},
		{"brackets over lines", "l: [\n  a, # one\n  b, # two\n  c # three\n]\n", "l: [a, b, c]\n", "l: [a]\n", "l: [\n  a # one\n]\n"},
		{"a comment then follows a literal it would join", "a: |\n  x\nb:\n    # deep\n    c: 1\n", "a: |\n  x\nb: {c: 1}\n", "a: |\n  x\n", "a: |\n  x\n# deep\n"},
		{"question mark", "? a\n: 1\n? [b]\n: 2\n", "a: 1\n? [b]\n: 2\n", "a: 1\n", "? a\n: 1\n"},
	})
}

func TestAnotherKindOfValue(t *testing.T) {
	check(t, []golden{
		{"scalar to map", "a: 1 # c\nb: 2\n", "a: 1\nb: 2\n", "a: {x: 1, z: 2}\nb: 2\n", "a: # c\n  x: 1\n  z: 2\nb: 2\n"},
		{"scalar to map below its comment", "a:\n  # why\n  1\nb: 2\n", "a: 1\nb: 2\n", "a: {x: 1}\nb: 2\n", "a:\n  # why\n  x: 1\nb: 2\n"},
		{"scalar to list behind a dash", "- 1\n- 2\n", "- 1\n- 2\n", "- [a, b]\n- 2\n", "- - a\n  - b\n- 2\n"},
		{"map to scalar", "a: # c\n  # about x\n  x: 1 # d\nb: 2\n", "a: {x: 1}\nb: 2\n", "a: 5\nb: 2\n", "a: 5 # c\n  # about x\nb: 2\n"},
		{"map to scalar behind a dash", "- x: 1\n  z: 2\n- b\n", "- {x: 1, z: 2}\n- b\n", "- 5\n- b\n", "- 5\n- b\n"},
		{"map to list", "a:\n  x: 1\n", "a: {x: 1}\n", "a: [1]\n", "a:\n  - 1\n"},
		{"root map to list", "x: 1\ny: 2\n", "{x: 1, z: 2}\n", "[1, 2]\n", "- 1\n- 2\n"},
		{"literal to map", "a: | # c\n  text\nb: 2\n", "a: |\n  text\nb: 2\n", "a: {x: 1}\nb: 2\n", "a: # c\n  x: 1\nb: 2\n"},
		{"empty list to value", "a: &a []\nb: 2\n", "a: []\nb: 2\n", "a: {x: 1}\nb: 2\n", "a: &a\n  x: 1\nb: 2\n"},
		{"anchored root map to list", "--- &r\nx: 1\n", "{x: 1}\n", "[1]\n", "--- &r\n- 1\n"},
		{"tagged map to scalar", "a: !t\n  x: 1\nb: 2\n", "a: {x: 1}\nb: 2\n", "a: 5\nb: 2\n", "a: 5\nb: 2\n"},
		{"anchor stays on a map", "a: &a\n  x: 1\nb: 2\n", "a: {x: 1}\nb: 2\n", "a: 7\nb: 2\n", "a: &a 7\nb: 2\n"},
	})
}

func TestTextsThatCannotBeEdited(t *testing.T) {
	for name, old := range map[string]string{
		"two documents": "a: 1\n---\nb: 2\n",
		"not YAML":      "a: [\n",
		"UTF-16":        "\xff\xfea\x00:\x00",
		"bad second":    "a: 1\n---\n[\n",
	} {
		if _, _, err := edit.Edit(Grammar, []byte(old), []byte("a: 1\n"), []byte("a: 2\n"), edit.Options{}); !errors.Is(err, errors.ErrDecode) {
			t.Errorf("%s: %v, want ErrDecode", name, err)
		}
	}
}

// refusing is YAML that can splice nothing into a text that is not empty.
type refusing struct{ edit.Format }

func (r refusing) Splice(doc *edit.Document, p *edit.Patch, style edit.Style) ([]edit.Splice, error) {
	if len(doc.Text) > 0 {
		return nil, errors.New("refused")
	}
	return r.Format.Splice(doc, p, style)
}

func TestAWholeTextWrittenAnewMeansTheSame(t *testing.T) {
	long := strings.Repeat("k", 1100)
	old := "# gone\n&r\na: &a !t {x: 1, w: [&s 2, *s]}\nb:\n  <<: *a\n  z: !u v\n*s : key\n? [p, q]\n: |\n  lines\n  more\n? " + long + "\n: 1\nf: {*s : 1, g: *a}\nlast: 1\n"
	was, is := "last: 1\n", "last: 2\n"
	want := "&r\na: &a !t\n  x: 1\n  w:\n    - &s 2\n    - *s\nb:\n  <<: *a\n  z: !u v\n*s : key\n[p, q]: |\n  lines\n  more\n? " + long + "\n: 1\nf:\n  *s : 1\n  g: *a\nlast: 2\n"
	got, report, err := edit.Edit(refusing{Grammar}, []byte(old), []byte(was), []byte(is), edit.Options{})
	if err != nil || string(got) != want || report.Rung != edit.Rewritten || len(report.Lost) != 1 {
		t.Errorf("%+v, %v, got:\n%s\nwant:\n%s", report, err, got, want)
	}
}

func TestATextThatCannotBeFollowedIsNotSpliced(t *testing.T) {
	text := []byte("a: 1 # one\n  # two\n")
	for name, other := range map[string]string{
		"quotes": "a: \"1\"\n", "single quotes": "a: '1'\n", "plain": "a: 12\n", "longer": "a: 1 # one two\nb: c\n", "lines": "a: one\n  two\n",
		"brackets": "a: [1]\n", "braces": "a: {b: 1}\n", "list": "a:\n- 1\n", "block": "a: 1\nb: |\n  x\n", "shorter": "1\n", "alias": "a: &a 1\nb: *a\n",
	} {
		root, err := parse([]byte(other))
		testkit.Must(t, err)
		doc := scan(text, root, nil)
		if _, err := Grammar.Splice(doc, nil, edit.Follow); err == nil {
			t.Errorf("%s: no error", name)
		}
		if len(doc.Comments) != 1 || doc.Comments[0].Line != 2 {
			t.Errorf("%s: comments %v, want that of line 2", name, doc.Comments)
		}
		if whole, err := Grammar.Parse([]byte(other)); err != nil || !edit.Equal(whole.Root, doc.Root) {
			t.Errorf("%s: the tree is not complete", name)
		}
	}
}
