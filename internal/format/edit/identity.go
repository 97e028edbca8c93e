package edit

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// naming are the keys that identify an element. The first key counts that the element has, and whose
// value is not zero: a Go type has a zero if the text does not have the key.
var naming = []string{"id", "name", "key"}

// identity gives the key that identifies a map and its value.
func identity(n *Node) (key string, value *Node) {
	if n.Kind != Map {
		return "", nil
	}
	for _, name := range naming {
		for _, e := range n.Entries {
			if e.Key.Kind == Scalar && strings.EqualFold(e.Key.Text, name) && e.Value.Kind == Scalar && !isZero(e.Value) {
				return name, e.Value
			}
		}
	}
	return "", nil
}

func isZero(n *Node) bool {
	return n.IsNull() || n.Value == "" || n.Type == TypeInt && n.Value == "0" || n.Type == TypeBool
}

// pairIdentified pairs maps with the same identity, if no other map has it. A map without an identity
// of its own is identified by a key whose values are all different.
func (l *listDiff) pairIdentified() {
	for _, p := range l.agree(identityMark) {
		l.pair(p[0], p[1])
	}
	var best [][2]int
	for _, key := range l.telling() {
		pairs := l.agree(func(n *Node) (mark, bool) {
			v := scalarAt(n, key)
			if v == nil {
				return mark{}, false
			}
			return mark{"", v.Type, v.Value}, true
		})
		if len(pairs) > len(best) {
			best = pairs
		}
	}
	for _, p := range best {
		l.pair(p[0], p[1])
	}
}

// mark identifies an element.
type mark struct{ key, typ, value string }

func identityMark(n *Node) (mark, bool) {
	key, value := identity(n)
	if value == nil {
		return mark{}, false
	}
	return mark{key, value.Type, value.Value}, true
}

// agree pairs the remaining elements of both lists that have the same mark, if it is unique in each
// list.
func (l *listDiff) agree(by func(n *Node) (mark, bool)) [][2]int {
	only := func(n *Node, paired []int) map[mark]int {
		found := make(map[mark]int)
		for i, e := range n.Entries {
			if paired[i] >= 0 || e.Value.Kind != Map {
				continue
			}
			if m, ok := by(e.Value); ok {
				if _, twice := found[m]; twice {
					i = -1
				}
				found[m] = i
			}
		}
		return found
	}
	old := only(l.a, l.to)
	if len(old) == 0 {
		return nil
	}
	var pairs [][2]int
	for m, j := range only(l.b, l.from) {
		if i, ok := old[m]; ok && i >= 0 && j >= 0 {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	return pairs
}

// maxTelling is the largest number of keys that telling tries.
const maxTelling = 16

// telling gives the keys that tell the remaining maps of both lists apart: most maps have a scalar at
// the key, and no two maps of one list have the same.
func (l *listDiff) telling() []*Node {
	var keys []*Node
	for i, e := range l.a.Entries {
		if l.to[i] >= 0 || e.Value.Kind != Map {
			continue
		}
		for _, x := range e.Value.Entries {
			if x.Value.Kind == Scalar && len(keys) < maxTelling && !slices.ContainsFunc(keys, func(k *Node) bool { return sameKey(k, x.Key) }) {
				keys = append(keys, x.Key)
			}
		}
	}
	if !slices.Contains(l.from, -1) {
		return nil
	}
	shared := make(map[mark]bool)
	for _, n := range []*Node{l.a, l.b} {
		seen := make(map[mark]bool)
		for _, e := range n.Entries {
			if m, ok := identityMark(e.Value); ok {
				shared[m] = shared[m] || seen[m]
				seen[m] = true
			}
		}
	}
	return slices.DeleteFunc(keys, func(k *Node) bool { return !distinct(l.a, k, shared) || !distinct(l.b, k, shared) })
}

// distinct reports whether no element of a list has an identity of its own, and more
// than half of them have a scalar at the key, all of them different.
func distinct(n *Node, key *Node, shared map[mark]bool) bool {
	seen := make(map[mark]bool, len(n.Entries))
	for _, e := range n.Entries {
		if own, named := identityMark(e.Value); named && !shared[own] {
			return false
		}
		v := scalarAt(e.Value, key)
		if v == nil {
			continue
		}
		m := mark{"", v.Type, v.Value}
		if v.IsNull() || v.Type == TypeBool || seen[m] {
			return false
		}
		seen[m] = true
	}
	return 2*len(seen) > len(n.Entries)
}

func scalarAt(n, key *Node) *Node {
	if n.Kind != Map {
		return nil
	}
	for _, e := range n.Entries {
		if e.Value.Kind == Scalar && sameKey(e.Key, key) {
			return e.Value
		}
	}
	return nil
}

// pairLists pairs elements that are lists themselves: those that have most of their elements in
// common, by value or identity.
func (l *listDiff) pairLists() {
	holder := make(map[mark]int) // the one list of a that has an element, or -1
	for i, e := range l.a.Entries {
		if l.to[i] < 0 && e.Value.Kind == List {
			for _, x := range e.Value.Entries {
				m := markOf(x.Value)
				if other, found := holder[m]; found && other != i {
					holder[m] = -1
				} else {
					holder[m] = i
				}
			}
		}
	}
	if len(holder) == 0 {
		return
	}
	var list []common
	for j, e := range l.b.Entries {
		if l.from[j] < 0 && e.Value.Kind == List {
			count := make(map[int]int)
			for _, x := range e.Value.Entries {
				if i, found := holder[markOf(x.Value)]; found && i >= 0 {
					count[i]++
				}
			}
			for i, n := range count {
				list = append(list, common{i, j, n})
			}
		}
	}
	slices.SortFunc(list, func(x, y common) int {
		return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.i, y.i), cmp.Compare(x.j, y.j))
	})
	for _, c := range list {
		if l.to[c.i] < 0 && l.from[c.j] < 0 {
			l.pair(c.i, c.j)
		}
	}
}

// common is the number of elements that two lists have in common.
type common struct{ i, j, count int }

// markOf gives the mark of an element of a list in a list.
func markOf(n *Node) mark {
	if m, ok := identityMark(n); ok {
		return m
	}
	return mark{typ: "hash", value: strconv.FormatUint(n.sum(), 16)}
}
