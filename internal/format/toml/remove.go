package toml

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// extent is a part of the text.
type extent struct {
	start, end int
	whole      bool // comments on lines of their own are deleted too
}

// remove deletes the line of a statement, from the line break before it on, and for a header the blank
// lines above it.
func (w *writer) remove(s *statement) {
	head := mark(w.doc.Text)
	start := lineStart(w.doc.Text, s.start)
	if s.header > 0 {
		start = w.blanksAbove(start)
	}
	if start > head {
		start = breakBefore(w.doc.Text, start)
	}
	w.gone = append(w.gone, extent{start, w.lineEnd(s), false})
}

// removed gives the splices of all removed lines. If the first lines of the text are removed, the line
// breaks after them are removed as well.
func (w *writer) removed() {
	slices.SortFunc(w.gone, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	text := w.doc.Text
	w.joinGone()
	at, last := mark(text), -1
	for i, e := range w.gone {
		if e.start > at && (len(bytes.TrimSpace(text[at:e.start])) > 0 || w.insertsIn(at, e.start)) {
			break
		}
		w.gone[i].start = at
		at, last = e.end, i
	}
	if last >= 0 && !w.takesBreak(at) {
		for at < len(text) && len(bytes.TrimSpace(text[at:nextLine(text, at)])) == 0 {
			at = nextLine(text, at)
		}
		w.gone[last].end = at
	}
	for _, e := range w.gone {
		if e.whole {
			w.put(e.start, e.end, "")
			continue
		}
		w.list = append(w.list, bracket.Drop(text, w.doc.Comments, e.start, e.end)...)
	}
}

// joinGone joins removed lines that follow each other. If blank lines are above and below, the blank
// lines above are removed too, so that a key that is added and deleted later leaves none.
func (w *writer) joinGone() {
	text := w.doc.Text
	var joined []extent
	for _, e := range w.gone {
		if last := len(joined) - 1; last >= 0 && joined[last].end >= e.start {
			joined[last].end = max(joined[last].end, e.end)
			continue
		}
		joined = append(joined, e)
	}
	for i, e := range joined {
		above, below := lineStart(text, e.start), nextLine(text, e.end)
		if e.start <= mark(text) || !w.blankLine(above) || !w.blankLine(below) || len(w.ownComments(e)) > 0 {
			continue
		}
		if above = w.blanksAbove(above); above > mark(text) && !w.insertsIn(above-1, e.start) {
			joined[i].start = breakBefore(text, above)
		}
	}
	w.gone = joined
}

// blankLine reports whether the line that begins at start is there, and blank.
func (w *writer) blankLine(start int) bool {
	return start < len(w.doc.Text) && len(bytes.TrimSpace(w.doc.Text[start:nextLine(w.doc.Text, start)])) == 0
}

// ownComments gives the comments on lines of their own in a part of the text.
func (w *writer) ownComments(e extent) []edit.Comment {
	var list []edit.Comment
	for i := before(w.doc.Comments, e.start) + 1; i < len(w.doc.Comments) && w.doc.Comments[i].Start < e.end; i++ {
		if w.doc.Comments[i].Own {
			list = append(list, w.doc.Comments[i])
		}
	}
	return list
}

// insertsIn reports whether there are new lines after start and up to end.
func (w *writer) insertsIn(start, end int) bool {
	return slices.ContainsFunc(w.inserts, func(in insert) bool { return in.at > start && in.at <= end })
}

// takesBreak reports whether there are new lines up to at. The first of them is written without a
// line break before it, since the removed lines leave one.
func (w *writer) takesBreak(at int) bool {
	for i, in := range w.inserts {
		if in.at > at {
			break
		}
		if in.at > mark(w.doc.Text) {
			text := in.text
			for strings.HasPrefix(text, w.layout.brk) {
				text = strings.TrimPrefix(text, w.layout.brk)
			}
			w.inserts[i].text = text
			return true
		}
	}
	return false
}

// blanksAbove gives the start of the blank lines above the line that starts at start.
func (w *writer) blanksAbove(start int) int {
	for start > mark(w.doc.Text) {
		above := lineStart(w.doc.Text, start-1)
		if len(bytes.TrimSpace(w.doc.Text[above:start])) > 0 {
			break
		}
		start = above
	}
	return start
}

// breakBefore gives the offset of the line break before the line that starts at start.
func breakBefore(text []byte, start int) int {
	if start--; start > 0 && text[start-1] == '\r' {
		start--
	}
	return start
}

// lineEnd gives the end of the line of a statement, with its comment.
func (w *writer) lineEnd(s *statement) int {
	at := s.end
	for at < len(w.doc.Text) && w.doc.Text[at] != '\n' && w.doc.Text[at] != '\r' {
		at++
	}
	return at
}

// contentEnd gives the end of the last line before at that is not blank.
func (w *writer) contentEnd(at int) int {
	head := mark(w.doc.Text)
	end := head + len(bytes.TrimRight(w.doc.Text[head:max(at, head)], " \t\r\n"))
	for end > head && end < len(w.doc.Text) && (w.doc.Text[end] == ' ' || w.doc.Text[end] == '\t') {
		end++
	}
	return end
}
