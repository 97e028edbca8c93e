package yaml

import (
	"sort"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// erase deletes the lines from start to end. start is the first text on
// its line. Comments on lines of their own stay.
func (w *writer) erase(start, end int, entries bool) {
	line := lineStart(w.text, start)
	if line > markLength(w.text) {
		w.eraseFrom(w.breakBefore(line), start, end, entries)
		return
	}
	if own := w.comments(start, end); len(own) > 0 {
		w.cut(line, lineStart(w.text, own[0].Start), entries)
		w.eraseFrom(own[0].End, own[0].End, end, entries)
		return
	}
	w.cut(line, nextLine(w.text, end), entries)
}

// eraseFrom deletes the bytes from from to the end of the line of end, except comments on lines of their
// own behind start.
func (w *writer) eraseFrom(from, start, end int, entries bool) {
	for _, c := range w.comments(start, end) {
		line := lineStart(w.text, c.Start)
		w.cut(from, w.breakBefore(line), entries)
		from = c.End
		if w.style != edit.Follow {
			w.splice(line, c.Start, "")
		}
	}
	w.cut(from, lineEnd(w.text, end), entries)
}

func (w *writer) cut(start, end int, entries bool) {
	if entries && len(w.gone) == 0 {
		w.drop(start, end)
	} else {
		w.splice(start, max(start, end), "")
	}
}

// comments gives those on lines of their own between start and end.
func (w *writer) comments(start, end int) []edit.Comment {
	all := w.doc.Comments
	i := sort.Search(len(all), func(i int) bool { return all[i].Start >= start })
	var own []edit.Comment
	for ; i < len(all) && all[i].Start < end; i++ {
		if all[i].Own && !w.goes(all[i]) {
			own = append(own, all[i])
		}
	}
	return own
}

// breakBefore gives the start of the line break that ends right before line.
func (w *writer) breakBefore(line int) int {
	for n := 3; n > 0; n-- {
		if line >= n && breakAt(w.text, line-n) == n {
			return line - n
		}
	}
	return line
}

// goes reports whether a comment belongs to a deleted element.
func (w *writer) goes(c edit.Comment) bool {
	i := sort.Search(len(w.gone), func(i int) bool { return w.gone[i].End > c.Start })
	return i < len(w.gone) && w.gone[i].Start <= c.Start
}
