// Package tomlsuite is what the tests of TOML have in common: the suite of random
// operations, its thresholds, and texts of its own.
package tomlsuite

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	tomlformat "github.com/holdfast-go/holdfast/internal/format/toml"
)

// TOML is the suite.
var TOML = edittest.Suite{Format: tomlformat.Grammar, Encode: Encode, Scalar: words.Scalar, Key: words.Key, Fits: fits, Exact: true}

// fits reports whether TOML can hold the tree.
func fits(n *edit.Node) bool { return n.Kind == edit.Map }

// Encode gives the codec's encoding of a tree. Values that the decoder accepts and the encoder refuses,
// such as tables in lists of lists, are spelled on one line each.
func Encode(n *edit.Node) ([]byte, error) {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(decoded(n)); err == nil {
		if doc, err := tomlformat.Grammar.Parse(b.Bytes()); err == nil && edit.Same(doc.Root, n) {
			return b.Bytes(), nil
		}
	}
	b.Reset()
	for _, e := range n.Entries {
		fmt.Fprintf(&b, "%s = %s\n", quote(e.Key.Value), flat(e.Value))
	}
	return b.Bytes(), nil
}

func decoded(n *edit.Node) any {
	switch n.Kind {
	case edit.Map:
		m := map[string]any{}
		for _, e := range n.Entries {
			m[e.Key.Value] = decoded(e.Value)
		}
		return m
	case edit.List:
		list, tables := []any{}, []map[string]any{}
		for _, e := range n.Entries {
			list = append(list, decoded(e.Value))
			if m, ok := list[len(list)-1].(map[string]any); ok {
				tables = append(tables, m)
			}
		}
		if len(list) > 0 && len(tables) == len(list) {
			return tables
		}
		return list
	}
	var v map[string]any
	if _, err := toml.Decode("v = "+flat(n), &v); err != nil {
		panic(err)
	}
	return v["v"]
}

func flat(n *edit.Node) string {
	var parts []string
	for _, e := range n.Entries {
		text := flat(e.Value)
		if e.Key != nil {
			text = quote(e.Key.Value) + " = " + text
		}
		parts = append(parts, text)
	}
	switch {
	case n.Kind == edit.Map:
		return "{" + strings.Join(parts, ", ") + "}"
	case n.Kind == edit.List:
		return "[" + strings.Join(parts, ", ") + "]"
	case n.Type == edit.TypeString:
		return quote(n.Value)
	}
	return n.Value
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r == '"' || r == '\\' || r < ' ' || r == 0x7f {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var words = edittest.Words{Fold: true, Strange: []string{
	"", " ", "#", "a # b", "it's", `say "hi"`, `""`, `"""`, "'''", `back\slash`, `end\`, "tab\there", "two\nlines", "two\nlines\n", "\nfirst", "quotes\n\"\"\"\n", "q\n''", "a\r\nb",
	"[a]", "a = 1", "a.b", "é", "😀", "\x00\x01\x7f", "C:\\dir", "1", "true", "1979-05-27", "\ufeff",
}, Others: others()}

func others() (all []*edit.Node) {
	for _, text := range []string{"0.5", "1e+100", "-inf", "nan", "3.0"} {
		all = append(all, edit.NewScalar(edit.TypeFloat, text))
	}
	for _, text := range []string{"1979-05-27T07:32:00Z", "1979-05-27T00:32:00.999999-07:00", "1979-05-27T07:32:00", "1979-05-27", "07:32:00.5"} {
		all = append(all, edit.NewScalar(edit.TypeTime, text))
	}
	return all
}

// Thresholds are the rates that must be reached.
var Thresholds = map[edittest.Class]float64{
	edittest.SetScalar: 1, edittest.SetList: 1, edittest.InsertKey: 0.99, edittest.Append: 0.99, edittest.Insert: 0.99, edittest.Delete: 0.97,
}

// Written are texts that show what the real files do not.
var Written = map[string][]byte{
	"flat":            []byte("a = 1\nb = \"x\" # b\n# tail\n"),
	"no final break":  []byte("a = 1\n\n[t]\nb = 2"),
	"CRLF":            []byte("# head\r\na = 1 # one\r\n\r\n[t]\r\nb = '''\r\nx'''\r\n\r\n# of u\r\n[u]\r\nc = [\r\n  1, # one\r\n  2\r\n]\r\n"),
	"mark":            []byte("\uFEFFa = 1\n[t]\n"),
	"dotted":          []byte("a.b.c = 1\na.b.d = 2 # d\na . e = 3\n[t]\nx.\"y z\".k = 1\nx.w = 2\n"),
	"inline":          []byte("a = { b = 1, c = { d = [1, 2] }, e.f = 1, e.g = 2 }\nt = {}\nl = [{x = 1}, {x = 2, y.z = 3}]\n"),
	"array of tables": []byte("[[p]]\nn = 1\n\n[p.q]\nx = 1\n\n[[p.r]]\ny = 1\n\n[[p.r]]\ny = 2\n\n# of the second\n[[p]]\nn = 2 # two\n\n[other]\nz = 1\n"),
	"implicit":        []byte("[a.b.c]\nx = 1\n\n[a.b.d]\ny = 2\n\n[[e.f]]\nz = 3\n"),
	"out of order":    []byte("[a.b]\nx = 1\n[c]\ny = 1\n[a]\nz = 1\n"),
	"arrays":          []byte("a = [\n  1, # one\n  # two\n  2,\n]\nb = [ [1, 2], [3] ]\nc = [\n  \"x\", \"y\",\n  \"z\"\n] # c\nd = []\n"),
	"strings":         []byte("a = \"\\u00e9\"\nb = 'C:\\dir'\nc = \"\"\"\nx\n  y \\\n  z\"\"\"\"\nd = '''\none\ntwo'''\n\"q.k\" = 1\n'l k' = 2\n"),
	"numbers":         []byte("a = 0xDEAD_beef\nb = 0o644\nc = 1_000_000\nd = 1e6\ne = +inf\nf = -nan\ng = 1979-05-27 07:32:00Z\nh = 07:32:00\ni = 1979-05-27\n"),
	"aligned":         []byte("name    = 1\nx       = 2\nlonger  = 3\n"),
	"indented":        []byte("[a]\n  x = 1\n\n  [a.b]\n    y = 2\n\n    # of c\n    [a.b.c]\n      z = 3\n"),
	"tight":           []byte("a=1\n[b]\nc=2\n[d]\ne=[1,2]\n"),
	"comments only":   []byte("# nothing\n\n# here\n"),
	"empty":           nil,
	"cases":           []byte("Port = 1\nport = 2\n[Table]\nX = 1\n"),
	"inline in lines": []byte("a = { # open\n  b = 1, # one\n  # of c\n  c = 2,\n}\n"),
	"dotted and more": []byte("[fruit]\napple.color = 1\napple.taste.sweet = true\n\n[fruit.apple.texture]\nsmooth = true\n"),
}
