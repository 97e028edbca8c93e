package edit

import (
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// Excerpter is an [Outliner] of a format in which the result of decoding a value depends only on that
// value, not on the text around it. Then the proof of an edit need not decode the whole text.
//
// Excerpt proves that the text of doc is valid from its beginning to its end, and gives a
// text with only those entries and elements that part has.
type Excerpter interface {
	Outliner
	Excerpt(doc *Document, part *Node) ([]byte, error)
}

// AppendPart writes a part of a text for an Excerpt. Values that were read are copied. A collection
// is written in brackets, with the entries that n has, and with sign between a key and its value.
func AppendPart(out, text []byte, n *Node, sign byte) []byte {
	if n.End > 0 || n.Kind == Scalar {
		return append(out, text[n.Start:n.End]...)
	}
	brackets := "[]"
	if n.Kind == Map {
		brackets = "{}"
	}
	out = append(out, brackets[0])
	for i, e := range n.Entries {
		if i > 0 {
			out = append(out, ',')
		}
		if e.Key != nil {
			out = append(append(out, text[e.Key.Start:e.Key.End]...), sign)
		}
		out = AppendPart(out, text, e.Value, sign)
	}
	return append(out, brackets[1])
}

// checkPart compares doc with the new encoding is, using only the parts of doc that were read. It
// decodes and encodes the changed part with the collections around it; all other parts are left out
// on both sides. ok is false if this proves nothing.
func checkPart(x Excerpter, doc *Document, is *Node, recode func(part []byte) ([]byte, error)) (ok bool, err error) {
	part, is := excerpt(doc.Root, is)
	if part == nil {
		return false, nil
	}
	text, err := x.Excerpt(doc, part)
	if err != nil {
		return true, err
	}
	encoded, err := recode(text)
	if err != nil {
		return true, err
	}
	got, err := x.Parse(encoded)
	if err != nil {
		return true, err
	}
	if !agrees(got.Root, is) {
		err = errors.New("the edited part of the text decodes to another value")
	}
	return true, err
}

// excerpt gives a node of a text and the node of the new encoding for it. Parts that are left out of
// one are left out of the other as well, since no operation has changed them. It returns nil if
// the two nodes do not match.
func excerpt(n, is *Node) (part, says *Node) {
	switch {
	case IsLeftOut(n) || IsLeftOut(is):
		return Nothing, Nothing
	case n.Kind == Map && is.Kind == Map:
		return excerptOfMap(n, is)
	case n.Kind == List && is.Kind == List && len(n.Entries) == len(is.Entries):
		part, says = &Node{Kind: List}, &Node{Kind: List}
		for i, e := range is.Entries {
			inner, said := excerpt(n.Entries[i].Value, e.Value)
			if inner == nil {
				return nil, nil
			}
			if inner != Nothing {
				part.Entries = append(part.Entries, Entry{Value: inner})
			}
			says.Entries = append(says.Entries, Entry{Value: said})
		}
		return part, says
	case abridged(n) || abridged(is):
		return nil, nil
	}
	return n, is
}

func excerptOfMap(n, is *Node) (part, says *Node) {
	part, says = &Node{Kind: Map}, &Node{Kind: Map, Entries: slices.Clone(is.Entries)}
	known := make(map[string]int, len(is.Entries))
	for i, e := range is.Entries {
		known[e.Key.Value] = i
	}
	for _, e := range n.Entries {
		inner := e.Value
		if i, ok := known[e.Key.Value]; ok {
			inner, says.Entries[i].Value = excerpt(inner, is.Entries[i].Value)
		} else if !IsLeftOut(inner) && abridged(inner) {
			inner = nil
		}
		switch {
		case inner == nil:
			return nil, nil
		case !IsLeftOut(inner):
			part.Entries = append(part.Entries, Entry{Key: e.Key, Value: inner})
		}
	}
	return part, says
}

// agrees reports whether n, of which only a part was decoded, equals the new encoding is, and has no
// key that is does not have. A part that is leaves out may have any value.
func agrees(n, is *Node) bool {
	switch {
	case IsLeftOut(is):
		return true
	case n.Kind == Map && is.Kind == Map:
		match := pairKeys(is, n)
		known := 0
		for i, e := range is.Entries {
			if match[i] >= 0 {
				known++
			}
			if match[i] < 0 && !saysNothing(e.Value) || match[i] >= 0 && !agrees(n.Entries[match[i]].Value, e.Value) {
				return false
			}
		}
		return known == len(n.Entries)
	case n.Kind == List && is.Kind == List:
		said := slices.DeleteFunc(slices.Clone(is.Entries), func(e Entry) bool { return IsLeftOut(e.Value) })
		return slices.EqualFunc(n.Entries, said, func(x, y Entry) bool { return agrees(x.Value, y.Value) })
	}
	return Same(n, is)
}

// saysNothing reports whether everything in n is left out. This is false for an empty collection,
// since that is a value.
func saysNothing(n *Node) bool {
	return IsLeftOut(n) || len(n.Entries) > 0 && !slices.ContainsFunc(n.Entries, func(e Entry) bool { return !saysNothing(e.Value) })
}
