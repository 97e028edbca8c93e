package edittest

import "github.com/holdfast-go/holdfast/internal/format/edit"

// value makes a new value: often a scalar, else one like those in n, or a small collection.
func (x *trial) value(n *edit.Node) *edit.Node {
	if n != nil && len(n.Entries) > 0 && x.rand.IntN(2) == 0 {
		return x.vary(n.Entries[x.rand.IntN(len(n.Entries))].Value)
	}
	switch x.rand.IntN(6) {
	case 0:
		list := &edit.Node{Kind: edit.List}
		for range x.rand.IntN(4) {
			list.Entries = append(list.Entries, edit.Entry{Value: x.Scalar(x.rand)})
		}
		return list
	case 1:
		m := &edit.Node{Kind: edit.Map}
		for range x.rand.IntN(4) {
			m.Entries = append(m.Entries, edit.Entry{Key: x.Key(x.rand, m), Value: x.Scalar(x.rand)})
		}
		return m
	}
	return x.Scalar(x.rand)
}

// vary copies n with other scalars.
func (x *trial) vary(n *edit.Node) *edit.Node {
	if n.Kind == edit.Scalar {
		return x.Scalar(x.rand)
	}
	c := &edit.Node{Kind: n.Kind, Type: n.Type}
	for _, e := range n.Entries {
		if x.rand.IntN(3) == 0 {
			e.Value = x.vary(e.Value)
		}
		c.Entries = append(c.Entries, e)
	}
	return c
}

// otherList drops, changes and adds elements.
func (x *trial) otherList(n *edit.Node) *edit.Node {
	c := &edit.Node{Kind: edit.List, Type: n.Type}
	for _, e := range n.Entries {
		switch x.rand.IntN(5) {
		case 0:
			continue
		case 1:
			e.Value = x.vary(e.Value)
		case 2:
			c.Entries = append(c.Entries, edit.Entry{Value: x.value(n)})
		}
		c.Entries = append(c.Entries, e)
	}
	return c
}

// mutate deletes, changes and adds about one entry in ten.
func (x *trial) mutate(n *edit.Node) *edit.Node {
	if n.Kind == edit.Scalar {
		return n
	}
	c := &edit.Node{Kind: n.Kind, Type: n.Type}
	for _, e := range n.Entries {
		switch x.rand.IntN(30) {
		case 0:
			continue
		case 1:
			e.Value = x.value(nil)
		case 2:
			added := edit.Entry{Value: x.value(n)}
			if n.Kind == edit.Map {
				used := &edit.Node{Kind: edit.Map, Entries: append(n.Entries[:len(n.Entries):len(n.Entries)], c.Entries...)}
				added = edit.Entry{Key: x.Key(x.rand, used), Value: x.value(nil)}
			}
			c.Entries = append(c.Entries, added)
		}
		e.Value = x.mutate(e.Value)
		c.Entries = append(c.Entries, e)
	}
	return c
}

// swapped exchanges two elements and changes another one, if there is one.
func (x *trial) swapped(n *edit.Node, i, j int) *edit.Node {
	c := &edit.Node{Kind: n.Kind, Type: n.Type, Entries: append([]edit.Entry(nil), n.Entries...)}
	if k := x.rand.IntN(len(c.Entries)); k != i && k != j {
		c.Entries[k].Value = x.vary(c.Entries[k].Value)
	}
	c.Entries[i], c.Entries[j] = c.Entries[j], c.Entries[i]
	return c
}

func with(n *edit.Node, at int, e edit.Entry) *edit.Node {
	c := &edit.Node{Kind: n.Kind, Type: n.Type}
	c.Entries = append(append(append(c.Entries, n.Entries[:at]...), e), n.Entries[at:]...)
	return c
}

func without(n *edit.Node, at int) *edit.Node {
	c := &edit.Node{Kind: n.Kind, Type: n.Type}
	c.Entries = append(append(c.Entries, n.Entries[:at]...), n.Entries[at+1:]...)
	return c
}

// put copies the way to path and puts n there.
func put(root *edit.Node, path []int, n *edit.Node) *edit.Node {
	if len(path) == 0 {
		return n
	}
	c := &edit.Node{Kind: root.Kind, Type: root.Type}
	c.Entries = append(c.Entries, root.Entries...)
	c.Entries[path[0]].Value = put(c.Entries[path[0]].Value, path[1:], n)
	return c
}
