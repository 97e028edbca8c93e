package edit

import "slices"

// Outliner is a [Format] that can leave out of a tree what an edit need not know. So a
// large text is not held as nodes, and what was left out is the same in two texts if
// its bytes are.
//
// Outline is Parse for a nil like. Else it goes through the text and like together:
//
//   - A scalar of the type [TypeSame] in like says that the value is not needed. It
//     becomes such a scalar too, whose Value is different for different bytes; it has
//     its place in the text, and the comments in it are not among those of the document.
//     A scalar may be read instead.
//   - A Map in like says which entries are needed: those with the same key, else those
//     whose keys differ in case only. The others are left out but for their keys.
//   - A List in like says so of its elements, if the text's list has as many.
//   - Every other value, and what a nil in like stands for, is read whole.
//
// Indirect is told of the whole text, except that keys may repeat where they are left out.
type Outliner interface {
	Format
	Outline(text []byte, like *Node) (*Document, error)
}

// outline says which parts of the text the operations touch.
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

// reach opens the collections on a path, and what it leads to whole.
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

// parseLike reads what is to be doc but for a change, with the same left out.
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
