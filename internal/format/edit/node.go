package edit

import (
	"hash/maphash"
	"slices"
)

// Kind is the shape of a [Node].
type Kind uint8

const (
	Scalar Kind = iota // a value without parts
	Map                // keys with values, in order
	List               // values in order
	Alias              // a reference to another node of the same document
)

// The types of scalars that the formats have in common. A format may use
// others, such as a tag of the file's owner.
const (
	TypeString = "!!str"
	TypeInt    = "!!int"
	TypeFloat  = "!!float"
	TypeBool   = "!!bool"
	TypeNull   = "!!null"
	TypeTime   = "!!timestamp"
	TypeSame   = "!same" // stands for a value that is the same in two encodings, see [Comparer]
)

// Node is one value of a document. Nodes are not changed once they are built,
// and may be part of several trees.
type Node struct {
	Kind   Kind
	Type   string // the resolved type of a scalar; for a collection, a tag in the text
	Value  string // a scalar in canonical form, equal for all spellings of one value; for an Alias, its anchor
	Text   string // a scalar as it is spelled, without quotes and escapes
	Anchor string // the name under which aliases refer to this node
	Target *Node  // the node that an Alias refers to

	Entries []Entry // the parts of a Map or a List

	Start, End int // the bytes of the value in the text; both 0 in a node that is not from a text
	Data       any // belongs to the format

	hash uint64
}

// Entry is one part of a collection.
type Entry struct {
	Key   *Node // nil in a List
	Value *Node
	Merge bool // the value's entries count as entries of this map, unless it has its own

	Moved *Moved // for an entry that a Patch inserts: the moved element of the text; nil if the entry is new
}

// NewScalar makes a scalar that is not from a text.
func NewScalar(typ, value string) *Node {
	return &Node{Kind: Scalar, Type: typ, Value: value, Text: value}
}

// IsNull reports whether n is the null of its format, or an absent value.
func (n *Node) IsNull() bool { return n.Kind == Scalar && n.Type == TypeNull }

// Equal reports whether two trees are the same in kind, type, value, anchor and order.
func Equal(a, b *Node) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Kind != b.Kind || a.Type != b.Type || a.Value != b.Value || a.Anchor != b.Anchor {
		return false
	}
	return slices.EqualFunc(a.Entries, b.Entries, func(x, y Entry) bool {
		return x.Merge == y.Merge && Equal(x.Key, y.Key) && Equal(x.Value, y.Value)
	})
}

// Same reports whether two trees hold the same data. Unlike in [Equal], the order
// of keys and the names of anchors do not count.
func Same(a, b *Node) bool {
	if a == b {
		return true
	}
	if a.Kind != b.Kind || a.Type != b.Type || a.Value != b.Value || len(a.Entries) != len(b.Entries) || a.sum() != b.sum() {
		return false
	}
	if a.Kind == Map {
		match := pairKeys(a, b)
		for i, j := range match {
			if j < 0 || !Same(a.Entries[i].Value, b.Entries[j].Value) {
				return false
			}
		}
		return true
	}
	return slices.EqualFunc(a.Entries, b.Entries, func(x, y Entry) bool { return Same(x.Value, y.Value) })
}

var seed = maphash.MakeSeed()

// sum is a hash of the data under n; the order of keys does not count.
func (n *Node) sum() uint64 {
	if n.hash != 0 {
		return n.hash
	}
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteByte(byte(n.Kind))
	h.WriteString(n.Type)
	h.WriteByte(0)
	h.WriteString(n.Value)
	var unordered uint64
	for _, e := range n.Entries {
		if n.Kind == List {
			maphash.WriteComparable(&h, e.Value.sum())
			continue
		}
		unordered += maphash.Comparable(seed, [2]uint64{e.Key.sum(), e.Value.sum()})
	}
	maphash.WriteComparable(&h, unordered)
	n.hash = h.Sum64() | 1
	return n.hash
}

// pairKeys gives for each entry of map a the entry of map b with the same key,
// or -1. Equal keys are paired in their order.
func pairKeys(a, b *Node) []int {
	match := make([]int, len(a.Entries))
	var later map[uint64][]int
	for i, e := range a.Entries {
		if later == nil && i < len(b.Entries) && Equal(e.Key, b.Entries[i].Key) {
			match[i] = i
			continue
		}
		if later == nil {
			later = make(map[uint64][]int, len(b.Entries)-min(i, len(b.Entries)))
			for j := i; j < len(b.Entries); j++ {
				h := b.Entries[j].Key.sum()
				later[h] = append(later[h], j)
			}
		}
		match[i] = takeKey(later, e.Key, b)
	}
	return match
}

func takeKey(from map[uint64][]int, key *Node, b *Node) int {
	h := key.sum()
	for at, j := range from[h] {
		if Same(key, b.Entries[j].Key) {
			from[h] = slices.Delete(slices.Clone(from[h]), at, at+1)
			return j
		}
	}
	return -1
}
