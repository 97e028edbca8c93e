package toml

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// form is the style of a new value.
type form struct {
	near   *edit.Node // the replaced value, or a neighbour
	indent string     // the blanks that begin its line
}

// formOf gives the form of a value that replaces n.
func (w *writer) formOf(n *edit.Node) form {
	f := form{near: n, indent: w.layout.indent(n.Start)}
	if out := dataOf(n).left; out != nil {
		f.near = out.shown
	}
	return f
}

// like gives the spelling of a neighbour.
func (w *writer) like(f form, typ string) string {
	if n := f.near; n != nil && n.Kind == edit.Scalar && n.Type == typ {
		return string(w.doc.Text[n.Start:n.End])
	}
	return ""
}

// render spells a value for the position after a key or in an array.
func (w *writer) render(n *edit.Node, f form) string {
	switch n.Kind {
	case edit.Scalar:
		text, err := w.scalar(n, w.like(f, n.Type))
		w.fail(err)
		return text
	case edit.List:
		return w.bracketed(n, f)
	}
	return w.braced(n, f)
}

// bracketed spells an array, with a line for each element if the array near it has.
func (w *writer) bracketed(n *edit.Node, f form) string {
	inner := form{near: f.near, indent: f.indent}
	l := w.layout
	lines := false
	if near := f.near; near != nil && near.Kind == edit.List && w.style == edit.Follow {
		items := dataOf(near).items
		lines = items != nil && len(items.Items) > 0 && strings.ContainsAny(string(l.text[items.Open:items.Items[0].Start]), "\r\n")
		if len(near.Entries) > 0 {
			inner.near = near.Entries[0].Value
		}
	}
	var parts []string
	for _, e := range n.Entries {
		parts = append(parts, w.render(e.Value, inner))
	}
	if !lines || len(parts) == 0 {
		return "[" + strings.Join(parts, ","+l.gap.text) + "]"
	}
	brk := l.brk + f.indent + l.unit.text
	end := l.brk + f.indent
	if l.trailing == l.trails {
		end = "," + end
	}
	return "[" + brk + strings.Join(parts, ","+brk) + end + "]"
}

// braced spells an inline table.
func (w *writer) braced(n *edit.Node, f form) string {
	if len(n.Entries) == 0 {
		return "{}"
	}
	var parts []string
	for _, e := range n.Entries {
		parts = append(parts, quoteKey(e.Key.Value, false)+w.equals(nil)+w.render(e.Value, form{indent: f.indent}))
	}
	pad := w.layout.pad.text
	return "{" + pad + strings.Join(parts, ","+w.layout.gap.text) + pad + "}"
}
