package toml

import (
	"bytes"
	"sort"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Elements implements [edit.Format].
func (grammar) Elements(doc *edit.Document, list *edit.Node) []edit.Extent {
	l := doc.Data.(*layout)
	switch p := dataOf(list); {
	case l.lost:
		return nil
	case p.items != nil:
		return p.items.Elements(doc.Text, doc.Comments)
	case p.table == nil:
		return nil
	}
	w := newWriter(doc, edit.Follow)
	extents := make([]edit.Extent, len(list.Entries))
	for i := range list.Entries {
		extents[i] = w.extent(list, i)
	}
	return extents
}

// extent gives the lines of element i of a list of tables with headers: from the
// block of comment lines above its header to the last line of its last statement. Comment lines right
// below belong to it too, unless they are right above another header.
func (w *writer) extent(list *edit.Node, i int) edit.Extent {
	first, last := span(statements(list.Entries[i].Value))
	end := w.lineEnd(last)
	limit := w.sectionEnd(last)
	if last.scope != nil && last.index+1 < len(last.scope.statements) && last.index >= 0 {
		limit = end // keys of another table follow
	}
	text := w.doc.Text
	for _, c := range w.doc.Comments[before(w.doc.Comments, end)+1:] {
		if !c.Own || c.End > limit || bytes.Count(text[end:c.Start], []byte("\n")) > 1 {
			break
		}
		end = c.End
	}
	return edit.Extent{Start: block(text, w.doc.Comments, first.start), End: end}
}

// errScattered is the error for an element of a list of tables whose lines are not in one piece.
var errScattered = errors.New("the lines of an element hold parts of other tables")

// unbroken reports whether no line of another table is between the lines of an element.
func (w *writer) unbroken(n *edit.Node) bool {
	list := statements(n)
	first, last := span(list)
	own := 0
	for _, s := range list {
		if s.header > 0 {
			own++
		}
	}
	headers := w.layout.headers
	at := func(offset int) int {
		return sort.Search(len(headers), func(i int) bool { return headers[i].start >= offset })
	}
	return at(last.end)-at(first.start) == own
}

// tables makes the changes in a list of tables with headers. A new element replaces a deleted element
// at the same index.
func (w *writer) tables(p *edit.Patch) {
	t := dataOf(p.Node).table
	for _, i := range p.Touched() {
		in := p.Inserted(i)
		if i == len(p.Node.Entries) {
			w.elements(t, p.Node, i, in)
			continue
		}
		old := p.Node.Entries[i].Value
		switch q := p.Inner(i); {
		case p.Dropped(i) && len(in) > 0 && w.unbroken(old):
			w.elements(t, p.Node, i, in[:len(in)-1])
			e := w.extent(p.Node, i)
			w.put(e.Start, e.End, w.elementText(t, p.Node, i, in[len(in)-1]))
		case p.Dropped(i):
			w.elements(t, p.Node, i, in)
			w.removeElement(p.Node, i)
		default:
			w.elements(t, p.Node, i, in)
			if q != nil && q.Value() != nil {
				w.drop(statements(old))
				w.elements(t, p.Node, i, []edit.Entry{{Value: q.Value()}})
			} else if q != nil {
				w.table(q)
			}
		}
	}
}

// removeElement deletes element i of a list of tables, with its comments and the blank lines
// above it. If lines of other tables are between its lines, it deletes each statement alone.
func (w *writer) removeElement(list *edit.Node, i int) {
	n := list.Entries[i].Value
	if !w.unbroken(n) {
		w.drop(statements(n))
		return
	}
	e := w.extent(list, i)
	start := w.blanksAbove(e.Start)
	if start > mark(w.doc.Text) {
		start = breakBefore(w.doc.Text, start)
	}
	w.gone = append(w.gone, extent{start, e.End, true})
}

// elements writes the elements that are inserted before element i of a list of tables.
func (w *writer) elements(t *table, n *edit.Node, i int, list []edit.Entry) {
	for _, e := range list {
		var at int
		if i > 0 {
			at = w.extent(n, i-1).End
		} else {
			at = block(w.doc.Text, w.doc.Comments, w.headerOf(n.Entries[0].Value).start)
		}
		w.insertSection(at, w.elementText(t, n, i, e))
	}
}

// elementText gives the text of the elements that are inserted before element i of a list of tables.
func (w *writer) elementText(t *table, n *edit.Node, i int, e edit.Entry) string {
	if m := e.Moved; m != nil && m.Patch.Value() == nil {
		if !w.unbroken(n.Entries[m.Index].Value) {
			w.fail(errScattered)
		}
		return w.moved(m, w.extent(n, m.Index))
	}
	indent := w.layout.indent(w.headerOf(n.Entries[max(i-1, 0)].Value).start)
	list := &edit.Node{Kind: edit.List, Entries: []edit.Entry{{Value: e.Value}}}
	return w.sections(t.path, list, indent)
}
