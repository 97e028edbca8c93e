package yaml

import (
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Elements implements [edit.Format].
func (grammar) Elements(doc *edit.Document, list *edit.Node) []edit.Extent {
	w := &writer{text: doc.Text, doc: doc, layout: doc.Data.(*layout)}
	switch {
	case w.layout.lost || list.Kind != edit.List:
		return nil
	case blockCollection(list):
		return w.elements(list)
	}
	return w.brackets(list).Elements(doc.Text, doc.Comments)
}

// elements gives the lines of each element of a block list, with the block of
// comment lines right above it. Comments below it that are indented deeper than the
// list belong to it too. The first element may begin behind the dash of an outer list.
func (w *writer) elements(n *edit.Node) []edit.Extent {
	list := make([]edit.Extent, len(n.Entries))
	above := markLength(w.text)
	for i, e := range n.Entries {
		start := dataOf(e.Value).lead
		if startsLine(w.text, start) {
			start = w.blockAbove(lineStart(w.text, start), above)
		}
		above = w.behind(n, i)
		list[i] = edit.Extent{Start: start, End: above}
	}
	return list
}

// blockAbove gives the start of the comment lines right above a line, but not before limit.
func (w *writer) blockAbove(line, limit int) int {
	for line > limit {
		above := lineStart(w.text, w.breakBefore(line))
		text := skipBlanks(w.text, above)
		if above < limit || text >= len(w.text) || w.text[text] != '#' {
			break
		}
		line = above
	}
	return line
}

// listWriter writes the insertions and deletions in a block list. A new element replaces a deleted
// element at the same index.
type listWriter struct {
	*writer
	p       *edit.Patch
	n       *edit.Node
	extents []edit.Extent
	inline  bool // the first element begins behind the dash of an outer list
	spaced  bool // blank lines stand between the elements
}

// blockList writes the changes among the elements of a block list, in the order of
// the text.
func (w *writer) blockList(p *edit.Patch) {
	l := &listWriter{writer: w, p: p, n: p.Node, extents: w.elements(p.Node)}
	if emptied(p) {
		w.gone = l.extents
		w.replace(p.Node, p.Result())
		w.gone = nil
		return
	}
	l.inline = !startsLine(w.text, dataOf(l.n.Entries[0].Value).lead)
	l.spaced = w.style == edit.Follow && l.isSpaced()
	next := 0 // the first element that is not written yet
	if l.inline && p.Dropped(0) && len(p.Inserted(0)) == 0 {
		next = l.moveUp()
	}
	first := l.first()
	for _, i := range p.Touched() {
		if i < next {
			continue
		}
		text, comes := "", false
		if i > next || next == 0 {
			text, comes = l.arrivals(i)
		}
		switch {
		case i < len(l.n.Entries) && p.Dropped(i) && comes:
			l.put(i, l.extents[i].Start, l.extents[i].End, text)
		case comes:
			l.insert(i, text)
		}
		if i == len(l.n.Entries) {
			break
		}
		if p.Dropped(i) && !comes {
			l.erase(i, i > first)
		} else if q := p.Inner(i); q != nil {
			w.patch(q)
		}
	}
}

// first gives the index of the first element that stays.
func (l *listWriter) first() int {
	for i := range l.n.Entries {
		if !l.p.Dropped(i) || len(l.p.Inserted(i)) > 0 {
			return i
		}
	}
	return len(l.n.Entries)
}

// isSpaced reports whether there are blank lines between all elements.
func (l *listWriter) isSpaced() bool {
	for i := 1; i < len(l.extents); i++ {
		if l.blanksBelow(l.extents[i-1].End) == l.extents[i-1].End {
			return false
		}
	}
	return len(l.extents) > 1
}

// blanksBelow gives the end of the blank lines right below the line that ends at end.
func (l *listWriter) blanksBelow(end int) int {
	for {
		next := nextLine(l.text, end)
		text := skipBlanks(l.text, next)
		if next == end || text < len(l.text) && breakAt(l.text, text) == 0 || next == len(l.text) {
			return end
		}
		end = text
	}
}

// arrivals gives the lines of the elements that are inserted before the element at i, with their
// indent, and reports whether there are any.
func (l *listWriter) arrivals(i int) (text string, comes bool) {
	gap := l.layout.newline
	if l.spaced {
		gap += gap
	}
	var parts []string
	for _, e := range l.p.Inserted(i) {
		if e.Moved == nil {
			parts = append(parts, strings.Join(l.newLines(l.n, i, []edit.Entry{e}), l.layout.newline))
			continue
		}
		part, err := l.moved(e.Moved, l.extents[e.Moved.Index])
		if err != nil {
			l.fail(err.Error())
		}
		if l.unended(i) && dataOf(lastLeaf(e.Moved.Patch.Node)).blockScalar() {
			part += l.layout.newline // the value ends with a break, and the text does not
		}
		if e.Moved.Index == 0 && l.inline {
			part = l.indent() + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, gap), len(parts) > 0
}

// unended reports whether the elements inserted before the element at i end the text, and the text has
// no line break at its end.
func (l *listWriter) unended(i int) bool {
	last := len(l.extents) - 1
	return i >= last && l.extents[last].End == len(l.text)
}

func (l *listWriter) indent() string { return strings.Repeat(" ", dataOf(l.n).column) }

// put writes lines over those of the element at i.
func (l *listWriter) put(i, start, end int, text string) {
	if i > 0 || !l.inline {
		l.splice(start, end, text)
		return
	}
	short := strings.TrimLeft(text, " ")
	if strings.HasPrefix(short, "#") {
		l.splice(l.trim(start, 0), end, l.layout.newline+text)
		return
	}
	l.splice(start, end, short)
}

// insert writes lines before the element at i.
func (l *listWriter) insert(i int, text string) {
	brk := l.layout.newline
	if l.spaced {
		brk += brk
	}
	if i > 0 {
		if !l.p.Dropped(i - 1) {
			l.closeScalar(l.n.Entries[i-1].Value)
		}
		end := l.extents[i-1].End
		l.splice(end, end, brk+text)
		return
	}
	start := l.extents[0].Start
	if l.inline {
		brk += l.indent()
	}
	l.put(0, start, start, text+brk)
}

// erase deletes the lines of the element at i, and the blank lines between it and the element above. If
// there is none above, it deletes the blank lines below.
func (l *listWriter) erase(i int, staysAbove bool) {
	e := l.extents[i]
	start, end := e.Start, e.End
	above := start
	if i > 0 && l.blanksBelow(l.extents[i-1].End) > l.extents[i-1].End && l.blanksBelow(l.extents[i-1].End) == l.breakBefore(start) {
		above = nextLine(l.text, l.extents[i-1].End)
	}
	below := l.blanksBelow(end)
	switch {
	case l.style != edit.Follow:
	case staysAbove && (l.spaced || below > end):
		start = above
	case !staysAbove && l.spaced:
		end = below
	}
	if start > markLength(l.text) {
		l.splice(l.breakBefore(start), end, "")
	} else {
		l.splice(start, nextLine(l.text, end), "")
	}
}

// moveUp deletes the first elements of a list that begins behind a dash. The next element moves up to
// the dash. It gives the index of that element.
func (l *listWriter) moveUp() int {
	count := len(l.n.Entries)
	next, text := 0, ""
	for next < count && l.p.Dropped(next) {
		next++
		if more, comes := l.arrivals(next); comes {
			text = strings.TrimPrefix(text+l.layout.newline+more, l.layout.newline)
		}
	}
	start := l.extents[0].Start
	end := l.extents[next-1].End
	if text != "" {
		l.put(0, start, end, text)
		return next
	}
	to := dataOf(l.n.Entries[next].Value).lead
	if len(l.comments(end, to)) > 0 {
		l.splice(l.trim(start, 0), end, "")
	} else {
		l.splice(start, to, "")
	}
	return next
}
