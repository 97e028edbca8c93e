package bracket

import (
	"bytes"
	"sort"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Elements gives for each item of a list the part of the text that belongs to it: the item, the comments
// right before it, and the comments at the end of its line. The comments before it may be on its line
// and on the lines above, without a blank line between.
func (c Collection) Elements(text []byte, comments []edit.Comment) []edit.Extent {
	w := &writer{Collection: c, Change: Change{Text: text, Comments: comments, List: true}}
	list := make([]edit.Extent, len(c.Items))
	for i := range c.Items {
		list[i] = edit.Extent{Start: w.begin(i), End: w.end(i)}
	}
	return list
}

// begin gives the start of an item; in a list, with the comments before it.
func (w *writer) begin(i int) int {
	at := w.Items[i].Start
	if !w.List {
		return at
	}
	limit := w.Open
	if i > 0 {
		limit = w.end(i - 1)
		if comma := w.Items[i-1].Comma; comma >= limit {
			limit = comma + 1
		}
	}
	list := w.within(limit, at)
	for k := len(list) - 1; k >= 0; k-- {
		c := list[k]
		between := w.Text[c.End:at]
		lines := bytes.Count(between, []byte("\n"))
		if !blank(between) || lines > 1 || lines == 1 && !w.startsLine(c.Start, limit) || lines == 0 && bytes.IndexByte(between, '\r') >= 0 {
			break
		}
		at = c.Start
	}
	return at
}

// startsLine reports whether only comments and blanks are before at on its
// line, back to limit.
func (w *writer) startsLine(at, limit int) bool {
	list := w.within(limit, at)
	for {
		at = w.blanksBefore(at)
		if at > 0 && isBreak(w.Text[at-1]) {
			return true
		}
		if n := len(list); n == 0 || list[n-1].End != at {
			return false
		}
		at = list[len(list)-1].Start
		list = list[:len(list)-1]
	}
}

func blank(text []byte) bool { return len(bytes.TrimLeft(text, " \t\r\n")) == 0 }

// end gives the end of an item of a list, with the comma on its line and the comments
// at the end of the line.
func (w *writer) end(i int) int {
	it := w.Items[i]
	if it.Comma < 0 || !bytes.ContainsAny(w.Text[it.End:it.Comma], "\r\n") {
		return w.tail(i)
	}
	at := it.End // the comma is on a later line
	for _, c := range w.within(it.End, it.Comma) {
		if !blank(w.Text[at:c.Start]) || bytes.ContainsAny(w.Text[at:c.Start], "\r\n") {
			break
		}
		at = c.End
	}
	return at
}

// owned reports whether a comment belongs to one of the items from first to last
// of a list.
func (w *writer) owned(c edit.Comment, first, last int) bool {
	next := sort.Search(len(w.Items), func(i int) bool { return w.Items[i].Start > c.Start })
	for i := max(first, next-1); i <= min(last, next); i++ {
		if c.Start >= w.begin(i) && c.End <= w.end(i) {
			return true
		}
	}
	return false
}

// moved gives the text of item i with the comments that belong to it, with or without a comma. If another
// entry follows on the line, comments behind the comma would belong to that entry.
func (w *writer) moved(i int, item string, comma, follows bool) string {
	it, end := w.Items[i], w.end(i)
	text := string(w.Text[w.begin(i):it.Start]) + item
	rest := string(w.Text[it.End:end])
	if it.Comma >= 0 && it.Comma < end {
		text += string(w.Text[it.End:it.Comma])
		rest = string(w.Text[it.Comma+1 : end])
	}
	switch {
	case !comma:
		return text + rest
	case follows && !w.lineComment(end):
		return text + rest + ","
	}
	return text + "," + rest
}

// planFills finds the deleted items that a new entry can replace, so that blank lines and comments that
// belong to no item keep their positions. The gaps get the other changes.
func (w *writer) planFills() {
	rest := &unfilled{Patch: w.Patch, filled: make(map[int]edit.Entry)}
	for _, i := range w.Patch.Touched() {
		if i == len(w.Items) || !w.Patch.Dropped(i) {
			continue
		}
		if list := w.Patch.Inserted(i); len(list) > 0 {
			rest.filled[i] = list[len(list)-1]
		}
	}
	w.Patch, w.filled = rest, rest.filled
	w.commas = make(map[int]bool, len(rest.filled))
	for i := range rest.filled {
		w.commas[i] = w.Items[i].Comma >= 0 && w.Items[i].Comma < w.end(i)
	}
}

// fill writes the entry that replaces item i. The commas must be known.
func (w *writer) fill(i int) {
	e := w.filled[i]
	start, end := w.begin(i), w.end(i)
	p := Position{Near: i, Own: w.own(i), Indent: w.indent(start)}
	text := w.text(e, p, w.commas[i], !w.breaks(end))
	if w.endsInLineComment(e) && !w.breaks(end) {
		there := string(w.Text[end:w.skipBlanks(end)])
		text += w.Manner.Break + strings.TrimSuffix(p.Indent, there)
	}
	w.put(start, end, text)
}

// text gives the text of an inserted entry, with or without a comma. follows says that another entry
// may follow on its line.
func (w *writer) text(e edit.Entry, p Position, comma, follows bool) string {
	text := w.write(e, p)
	switch {
	case e.Moved != nil:
		return w.moved(e.Moved.Index, text, comma, follows)
	case comma:
		return text + ","
	}
	return text
}

// endsInLineComment reports whether e was moved and ends in a comment that runs to the end of the line.
func (w *writer) endsInLineComment(e edit.Entry) bool {
	return e.Moved != nil && w.lineComment(w.end(e.Moved.Index))
}

// lineComment reports whether a comment that runs to the end of its line ends at at.
func (w *writer) lineComment(at int) bool {
	list := w.within(w.Open, at)
	if len(list) == 0 {
		return false
	}
	c := list[len(list)-1]
	return c.End == at && !bytes.HasPrefix(w.Text[c.Start:], []byte("/*"))
}

// unfilled is a patch without the entries that replace deleted items.
type unfilled struct {
	Patch
	filled map[int]edit.Entry
}

func (r *unfilled) Dropped(i int) bool {
	_, filled := r.filled[i]
	return !filled && r.Patch.Dropped(i)
}

func (r *unfilled) Inserted(i int) []edit.Entry {
	list := r.Patch.Inserted(i)
	if _, filled := r.filled[i]; filled {
		list = list[:len(list)-1]
	}
	return list
}
