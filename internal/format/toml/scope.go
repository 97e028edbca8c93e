package toml

import (
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// add writes a new entry of a table, before entry i.
func (w *writer) add(t *table, n *edit.Node, i int, e edit.Entry) {
	switch {
	case w.headed(t, n, i, e.Value):
		w.section(t, n, i, e)
	case t.scope == nil:
		w.heads[t] = append(w.heads[t], e)
	default:
		at, near := w.position(t, n, i)
		w.scopes[t.scope] = append(w.scopes[t.scope], addition{at, w.prefix(t, near), e, near})
	}
}

// position gives the index of a new entry among the statements of its table's scope, and the statement
// beside it. The entry is written after the entry that precedes it, or else before the next one.
func (w *writer) position(t *table, n *edit.Node, i int) (at int, near *statement) {
	for j := i - 1; j >= 0; j-- {
		if _, last := inScope(n.Entries[j].Value, t.scope); last != nil {
			return last.index + 1, last
		}
	}
	for j := i; j < len(n.Entries); j++ {
		if first, _ := inScope(n.Entries[j].Value, t.scope); first != nil {
			return first.index, first
		}
	}
	return 0, nil
}

// inScope gives the first and the last statement of a value in a scope.
func inScope(n *edit.Node, sc *scope) (first, last *statement) {
	for _, s := range statements(n) {
		if s.header > 0 || s.scope != sc {
			continue
		}
		if first == nil {
			first = s
		}
		last = s
	}
	return first, last
}

// prefix gives the text before the keys of a table in its scope.
func (w *writer) prefix(t *table, near *statement) string {
	if !t.dotted() {
		return ""
	}
	return string(w.doc.Text[near.start:near.keys[t.level-t.scope.level-1].End]) + "."
}

// scope writes the insertions and deletions in a scope.
func (w *writer) scope(sc *scope) {
	added := w.scopes[sc]
	slices.SortStableFunc(added, func(a, b addition) int { return cmp.Compare(a.at, b.at) })
	if sc.body != nil {
		w.braces(sc, added)
		return
	}
	for _, a := range added {
		w.line(sc, a)
	}
	if sc.header != nil && w.dropped[sc.header] {
		w.remove(sc.header)
	}
	for _, s := range sc.statements {
		if w.dropped[s] {
			w.remove(s)
		}
	}
}

// line writes a key on a line of its own.
func (w *writer) line(sc *scope, a addition) {
	l := w.layout
	var text string
	switch {
	case a.near != nil:
		text = l.indent(a.near.start)
	case sc.header != nil:
		text = l.indent(sc.header.start) + w.unitBelow(a.entry.Value)
	}
	text += w.pair(a, form{indent: text}) + w.tails[a.entry.Key]
	switch {
	case a.at > 0:
		w.inserts = append(w.inserts, insert{w.lineEnd(sc.statements[a.at-1]), false, l.brk + text})
	case sc.header != nil:
		w.inserts = append(w.inserts, insert{w.lineEnd(sc.header), false, l.brk + text})
	default:
		w.atHead(sc, text)
	}
}

// atHead writes a line before all others: below the comments at the head of the
// text, and above those of the line that follows.
func (w *writer) atHead(sc *scope, text string) {
	l, blank := w.layout, ""
	at := len(w.doc.Text)
	switch {
	case len(sc.statements) > 0:
		at = block(w.doc.Text, w.doc.Comments, sc.statements[0].start)
		if at == mark(w.doc.Text) {
			at = lineStart(w.doc.Text, sc.statements[0].start)
		}
	case sc.next != nil:
		at = block(w.doc.Text, w.doc.Comments, sc.next.start)
		if l.spaced {
			blank = l.brk
		}
	}
	if end := w.contentEnd(at); len(sc.statements) == 0 && end > mark(w.doc.Text) {
		w.inserts = append(w.inserts, insert{at: end, text: blank + l.brk + text})
		return
	}
	if sc.next != nil && w.dropped[sc.next] {
		at = mark(w.doc.Text) // the blank lines above belong to the header
	}
	if at > mark(w.doc.Text) {
		w.inserts = append(w.inserts, insert{at: breakBefore(w.doc.Text, at), text: l.brk + text})
		return
	}
	w.inserts = append(w.inserts, insert{at: at, text: text + l.brk + blank})
}

// pair spells a key with its value.
func (w *writer) pair(a addition, f form) string {
	near := a.near
	key := a.prefix + quoteKey(a.entry.Key.Value, w.quotesKeys(near))
	equals := w.equals(near)
	if near != nil && len(equals) > len(" = ") {
		column := near.keys[len(near.keys)-1].End - near.start + strings.IndexByte(equals, '=')
		if blanks := strings.TrimLeft(equals, " "); strings.HasPrefix(equals, " ") && w.style == edit.Follow {
			equals = strings.Repeat(" ", max(1, column-len(key))) + blanks
		}
	}
	if near != nil {
		f.near = near.value
	}
	return key + equals + w.render(a.entry.Value, f)
}

// equals gives the bytes between the key and the value of a statement.
func (w *writer) equals(near *statement) string {
	if w.style != edit.Follow {
		return " = "
	}
	if near == nil || near.header > 0 {
		return w.layout.equals.text
	}
	return string(w.doc.Text[near.keys[len(near.keys)-1].End:near.value.Start])
}

// quotesKeys reports whether a statement's key has quotes that it does not need.
func (w *writer) quotesKeys(near *statement) bool {
	if near == nil || w.style != edit.Follow {
		return false
	}
	last := near.keys[len(near.keys)-1]
	return w.doc.Text[last.Start] == '"' && quoteKey(last.Value, false) == last.Value
}

// unitBelow gives the indentation of a line, relative to the header above it.
func (w *writer) unitBelow(n *edit.Node) string {
	if l := w.source(n); l != nil && !w.layout.pairs.known {
		return l.pairs.text
	}
	return w.layout.pairs.text
}

// source gives the layout of the new encoding if the text has no headers, else the layout of the
// text.
func (w *writer) source(n *edit.Node) *layout {
	if len(w.layout.headers) > 0 || w.style != edit.Follow {
		return nil
	}
	return dataOf(n).layout
}

// braces writes the insertions and deletions in an inline table.
func (w *writer) braces(sc *scope, added []addition) {
	items := &itemPatch{dropped: make(map[int]bool), inserted: make(map[int][]edit.Entry)}
	by := make(map[*edit.Node]addition)
	for i, s := range sc.statements {
		if w.dropped[s] {
			items.dropped[i] = true
		}
	}
	for _, a := range added {
		items.inserted[a.at] = append(items.inserted[a.at], a.entry)
		by[a.entry.Key] = a
	}
	m := bracket.Manner{Break: w.layout.brk, Gap: w.layout.gap.text, Pad: w.layout.pad.text, Unit: w.layout.unit.text}
	list, err := sc.body.Splices(bracket.Change{
		Text: w.doc.Text, Comments: w.doc.Comments, Patch: items, Manner: m,
		Write: func(e edit.Entry, at bracket.Position) (string, error) {
			return w.pair(by[e.Key], form{indent: at.Indent}), nil
		},
	})
	w.fail(err)
	w.list = append(w.list, list...)
}

// itemPatch is a patch whose indices count the items between the braces. One entry may have several
// items.
type itemPatch struct {
	dropped  map[int]bool
	inserted map[int][]edit.Entry
}

func (p *itemPatch) Dropped(i int) bool { return p.dropped[i] }

func (p *itemPatch) Inserted(i int) []edit.Entry { return p.inserted[i] }

func (p *itemPatch) Touched() []int {
	var list []int
	for i := range p.dropped {
		list = append(list, i)
	}
	for i := range p.inserted {
		if !p.dropped[i] {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	return list
}
