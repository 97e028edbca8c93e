package edit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A change in a value that the text lacks, since it has its default, makes the collections around
// that value in the text. If these are made of the changed keys alone, the other keys keep their
// defaults. Of the value of a map's key that is not so: a decoder merges no defaults into it. Only
// the caller's check can tell which collections are values of that kind, so it is tried.

// maxWhole bounds how many collections around a change are tried.
const maxWhole = 16

// wholeWays gives ways in which more and more collections around the changes are written whole,
// the innermost first.
func (ed *editor) wholeWays(list []way) []way {
	depth := 0
	list = append(list, way{removal: nilOrZero})
	for i := range list {
		list[i].defaults = true
	}
	for _, op := range ed.ops {
		depth = max(depth, len(op.Path)-1)
	}
	whole := make(map[string]bool)
	for up := 1; up <= min(depth, maxWhole); up++ {
		before := len(whole)
		for _, op := range ed.ops {
			if n := len(op.Path) - up; n > 0 && op.Path[n].Key != nil && ed.lacks(op.Path[:n]) {
				whole[pathName(op.Path[:n])] = true
			}
		}
		if len(whole) > before {
			list = append(list, way{defaults: true, whole: maps.Clone(whole)}, way{defaults: true, whole: maps.Clone(whole), removal: zero})
		}
	}
	return list
}

// maxTries bounds how often lessWhole edits the text again.
const maxTries = 64

// lessWhole gives the result of an edit in which as few collections as possible are written whole.
func (ed *editor) lessWhole(doc *Document, report Report, w way) (*Document, Report, way) {
	places := slices.SortedFunc(maps.Keys(w.whole), func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // the outermost first
	for _, p := range places[:min(len(places), maxTries)] {
		less := w
		less.whole = maps.Clone(w.whole)
		delete(less.whole, p)
		d, r, err := ed.run(less)
		if err == nil && ed.check(d) == nil {
			doc, report, w = d, r, less
		}
	}
	return doc, report, w
}

// lacks reports whether the text has nothing at the end of a path.
func (ed *editor) lacks(path []Step) bool {
	n := ed.holds
	for _, s := range path {
		at := s.Index
		if s.Key != nil {
			found := ed.first.Keys.find(n, s)
			if len(found) == 0 {
				return true
			}
			at = found[len(found)-1]
		}
		if at >= len(n.Entries) {
			return true
		}
		n = n.Entries[at].Value
	}
	return false
}

// pathName identifies where a path leads.
func pathName(path []Step) string {
	var b strings.Builder
	for _, s := range path {
		if s.Key == nil {
			fmt.Fprintf(&b, "[%d]", s.Index)
			continue
		}
		b.WriteString(s.Key.Type + "=" + s.Key.Value + "\x00")
	}
	return b.String()
}
