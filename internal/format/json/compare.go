package json

import (
	"bytes"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// maxCompared is the largest number of nested objects that are compared entry by entry. A deeper object
// is read whole, since each level is scanned once more.
const maxCompared = 32

// Compare reads two encodings. It skips the values of an object that have the same spelling in
// both, since most of a large value does not change. It skips equal elements of a list too, if it is
// certain that no element was moved.
func (f grammar) Compare(old, new []byte) (a, b *edit.Node, err error) {
	if a, b = newComparison(old, new).values(span{0, len(old)}, span{0, len(new)}, 0); a != nil {
		return a, b, nil
	}
	if a, err = f.whole(old); err == nil {
		b, err = f.whole(new)
	}
	return a, b, err
}

func (f grammar) whole(text []byte) (*edit.Node, error) {
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Effective()
}

// comparison holds two encodings and their common prefix and suffix.
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

// values gives the trees of two values, or nil if they must be read whole.
func (c *comparison) values(v, w span, depth int) (a, b *edit.Node) {
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
func (c *comparison) objects(old, new []entry, same twins, depth int) (a, b *edit.Node) {
	before := make(map[string]*entry)
	for i := same.first; i < len(old)-same.last; i++ {
		before[string(c.old.of(old[i].key))] = &old[i]
	}
	common := edit.NewScalar(edit.TypeSame, "")
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
	a, b = &edit.Node{Kind: edit.Map}, &edit.Node{Kind: edit.Map}
	a.Entries = make([]edit.Entry, 0, len(old))
	for i, e := range old {
		if i < same.first || i >= len(old)-same.last {
			e.node = common
		}
		a.Entries = append(a.Entries, c.old.entry(e))
	}
	b.Entries = append(make([]edit.Entry, 0, len(new)), a.Entries[:same.first]...)
	for _, e := range new[same.first : len(new)-same.last] {
		b.Entries = append(b.Entries, c.new.entry(e))
	}
	b.Entries = append(b.Entries, a.Entries[len(old)-same.last:]...)
	if !readable(a) || !readable(b) || repeats(a) || repeats(b) {
		return nil, nil
	}
	return a, b
}

// entry reads the value of an entry that has no node yet.
func (x *side) entry(e entry) edit.Entry {
	if e.node == nil {
		e.node = x.read(e.value)
	}
	return edit.Entry{Key: x.read(e.key), Value: e.node}
}

// readable reports whether all entries of an object were read.
func readable(n *edit.Node) bool {
	return !slices.ContainsFunc(n.Entries, func(e edit.Entry) bool { return e.Key == nil || e.Value == nil })
}

// lists gives the trees of two lists without the elements that are in both. It returns nil
// if these can't be found, or if the values are no lists.
func (c *comparison) lists(v, w span) (a, b *edit.Node) {
	old, new, _ := c.entries(v, w, '[')
	if new == nil {
		return nil, nil
	}
	return edit.CompareLists(c.old.elements(old), c.new.elements(new), func(i int, isNew bool) *edit.Node {
		if isNew {
			return c.new.read(new[i].value)
		}
		return c.old.read(old[i].value)
	})
}

func (x *side) elements(entries []entry) []edit.Element {
	elements := make([]edit.Element, len(entries))
	for i, e := range entries {
		elements[i].Text = x.of(e.value)
	}
	return elements
}

// both gives the two trees, or nil if one is missing.
func both(a, b *edit.Node) (*edit.Node, *edit.Node) {
	if a == nil || b == nil {
		return nil, nil
	}
	return a, b
}
