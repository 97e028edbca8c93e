package edit

import (
	"slices"
	"strings"
	"unicode"
)

// Nothing is what an outline asks of a value that is not needed.
var Nothing = NewScalar(TypeSame, "")

// IsLeftOut reports whether n stands for what is left out. A nil n does not.
func IsLeftOut(n *Node) bool { return n != nil && n.Kind == Scalar && n.Type == TypeSame }

// Wanted finds what an outline asks of the entries of one map, whose keys mostly come in the
// same order. It is for one goroutine.
type Wanted struct {
	Like *Node // a map; nil asks for all of every value

	next   int // behind the entry that was found last
	exact  map[scalarKey]*Node
	folded map[string]*Node
}

type scalarKey struct{ typ, value string }

// fewKeys are found sooner without an index.
const fewKeys = 8

// Of gives what is asked of the value of a key, as [Outliner] says: nil for all of it,
// [Nothing] if the outline does not name the key.
func (w *Wanted) Of(key *Node) *Node {
	if w.Like == nil {
		return nil
	}
	entries := w.Like.Entries
	if w.next < len(entries) && sameKey(entries[w.next].Key, key) {
		w.next++
		return entries[w.next-1].Value
	}
	if len(entries) <= fewKeys || key.Kind != Scalar {
		return w.search(key)
	}
	if w.exact == nil {
		w.index()
	}
	if value, found := w.exact[scalarKey{key.Type, key.Value}]; found {
		return value
	}
	if value, found := w.folded[Fold(key.Text)]; found {
		return value
	}
	return Nothing
}

func (w *Wanted) search(key *Node) *Node {
	for i, e := range w.Like.Entries {
		if sameKey(e.Key, key) {
			w.next = i + 1
			return e.Value
		}
	}
	for _, e := range w.Like.Entries {
		if e.Key.Kind == Scalar && key.Kind == Scalar && strings.EqualFold(e.Key.Text, key.Text) {
			return e.Value
		}
	}
	return Nothing
}

// index goes backward, so that the first of equal keys counts.
func (w *Wanted) index() {
	w.exact = make(map[scalarKey]*Node, len(w.Like.Entries))
	w.folded = make(map[string]*Node, len(w.Like.Entries))
	for _, e := range slices.Backward(w.Like.Entries) {
		if e.Key.Kind == Scalar {
			w.exact[scalarKey{e.Key.Type, e.Key.Value}] = e.Value
			w.folded[Fold(e.Key.Text)] = e.Value
		}
	}
}

// Fold spells all texts alike that strings.EqualFold takes for equal.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
