// Package bracket inserts and deletes entries of a collection that stands
// between brackets with commas between its entries, as JSON and TOML have them.
//
// An entry that begins a line keeps its line for itself: what is inserted
// beside it gets lines of its own, and when it is deleted its line goes with
// its comma and the comment at the line's end. Elsewhere entries come and go
// within the line. In a map, comments on lines of their own stay, also those that
// stood inside of a deleted entry. In a list, comments belong to the element that
// they stand at: they go with it, and they move with it.
package bracket

import (
	"maps"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Collection is a collection as it stands in a text.
type Collection struct {
	Open, Close int // the first byte after the opening bracket; the closing bracket
	Items       []Item
}

// Item is an entry, its key included.
type Item struct {
	Start, End int
	Comma      int // the comma after it, or -1
}

// Position is where a new entry is written.
type Position struct {
	Near   int    // the entry of the text that it is written beside, or -1
	Own    bool   // it has a line of its own
	Indent string // the blanks that begin its line
}

// Manner is how to write where the collection itself shows no example.
type Manner struct {
	Own      bool   // entries of an empty collection have lines of their own
	Unit     string // what a line is indented by against the one around it
	Break    string // a line break
	Pad      string // between the brackets and what stands on their line
	Gap      string // after a comma within a line
	Trailing bool   // there is a comma after the last entry on a line of its own
}

// Change is what becomes of a collection.
type Change struct {
	Text     []byte
	Comments []edit.Comment // of the whole text, in order
	Patch    Patch
	Manner   Manner
	List     bool // the entries have no keys
	// Write gives the text of an entry that comes; of one that has moved it gives
	// the text of the item alone, with what changes in it.
	Write func(e edit.Entry, at Position) (string, error)
}

// Patch says which entries come and go, as [edit.Patch] does. What changes
// inside of an entry is the caller's to write.
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
	filled   map[int]edit.Entry // what takes the place of an item of a list
	commas   map[int]bool       // whether a comma follows it
	list     []edit.Splice
	err      error
}

// gap is what changes between two entries that stay.
type gap struct {
	before, after int // the entries that stay, -1 and the number of entries at the ends
	added         []edit.Entry
}

func (g gap) deletes() bool { return g.after-g.before > 1 }

// gaps gives those where something changes, in order.
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

// emptied handles the deletion of all entries: brackets with nothing but space
// between them close up.
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
