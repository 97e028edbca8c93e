package yaml

import (
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// decodeDocument stores what doc holds in v, without parsing its text again. A yaml.Node
// in v is part of doc then: it is not to be changed. Shown says that v shows its
// nodes to somebody, as a yaml.Node or to a method.
func decodeDocument(doc *edit.Document, v any, shown bool) error {
	return decodeNode(doc.Data.(*layout).root, v, shown)
}

// decodeNode is decodeDocument of a document node, or of none.
func decodeNode(root *yaml.Node, v any, shown bool) error {
	if root.IsZero() {
		return nil // as the decoder leaves v where there is no document
	}
	if err := bound(root, !shown); err != nil {
		return err
	}
	if !shown {
		root = divided(root)
	}
	return root.Decode(v)
}

const (
	// manyKeys is from when on a mapping is divided.
	manyKeys = 256
	// partKeys is how many keys each part then has.
	partKeys = 64
)

// divided is n with each mapping of many keys as the merge of small ones, which
// decodes to the same: yaml.v3 compares every key with every other one of its
// mapping, which takes longest of all in a large file. Nothing of n is changed.
func divided(n *yaml.Node) *yaml.Node {
	content, changed := n.Content, false
	for i, c := range n.Content {
		d := divided(c)
		if d == c {
			continue
		}
		if !changed {
			content, changed = slices.Clone(content), true
		}
		content[i] = d
	}
	if n.Kind == yaml.MappingNode && len(content) > 2*manyKeys && distinct(n) {
		content, changed = parts(content), true
	}
	if !changed {
		return n
	}
	copied := *n
	copied.Content = content
	return &copied
}

// distinct reports whether the keys of a mapping are strings, all different, and
// none of them the key that merges, or quoted the same.
func distinct(n *yaml.Node) bool {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || key.Value == "<<" || seen[key.Value] {
			return false
		}
		seen[key.Value] = true
	}
	return true
}

// parts is the content of a mapping that merges small ones with these entries.
func parts(entries []*yaml.Node) []*yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for len(entries) > 0 {
		n := min(len(entries), 2*partKeys)
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: entries[:n:n]})
		entries = entries[n:]
	}
	return []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!merge", Value: "<<"}, list}
}
