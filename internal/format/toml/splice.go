package toml

import (
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// Splice gives the byte changes that carry out p.
func (grammar) Splice(doc *edit.Document, p *edit.Patch, style edit.Style) ([]edit.Splice, error) {
	w := newWriter(doc, style)
	if v := p.Value(); v != nil {
		w.whole(v)
		return w.list, w.err
	}
	if w.layout.lost {
		return nil, errors.New("the text can't be followed")
	}
	w.table(p)
	w.flush()
	return w.list, w.err
}

// writer turns one patch into splices.
type writer struct {
	doc     *edit.Document
	layout  *layout
	style   edit.Style
	dropped map[*statement]bool
	scopes  map[*scope][]addition   // new keys, by scope
	heads   map[*table][]edit.Entry // new keys of tables that have no scope yet
	tails   map[*edit.Node]string   // comments at line ends, by the new key
	inserts []insert
	gone    []extent
	list    []edit.Splice
	err     error
}

func newWriter(doc *edit.Document, style edit.Style) *writer {
	return &writer{
		doc: doc, layout: doc.Data.(*layout), style: style,
		dropped: make(map[*statement]bool), scopes: make(map[*scope][]addition), heads: make(map[*table][]edit.Entry),
		tails: make(map[*edit.Node]string),
	}
}

// addition is a new key in a scope.
type addition struct {
	at     int    // index of the statement before which it is written
	prefix string // of a dotted key
	entry  edit.Entry
	near   *statement
}

// insert holds new lines after the line that ends at at.
type insert struct {
	at     int
	tables bool // they begin with a header, so they follow the lines of the table before
	text   string
}

func (w *writer) fail(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

func (w *writer) put(start, end int, text string) {
	w.list = append(w.list, edit.Splice{Start: start, End: end, Text: []byte(text)})
}

// table makes the changes among the entries of a table.
func (w *writer) table(p *edit.Patch) {
	t := dataOf(p.Node).table
	if len(p.Result().Entries) == 0 && (t.scope == nil || t.dotted()) {
		w.hollow(t)
		return
	}
	for _, i := range p.Touched() {
		for _, e := range p.Inserted(i) {
			w.add(t, p.Node, i, e)
		}
		if key := p.Renamed(i); key != nil {
			w.rename(t, p.Node.Entries[i].Value, key)
		}
		switch {
		case i == len(p.Node.Entries):
		case p.Dropped(i):
			w.drop(statements(p.Node.Entries[i].Value))
		case p.Inner(i) != nil:
			w.inner(t, p.Node, i, p.Inner(i))
		}
	}
	w.dropHeader(t)
}

// dropHeader deletes the header of a table whose last line was deleted, if tables in it have headers of
// their own and the header has no comment. So a key that is added and deleted later leaves no header. It
// keeps a header that a person has probably written: one without the blank line that others have below
// them, or with another indentation.
func (w *writer) dropHeader(t *table) {
	sc := t.scope
	if t.header() == nil || len(sc.statements) == 0 || len(w.scopes[sc]) > 0 {
		return
	}
	inside := slices.ContainsFunc(t.extent, func(s *statement) bool { return s.header > 0 && s != sc.header && !w.dropped[s] })
	stays := slices.ContainsFunc(sc.statements, func(s *statement) bool { return !w.dropped[s] })
	from, to := block(w.doc.Text, w.doc.Comments, sc.header.start), w.sectionEnd(sc.header)
	if next := before(w.doc.Comments, from) + 1; stays || !inside || next < len(w.doc.Comments) && w.doc.Comments[next].Start < to {
		return
	}
	alone := w.layout.spaced && w.blanksAbove(to) == to || sc.next != nil && w.layout.indent(sc.next.start) != w.layout.indent(sc.header.start)
	if !alone {
		w.dropped[sc.header] = true
	}
}

// rename replaces the key of an entry of a table, in all headers and
// lines that lead to it.
func (w *writer) rename(t *table, n, key *edit.Node) {
	for _, s := range statements(n) {
		at := t.level
		if s.header == 0 {
			at -= s.scope.level
		}
		if at < 0 {
			continue // a line below its header
		}
		if at >= len(s.keys) {
			w.fail(errors.New("the key can't be told"))
			return
		}
		old := s.keys[at]
		w.put(old.Start, old.End, quoteKey(key.Value, w.doc.Text[old.Start] == '"' && quoteKey(old.Value, false) == old.Value))
	}
}

// inner makes the change in entry i of a table.
func (w *writer) inner(t *table, n *edit.Node, i int, q *edit.Patch) {
	v := dataOf(q.Node)
	switch next := q.Value(); {
	case next != nil && v.statement != nil:
		w.value(q.Node, next)
	case next != nil:
		w.replace(t, n, i, next)
	case q.Node.Kind == edit.Map:
		w.table(q)
	case v.items != nil:
		w.array(q)
	case len(q.Result().Entries) == 0:
		for j := range q.Node.Entries {
			w.removeElement(q.Node, j)
		}
		w.add(t, n, i, edit.Entry{Key: n.Entries[i].Key, Value: q.Result()})
	case !tabular(q.Result()):
		w.replace(t, n, i, q.Result())
	default:
		w.tables(q)
	}
}

// value replaces a value.
func (w *writer) value(old, next *edit.Node) {
	w.put(old.Start, old.End, w.render(next, w.formOf(old)))
}

// replace puts a value in place of entry i, which has headers or dotted keys.
func (w *writer) replace(t *table, n *edit.Node, i int, value *edit.Node) {
	list := statements(n.Entries[i].Value)
	first, _ := span(list)
	if old := dataOf(n.Entries[i].Value).table; first.header == 0 && old.dotted() {
		depth := old.level - first.scope.level
		w.put(first.keys[depth-1].End, first.end, w.equals(first)+w.render(value, form{}))
		w.dropComment(first)
		w.drop(slices.DeleteFunc(slices.Clone(list), func(s *statement) bool { return s == first }))
		return
	}
	w.drop(list)
	if h := dataOf(n.Entries[i].Value).table.header(); h != nil { // its comment is about the entry, which stays
		w.tails[n.Entries[i].Key] = strings.TrimRight(string(w.doc.Text[h.end:w.lineEnd(h)]), " \t")
	}
	w.add(t, n, i, edit.Entry{Key: n.Entries[i].Key, Value: value})
}

// hollow writes an empty table for a table that was written only by its entries.
func (w *writer) hollow(t *table) {
	first, _ := span(t.extent)
	w.drop(slices.DeleteFunc(slices.Clone(t.extent), func(s *statement) bool { return s == first }))
	if first.header > 0 {
		w.put(first.start, first.end, "["+t.path+"]")
		w.dropComment(first)
		return
	}
	w.put(first.keys[t.level-first.scope.level-1].End, first.end, w.equals(first)+"{}")
	w.dropComment(first)
}

// dropComment deletes the comment at the end of a statement's line if the comment is about a deleted
// entry, and the line stays for the table around it.
func (w *writer) dropComment(s *statement) {
	if s.header > 0 || s.scope.body == nil {
		w.list = append(w.list, edit.Splice{Start: s.end, End: w.lineEnd(s), Drop: true})
	}
}

func (w *writer) drop(list []*statement) {
	for _, s := range list {
		if s.scope.outside {
			w.fail(errOutside)
		}
		w.dropped[s] = true
	}
}

// array makes the changes among the elements of an array.
func (w *writer) array(p *edit.Patch) {
	items := dataOf(p.Node).items
	for _, i := range p.Touched() {
		if q := p.Inner(i); q != nil {
			w.item(q)
		}
	}
	list, err := items.Splices(bracket.Change{
		Text: w.doc.Text, Comments: w.doc.Comments, Patch: p, Manner: w.manner(p.Node), List: true,
		Write: func(e edit.Entry, at bracket.Position) (string, error) {
			if e.Moved != nil {
				it := items.Items[e.Moved.Index]
				return w.moved(e.Moved, edit.Extent{Start: it.Start, End: it.End}), nil
			}
			f := form{indent: at.Indent}
			if at.Near >= 0 {
				f = w.formOf(p.Node.Entries[at.Near].Value)
			}
			return w.render(e.Value, f), nil
		},
	})
	w.fail(err)
	w.list = append(w.list, list...)
}

// item makes the change in an element of an array.
func (w *writer) item(q *edit.Patch) {
	switch next := q.Value(); {
	case next != nil:
		w.value(q.Node, next)
	case q.Node.Kind == edit.Map:
		w.table(q)
	case q.Node.Kind == edit.List:
		w.array(q)
	}
}

// moved gives the text of a moved element, with its changes. extent is the
// part of the text that the element takes.
func (w *writer) moved(m *edit.Moved, extent edit.Extent) string {
	inner := newWriter(w.doc, w.style)
	inner.item(m.Patch)
	inner.flush()
	text, err := edit.Apply(w.doc.Text, extent, inner.list)
	w.fail(inner.err)
	w.fail(err)
	w.list = append(w.list, edit.Splice{Within: inner.list})
	return text
}

func (w *writer) manner(n *edit.Node) bracket.Manner {
	l := w.layout
	m := bracket.Manner{Break: l.brk, Gap: l.gap.text, Unit: l.unit.text}
	if len(n.Entries) == 0 && w.style == edit.Follow {
		m.Own = l.columns > l.rows
		m.Trailing = l.trails > 0 && l.trails == l.trailing
	}
	return m
}

// flush writes the collected changes, in the order of the text. At one offset it writes the lines of a
// table, then other tables, then deletions.
func (w *writer) flush() {
	w.headers()
	for sc := range w.scopes {
		w.scope(sc)
	}
	for s := range w.dropped {
		if _, done := w.scopes[s.scope]; !done {
			w.scopes[s.scope] = nil
			w.scope(s.scope)
		}
	}
	slices.SortStableFunc(w.inserts, func(a, b insert) int {
		if a.at != b.at || a.tables == b.tables {
			return cmp.Compare(a.at, b.at)
		}
		if a.tables {
			return 1
		}
		return -1
	})
	w.removed()
	var list []edit.Splice
	for i, in := range w.inserts {
		if in.tables && i > 0 && w.inserts[i-1].at == in.at && !strings.HasPrefix(in.text, w.layout.brk) {
			in.text = w.blank() + in.text
		}
		list = append(list, edit.Splice{Start: in.at, End: in.at, Text: []byte(in.text)})
	}
	w.list = append(list, w.list...)
}
