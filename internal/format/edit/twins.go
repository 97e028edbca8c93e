package edit

import (
	"bytes"
	"slices"
	"strconv"
)

// Element is an element of a list in one of two encodings that a [Comparer] compares.
type Element struct {
	Text []byte // its encoding, the same for the same value
	Node *Node  // stands for the element in both lists; nil if it must be read
	Read bool   // the caller has made Node of Text
}

// CompareLists gives the trees of two lists without the elements that are in both. [Diff] gives the same
// result for them as for the whole lists. read makes the node of element i of the old or the new list;
// it returns nil if it can't read the element. CompareLists returns nil if the lists must be read
// whole.
func CompareLists(old, new []Element, read func(i int, new bool) *Node) (a, b *Node) {
	if !Twins(old, new) {
		return nil, nil
	}
	if a, b = treeOfList(old, read, false), treeOfList(new, read, true); a == nil || b == nil || !Sure(old, new) {
		return nil, nil
	}
	return a, b
}

func treeOfList(elements []Element, read func(i int, new bool) *Node, new bool) *Node {
	n := &Node{Kind: List, Entries: make([]Entry, len(elements))}
	for i := range elements {
		e := &elements[i]
		if e.Node == nil {
			e.Node, e.Read = read(i, new), true
		}
		if e.Node == nil {
			return nil
		}
		n.Entries[i].Value = e.Node
	}
	return n
}

// Twins finds the elements that are in both lists and gives them nodes of the type
// [TypeSame]. It does so only if [Diff] pairs the same elements as if it had read all of them. There are
// three cases:
//   - Exactly one element has changed.
//   - Elements were only added, only deleted or only moved, and no other element is equal to one of
//     them.
//   - Some elements were added and others deleted, and no other element is equal to one of them.
//
// In the first and the last case the caller must ask [Sure] when the other elements are read. Twins
// returns false for every other pair of lists; these must be read whole.
func Twins(old, new []Element) bool {
	head, tail := 0, 0
	for head < min(len(old), len(new)) && bytes.Equal(old[head].Text, new[head].Text) {
		head++
	}
	for tail < min(len(old), len(new))-head && bytes.Equal(old[len(old)-1-tail].Text, new[len(new)-1-tail].Text) {
		tail++
	}
	share(old[:head], new[:head], 0)
	share(old[len(old)-tail:], new[len(new)-tail:], head)
	from, to := old[head:len(old)-tail], new[head:len(new)-tail]
	return len(from) == 1 && len(to) == 1 || middle(from, to, old[:head], old[len(old)-tail:])
}

// share gives elements with the same text the same node. The nodes are numbered from n on.
func share(old, new []Element, n int) {
	nodes := make([]Node, len(old))
	for i := range nodes {
		nodes[i] = Node{Kind: Scalar, Type: TypeSame, Value: strconv.Itoa(n + i)}
		old[i].Node, new[i].Node = &nodes[i], &nodes[i]
	}
}

// twins are the elements of two lists that have one text.
type twins struct {
	old, new []*Element
	moved    bool // they do not have the same indices in both lists
}

// twinsOf gives the elements of two lists by their texts.
func twinsOf(from, to []Element) map[string]*twins {
	all := make(map[string]*twins, len(from))
	at := func(list, other []Element, i int) *twins {
		t := all[string(list[i].Text)]
		if t == nil {
			t = new(twins)
			all[string(list[i].Text)] = t
		}
		t.moved = t.moved || i >= len(other) || !bytes.Equal(list[i].Text, other[i].Text)
		return t
	}
	for i := range from {
		t := at(from, to, i)
		t.old = append(t.old, &from[i])
	}
	for i := range to {
		t := at(to, from, i)
		t.new = append(t.new, &to[i])
	}
	return all
}

// middle shares the elements that are in both lists between their common head and tail. It returns
// false if the lists must be read whole.
func middle(from, to, head, tail []Element) bool {
	all := twinsOf(from, to)
	come, gone, moved := false, false, false
	for _, t := range all {
		switch {
		case len(t.old) == len(t.new):
			moved = moved || t.moved
		case len(t.old) == 0:
			come = true
		case len(t.new) == 0:
			gone = true
		default:
			return false
		}
	}
	mixed := come && gone && (moved || len(from) != len(to))
	for _, part := range [][]Element{head, tail} {
		for _, e := range part {
			if t := all[string(e.Text)]; t != nil && (t.moved || mixed) {
				return false
			}
		}
	}
	name := len(head) + len(tail)
	for _, t := range all {
		if len(t.old) == len(t.new) {
			node := NewScalar(TypeSame, strconv.Itoa(name))
			name++
			for i := range t.old {
				t.old[i].Node, t.new[i].Node = node, node
			}
		}
	}
	return true
}

// Sure reports whether [Diff] pairs the elements that were read in the same way whatever the elements
// are that [Twins] has left out.
func Sure(old, new []Element) bool {
	before, after := whatWasRead(old), whatWasRead(new)
	if len(before) == 0 || len(after) == 0 {
		return true
	}
	return slices.EqualFunc(old, new, func(x, y Element) bool { return x.Read == y.Read }) && sameElements(before, after)
}

func whatWasRead(elements []Element) (nodes []*Node) {
	for _, e := range elements {
		if e.Read {
			nodes = append(nodes, e.Node)
		}
	}
	return nodes
}

// sameElements reports whether it is certain that the elements at the indices where two lists differ
// are the same elements in both, so that Diff pairs them whatever the other elements are. old and new
// are the elements at these indices, in order.
func sameElements(old, new []*Node) bool {
	if len(old) == 1 && mayBe(old[0], new[0]) {
		return true
	}
	seen := make(map[mark]bool, len(old))
	for i := range old {
		was, named := identityMark(old[i])
		is, _ := identityMark(new[i])
		if !named || was != is || seen[was] {
			return false
		}
		seen[was] = true
	}
	return true
}

// Identity gives the key, in lower case, and the value by which [Diff] identifies an element of a list.
// Diff tries other keys only if no element of the list has an identity of its own.
func Identity(n *Node) (key string, value *Node) { return identity(n) }
