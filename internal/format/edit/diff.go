package edit

import "slices"

// OpKind says what an [Op] does at its path.
type OpKind uint8

const (
	Set    OpKind = iota // changes the value of an entry
	Insert               // adds a key, or an element before the element at the index; the list's length appends
	Delete               // deletes the entry
	Move                 // moves the element before another element of its list, with all that belongs to it
	Rename               // gives the entry another key
)

func (k OpKind) String() string {
	return [...]string{"set", "insert", "delete", "move", "rename"}[k]
}

// Op is one difference between two trees. All paths are paths of the old
// tree, so the operations of one [Diff] belong together.
type Op struct {
	Kind   OpKind
	Path   []Step // empty for the root, which can only be set
	Value  *Node  // the value to set or insert; for a Rename the value of both keys
	Key    *Node  // the new key of a Rename
	To     int    // the target of a Move, like the index of an Insert
	Unsure bool   // for a Delete: a new entry may be the deleted one, so its comments and unknown keys count as lost
}

// Step goes from a collection to one of its entries.
type Step struct {
	Key   *Node // in a Map
	Index int   // in a List, counted in the old tree

	old, new *Node // the collections the step is taken in
}

// Diff gives the operations that change old into new. Insertions are in the order of new. The order
// of keys alone is no difference.
func Diff(old, new *Node) []Op { return diff(old, new, nil) }

// diff is [Diff] with a function that counts the comments and unknown keys of an element, which the
// encoding does not have.
func diff(old, new *Node, weigh func(path []Step, encoded *Node) int) []Op {
	d := differ{weigh: weigh}
	if !Equal(old, new) { // most trees are equal, and Equal needs no hashes
		d.node(nil, old, new)
		resettle(d.ops)
	}
	return d.ops
}

type differ struct {
	ops   []Op
	weigh func(path []Step, encoded *Node) int
}

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
	renamed := d.renamed(a, b, kept, match)
	for i, e := range a.Entries {
		at := append(path, Step{Key: e.Key, old: a, new: b})
		switch j, found := renamed.of[i]; {
		case found:
			d.ops = append(d.ops, Op{Kind: Rename, Path: slices.Clone(at), Key: b.Entries[j].Key, Value: b.Entries[j].Value})
		case !kept[i]:
			d.ops = append(d.ops, Op{Kind: Delete, Path: slices.Clone(at), Unsure: renamed.unsure[i]})
		}
	}
	for j, e := range b.Entries {
		at := append(path, Step{Key: e.Key, old: a, new: b})
		switch {
		case renamed.to[j]:
		case match[j] < 0:
			d.add(Insert, at, e.Value)
		default:
			d.node(at, a.Entries[match[j]].Value, e.Value)
		}
	}
}
