package toml

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

type machine struct {
	ID   int
	Name string
	Tags []string          `toml:",omitempty"`
	By   map[string]string `toml:",omitempty"`
}

type machines struct {
	Port int
	List []machine          `toml:",omitempty"`
	By   map[string]machine `toml:",omitempty"`
}

const machinesText = `Port = 1 # ours
theirs = { a = [1, 2] }

[[List]]
ID = 1
Name = "one"
Tags = [
  "a", # a
  "b",
]
# second
[[List]]
ID = 2
Name = 'two'
own = 7
[List.By]
x = """
x"""

[By.k]
ID = 9
Name = "nine"
`

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(v); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// provenBy edits machinesText and gives the parts that were decoded to prove it, and how
// often the whole was.
func provenBy(t *testing.T, change func(v *machines), recode func(part []byte) ([]byte, error)) (got string, parts []string, whole int) {
	t.Helper()
	var was, is machines
	for _, v := range []*machines{&was, &is} {
		if err := toml.Unmarshal([]byte(machinesText), v); err != nil {
			t.Fatal(err)
		}
	}
	change(&is)
	text, _, err := edit.Edit(Grammar, []byte(machinesText), encoded(t, was), encoded(t, is), edit.Options{
		Check: func(*edit.Document) error { whole++; return nil },
		Recode: func(part []byte) ([]byte, error) {
			parts = append(parts, string(part))
			return recode(part)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), parts, whole
}

func TestOnlyWhatAnEditTouchesIsDecodedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(v *machines)
		part     string
		from, to string
	}{
		"a value":                  {func(v *machines) { v.Port = 2 }, "Port=2\n", "Port = 1", "Port = 2"},
		"a value in a list":        {func(v *machines) { v.List[0].Name = "eins" }, "Port=1\nList=[{ID=1,Name=\"eins\"}]\n", `"one"`, `"eins"`},
		"a value in an array":      {func(v *machines) { v.List[0].Tags = []string{"a", "c"} }, "Port=1\nList=[{ID=1,Name=\"one\",Tags=[\"a\",\"c\"]}]\n", `"b"`, `"c"`},
		"a string of many lines":   {func(v *machines) { v.List[1].By["x"] = "x\ny" }, "Port=1\nList=[{ID=2,Name='two',own=7,By={x=\"\"\"\nx\ny\"\"\"}}]\n", "\nx\"\"\"", "\nx\ny\"\"\""},
		"a table's value":          {func(v *machines) { v.By["k"] = machine{ID: 9, Name: "neun"} }, "Port=1\nBy={k={ID=9,Name=\"neun\"}}\n", `"nine"`, `"neun"`},
		"a new table":              {func(v *machines) { v.By["l"] = machine{ID: 5} }, "Port=1\nBy={l={ID=5,Name=\"\"}}\n", "\"nine\"\n", "\"nine\"\n\n[By.l]\nID = 5\nName = \"\"\n"},
		"an array that goes":       {func(v *machines) { v.List[0].Tags = nil }, "Port=1\nList=[{ID=1,Name=\"one\"}]\n", "Tags = [\n  \"a\", # a\n  \"b\",\n]\n", ""},
		"a table that has nothing": {func(v *machines) { delete(v.By, "k") }, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, parts, whole := provenBy(t, c.change, func(part []byte) ([]byte, error) {
				var v machines
				testkit.WantNil(t, fmt.Sprintf("%q", part), toml.Unmarshal(part, &v))
				return encoded(t, v), nil
			})
			if c.part != "" && (!slices.Equal(parts, []string{c.part}) || whole != 0) {
				t.Errorf("decoded were %q, and the whole %d times; want only %q", parts, whole, c.part)
			}
			if want := strings.Replace(machinesText, c.from, c.to, 1); c.from != "" && got != want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestAPartThatDecodesToSomethingElseIsNoProof(t *testing.T) {
	for name, encoding := range map[string]string{
		"another value": "Port = 3\n", "no value": "", "an unknown key": "Port = 2\nx = 1\n", "another kind": "[Port]\n", "it does not parse": "Port = ",
	} {
		t.Run(name, func(t *testing.T) {
			_, parts, whole := provenBy(t, func(v *machines) { v.Port = 2 }, func([]byte) ([]byte, error) { return []byte(encoding), nil })
			if len(parts) == 0 || whole == 0 {
				t.Errorf("decoded were %q, and the whole %d times; want the whole to be asked after the part has failed", parts, whole)
			}
		})
	}
}

// By itself a key may mean what beside another one it does not, or not surely.
func TestAnExcerptIsOfATextWithoutAmbiguity(t *testing.T) {
	like := &edit.Node{Kind: edit.Map, Entries: []edit.Entry{{Key: edit.NewScalar(edit.TypeString, "b")}}}
	many := "k1 = 1\nk2 = 1\nk3 = 1\nk4 = 1\nk5 = 1\nk6 = 1\nk7 = 1\nk8 = 1\n"
	for text, can := range map[string]bool{
		"a = [1]\nb = 3\n":              true,
		"a = 1\nA = 1\nb = 3\n":         false,
		many + "b = 3\n":                true,
		many + "b = 3\nK1 = 2\n":        false,
		many + "b = 3\n\"\u212A2\" = 2": false,
		"a = {c = 1, C = 2}\nb = 3\n":   true, // as it was before
		"b = {c = 1, C = 2}\n":          false,
		"b = \"\\uFFFD\"\n[a]\nc = 1\n": true,
	} {
		doc, err := Grammar.Outline([]byte(text), like)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (grammar{}).Excerpt(doc, &edit.Node{Kind: edit.Map}); (err == nil) != can {
			t.Errorf("%q: %v", text, err)
		}
	}
}
