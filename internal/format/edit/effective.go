package edit

import "github.com/holdfast-go/holdfast/errors"

// maxExpanded is the largest number of nodes that a document may have after every alias was
// replaced by its target.
const maxExpanded = 4 << 20

// effective makes nodes without aliases, merges and duplicate keys, each once.
type effective struct {
	done map[*Node]*Node
	size map[*Node]int

	endless bool // a node contains itself
}

// Effective gives the value of the document as a decoder sees it. Aliases are replaced by their
// targets, merges are carried out, and of duplicate keys the last counts. It fails
// if the value is too large.
func (doc *Document) Effective() (*Node, error) {
	if !doc.Indirect {
		return doc.Root, nil
	}
	e := newEffective()
	root := e.node(doc.Root)
	if e.endless {
		return nil, errors.New("an alias in it refers to what it is part of")
	}
	if e.count(root) > maxExpanded {
		return nil, errors.New("its aliases expand to more than can be edited")
	}
	return root, nil
}

func newEffective() *effective {
	return &effective{done: make(map[*Node]*Node), size: make(map[*Node]int)}
}

func (e *effective) node(n *Node) *Node {
	if n.Kind == Scalar {
		return plainScalar(n)
	}
	if r, ok := e.done[n]; ok {
		if r == nil {
			e.endless = true
			return n
		}
		return r
	}
	e.done[n] = nil
	var r *Node
	switch {
	case n.Kind == Alias && n.Target != nil:
		r = e.node(n.Target)
	case n.Kind == Map:
		r = e.mapping(n)
	default:
		r = e.list(n)
	}
	e.done[n] = r
	return r
}

func plainScalar(n *Node) *Node {
	if n.Anchor == "" {
		return n
	}
	c := *n
	c.Anchor, c.hash = "", 0
	return &c
}

func (e *effective) list(n *Node) *Node {
	r := &Node{Kind: n.Kind, Type: n.Type, Value: n.Value, Entries: make([]Entry, len(n.Entries))}
	for i, x := range n.Entries {
		r.Entries[i].Value = e.node(x.Value)
	}
	return r
}

func (e *effective) mapping(n *Node) *Node {
	r := &Node{Kind: Map, Type: n.Type}
	have := make(map[uint64][]int)
	put := func(key, value *Node, over bool) {
		h := key.sum()
		for _, i := range have[h] {
			if sameKey(r.Entries[i].Key, key) {
				if over {
					r.Entries[i].Value = value
				}
				return
			}
		}
		have[h] = append(have[h], len(r.Entries))
		r.Entries = append(r.Entries, Entry{Key: key, Value: value})
	}
	for _, x := range n.Entries {
		if !x.Merge {
			put(e.node(x.Key), e.node(x.Value), true)
		}
	}
	for _, x := range n.Entries {
		if x.Merge {
			for _, m := range e.sources(x.Value) {
				put(m.Key, m.Value, false)
			}
		}
	}
	return r
}

// sources gives the entries that a merge adds. Of entries with the same key the first counts.
func (e *effective) sources(value *Node) []Entry {
	n := e.node(value)
	switch n.Kind {
	case Map:
		return n.Entries
	case List:
		var all []Entry
		for _, x := range n.Entries {
			if x.Value.Kind == Map {
				all = append(all, x.Value.Entries...)
			}
		}
		return all
	}
	return nil
}

// count gives the number of nodes of n as a tree. It stops a little above maxExpanded.
func (e *effective) count(n *Node) int {
	if c, ok := e.size[n]; ok {
		return c
	}
	c := 1
	for _, x := range n.Entries {
		c = min(c+e.count(x.Value), maxExpanded+1)
	}
	e.size[n] = c
	return c
}
