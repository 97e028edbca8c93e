package edit

import "slices"

// lists pairs the elements of both lists, and adds an operation for each element that moves, is
// deleted or is new. Every index counts the elements of a.
func (d *differ) lists(path []Step, a, b *Node) {
	l := &listDiff{differ: d, path: path, a: a, b: b}
	l.pairAll()
	l.structure()
	for j, i := range l.from {
		if i >= 0 {
			d.node(l.step(i), a.Entries[i].Value, b.Entries[j].Value)
		}
	}
}

// listDiff is a list before and after.
type listDiff struct {
	*differ
	path []Step
	a, b *Node
	to   []int // for each element of a: its index in b, or -1
	from []int // for each element of b: its index in a, or -1
}

// pairAll pairs the elements of a with those of b.
func (l *listDiff) pairAll() {
	l.to, l.from = unpaired(len(l.a.Entries)), unpaired(len(l.b.Entries))
	l.pairEqual()
	l.pairIdentified()
	l.pairLists()
	l.pairByPosition()
}

func unpaired(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = -1
	}
	return list
}

func (l *listDiff) step(at int) []Step { return append(l.path, Step{Index: at, old: l.a, new: l.b}) }

func (l *listDiff) pair(i, j int) { l.to[i], l.from[j] = j, i }

// pairEqual pairs equal values: first the elements that a shortest list of changes does not move,
// then the other equal elements in their order.
func (l *listDiff) pairEqual() {
	equal := func(i, j int) bool { return Same(l.a.Entries[i].Value, l.b.Entries[j].Value) }
	for _, p := range align(len(l.a.Entries), len(l.b.Entries), equal) {
		l.pair(p[0], p[1])
	}
	later := make(map[uint64][]int)
	for i, e := range l.a.Entries {
		if l.to[i] < 0 {
			later[e.Value.sum()] = append(later[e.Value.sum()], i)
		}
	}
	for j, e := range l.b.Entries {
		if list := later[e.Value.sum()]; l.from[j] < 0 && len(list) > 0 && equal(list[0], j) {
			l.pair(list[0], j)
			later[e.Value.sum()] = list[1:]
		}
	}
	l.keepTheRichest()
}

// keepTheRichest decides which of several equal elements in a row are deleted: those with the least
// comments and unknown keys. The encoding can't tell the elements apart.
func (l *listDiff) keepTheRichest() {
	if l.weigh == nil || len(l.to) <= len(l.from) {
		return // the unpaired elements have changed and were not deleted
	}
	list := l.a.Entries
	for i := 0; i < len(list); {
		end, gone := i, 0
		for ; end < len(list) && Same(list[i].Value, list[end].Value); end++ {
			if l.to[end] < 0 {
				gone++
			}
		}
		if gone > 0 && gone < end-i {
			l.spare(i, end, gone)
		}
		i = max(end, i+1)
	}
}

// spare chooses the elements to delete among the equal elements from i to end: the lightest.
func (l *listDiff) spare(i, end, gone int) {
	var order, targets []int
	weight := make([]int, end)
	for k := i; k < end; k++ {
		order = append(order, k)
		weight[k] = l.weigh(l.step(k), l.a.Entries[k].Value)
		if l.to[k] >= 0 {
			targets = append(targets, l.to[k])
		}
		l.to[k] = -1
	}
	slices.SortStableFunc(order, func(x, y int) int { return weight[y] - weight[x] })
	kept := order[:end-i-gone]
	slices.Sort(kept)
	slices.Sort(targets)
	for k, i := range kept {
		l.pair(i, targets[k])
	}
}

// pairByPosition pairs the remaining elements by position, if the list kept its length and the same
// positions remain in both lists. Then probably no element was added or deleted. If the identity at a
// position changed, most other keys must be the same, and no other position may have
// more in common with the element.
func (l *listDiff) pairByPosition() {
	if len(l.to) != len(l.from) {
		return
	}
	for i := range l.to {
		if (l.to[i] < 0) != (l.from[i] < 0) {
			return
		}
	}
	elsewhere := l.elsewhere()
	for i := range l.to {
		if l.to[i] < 0 && !elsewhere[i] && mayBe(l.a.Entries[i].Value, l.b.Entries[i].Value) {
			l.pair(i, i)
		}
	}
}

// maxHolders is the largest number of maps that may share an entry. An entry that more maps share does
// not tell them apart.
const maxHolders = 64

// elsewhere reports, for each position, whether a remaining map there, in either list, has more
// entries in common with the map at another position of the other list.
func (l *listDiff) elsewhere() []bool {
	holders := make(map[[2]uint64][]int) // the maps of a that have an entry
	for i, e := range l.a.Entries {
		if l.to[i] < 0 && e.Value.Kind == Map {
			for _, x := range e.Value.Entries {
				entry := [2]uint64{x.Key.sum(), x.Value.sum()}
				holders[entry] = append(holders[entry], i)
			}
		}
	}
	common := func(j int) map[int]int {
		count := make(map[int]int)
		if n := l.b.Entries[j].Value; l.from[j] < 0 && n.Kind == Map {
			for _, x := range n.Entries {
				if list := holders[[2]uint64{x.Key.sum(), x.Value.sum()}]; len(list) <= maxHolders {
					for _, i := range list {
						count[i]++
					}
				}
			}
		}
		return count
	}
	own := make([]int, len(l.to))
	for j := range own {
		own[j] = common(j)[j]
	}
	moved := make([]bool, len(l.to))
	for j := range moved {
		for i, n := range common(j) {
			moved[i] = moved[i] || n > own[i]
			moved[j] = moved[j] || n > own[j]
		}
	}
	return moved
}

// mayBe reports whether b may be a after a change. If their identities differ, more than half of the
// other keys must have the same values.
func mayBe(a, b *Node) bool {
	key, x := identity(a)
	other, y := identity(b)
	if x == nil || y == nil || key != other {
		return true
	}
	same := 0
	for i, j := range pairKeys(a, b) {
		if j >= 0 && a.Entries[i].Value != x && Same(a.Entries[i].Value, b.Entries[j].Value) {
			same++
		}
	}
	rest := max(len(a.Entries), len(b.Entries)) - 1
	return rest == 0 || 2*same > rest
}

// structure adds the insertions, deletions and moves. Between two elements that stay, new elements
// replace deleted ones, so that blank lines and comments that belong to no element keep their
// positions.
func (l *listDiff) structure() {
	unsure := slices.Contains(l.to, -1) && slices.Contains(l.from, -1)
	i, j := 0, 0
	for _, p := range append(l.anchors(), [2]int{len(l.to), len(l.from)}) {
		for ; i < p[0]; i++ {
			if j < p[1] {
				l.come(i, j)
				j++
			}
			if l.to[i] < 0 {
				l.ops = append(l.ops, Op{Kind: Delete, Path: slices.Clone(l.step(i)), Unsure: unsure || l.twin(i)})
			}
		}
		for ; j < p[1]; j++ {
			l.come(i, j)
		}
		i, j = p[0]+1, p[1]+1
	}
}

// come inserts element j of b, or moves it, before element i of a.
func (l *listDiff) come(i, j int) {
	if from := l.from[j]; from >= 0 {
		l.ops = append(l.ops, Op{Kind: Move, Path: slices.Clone(l.step(from)), To: i})
		return
	}
	l.add(Insert, l.step(i), l.b.Entries[j].Value)
}

// twin reports whether a neighbour of the element at i is equal to it. Then it is unknown which of
// the two was deleted.
func (l *listDiff) twin(i int) bool {
	for _, k := range []int{i - 1, i + 1} {
		if k >= 0 && k < len(l.to) && Same(l.a.Entries[i].Value, l.a.Entries[k].Value) {
			return true
		}
	}
	return false
}

// anchors gives the pairs that do not move: the pairs that kept their rank among all pairs, as in a
// swap. If many more would move by that rule, it gives a longest sequence of pairs that are in order
// in both lists.
func (l *listDiff) anchors() [][2]int {
	rank := make([]int, len(l.to)) // of each paired element of a among the paired elements
	n := 0
	for i, j := range l.to {
		if j >= 0 {
			rank[i] = n
			n++
		}
	}
	var kept [][2]int
	at := 0
	for j, i := range l.from {
		if i >= 0 {
			if rank[i] == at {
				kept = append(kept, [2]int{i, j})
			}
			at++
		}
	}
	rising := rising(l.from)
	if n-len(kept) <= 2*(n-len(rising)) {
		return kept
	}
	anchors := make([][2]int, len(rising))
	for k, j := range rising {
		anchors[k] = [2]int{l.from[j], j}
	}
	return anchors
}

// rising gives the indices of a longest rising sequence of the numbers in list that
// are not negative.
func rising(list []int) []int {
	var ends []int // the index where the best sequence of each length ends
	before := make([]int, len(list))
	for j, v := range list {
		if v < 0 {
			continue
		}
		k, _ := slices.BinarySearchFunc(ends, v, func(at, v int) int { return list[at] - v })
		before[j] = -1
		if k > 0 {
			before[j] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, j)
		} else {
			ends[k] = j
		}
	}
	out := make([]int, len(ends))
	for k := len(ends) - 1; k >= 0; k-- {
		if k == len(ends)-1 {
			out[k] = ends[k]
		} else {
			out[k] = before[out[k+1]]
		}
	}
	return out
}
