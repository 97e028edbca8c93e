package edit

import "strings"

// find gives the indices of the entries of n that the decoder uses for the
// key of step s. The entry that counts is the last.
func (r KeyRule) find(n *Node, s Step) []int {
	var exact, spelled, folded []int
	for i, e := range n.Entries {
		if e.Key != nil && e.Key.Kind == Alias && e.Key.Target != nil {
			e.Key = e.Key.Target
		}
		switch {
		case e.Merge:
		case sameKey(e.Key, s.Key):
			exact = append(exact, i)
			folded = append(folded, i)
		case e.Key.Kind != Scalar || s.Key.Kind != Scalar:
		case e.Key.Text == s.Key.Text:
			if !s.claims(e.Key) {
				spelled = append(spelled, i)
			}
		case r != MatchExact && strings.EqualFold(e.Key.Text, s.Key.Text):
			if !s.claims(e.Key) {
				folded = append(folded, i)
			}
		}
	}
	switch {
	case r == MatchFoldLast || len(exact)+len(spelled) == 0:
		return folded
	case len(exact) > 0:
		return exact
	}
	return spelled
}

// claims reports whether another key of the encodings is exactly k.
func (s Step) claims(k *Node) bool {
	for _, n := range []*Node{s.old, s.new} {
		if n == nil || n.Kind != Map {
			continue
		}
		for _, e := range n.Entries {
			if e.Key != s.Key && sameKey(e.Key, k) && !sameKey(e.Key, s.Key) {
				return true
			}
		}
	}
	return false
}

func sameKey(a, b *Node) bool {
	if a.Kind == Scalar && b.Kind == Scalar {
		return a.Value == b.Value && a.Type == b.Type
	}
	return Same(a, b)
}
