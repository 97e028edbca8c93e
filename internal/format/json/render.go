package json

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// form is the style of a new value.
type form struct {
	near   *edit.Node // the model for a value of the same kind: the replaced value or a neighbour
	lines  bool       // the value may have line breaks
	unit   string
	brk    string
	indent string // the blanks that begin its line
}

// formOf gives the form of a value that replaces n, which is entry i of the
// collection around.
func (w *writer) formOf(n, around *edit.Node, i int) form {
	at := bracket.Position{Near: i, Indent: bracket.Indent(w.doc.Text, n.Start)}
	if around == nil {
		l := w.origin.layout()
		return form{near: n, lines: l.lines || !l.compact, unit: l.unit, brk: lineBreak(w.doc.Text), indent: at.Indent}
	}
	f := w.formAt(around, at)
	if c, ok := n.Data.(*body); ok && len(c.Items) > 0 {
		f.near = n
		f.lines = f.lines || c.lines()
		f.unit = cmp.Or(c.unit(), f.unit)
	}
	return f
}

// formAt gives the form of a new entry of n.
func (w *writer) formAt(n *edit.Node, at bracket.Position) form {
	l := w.origin.layout()
	f := form{lines: l.lines, unit: l.unit, brk: lineBreak(w.doc.Text), indent: at.Indent}
	if c := n.Data.(*body); len(c.Items) > 0 {
		f.lines = breaksLine(w.doc.Text[c.Open:c.Close])
	}
	f.near, f.unit = w.neighbour(n, at.Near, f.unit)
	return f
}

// neighbour gives the collection among the entries of n that is nearest to i,
// and the unit of the nearest collection that shows one. It checks only a few entries.
func (w *writer) neighbour(n *edit.Node, i int, unit string) (near *edit.Node, _ string) {
	found := false
	for d := range min(len(n.Entries)+1, 100) {
		for _, j := range []int{i - d, i + d} {
			if j < 0 || j >= len(n.Entries) {
				continue
			}
			v := w.opened(n.Entries[j].Value)
			c, ok := v.Data.(*body)
			if !ok || len(c.Items) == 0 {
				continue
			}
			if near == nil {
				near = v
			}
			if u := c.unit(); u != "" && !found {
				unit, found = u, true
			}
		}
		if near != nil && found {
			break
		}
	}
	return near, unit
}

// opened gives the collection for a node that was left out, with its entries left out.
// Any other node comes back as it is.
func (w *writer) opened(n *edit.Node) *edit.Node {
	if !edit.IsLeftOut(n) || !opens(n.Value) {
		return n
	}
	s := &scanner{
		reader: reader{text: w.doc.Text, at: n.Start, jsonc: w.origin.jsonc, counted: n.Start},
		source: n.Value, base: n.Start, origin: w.origin,
	}
	if n.Value[0] == '{' {
		return s.value(&edit.Node{Kind: edit.Map})
	}
	return s.value(oneLevel)
}

// spreads reports whether n is written with a line for each entry.
func (f form) spreads(w *writer, n *edit.Node) bool {
	if w.style == edit.Plain {
		return true
	}
	if !f.lines || w.style == edit.Robust {
		return false
	}
	if f.near != nil && f.near.Kind == n.Kind && hasCollections(f.near) == hasCollections(n) {
		if c, ok := f.near.Data.(*body); ok && len(c.Items) > 0 {
			return c.lines()
		}
	}
	if n.Kind == edit.List && !hasCollections(n) {
		return w.origin.layout().rows <= w.origin.layout().columns
	}
	return true
}

// unit gives the indentation of one level if the text does not show it: the indentation of the new
// encoding.
func (w *writer) unit(n *edit.Node) string {
	return cmp.Or(w.origin.layout().unit, unitOf(n), "  ")
}

func unitOf(n *edit.Node) string {
	switch from := n.Data.(type) {
	case *body:
		return from.origin.layout().unit
	case *origin:
		return from.layout().unit
	}
	for _, e := range n.Entries {
		if unit := unitOf(e.Value); unit != "" {
			return unit
		}
	}
	return ""
}

func (w *writer) entry(e edit.Entry, f form) string {
	if e.Key == nil {
		return w.render(e.Value, f)
	}
	return w.quote(e.Key.Value) + w.between(f) + w.render(e.Value, f)
}

func (w *writer) between(f form) string {
	if w.style == edit.Follow {
		return w.origin.layout().between
	}
	return ": "
}

func (w *writer) render(n *edit.Node, f form) string {
	switch {
	case n.Kind == edit.Map:
		return w.collection(n, "{", "}", f)
	case n.Kind == edit.List:
		return w.collection(n, "[", "]", f)
	case n.Type == edit.TypeString:
		return w.quote(n.Value)
	}
	return n.Value
}

func (w *writer) collection(n *edit.Node, open, closing string, f form) string {
	if len(n.Entries) == 0 {
		return open + closing
	}
	inner := f
	inner.near = nil
	if !f.spreads(w, n) {
		inner.lines = false
		var entries []string
		for _, e := range n.Entries {
			entries = append(entries, w.entry(e, inner))
		}
		pad := ""
		if n.Kind == edit.Map {
			pad = w.origin.layout().pad
		}
		return open + pad + strings.Join(entries, ","+w.origin.layout().gap) + pad + closing
	}
	if inner.unit == "" {
		inner.unit = w.unit(n)
	}
	inner.indent += inner.unit
	var b strings.Builder
	b.WriteString(open)
	for i, e := range n.Entries {
		b.WriteString(f.brk + inner.indent + w.entry(e, inner))
		if i < len(n.Entries)-1 || w.origin.layout().trailsCommas() {
			b.WriteByte(',')
		}
	}
	b.WriteString(f.brk + f.indent + closing)
	return b.String()
}

// quote spells a string.
func (w *writer) quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(w.origin.spelling().html)
	_ = e.Encode(s) // no string fails
	text := strings.TrimSuffix(b.String(), "\n")
	if w.origin.spelling().ascii || w.style == edit.Robust {
		return escape(text)
	}
	return text
}

// escape spells all characters beyond ASCII as \u and four digits.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
