package json

import (
	"slices"
	"strings"
	"unicode"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// keys finds what a map asks for the keys of another one, which mostly come in the same
// order.
type keys struct {
	of            *edit.Node // nil asks for everything
	next          int
	exact, folded map[string]int // to indices
}

// fewKeys are found sooner without an index.
const fewKeys = 8

// like gives what is asked for the value of a key.
func (k *keys) like(key string) *edit.Node {
	if k.of == nil {
		return nil
	}
	entries := k.of.Entries
	if k.next < len(entries) && entries[k.next].Key.Value == key {
		k.next++
		return entries[k.next-1].Value
	}
	if len(entries) <= fewKeys {
		return k.search(key)
	}
	if k.exact == nil {
		k.index()
	}
	if i, ok := k.exact[key]; ok {
		k.next = i + 1
		return entries[i].Value
	}
	if i, ok := k.folded[fold(key)]; ok {
		return entries[i].Value
	}
	return leftOut
}

func (k *keys) search(key string) *edit.Node {
	for i, e := range k.of.Entries {
		if e.Key.Value == key {
			k.next = i + 1
			return e.Value
		}
	}
	for _, e := range k.of.Entries {
		if strings.EqualFold(e.Key.Text, key) {
			return e.Value
		}
	}
	return leftOut
}

func (k *keys) index() {
	k.exact = make(map[string]int, len(k.of.Entries))
	k.folded = make(map[string]int, len(k.of.Entries))
	for i, e := range slices.Backward(k.of.Entries) {
		k.exact[e.Key.Value] = i
		k.folded[fold(e.Key.Text)] = i
	}
}

// fold spells all texts alike that strings.EqualFold takes for equal.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
