package edit

import (
	"bytes"
	"slices"
	"strconv"
)

// Element is an element of a list in one of two encodings that a [Comparer] compares.
type Element struct {
	Text []byte // what the encoder has written for it, the same for the same value
	Node *Node  // stands for it in both lists; nil if it is to be read
	Read bool   // Node was made of Text, which the caller says when it has done so
}

// CompareLists gives the trees of two lists without the elements that are in both, of which
// [Diff] makes what it would of the whole lists. Read makes the nodes of those that are
// not, the i-th of the old or the new list; it gives nil for one that it can't read. CompareLists gives nil if the lists have
// to be read whole.
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
// [TypeSame]. It leaves out those alone for which [Diff] pairs the same elements as if it
// had read them all:
//   - An element has changed, and no other one has.
//   - Elements have only come, only gone or only moved, and no other element is the same
//     as one of them.
//   - Some have come and others gone, and no other element is the same as one of them.
//
// Of the first and the last that is sure only if [Sure] says so when the others are read.
// It reports false for every other pair of lists, which have to be read whole.
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

// share has elements with the same text stand for one another, under names from n on.
func share(old, new []Element, n int) {
	nodes := make([]Node, len(old))
	for i := range nodes {
		nodes[i] = Node{Kind: Scalar, Type: TypeSame, Value: strconv.Itoa(n + i)}
		old[i].Node, new[i].Node = &nodes[i], &nodes[i]
	}
}

// twins are the elements of two lists with the same text.
type twins struct {
	old, new []*Element
	moved    bool // they are not at the same places in both
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

// middle shares what is in both parts of two lists, between what they begin and end
// with alike. It reports false if the lists have to be read whole.
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

// Sure reports whether [Diff] pairs the elements that were read of two lists whatever is
// in the ones that [Twins] has left out.
func Sure(old, new []Element) bool {
	before, after := whatWasRead(old), whatWasRead(new)
	if len(before) == 0 || len(after) == 0 {
		return true
	}
	return slices.EqualFunc(old, new, func(x, y Element) bool { return x.Read == y.Read }) && inPlace(before, after)
}

func whatWasRead(elements []Element) (nodes []*Node) {
	for _, e := range elements {
		if e.Read {
			nodes = append(nodes, e.Node)
		}
	}
	return nodes
}

// inPlace reports whether elements of two lists, at the only places where these differ,
// are the same elements in both for sure, so that Diff pairs them whatever the others
// are. Old and new give what is at these places, in order.
func inPlace(old, new []*Node) bool {
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

// Identity gives the key, in lower case, and the value by which [Diff] knows an element
// of a list before it looks for a key that tells all elements apart. It looks for one
// only if every element has no identity, or one that another element of its list has.
func Identity(n *Node) (key string, value *Node) { return identity(n) }
