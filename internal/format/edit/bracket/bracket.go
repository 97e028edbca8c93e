// Package bracket inserts and deletes entries of a collection in brackets, with commas between its
// entries, as in JSON and TOML.
//
//   - An entry that begins a line shares its line with no new entry. When it is deleted, its line is
//     deleted too, with its comma and the comment at the end of the line.
//   - Other entries are inserted and deleted within the line.
//   - In a map, comments on lines of their own stay, even if they are inside of a deleted entry.
//   - In a list, a comment belongs to the element beside it. It is deleted and moved with the
//     element.
package bracket

import (
	"maps"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Collection is the position of a collection and its entries in a text.
type Collection struct {
	Open, Close int // the first byte after the opening bracket; the closing bracket
	Items       []Item
}

// Item is the position of an entry, with its key.
type Item struct {
	Start, End int
	Comma      int // the comma after it, or -1
}

// Position is where a new entry is written.
type Position struct {
	Near   int    // the index of the entry beside it, or -1
	Own    bool   // the new entry has a line of its own
	Indent string // the blanks that begin its line
}

// Manner is the style for a collection that shows no example of it.
type Manner struct {
	Own      bool   // entries of an empty collection have lines of their own
	Unit     string // the indentation of one level
	Break    string // a line break
	Pad      string // the space between a bracket and an entry on its line
	Gap      string // the space after a comma within a line
	Trailing bool   // there is a comma after the last entry on a line of its own
}

// Change is a change of a collection.
type Change struct {
	Text     []byte
	Comments []edit.Comment // of the whole text, in order
	Patch    Patch
	Manner   Manner
	List     bool // the entries have no keys
	// Write gives the text of an inserted entry. For a moved element it gives the text of the
	// item without its comments, after its own changes.
	Write func(e edit.Entry, at Position) (string, error)
}

// Patch says which entries are inserted and deleted, as [edit.Patch] does. The caller writes the changes
// inside of an entry.
type Patch interface {
	Touched() []int
	Dropped(i int) bool
	Inserted(i int) []edit.Entry
}

// Splices gives the byte changes that insert and delete entries of c.
func (c Collection) Splices(ch Change) ([]edit.Splice, error) {
	w := &writer{Collection: c, Change: ch}
	w.trailing = w.Manner.Trailing
	if w.List {
		w.planFills()
	}
	if n := len(c.Items); n > 0 {
		w.trailing = c.Items[n-1].Comma >= 0
	}
	gaps := w.gaps()
	if w.emptied(gaps) {
		return w.list, nil
	}
	for _, g := range gaps {
		w.gap(g)
	}
	for _, i := range slices.Sorted(maps.Keys(w.filled)) {
		w.fill(i)
	}
	return w.list, w.err
}

// writer makes one change.
type writer struct {
	Collection
	Change
	trailing bool
	filled   map[int]edit.Entry // the new entry that replaces an item of a list
	commas   map[int]bool       // whether a comma follows the new entry
	list     []edit.Splice
	err      error
}

// gap holds the changes between two entries that stay.
type gap struct {
	before, after int // the entries that stay, -1 and the number of entries at the ends
	added         []edit.Entry
}

func (g gap) deletes() bool { return g.after-g.before > 1 }

// gaps gives the gaps that have changes, in order.
func (w *writer) gaps() []gap {
	var gaps []gap
	g, next := gap{before: -1}, 0
	end := func(after, before int) {
		if g.after = after; len(g.added) > 0 || g.deletes() {
			gaps = append(gaps, g)
		}
		g = gap{before: before}
	}
	for _, i := range w.Patch.Touched() {
		if i > next {
			end(next, i-1)
		}
		g.added = append(g.added, w.Patch.Inserted(i)...)
		if i < len(w.Items) && !w.Patch.Dropped(i) {
			end(i, i)
		}
		next = i + 1
	}
	end(min(next, len(w.Items)), 0)
	return gaps
}

// emptied handles the deletion of all entries. If only space is left between the brackets, it is deleted
// too.
func (w *writer) emptied(gaps []gap) bool {
	if len(gaps) != 1 || len(gaps[0].added) > 0 || gaps[0].before >= 0 || gaps[0].after < len(w.Items) {
		return false
	}
	first, last := w.Items[0].Start, w.tail(len(w.Items)-1)
	for _, c := range w.within(w.Open, w.Close) {
		if w.List && !w.owned(c, 0, len(w.Items)-1) || !w.List && (c.Own || c.End <= first || c.Start >= last) {
			return false
		}
	}
	w.drop(w.Open, w.Close, gaps[0])
	return true
}
