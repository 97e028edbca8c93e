package bracket

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

func (w *writer) put(start, end int, text string) {
	if start < end || text != "" {
		w.list = append(w.list, edit.Splice{Start: start, End: end, Text: []byte(text)})
	}
}

// drop takes away what the deleted entries of a gap leave, except for comments on
// lines of their own that belong to none of them.
func (w *writer) drop(start, end int, g gap) {
	if !w.List {
		w.list = append(w.list, Drop(w.Text, w.Comments, start, end)...)
		return
	}
	var free []edit.Comment
	for _, c := range w.within(start, end) {
		if c.Own && !w.owned(c, g.before+1, g.after-1) {
			free = append(free, c)
		}
	}
	for _, s := range Drop(w.Text, free, start, end) {
		s.Drop = false // the proof knows which comments belong to the elements
		w.list = append(w.list, s)
	}
}

// Drop gives the splices that take text[start:end] away, except for comments
// on lines of their own. These keep their lines. If what goes are whole lines, so
// are what stays of them.
func Drop(text []byte, comments []edit.Comment, start, end int) []edit.Splice {
	var list []edit.Splice
	whole := beginsLine(text, start) && (end == len(text) || beginsLine(text, end))
	kept := false
	for _, c := range within(comments, start, end) {
		if !c.Own {
			continue
		}
		from, next := breakBefore(text, c.Start), c.End
		if whole {
			from, next = lineStart(text, c.Start), afterBreak(text, c.End)
		}
		if from > start {
			list = append(list, edit.Splice{Start: start, End: from, Drop: true})
		}
		start, kept = next, true
	}
	last := edit.Splice{Start: start, End: end, Drop: true}
	if kept && !whole && !breaks(text, end) {
		last.Start = afterBreak(text, start)  // what follows must not get into the comment,
		last.Text = []byte(Indent(text, end)) // and begins its line as it did
	}
	if last.Start < last.End {
		list = append(list, last)
	}
	return list
}

// lineStart is where the line of at begins.
func lineStart(text []byte, at int) int {
	return bytes.LastIndexAny(text[:at], "\r\n") + 1
}

func beginsLine(text []byte, at int) bool { return lineStart(text, at) == at }

func (w *writer) write(e edit.Entry, p Position) string {
	text, err := w.Write(e, p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return text
}

// own reports whether the item begins a line, but for comments.
func (w *writer) own(i int) bool {
	at := w.blanksBefore(w.begin(i))
	list := w.within(w.Open, at)
	for k := len(list) - 1; k >= 0 && list[k].End == at && bytes.HasPrefix(w.Text[list[k].Start:], []byte("/*")); k-- {
		at = w.blanksBefore(list[k].Start)
	}
	return at > w.Open && isBreak(w.Text[at-1])
}

// lineStart is the break before the line that the item begins.
func (w *writer) lineStart(i int) int { return w.breakBefore(w.begin(i)) }

func (w *writer) breakBefore(at int) int { return breakBefore(w.Text, at) }

// breakBefore is where the break before the line of at begins, or the start of
// the text.
func breakBefore(text []byte, at int) int {
	for at > 0 && !isBreak(text[at-1]) {
		at--
	}
	if at == 0 {
		return 0
	}
	if at--; at > 0 && text[at] == '\n' && text[at-1] == '\r' {
		at--
	}
	return at
}

func (w *writer) blanksBefore(at int) int {
	for at > 0 && isBlank(w.Text[at-1]) {
		at--
	}
	return at
}

// indent gives the blanks that begin the line of at.
func (w *writer) indent(at int) string { return Indent(w.Text, at) }

// Indent gives the blanks that begin the line of at.
func Indent(text []byte, at int) string {
	start := bytes.LastIndexAny(text[:at], "\r\n") + 1
	if start == 0 && bytes.HasPrefix(text, []byte("\uFEFF")) {
		start = len("\uFEFF")
	}
	end := start
	for end < at && isBlank(text[end]) {
		end++
	}
	return string(text[start:end])
}

// breaks reports whether nothing but blanks is left on the line from at.
func (w *writer) breaks(at int) bool { return breaks(w.Text, at) }

func breaks(text []byte, at int) bool {
	for at < len(text) && isBlank(text[at]) {
		at++
	}
	return at == len(text) || isBreak(text[at])
}

// afterBreak passes the break that comes next on the line, if nothing else does.
func afterBreak(text []byte, at int) int {
	if !breaks(text, at) {
		return at
	}
	rest := bytes.TrimLeft(text[at:], " \t")
	rest = bytes.TrimPrefix(rest, []byte("\r"))
	rest = bytes.TrimPrefix(rest, []byte("\n"))
	return len(text) - len(rest)
}

// tail is the end of an item with its comma and the comments and blanks that end
// its line.
func (w *writer) tail(i int) int {
	it := w.Items[i]
	tail := it.End
	if it.Comma >= 0 {
		tail = it.Comma + 1
	}
	at := tail
	for _, c := range w.within(tail, w.Close) {
		for at < c.Start && isBlank(w.Text[at]) {
			at++
		}
		if at != c.Start {
			break
		}
		at = c.End
	}
	switch {
	case w.breaks(at):
		return w.skipBlanks(at)
	case w.Close == w.skipBlanks(at):
		return at
	}
	return tail
}

func (w *writer) skipBlanks(at int) int {
	for at < len(w.Text) && isBlank(w.Text[at]) {
		at++
	}
	return at
}

// within gives the comments between two offsets.
func (w *writer) within(start, end int) []edit.Comment {
	return within(w.Comments, start, end)
}

func within(comments []edit.Comment, start, end int) []edit.Comment {
	at := func(offset int) int {
		i, _ := slices.BinarySearchFunc(comments, offset, func(c edit.Comment, o int) int { return cmp.Compare(c.Start, o) })
		return i
	}
	return comments[at(start):max(at(start), at(end))]
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func isBreak(b byte) bool { return b == '\n' || b == '\r' }
