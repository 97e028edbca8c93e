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
	From  []Step // of an inserted map that has only moved within its list: where it was
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
	if !Equal(old, new) { // as they are most often, and that takes no hash to tell
		d.node(nil, old, new)
	}
	return d.ops
}

type differ struct{ ops []Op }

func (d *differ) add(kind OpKind, path []Step, value *Node) {
	d.ops = append(d.ops, Op{Kind: kind, Path: slices.Clone(path), Value: value})
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
