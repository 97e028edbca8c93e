package toml

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// kindOf gives the kind of a value, even if the value is left out.
func kindOf(n *edit.Node) edit.Kind {
	if out := dataOf(n).left; out != nil {
		return out.kind
	}
	return n.Kind
}

// tabular reports whether a value can be written with headers.
func tabular(n *edit.Node) bool {
	if out := dataOf(n).left; out != nil {
		return out.tabular
	}
	if n.Kind != edit.List {
		return n.Kind == edit.Map
	}
	for _, e := range n.Entries {
		if kindOf(e.Value) != edit.Map {
			return false
		}
	}
	return len(n.Entries) > 0
}

// headed reports whether a new entry of a table, before entry i, gets a header.
// It does if it can and its nearest neighbour of the same kind has one.
func (w *writer) headed(t *table, n *edit.Node, i int, value *edit.Node) bool {
	if !t.lines() || !tabular(value) || w.style == edit.Robust {
		return false
	}
	if w.style == edit.Plain {
		return true
	}
	for d := 1; d <= len(n.Entries); d++ {
		for _, j := range []int{i - d, i + d - 1} {
			if j >= 0 && j < len(n.Entries) && kindOf(n.Entries[j].Value) == value.Kind && tabular(n.Entries[j].Value) {
				return headed(n.Entries[j].Value)
			}
		}
	}
	return true
}

// section writes a new entry of a table, before entry i, with headers.
func (w *writer) section(t *table, n *edit.Node, i int, e edit.Entry) {
	at, near := w.sectionPosition(t, n, i)
	path := quoteKey(e.Key.Value, false)
	if outer := t.path; outer != "" {
		path = outer + "." + path
	}
	indent := ""
	switch {
	case near != nil:
		indent = w.layout.indent(near.start)
	case t.scope != nil && t.scope.header != nil:
		indent = w.layout.indent(t.scope.header.start) + w.nestedUnit(e.Value)
	}
	w.insertSection(at, w.sections(path, e.Value, indent))
}

// sectionPosition gives the offset of new headers in a table, and the header whose indentation they
// get.
func (w *writer) sectionPosition(t *table, n *edit.Node, i int) (at int, near *statement) {
	for j := i - 1; j >= 0; j-- {
		if v := n.Entries[j].Value; headed(v) {
			_, last := span(statements(v))
			return w.sectionEnd(last), w.headerOf(v)
		}
	}
	for j := i; j < len(n.Entries); j++ {
		if v := n.Entries[j].Value; headed(v) {
			h := w.headerOf(v)
			return block(w.doc.Text, w.doc.Comments, h.start), h
		}
	}
	if t.scope.header == nil {
		return len(w.doc.Text), nil
	}
	return w.sectionEnd(t.scope.header), nil
}

// headerOf gives the first header of a value.
func (w *writer) headerOf(n *edit.Node) *statement {
	list := statements(n)
	return list[slices.IndexFunc(list, func(s *statement) bool { return s.header > 0 })]
}

// sectionEnd gives the end of the lines below a statement's header, which is the start of the comment
// lines above the next header.
func (w *writer) sectionEnd(s *statement) int {
	if next := s.scope.next; next != nil {
		return block(w.doc.Text, w.doc.Comments, next.start)
	}
	return len(w.doc.Text)
}

// insertSection inserts lines that begin with a header before the line at at.
func (w *writer) insertSection(at int, text string) {
	l := w.layout
	end := w.contentEnd(at)
	blank := w.blank()
	switch {
	case end > mark(w.doc.Text):
		w.inserts = append(w.inserts, insert{at: end, tables: true, text: l.brk + blank + text})
	case at == len(w.doc.Text):
		w.inserts = append(w.inserts, insert{at: end, tables: true, text: text + l.brk})
	default:
		w.inserts = append(w.inserts, insert{at: end, tables: true, text: text + l.brk + blank})
	}
}

// sections spells a table or a list of tables with headers, without the last
// line break.
func (w *writer) sections(path string, n *edit.Node, indent string) string {
	if edit.IsLeftOut(n) {
		w.fail(errOutside)
	}
	if n.Kind == edit.Map {
		return strings.TrimSuffix(indent+"["+path+"]"+w.layout.brk+w.below(path, n, indent), w.layout.brk)
	}
	var parts []string
	for _, e := range n.Entries {
		text := indent + "[[" + path + "]]" + w.layout.brk + w.below(path, e.Value, indent)
		parts = append(parts, strings.TrimSuffix(text, w.layout.brk))
	}
	return strings.Join(parts, w.layout.brk+w.blank())
}

func (w *writer) blank() string {
	if w.layout.spaced {
		return w.layout.brk
	}
	return ""
}

// below spells the entries of a table: first the keys with values, and then the
// tables in it.
func (w *writer) below(path string, n *edit.Node, indent string) string {
	if edit.IsLeftOut(n) {
		w.fail(errOutside)
	}
	var pairs, tables string
	inner := indent + w.unitBelow(n)
	for _, e := range n.Entries {
		key := quoteKey(e.Key.Value, false)
		if !tabular(e.Value) {
			pairs += inner + w.pair(addition{entry: e}, form{indent: inner}) + w.layout.brk
			continue
		}
		if path != "" {
			key = path + "." + key
		}
		tables += w.blank() + w.sections(key, e.Value, indent+w.nestedUnit(n)) + w.layout.brk
	}
	return pairs + tables
}

// nestedUnit gives the indentation of the header of a table in a table.
func (w *writer) nestedUnit(n *edit.Node) string {
	if l := w.source(n); l != nil && !w.layout.nested.known {
		return l.nested.text
	}
	return w.layout.nested.text
}

// headers writes headers for tables that had only the headers of tables in them.
func (w *writer) headers() {
	for _, t := range slices.SortedFunc(maps.Keys(w.heads), func(a, b *table) int { return cmp.Compare(a.level, b.level) }) {
		entries := w.heads[t]
		first, _ := span(t.extent)
		indent := w.layout.indent(first.start)
		text := indent + "[" + t.path + "]"
		inner := indent + w.layout.pairs.text
		for _, e := range entries {
			text += w.layout.brk + inner + w.pair(addition{entry: e}, form{indent: inner}) + w.tails[e.Key]
		}
		w.insertSection(block(w.doc.Text, w.doc.Comments, first.start), text)
	}
}

// whole renders the text anew.
func (w *writer) whole(n *edit.Node) {
	head := mark(w.doc.Text)
	text := w.below("", n, "")
	w.put(head, len(w.doc.Text), strings.TrimPrefix(text, w.layout.brk))
}
