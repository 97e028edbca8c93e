package json

import (
	"bytes"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// Splice gives the byte changes that carry out p.
func (f grammar) Splice(doc *edit.Document, p *edit.Patch, style edit.Style) ([]edit.Splice, error) {
	w := &writer{doc: doc, origin: doc.Data.(*origin), style: style}
	if doc.Root.End == 0 {
		w.first(p.Result())
	} else {
		w.patch(p, nil, 0)
	}
	return w.list, w.err
}

// writer turns one patch into splices.
type writer struct {
	doc    *edit.Document
	origin *origin
	style  edit.Style
	list   []edit.Splice
	err    error
}

// first writes the value of a text that had no value, after its comments.
func (w *writer) first(n *edit.Node) {
	text := w.doc.Text
	at := len(text)
	end := w.breakOf(text)
	value := w.render(n, form{lines: true, unit: w.unit(n), brk: end})
	switch rest := bytes.TrimRight(text[mark(text):], " \t"); {
	case len(rest) == 0, bytes.HasSuffix(rest, []byte("\n")), bytes.HasSuffix(rest, []byte("\r")):
		value += end
	default:
		value = end + value
	}
	w.list = append(w.list, edit.Splice{Start: at, End: at, Text: []byte(value)})
}

func (w *writer) breakOf(text []byte) string {
	if bytes.Contains(text, []byte("\r\n")) {
		return "\r\n"
	}
	return lineBreak(text)
}

// patch changes the value at p, which is entry i of the collection around.
func (w *writer) patch(p *edit.Patch, around *edit.Node, i int) {
	if v := p.Value(); v != nil {
		var f form
		if v.Kind != edit.Scalar {
			f = w.formOf(p.Node, around, i)
		}
		text := w.render(v, f)
		w.list = append(w.list, edit.Splice{Start: p.Node.Start, End: p.Node.End, Text: []byte(text)})
		return
	}
	for _, j := range p.Touched() {
		if key := p.Renamed(j); key != nil {
			old := p.Node.Entries[j].Key
			w.list = append(w.list, edit.Splice{Start: old.Start, End: old.End, Text: []byte(w.quote(key.Value))})
		}
		if q := p.Inner(j); q != nil {
			w.patch(q, p.Node, j)
		}
	}
	c, ok := p.Node.Data.(*body)
	if !ok || !structural(p) {
		return
	}
	list, err := c.Splices(bracket.Change{
		Text:     w.doc.Text,
		Comments: w.doc.Comments,
		Patch:    p,
		Manner:   w.manner(p.Node, around, i, p.Result()),
		List:     p.Node.Kind == edit.List,
		Write: func(e edit.Entry, at bracket.Position) (string, error) {
			if e.Moved != nil {
				return w.moved(e.Moved, p.Node)
			}
			var f form
			if e.Value.Kind != edit.Scalar {
				f = w.formAt(p.Node, at)
			}
			return w.entry(e, f), nil
		},
	})
	if w.list = append(w.list, list...); err != nil {
		w.err = err
	}
}

// structural reports whether entries are added, deleted or moved.
func structural(p *edit.Patch) bool {
	return slices.ContainsFunc(p.Touched(), func(i int) bool { return p.Dropped(i) || len(p.Inserted(i)) > 0 })
}

// moved gives the text of a moved element of n, with its changes.
func (w *writer) moved(m *edit.Moved, n *edit.Node) (string, error) {
	inner := &writer{doc: w.doc, origin: w.origin, style: w.style}
	inner.patch(m.Patch, n, m.Index)
	item := n.Data.(*body).Items[m.Index]
	text, err := edit.Apply(w.doc.Text, edit.Extent{Start: item.Start, End: item.End}, inner.list)
	if err == nil {
		err = inner.err
	}
	w.list = append(w.list, edit.Splice{Within: inner.list})
	return text, err
}

// Elements implements [edit.Format].
func (f grammar) Elements(doc *edit.Document, list *edit.Node) []edit.Extent {
	if c, ok := list.Data.(*body); ok {
		return c.Elements(doc.Text, doc.Comments)
	}
	return nil
}

// manner gives the style for the entries of n, which is entry i of the collection
// around and is replaced by next.
func (w *writer) manner(n, around *edit.Node, i int, next *edit.Node) bracket.Manner {
	c, l := n.Data.(*body), w.origin.layout()
	m := bracket.Manner{Unit: c.unit(), Break: lineBreak(w.doc.Text), Gap: l.gap}
	if n.Kind == edit.Map {
		m.Pad = l.pad
	}
	if len(n.Entries) == 0 {
		f := w.formOf(n, around, i)
		m.Own = f.spreads(w, next)
		m.Unit = f.unit
		m.Trailing = l.trailsCommas()
	}
	if m.Unit == "" {
		m.Unit = w.unit(next)
	}
	return m
}
