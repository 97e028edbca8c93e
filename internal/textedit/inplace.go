package textedit

// Identity gives the key, in lower case, and the value by which [Diff] knows an element
// of a list before it looks for a key that tells all elements apart. It looks for one
// only if every element has no identity, or one that another element of its list has.
func Identity(n *Node) (key string, value *Node) { return identity(n) }

// InPlace reports whether elements of a list, at the only places where two encodings of
// it differ, are the same elements in both for sure, so that [Diff] pairs them whatever
// the others are. The lists have the same length; old and new give what is at these
// places, in order. A [Comparer] may then put a scalar of the type [TypeSame] for each of
// the others, every one with a Value of its own.
func InPlace(old, new []*Node) bool {
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
