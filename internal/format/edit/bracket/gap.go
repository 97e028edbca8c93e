package bracket

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// gap makes the changes of one gap, in the order of the text.
func (w *writer) gap(g gap) {
	w.comma(g)
	switch {
	case len(w.Items) == 0:
		w.first(g.added)
	case w.byLines(g):
		w.lines(g)
	default:
		w.inline(g)
	}
}

// comma writes a comma after the last entry that stays if a new entry follows it. If none follows, it
// deletes the comma, unless the collection has a trailing comma.
func (w *writer) comma(g gap) {
	if g.before < 0 || g.after < len(w.Items) {
		return
	}
	it := w.Items[g.before]
	if _, filled := w.filled[g.before]; filled {
		w.commas[g.before] = len(g.added) > 0 || it.Comma >= 0 && w.trailing
		return
	}
	switch {
	case it.Comma < 0 && len(g.added) > 0 && w.List && !w.byLines(g):
		w.put(w.tail(g.before), w.tail(g.before), ",") // a comment behind the comma would belong to the new entry
	case it.Comma < 0 && len(g.added) > 0:
		w.put(it.End, it.End, ",")
	case it.Comma >= 0 && len(g.added) == 0 && !w.trailing:
		w.put(it.Comma, it.Comma+1, "")
	}
}

// byLines reports whether the gap's changes are whole lines.
func (w *writer) byLines(g gap) bool {
	first, n := g.before+1, len(w.Items)
	switch {
	case g.after < n && !w.own(g.after):
		return false
	case g.deletes():
		return w.own(first)
	case g.after < n:
		return true
	}
	return w.own(g.before) || w.lineComment(w.tail(g.before))
}

// lines deletes and inserts lines.
func (w *writer) lines(g gap) {
	at := w.head(g)
	p := Position{Near: g.before, Own: true}
	switch {
	case g.before >= 0 && w.own(g.before):
		p.Indent = w.indent(w.Items[g.before].Start)
	case g.after < len(w.Items):
		p.Near = g.after
		p.Indent = w.indent(w.Items[g.after].Start)
	case g.deletes():
		p.Indent = w.indent(w.Items[g.before+1].Start)
	default:
		p.Indent = w.indent(w.Items[g.before].Start) + w.Manner.Unit
	}
	var text string
	for i, e := range g.added {
		text += w.Manner.Break + p.Indent + w.text(e, p, w.after(g, i), false)
	}
	follows := at
	if g.deletes() {
		follows = w.tail(g.after - 1)
	}
	commented := text == "" && g.deletes() && g.after == len(w.Items) && w.lineComment(at)
	if len(g.added) > 0 {
		commented = w.endsInLineComment(g.added[len(g.added)-1])
	}
	if commented && !w.breaks(follows) {
		text += w.Manner.Break + w.indent(w.Open) // else the bracket would be part of the comment
	}
	w.put(at, at, text)
	if g.deletes() {
		start := w.lineStart(g.before + 1)
		if text == "" && w.List && w.blankBelow(follows) {
			start = w.blanksAbove(start)
		}
		w.drop(start, follows, g)
	}
}

// blankBelow reports whether the line below the line that ends at at is blank.
func (w *writer) blankBelow(at int) bool {
	next := afterBreak(w.Text, at)
	return next > at && next < len(w.Text) && w.breaks(next)
}

// blanksAbove gives the start of the blank lines above the line break at at.
func (w *writer) blanksAbove(at int) int {
	for {
		above := w.breakBefore(at)
		if above <= w.Open || !blank(w.Text[above:at]) {
			return at
		}
		at = above
	}
}

// head gives the offset where the lines of a gap's new entries are inserted.
func (w *writer) head(g gap) int {
	switch {
	case g.deletes():
		return w.lineStart(g.before + 1)
	case g.before >= 0:
		return w.tail(g.before)
	}
	return w.above(w.lineStart(0))
}

// above gives the start of the comment lines right above the line that starts at at.
func (w *writer) above(at int) int {
	list := w.within(w.Open, at)
	for i := len(list) - 1; i >= 0 && list[i].Own && list[i].End == w.blanksBefore(at); i-- {
		at = w.breakBefore(list[i].Start)
	}
	return at
}

// inline deletes and inserts within a line.
func (w *writer) inline(g gap) {
	n := len(w.Items)
	p := Position{Near: g.before}
	if g.before < 0 {
		p.Near = g.after % n
	}
	p.Indent = w.indent(w.Items[p.Near].Start)
	forward := g.before < 0 || g.deletes() && w.own(g.before+1) // the entry that follows moves up
	var text string
	for i, e := range g.added {
		entry := w.text(e, p, w.after(g, i), true)
		if w.endsInLineComment(e) {
			entry += w.Manner.Break + p.Indent
		}
		if forward {
			text += entry + w.between(i < len(g.added)-1 || g.after < n && !w.own(g.after))
		} else {
			text += w.between(true) + entry
		}
	}
	at := 0
	switch first := g.before + 1; {
	case !forward:
		at = w.tail(g.before)
		w.put(at, at, text)
		if g.deletes() {
			w.drop(at, w.tail(g.after-1), g)
		}
	case g.deletes() && g.after < n && !w.own(g.after):
		at = w.begin(first)
		w.put(at, at, text)
		w.drop(at, w.begin(g.after), g)
	case g.deletes():
		at = w.begin(first)
		w.put(at, at, text)
		w.drop(at, w.tail(g.after-1), g)
	default:
		at = w.begin(first)
		if list := w.within(w.Open, at); !w.List && len(list) > 0 && !list[0].Own {
			at = list[0].Start
		}
		w.put(at, at, text)
	}
}

// between gives the space between two entries of a line; none if there are not two.
func (w *writer) between(two bool) string {
	if !two {
		return ""
	}
	for i := 1; i < len(w.Items); i++ {
		if comma := w.Items[i-1].Comma; !w.own(i) {
			if gap := w.Text[comma+1 : w.Items[i].Start]; len(gap) < 2 {
				return string(gap)
			}
		}
	}
	return w.Manner.Gap
}

// after reports whether a comma is written behind the new entry i of a gap.
func (w *writer) after(g gap, i int) bool {
	return i < len(g.added)-1 || g.after < len(w.Items) || w.trailing
}

// first writes the first entries of an empty collection, behind the comments in it. In a list it writes
// them above comments on lines of their own.
func (w *writer) first(added []edit.Entry) {
	at, commented := w.Open, false
	p := Position{Near: -1, Own: w.Manner.Own}
	outer := w.indent(w.Open)
	p.Indent = outer + w.Manner.Unit
	for _, c := range w.within(w.Open, w.Close) {
		if c.Own {
			p.Own, p.Indent = true, w.indent(c.Start)
		}
		if c.Own && w.List {
			break // write above the comment, since otherwise it would belong to the element
		}
		at, commented = c.End, true
		p.Own = p.Own || w.breaks(at) || w.List // on the comment's line, the comment would belong to the element
	}
	if !p.Own {
		p.Indent = outer
	}
	var text string
	for i, e := range added {
		switch {
		case p.Own:
			text += w.Manner.Break + p.Indent
		case i == 0 && !commented:
			text += w.Manner.Pad
		default:
			text += w.Manner.Gap
		}
		text += w.write(e, p)
		if i < len(added)-1 || p.Own && w.trailing {
			text += ","
		}
	}
	switch {
	case p.Own && w.breaks(at):
		w.put(at, at, text)
	case p.Own:
		w.put(at, w.Close, text+w.Manner.Break+outer)
	default:
		w.put(at, w.Close, text+w.Manner.Pad)
	}
}
