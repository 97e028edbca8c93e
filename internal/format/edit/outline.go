package edit

import "slices"

// Outliner is a [Format] that can leave out the parts of a tree that an edit does not need. So only a
// small part of a large text becomes nodes. A part that was left out is the same in two texts if its
// bytes are the same.
//
// Outline is Parse if like is nil. Otherwise it walks through the text and like together:
//
//   - If like has a scalar of the type [TypeSame], the value is left out. The document has
//     a scalar of that type with the value's position. Its Value is different for different
//     bytes. The document does not have the comments in the value. A scalar may be read instead.
//   - If like has a Map, it says which entries are needed: entries with the same key, or else entries
//     whose keys differ only in case. Only the keys of the other entries are read.
//   - If like has a List, it says the same of the elements, if the text's list has as many.
//   - Every other value is read whole, and so is a value for which like has nil.
//
// Indirect is right for the whole text, with one exception: duplicate keys in a part that is left out
// may not be noticed.
type Outliner interface {
	Format
	Outline(text []byte, like *Node) (*Document, error)
}

// outline gives the like of an Outline: the parts of the text that the operations touch.
func outline(ops []Op) *Node {
	root := Nothing
	for _, op := range ops {
		root = reach(root, op.Path, op.Kind)
		if op.Kind == Rename {
			to := op.Path[len(op.Path)-1]
			to.Key = op.Key
			root = reach(root, append(slices.Clone(op.Path[:len(op.Path)-1]), to), Set)
		}
	}
	return root
}

// reach adds a path to a like: the collections on the path are needed, and the value at its end
// whole.
func reach(n *Node, path []Step, kind OpKind) *Node {
	if len(path) == 0 || n == nil {
		return nil
	}
	s := path[0]
	if n.Kind == Scalar {
		if n = (&Node{Kind: Map}); s.Key == nil {
			n = &Node{Kind: List, Entries: make([]Entry, len(s.old.Entries))}
			for i := range n.Entries {
				n.Entries[i].Value = Nothing
			}
		}
	}
	i := s.Index
	if s.Key != nil {
		if i = slices.IndexFunc(n.Entries, func(e Entry) bool { return sameKey(e.Key, s.Key) }); i < 0 {
			i = len(n.Entries)
			n.Entries = append(n.Entries, Entry{Key: s.Key, Value: Nothing})
		}
	} else if len(path) == 1 && kind == Insert {
		return n // before an element that is not needed itself
	}
	n.Entries[i].Value = reach(n.Entries[i].Value, path[1:], kind)
	return n
}

// parseLike reads a text that should differ from doc only by a change. It leaves out the same parts.
func parseLike(f Format, text []byte, doc *Document, like *Node) (*Document, error) {
	if !doc.outlined {
		return f.Parse(text)
	}
	next, err := f.(Outliner).Outline(text, like)
	if err == nil {
		next.outlined = true
	}
	return next, err
}
