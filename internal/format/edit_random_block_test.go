package format_test

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

func (w *textMaker) yamlKey(n *edit.Node) string {
	if n.Type != edit.TypeString {
		return w.scalar(n)
	}
	plain := n.Value != ""
	for _, r := range n.Value {
		plain = plain && r < 0x80 && unicode.IsLetter(r)
	}
	if plain && len(n.Value) > 5 || strings.HasPrefix(n.Value, "zz") {
		return n.Value
	}
	return w.string(n.Value)
}

// yaml writes a value behind what is on the line; below means that it can go on there.
func (w *textMaker) yaml(n *edit.Node, t reflect.Type, level int, item bool) {
	if n.Kind == edit.Scalar {
		if s := n.Value; n.Type == edit.TypeString && strings.HasSuffix(s, "x\n") && !strings.ContainsAny(s, "\t\uFEFF\u0085\u2028") && s[0] != ' ' && s[0] != '\n' && level > 0 {
			w.put(" |")
			w.end()
			for line := range strings.Lines(s) {
				w.put(strings.Repeat("  ", level) + line)
			}
			return
		}
		if level > 0 {
			w.put(" ")
		}
		if !w.calm && w.r.IntN(40) == 0 && len(w.names) > 0 {
			w.put("*" + w.names[w.r.IntN(len(w.names))])
			w.end()
			return
		}
		if !w.calm && w.r.IntN(15) == 0 {
			name := w.mark()
			w.put("&" + name + " ")
			w.put(w.scalar(n))
			w.names = append(w.names, name)
		} else {
			w.put(w.scalar(n))
		}
		w.end()
		return
	}
	if len(n.Entries) == 0 || w.r.IntN(6) == 0 {
		if level > 0 {
			w.put(" ")
		}
		w.flow(n, t)
		w.end()
		return
	}
	name := ""
	if level > 0 && !w.calm && !item && w.r.IntN(15) == 0 {
		name = w.mark()
		w.put(" &" + name)
	}
	if item && w.r.IntN(2) == 0 {
		w.put(" ")
	} else {
		item = false
		if level > 0 {
			w.end()
		}
	}
	indent := strings.Repeat("  ", level)
	list := n.Entries
	if n.Kind == edit.Map {
		list = w.entries(n, t)
	}
	if len(list) == 0 {
		w.put(indent + "{}\n")
	}
	for i, e := range list {
		if i > 0 || !item {
			w.comment(indent)
			w.put(indent)
		}
		if e.Key == nil {
			w.put("-")
		} else {
			w.put(w.yamlKey(e.Key) + ":")
		}
		w.yaml(e.Value, inside(t, w.format, e.Key), level+1, e.Key == nil)
	}
	if name != "" {
		w.names = append(w.names, name)
	}
}

// flow writes a collection on one line, of YAML or TOML.
func (w *textMaker) flow(n *edit.Node, t reflect.Type) {
	if n.Kind == edit.Scalar {
		w.put(w.scalar(n))
		return
	}
	brackets, list := "[]", n.Entries
	if n.Kind == edit.Map {
		brackets, list = "{}", w.entries(n, t)
	}
	lines := w.format == "toml" && n.Kind == edit.List && w.r.IntN(3) == 0
	w.put(brackets[:1])
	for i, e := range list {
		if i > 0 {
			w.put(", ")
		}
		if lines {
			w.end()
			w.comment("    ")
		}
		if e.Key != nil {
			if w.format == "toml" {
				w.put(w.tomlKey(e.Key) + " = ")
			} else {
				w.put(w.yamlKey(e.Key) + ": ")
			}
		}
		w.flow(e.Value, inside(t, w.format, e.Key))
	}
	if lines {
		w.end()
	}
	w.put(brackets[1:])
}

func (w *textMaker) tomlKey(n *edit.Node) string {
	plain := n.Value != ""
	for _, r := range n.Value {
		plain = plain && (r == '-' || r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	}
	if plain && w.r.IntN(6) > 0 {
		return n.Value
	}
	return w.string(n.Value)
}

func isTables(n *edit.Node) bool {
	if n.Kind != edit.List || len(n.Entries) == 0 {
		return false
	}
	for _, e := range n.Entries {
		if e.Value.Kind != edit.Map {
			return false
		}
	}
	return true
}

// tomlTable writes what is below a header; the tables in it get theirs after that, some
// of them later than those of other tables.
func (w *textMaker) tomlTable(n *edit.Node, t reflect.Type, path []string, level int) {
	type table struct {
		n    *edit.Node
		t    reflect.Type
		path []string
	}
	var later []table
	for _, e := range w.entries(n, t) {
		in := inside(t, w.format, e.Key)
		key := w.tomlKey(e.Key)
		switch {
		case e.Value.Kind == edit.Map && w.r.IntN(5) == 0 && len(e.Value.Entries) > 0: // dotted
			for _, x := range w.entries(e.Value, in) {
				w.comment("")
				w.put(key + "." + w.tomlKey(x.Key) + " = ")
				w.flow(x.Value, inside(in, w.format, x.Key))
				w.end()
			}
		case (e.Value.Kind == edit.Map || isTables(e.Value)) && w.r.IntN(5) > 0:
			later = append(later, table{e.Value, in, append(path[:len(path):len(path)], key)})
		default:
			w.comment("")
			w.put(key + " = ")
			w.flow(e.Value, in)
			w.end()
		}
	}
	if w.r.IntN(3) == 0 {
		w.r.Shuffle(len(later), func(i, j int) { later[i], later[j] = later[j], later[i] })
	}
	for _, x := range later {
		if x.n.Kind == edit.List {
			for _, e := range x.n.Entries {
				w.comment("")
				w.put("[[" + strings.Join(x.path, ".") + "]]")
				w.end()
				w.tomlTable(e.Value, inside(x.t, w.format, nil), x.path, level+1)
			}
			continue
		}
		w.comment("")
		w.put("[" + strings.Join(x.path, ".") + "]")
		w.end()
		w.tomlTable(x.n, x.t, x.path, level+1)
	}
}
