package codec_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
)

// things is a list whose elements have more keys in the text.
type things struct {
	Head  string     `json:"head" yaml:"head" toml:"head"`
	Items []thing    `json:"items" yaml:"items" toml:"items"`
	Words []string   `json:"words" yaml:"words" toml:"words"`
	Grid  [][]thing  `json:"grid,omitempty" yaml:"grid,omitempty" toml:"grid,omitempty"`
	Rows  [][]string `json:"rows,omitempty" yaml:"rows,omitempty" toml:"rows,omitempty"`
}

type thing struct {
	Name string  `json:"name" yaml:"name" toml:"name"`
	V    int     `json:"v" yaml:"v" toml:"v"`
	Subs []thing `json:"subs,omitempty" yaml:"subs,omitempty" toml:"subs,omitempty"`
}

// told is a thing with the key that only the text has.
type told struct {
	Name   string `json:"name" yaml:"name" toml:"name"`
	Secret string `json:"secret" yaml:"secret" toml:"secret"`
	Subs   []told `json:"subs" yaml:"subs" toml:"subs"`
}

type toldThings struct {
	Items []told   `json:"items" yaml:"items" toml:"items"`
	Grid  [][]told `json:"grid" yaml:"grid" toml:"grid"`
}

// manners are the ways a list may be written. Every comment is the name of its element
// after a letter for where it stands: h above, i behind, m within.
var manners = []struct {
	name   string
	codec  func(...codec.Option) codec.Codec
	format edit.Format
	write  func(w *manner, v things)
}{
	{"YAML block", codec.YAML, yaml.Grammar, (*manner).yamlBlock},
	{"YAML flow", codec.YAML, yaml.Grammar, (*manner).yamlFlow},
	{"TOML tables", codec.TOML, toml.Grammar, (*manner).tomlTables},
	{"TOML arrays", codec.TOML, toml.Grammar, (*manner).tomlArrays},
	{"JSONC", codec.JSONC, json.JSONC, (*manner).jsonLines},
	{"JSONC in rows", codec.JSONC, json.JSONC, (*manner).jsonRows},
	{"JSON", codec.JSON, json.JSON, (*manner).jsonLines},
}

// manner writes one text.
type manner struct {
	strings.Builder
	r       *rand.Rand
	comment string // what begins a comment; "" where there are none
	blanks  bool   // blank lines between elements
}

func (w *manner) f(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// above writes comment lines for an element, or none.
func (w *manner) above(indent, name string) {
	if w.comment != "" && w.r.IntN(3) == 0 {
		for range 1 + w.r.IntN(2) {
			w.f("%s%s h-%s\n", indent, w.comment, name)
		}
	}
}

func (w *manner) behind(where, name string) string {
	if w.comment == "" || w.r.IntN(3) > 0 {
		return ""
	}
	return fmt.Sprintf(" %s %s-%s", w.comment, where, name)
}

// between writes what stands between elements and belongs to none of them, but to the
// element around, if there is one.
func (w *manner) between(indent, around string, i int) {
	switch {
	case i > 0 && w.comment != "" && w.r.IntN(12) == 0:
		w.f("\n%s%s%s\n\n", indent, w.comment, free(around))
	case i > 0 && w.blanks:
		w.f("\n")
	}
}

func free(around string) string {
	if around == "" {
		return " free"
	}
	return " p-" + around
}

func (w *manner) yamlBlock(v things) {
	w.comment = "#"
	w.f("# the head\nhead: %s # of all\nitems:\n", v.Head)
	w.yamlThings("  ", "  ", "", v.Items)
	w.f("\n# the words\nwords:\n")
	for i, s := range v.Words {
		w.between("  ", "", i)
		w.above("  ", s)
		w.f("  - %s%s\n", s, w.behind("i", s))
	}
	w.f("grid:\n")
	for _, row := range v.Grid {
		w.f("  # a row\n")
		if w.r.IntN(2) == 0 {
			w.yamlThings("    ", "  - ", "", row)
			continue
		}
		w.f("  -\n")
		w.yamlThings("    ", "    ", "", row)
	}
	w.f("end: 1 # end\n")
}

// yamlThings writes a block list, whose first line begins with lead.
func (w *manner) yamlThings(indent, lead, around string, list []thing) {
	for i, e := range list {
		if i > 0 || lead == indent {
			w.between(indent, around, i)
			w.above(indent, e.Name)
			lead = indent
		}
		w.f("%s- name: %s%s\n", lead, e.Name, w.behind("i", e.Name))
		if w.r.IntN(4) == 0 {
			w.f("%s  # m-%s\n", indent, e.Name)
		}
		w.f("%s  v: %d%s\n%s  secret: s-%s%s\n", indent, e.V, w.behind("v", e.Name), indent, e.Name, w.behind("k", e.Name))
		if len(e.Subs) > 0 {
			w.f("%s  subs:%s\n", indent, w.behind("u", e.Name))
			inner := indent + strings.Repeat(" ", 2+2*w.r.IntN(2))
			w.yamlThings(inner, inner, e.Name, e.Subs)
		}
	}
}

func (w *manner) yamlFlow(v things) {
	w.comment = "#"
	w.f("# the head\nhead: %s # of all\nitems: [\n", v.Head)
	w.list("  ", "", v.Items, true, func(e thing) string { return w.braced(e, "", ": ") })
	w.f("]\nwords: [")
	for i, s := range v.Words {
		if i > 0 {
			w.f(", ")
		}
		w.f("%s", s)
	}
	w.f("] # all words\ngrid: [\n")
	for i, row := range v.Grid {
		w.f("  [\n")
		w.list("    ", "", row, true, func(e thing) string { return w.braced(e, "", ": ") })
		w.f("  ]%s\n", comma(i, len(v.Grid)))
	}
	w.f("]\nend: 1 # end\n")
}

// list writes elements with a line for each.
func (w *manner) list(indent, around string, list []thing, trailing bool, spell func(e thing) string) {
	for i, e := range list {
		w.between(indent, around, i)
		w.above(indent, e.Name)
		text := comma(i, len(list))
		if trailing {
			text = ","
		}
		w.f("%s%s%s%s\n", indent, spell(e), text, w.behind("i", e.Name))
	}
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

// braced spells an element on one line.
func (w *manner) braced(e thing, quote, equals string) string {
	text := fmt.Sprintf("{%[1]sname%[1]s%[2]s\"%[3]s\", %[1]sv%[1]s%[2]s%[4]d, %[1]ssecret%[1]s%[2]s\"s-%[3]s\"", quote, equals, e.Name, e.V)
	if len(e.Subs) > 0 {
		var subs []string
		for _, s := range e.Subs {
			subs = append(subs, w.braced(s, quote, equals))
		}
		text += fmt.Sprintf(", %[1]ssubs%[1]s%[2]s[%[3]s]", quote, equals, strings.Join(subs, ", "))
	}
	return text + "}"
}

func (w *manner) tomlTables(v things) {
	w.comment = "#"
	w.f("# the head\nhead = %q # of all\n\n# the words\nwords = [\n", v.Head)
	for _, s := range v.Words {
		w.above("  ", s)
		w.f("  %q,%s\n", s, w.behind("i", s))
	}
	w.f("]\n")
	for _, e := range v.Items {
		w.tomlThing("items", "", e)
	}
	w.f("\n[other] # other\nz = 1\n")
}

func (w *manner) tomlThing(path, around string, e thing) {
	if w.r.IntN(12) == 0 {
		w.f("\n#%s\n\n", free(around))
	} else if w.blanks || w.r.IntN(12) == 0 {
		w.f("\n")
	}
	w.above("", e.Name)
	w.f("[[%s]]%s\nname = %q%s\n", path, w.behind("t", e.Name), e.Name, w.behind("i", e.Name))
	if w.r.IntN(4) == 0 {
		w.f("# m-%s\n", e.Name)
	}
	w.f("v = %d%s\nsecret = \"s-%s\"%s\n", e.V, w.behind("v", e.Name), e.Name, w.behind("k", e.Name))
	for _, s := range e.Subs {
		w.tomlThing(path+".subs", e.Name, s)
	}
}

func (w *manner) tomlArrays(v things) {
	w.comment = "#"
	w.f("# the head\nhead = %q # of all\nitems = [\n", v.Head)
	w.list("  ", "", v.Items, true, func(e thing) string { return w.braced(e, "", " = ") })
	w.f("]\nwords = [")
	for i, s := range v.Words {
		w.f("%q%s", s, comma(i, len(v.Words)))
	}
	w.f("] # all words\nrows = [\n")
	for _, row := range v.Rows {
		w.f("  # a row\n  [\n")
		for i, s := range row {
			w.above("    ", s)
			w.f("    %q%s%s\n", s, comma(i, len(row)), w.behind("i", s))
		}
		w.f("  ], # end of a row\n")
	}
	w.f("]\n[other] # other\nz = 1\n")
}

func (w *manner) jsonLines(v things) {
	w.json(v, func(indent string, list []thing) {
		for i, e := range list {
			w.between(indent, "", i)
			w.above(indent, e.Name)
			w.f("%s{%s\n", indent, w.behind("o", e.Name))
			w.f("%s  \"name\": %q,%s\n", indent, e.Name, w.behind("m", e.Name))
			w.f("%s  \"v\": %d,\n%s  \"secret\": \"s-%s\"", indent, e.V, indent, e.Name)
			if len(e.Subs) > 0 {
				w.f(",\n%s  \"subs\": [\n", indent)
				w.list(indent+"    ", e.Name, e.Subs, false, func(e thing) string { return w.braced(e, `"`, ": ") })
				w.f("%s  ]", indent)
			}
			w.f("\n%s}%s%s\n", indent, comma(i, len(list)), w.behind("i", e.Name))
		}
	})
}

func (w *manner) jsonRows(v things) {
	w.json(v, func(indent string, list []thing) {
		w.list(indent, "", list, false, func(e thing) string { return w.braced(e, `"`, ": ") })
	})
}

func (w *manner) json(v things, items func(indent string, list []thing)) {
	w.f("{\n  \"head\": %q,\n  \"items\": [\n", v.Head)
	items("    ", v.Items)
	w.f("  ],\n  \"words\": [")
	for i, s := range v.Words {
		if i > 0 {
			w.f(" ")
		}
		inline := ""
		if w.comment != "" && w.r.IntN(3) == 0 {
			inline = " /* w-" + s + " */"
		}
		w.f("%q%s%s", s, inline, comma(i, len(v.Words)))
	}
	w.f("],\n  \"grid\": [\n")
	for i, row := range v.Grid {
		w.f("    [\n")
		items("      ", row)
		w.f("    ]%s\n", comma(i, len(v.Grid)))
	}
	w.f("  ],\n  \"end\": 1\n}\n")
}
