package edit

import (
	"slices"
	"strings"
	"unicode"
)

// Nothing is the like of a value that is not needed, see [Outliner].
var Nothing = NewScalar(TypeSame, "")

// IsLeftOut reports whether n stands for a part that is left out. A nil n does not.
func IsLeftOut(n *Node) bool { return n != nil && n.Kind == Scalar && n.Type == TypeSame }

// Wanted finds the like of each entry of one map, see [Outliner]. It is fast if the keys come in the
// order of the like. It is not safe for concurrent use.
type Wanted struct {
	Like *Node // a map; nil means that every value is read whole

	next   int // the index after the entry that was found last
	exact  map[scalarKey]*Node
	folded map[string]*Node
}

type scalarKey struct{ typ, value string }

// fewKeys is the number of keys up to which a search is faster than an index.
const fewKeys = 8

// Of gives the like of a key's value: nil if it is read whole, [Nothing] if Like does not have the key.
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

// Fold gives the same spelling for all texts that are equal under strings.EqualFold.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
