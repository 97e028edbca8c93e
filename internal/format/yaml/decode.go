package yaml

import (
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// decodeDocument stores the value of doc in v, without parsing the text again. A yaml.Node in v is a part
// of doc then, and must not be changed. shown says that the nodes are passed to the program, as a
// yaml.Node or to a method.
func decodeDocument(doc *edit.Document, v any, shown bool) error {
	return decodeNode(doc.Data.(*layout).root, v, shown)
}

// decodeNode is decodeDocument for a document node, or nil for an empty document.
func decodeNode(root *yaml.Node, v any, shown bool) error {
	if root.IsZero() {
		return nil // the decoder does not change v if there is no document
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
	// manyKeys is the number of keys from which on a mapping is divided.
	manyKeys = 256
	// partKeys is the number of keys of each part.
	partKeys = 64
)

// divided gives a copy of n in which each mapping with many keys is a merge of small mappings. It decodes
// to the same value, and faster: yaml.v3 compares every key with every other key of its mapping,
// which takes most of the time for a large file. n is not changed.
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

// distinct reports whether the keys of a mapping are different strings, and none of them is the merge
// key, plain or quoted.
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

// parts gives the content of a mapping that merges small mappings with these entries.
func parts(entries []*yaml.Node) []*yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for len(entries) > 0 {
		n := min(len(entries), 2*partKeys)
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: entries[:n:n]})
		entries = entries[n:]
	}
	return []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!merge", Value: "<<"}, list}
}
