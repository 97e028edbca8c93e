package textedit

import "slices"

// OpKind says what an [Op] does with the place its path names.
type OpKind uint8

const (
	Set    OpKind = iota // another value in a place that is there
	Insert               // a new key, or a new element before the one at the index; the list's length appends
	Delete               // the entry goes
)

func (k OpKind) String() string { return [...]string{"set", "insert", "delete"}[k] }

// Op is one difference between two trees. All paths name places of the old
// tree, so the operations of one [Diff] belong together.
type Op struct {
	Kind  OpKind
	Path  []Step // empty for the root, which can only be set
	Value *Node  // what to set or insert
}

// Step goes from a collection to one of its entries.
type Step struct {
	Key   *Node // in a Map
	Index int   // in a List, counted in the old tree

	old, new *Node // the collections the step is taken in
}

// Diff gives the operations that make old into new, in the order of new where
// they insert. The order of keys alone is no difference.
func Diff(old, new *Node) []Op {
	var d differ
	d.node(nil, old, new)
	return d.ops
}

type differ struct{ ops []Op }

func (d *differ) add(kind OpKind, path []Step, value *Node) {
	d.ops = append(d.ops, Op{kind, slices.Clone(path), value})
}

func (d *differ) node(path []Step, a, b *Node) {
	switch {
	case Same(a, b):
	case a.Kind == Map && b.Kind == Map && a.Type == b.Type:
		d.maps(path, a, b)
	case a.Kind == List && b.Kind == List && a.Type == b.Type:
		d.lists(path, a, b)
	default:
		d.add(Set, path, b)
	}
}

func (d *differ) maps(path []Step, a, b *Node) {
	match := pairKeys(b, a)
	kept := make([]bool, len(a.Entries))
	for _, i := range match {
		if i >= 0 {
			kept[i] = true
		}
	}
	for i, e := range a.Entries {
		if !kept[i] {
			d.add(Delete, append(path, Step{Key: e.Key, old: a, new: b}), nil)
		}
	}
	for j, e := range b.Entries {
		at := append(path, Step{Key: e.Key, old: a, new: b})
		if match[j] < 0 {
			d.add(Insert, at, e.Value)
			continue
		}
		d.node(at, a.Entries[match[j]].Value, e.Value)
	}
}

// lists keeps what both lists have, and between two kept elements pairs the
// old with the new ones that are most alike.
func (d *differ) lists(path []Step, a, b *Node) {
	same := align(len(a.Entries), len(b.Entries), func(i, j int) bool {
		return Same(a.Entries[i].Value, b.Entries[j].Value)
	})
	i, j := 0, 0
	for _, p := range append(same, [2]int{len(a.Entries), len(b.Entries)}) {
		d.gap(path, a, b, i, p[0], j, p[1])
		i, j = p[0]+1, p[1]+1
	}
}

// gap is a[i:iEnd] become b[j:jEnd], with nothing in common.
func (d *differ) gap(path []Step, a, b *Node, i, iEnd, j, jEnd int) {
	step := func(at int) []Step { return append(path, Step{Index: at, old: a, new: b}) }
	pairs := alike(a.Entries[i:iEnd], b.Entries[j:jEnd])
	firstI, firstJ := i, j
	for _, p := range append(pairs, [2]int{iEnd - i, jEnd - j}) {
		for ; i < firstI+p[0]; i++ {
			d.add(Delete, step(i), nil)
		}
		for ; j < firstJ+p[1]; j++ {
			d.add(Insert, step(i), b.Entries[j].Value)
		}
		if i < iEnd && j < jEnd {
			d.node(step(i), a.Entries[i].Value, b.Entries[j].Value)
		}
		i, j = i+1, j+1
	}
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
