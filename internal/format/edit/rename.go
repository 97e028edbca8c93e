package edit

import "slices"

// renames are the entries of a map that got another key and kept their value.
type renames struct {
	of     map[int]int  // the index of the new entry for that of the old entry
	to     map[int]bool // new entries that are renamed old entries
	unsure map[int]bool // old entries that may have been renamed
}

// renamed finds entries that only got another key. A deleted map or list that is not empty counts as
// renamed if exactly one new entry has the same value. Two other kinds of entries are unsure, and the
// loss of their comments is reported: scalars, since two may be equal by chance, and maps and lists
// that have most in common with a new entry.
func (d *differ) renamed(a, b *Node, kept []bool, match []int) renames {
	r := renames{make(map[int]int), make(map[int]bool), make(map[int]bool)}
	came := make(map[uint64][]int)
	for j, e := range b.Entries {
		if match[j] < 0 {
			came[e.Value.sum()] = append(came[e.Value.sum()], j)
		}
	}
	if len(came) == 0 {
		return r
	}
	went := make(map[uint64]int)
	for i, e := range a.Entries {
		if !kept[i] {
			went[e.Value.sum()]++
		}
	}
	for i, e := range a.Entries {
		list := came[e.Value.sum()]
		switch {
		case kept[i] || len(list) == 0 || !Same(e.Value, b.Entries[list[0]].Value) || abridged(e.Value):
		case len(list) == 1 && went[e.Value.sum()] == 1 && len(e.Value.Entries) > 0 && b.Entries[list[0]].Key.Kind == Scalar:
			r.of[i], r.to[list[0]] = list[0], true
		default:
			r.unsure[i] = true
		}
	}
	r.alike(a, b, kept, match)
	return r
}

// maxAlike is the largest number of pairs of maps and lists that are compared.
const maxAlike = 1 << 10

// alike finds deleted maps and lists that may have been renamed and changed.
func (r renames) alike(a, b *Node, kept []bool, match []int) {
	var went, came []int
	for i, e := range a.Entries {
		if _, found := r.of[i]; !found && !kept[i] && len(e.Value.Entries) > 0 {
			went = append(went, i)
		}
	}
	for j, e := range b.Entries {
		if match[j] < 0 && !r.to[j] && len(e.Value.Entries) > 0 {
			came = append(came, j)
		}
	}
	if len(went)*len(came) > maxAlike {
		return
	}
	for _, i := range went {
		r.unsure[i] = r.unsure[i] || slices.ContainsFunc(came, func(j int) bool {
			return mostly(a.Entries[i].Value, b.Entries[j].Value)
		})
	}
}

// mostly reports whether two maps or lists have more than half of their scalars in common.
func mostly(a, b *Node) bool {
	return a.Kind == b.Kind && a.Type == b.Type && 2*inCommon(a, b) > max(leaves(a), leaves(b))
}

// leaves counts the scalars and empty collections in a value.
func leaves(n *Node) int {
	if len(n.Entries) == 0 {
		return 1
	}
	count := 0
	for _, e := range n.Entries {
		count += leaves(e.Value)
	}
	return count
}

// inCommon counts the scalars and empty collections that two values have in common: under the same
// keys of maps, and in equal elements of lists or elements at the same index.
func inCommon(a, b *Node) int {
	count := 0
	switch {
	case Same(a, b):
		return leaves(a)
	case a.Kind != b.Kind:
	case a.Kind == Map:
		for i, j := range pairKeys(a, b) {
			if j >= 0 {
				count += inCommon(a.Entries[i].Value, b.Entries[j].Value)
			}
		}
	case a.Kind == List:
		l := &listDiff{differ: &differ{}, a: a, b: b, to: unpaired(len(a.Entries)), from: unpaired(len(b.Entries))}
		l.pairEqual()
		l.pairByPosition()
		for i, j := range l.to {
			if j >= 0 {
				count += inCommon(a.Entries[i].Value, b.Entries[j].Value)
			}
		}
	}
	return count
}

// resettle marks the deletions of maps and lists for which an equal value was inserted elsewhere.
func resettle(ops []Op) {
	came := make(map[uint64]*Node)
	for _, op := range ops {
		if op.Kind == Insert && len(op.Value.Entries) > 0 {
			came[op.Value.sum()] = op.Value
		}
	}
	if len(came) == 0 {
		return
	}
	for i, op := range ops {
		if op.Kind != Delete {
			continue
		}
		last := op.Path[len(op.Path)-1]
		was := last.value()
		if last.Key == nil {
			was = last.old.Entries[last.Index].Value
		}
		if was != nil && came[was.sum()] != nil && Same(was, came[was.sum()]) {
			ops[i].Unsure = true
		}
	}
}
