package textedit

import "slices"

// lists keeps what both lists have, and between two kept elements pairs the
// old with the new ones that are most alike.
func (d *differ) lists(path []Step, a, b *Node) {
	same := align(len(a.Entries), len(b.Entries), func(i, j int) bool {
		return Same(a.Entries[i].Value, b.Entries[j].Value)
	})
	l := listDiff{d, path, a, b, make([]bool, len(a.Entries)), make([]int, len(b.Entries))}
	l.moves(same)
	i, j := 0, 0
	for _, p := range append(same, [2]int{len(a.Entries), len(b.Entries)}) {
		l.gap(i, p[0], j, p[1])
		i, j = p[0]+1, p[1]+1
	}
}

// listDiff is a list before and after.
type listDiff struct {
	*differ
	path []Step
	a, b *Node
	left []bool // for each element of a: it is elsewhere in b
	from []int  // for each element of b: where it was in a, if it has moved, else -1
}

func (l *listDiff) step(at int) []Step { return append(l.path, Step{Index: at, old: l.a, new: l.b}) }

// moves finds the maps that are in both lists, but not among the same ones.
// The text may have keys in them that the encodings do not know.
func (l *listDiff) moves(same [][2]int) {
	inB := make([]bool, len(l.b.Entries))
	inA := make([]bool, len(l.a.Entries))
	for _, p := range same {
		inA[p[0]], inB[p[1]] = true, true
	}
	gone := make(map[uint64][]int)
	for i, e := range l.a.Entries {
		if !inA[i] && e.Value.Kind == Map && !abridged(e.Value) {
			gone[e.Value.sum()] = append(gone[e.Value.sum()], i)
		}
	}
	for j, e := range l.b.Entries {
		l.from[j] = -1
		if inB[j] || e.Value.Kind != Map {
			continue
		}
		if was := gone[e.Value.sum()]; len(was) > 0 && Same(l.a.Entries[was[0]].Value, e.Value) {
			l.from[j], l.left[was[0]] = was[0], true
			gone[e.Value.sum()] = was[1:]
		}
	}
}

// gap is a[i:iEnd] become b[j:jEnd], with nothing in common.
func (l *listDiff) gap(i, iEnd, j, jEnd int) {
	for _, p := range append(l.pairs(i, iEnd, j, jEnd), [2]int{iEnd, jEnd}) {
		for ; i < p[0]; i++ {
			l.add(Delete, l.step(i), nil)
		}
		for ; j < p[1]; j++ {
			l.add(Insert, l.step(i), l.b.Entries[j].Value)
			if was := l.from[j]; was >= 0 {
				l.ops[len(l.ops)-1].From = slices.Clone(l.step(was))
			}
		}
		if i < iEnd && j < jEnd {
			l.node(l.step(i), l.a.Entries[i].Value, l.b.Entries[j].Value)
		}
		i, j = i+1, j+1
	}
}

// pairs gives which elements of a gap have become which, in order. One that has
// moved takes no part: it would leave to another what only the text knows of it.
func (l *listDiff) pairs(i, iEnd, j, jEnd int) [][2]int {
	var old, new []int
	for ; i < iEnd; i++ {
		if !l.left[i] {
			old = append(old, i)
		}
	}
	for ; j < jEnd; j++ {
		if l.from[j] < 0 {
			new = append(new, j)
		}
	}
	pairs := alike(pick(l.a, old), pick(l.b, new))
	for k, p := range pairs {
		pairs[k] = [2]int{old[p[0]], new[p[1]]}
	}
	return pairs
}

func pick(n *Node, at []int) []Entry {
	entries := make([]Entry, len(at))
	for k, i := range at {
		entries[k] = n.Entries[i]
	}
	return entries
}

// maxCells bounds the table that alike fills.
const maxCells = 1 << 12

// alike pairs elements of two lists, in order, so that the pairs together have
// as much in common as can be.
func alike(a, b []Entry) [][2]int {
	n, m := len(a), len(b)
	if n == m || n*m > maxCells {
		return inOrder(min(n, m))
	}
	best := make([][]int, n+1)
	for i := range best {
		best[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1], best[i+1][j+1]+likeness(a[i].Value, b[j].Value))
		}
	}
	var pairs [][2]int
	for i, j := 0, 0; i < n && j < m; {
		switch l := likeness(a[i].Value, b[j].Value); {
		case l > 0 && best[i][j] == best[i+1][j+1]+l:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
	return pairs
}

func inOrder(n int) [][2]int {
	pairs := make([][2]int, n)
	for i := range pairs {
		pairs[i] = [2]int{i, i}
	}
	return pairs
}

// likeness is 0 for nodes of different shape, else grows with what they have in common.
func likeness(a, b *Node) int {
	if a.Kind != b.Kind || a.Type != b.Type {
		return 0
	}
	common := 1
	if a.Kind == Map {
		for i, j := range pairKeys(a, b) {
			if j >= 0 && Same(a.Entries[i].Value, b.Entries[j].Value) {
				common += 2
			}
		}
	}
	return common
}
