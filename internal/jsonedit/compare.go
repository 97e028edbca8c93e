package jsonedit

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// maxCompared is how many objects inside one another are compared entry by entry. Each
// level is passed over once more, so a deeper one is read whole.
const maxCompared = 32

// Compare reads two encodings. The values of an object that are spelled the same in
// both are passed over: most of a large value does not change. So are the elements of a
// list, if none can have moved.
func (f format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	if a, b = newComparison(old, new).values(span{0, len(old)}, span{0, len(new)}, 0); a != nil {
		return a, b, nil
	}
	if a, err = f.whole(old); err == nil {
		b, err = f.whole(new)
	}
	return a, b, err
}

func (f format) whole(text []byte) (*textedit.Node, error) {
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Effective()
}

// comparison is one of two encodings, which begin and end alike.
type comparison struct {
	old, new       *side
	prefix, suffix int // how many bytes are the same
}

func newComparison(old, new []byte) *comparison {
	c := &comparison{old: newSide(old), new: newSide(new)}
	c.prefix = prefix(old, new)
	c.suffix = suffix(old[c.prefix:], new[c.prefix:])
	return c
}

// values gives the trees of two values, or nil if that takes a reading of the whole.
func (c *comparison) values(v, w span, depth int) (a, b *textedit.Node) {
	if depth < maxCompared {
		if old, new, same := c.entries(v, w, '{'); new != nil {
			return c.objects(old, new, same, depth)
		}
		if a, b = c.lists(v, w); a != nil {
			return a, b
		}
	}
	return both(c.old.read(v), c.new.read(w))
}

// objects gives the trees of two objects.
func (c *comparison) objects(old, new []entry, same twins, depth int) (a, b *textedit.Node) {
	before := make(map[string]*entry)
	for i := same.first; i < len(old)-same.last; i++ {
		before[string(c.old.of(old[i].key))] = &old[i]
	}
	common := textedit.NewScalar(textedit.TypeSame, "")
	for i := same.first; i < len(new)-same.last; i++ {
		e := &new[i]
		switch o := before[string(c.new.of(e.key))]; {
		case o == nil || o.node != nil:
		case bytes.Equal(c.old.of(o.value), c.new.of(e.value)):
			o.node, e.node = common, common
		default:
			if o.node, e.node = c.values(o.value, e.value, depth+1); o.node == nil {
				return nil, nil
			}
		}
	}
	a, b = &textedit.Node{Kind: textedit.Map}, &textedit.Node{Kind: textedit.Map}
	a.Entries = make([]textedit.Entry, 0, len(old))
	for i, e := range old {
		if i < same.first || i >= len(old)-same.last {
			e.node = common
		}
		a.Entries = append(a.Entries, c.old.entry(e))
	}
	b.Entries = append(make([]textedit.Entry, 0, len(new)), a.Entries[:same.first]...)
	for _, e := range new[same.first : len(new)-same.last] {
		b.Entries = append(b.Entries, c.new.entry(e))
	}
	b.Entries = append(b.Entries, a.Entries[len(old)-same.last:]...)
	if !readable(a) || !readable(b) || repeats(a) || repeats(b) {
		return nil, nil
	}
	return a, b
}

// entry reads what has no node yet.
func (x *side) entry(e entry) textedit.Entry {
	if e.node == nil {
		e.node = x.read(e.value)
	}
	return textedit.Entry{Key: x.read(e.key), Value: e.node}
}

// readable reports whether all entries of an object were read.
func readable(n *textedit.Node) bool {
	return !slices.ContainsFunc(n.Entries, func(e textedit.Entry) bool { return e.Key == nil || e.Value == nil })
}

// lists gives the trees of two lists of which some elements differ, but none has come,
// gone or moved for sure. It gives nil for all others.
func (c *comparison) lists(v, w span) (a, b *textedit.Node) {
	old, new, _ := c.entries(v, w, '[')
	if new == nil || len(old) != len(new) { // nil where there is no list
		return nil, nil
	}
	var before, after []*textedit.Node
	same := sameNodes(len(old))
	for i := range old {
		o, e := &old[i], &new[i]
		if bytes.Equal(c.old.of(o.value), c.new.of(e.value)) {
			o.node, e.node = &same[i], &same[i]
			continue
		}
		if o.node, e.node = both(c.old.read(o.value), c.new.read(e.value)); o.node == nil || 2*len(before) > len(old) {
			return nil, nil
		}
		before, after = append(before, o.node), append(after, e.node)
	}
	if !textedit.InPlace(before, after) {
		return nil, nil
	}
	return list(old), list(new)
}

// sameNodes makes scalars for what two lists have in common, every one with another Value.
func sameNodes(count int) []textedit.Node {
	numbers := make([]byte, 0, 4*count)
	for i := range count {
		numbers = binary.BigEndian.AppendUint32(numbers, uint32(i))
	}
	values := string(numbers)
	nodes := make([]textedit.Node, count)
	for i := range nodes {
		nodes[i] = textedit.Node{Kind: textedit.Scalar, Type: textedit.TypeSame, Value: values[4*i : 4*i+4]}
	}
	return nodes
}

func list(elements []entry) *textedit.Node {
	n := &textedit.Node{Kind: textedit.List, Entries: make([]textedit.Entry, len(elements))}
	for i, e := range elements {
		n.Entries[i].Value = e.node
	}
	return n
}

// both gives two trees or none.
func both(a, b *textedit.Node) (*textedit.Node, *textedit.Node) {
	if a == nil || b == nil {
		return nil, nil
	}
	return a, b
}
