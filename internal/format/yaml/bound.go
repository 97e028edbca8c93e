package yaml

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/holdfast-go/holdfast/errors"
	"gopkg.in/yaml.v3"
)

const (
	// maxLevels is the largest number of nested collections, with every alias
	// followed. yaml.v3 limits only the levels of the text itself, and overflows the stack
	// at a few hundred thousand levels.
	maxLevels = 10_000

	// maxPairs limits the pairs of keys that yaml.v3 compares: every key with every
	// other key of its mapping, about 1 ns for each pair.
	maxPairs = 4_000_000_000

	// maxRepeated limits the pairs of equal keys, since yaml.v3 adds a line to its
	// error for each of them.
	maxRepeated = 10_000

	// maxHandles limits the %TAG directives of a text, since yaml.v3 compares each
	// with every other one: 260,000 take 25 s.
	maxHandles = 10_000
)

// boundText refuses a text for which yaml.v3 would need too long to make a tree.
func boundText(text []byte) error {
	directive := []byte("%TAG")
	if bytes.Count(text, directive) <= maxHandles {
		return nil
	}
	count := 0
	for line := 1; len(text) > 0; line++ {
		if bytes.HasPrefix(text, directive) {
			if count++; count > maxHandles {
				return fmt.Errorf("line %d: there are more than %d %%TAG directives", line, maxHandles)
			}
		}
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return nil
}

// bounder finds trees for which the decoder of yaml.v3 would need too much stack, memory or time.
type bounder struct {
	divides  bool               // mappings with many keys are divided before they are decoded
	levels   map[*yaml.Node]int // of nodes with an anchor
	pairs    int64
	repeated int64
}

// bound refuses a tree that yaml.v3 can't decode within the limits above.
func bound(root *yaml.Node, divides bool) error {
	b := &bounder{divides: divides, levels: make(map[*yaml.Node]int)}
	_, err := b.node(root, 0)
	return err
}

// node gives the number of levels in n, and refuses n if these and the levels around it are too many.
func (b *bounder) node(n *yaml.Node, around int) (inside int, err error) {
	if n.Kind == yaml.AliasNode {
		inside = b.levels[n.Alias]
	}
	if around+inside > maxLevels {
		return 0, failAt(n, "it is nested more than %d levels deep", maxLevels)
	}
	if len(n.Content) == 0 {
		return inside, nil
	}
	if n.Kind == yaml.MappingNode {
		if err := b.keys(n); err != nil {
			return 0, err
		}
	}
	for _, c := range n.Content {
		deep, err := b.node(c, around+1)
		if err != nil {
			return 0, err
		}
		inside = max(inside, deep+1)
	}
	if n.Anchor != "" {
		b.levels[n] = inside
	}
	return inside, nil
}

// keys adds the cost of the keys of a mapping.
func (b *bounder) keys(n *yaml.Node) error {
	count := int64(len(n.Content) / 2)
	if count < 2 {
		return nil
	}
	if count <= manyKeys || !b.divides || !distinct(n) {
		b.pairs += count * (count - 1) / 2
	}
	if b.pairs > maxPairs {
		return failAt(n, "it takes too long to compare its %d keys, which are not all strings; split it", count)
	}
	seen := make(map[string]int64, count)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		b.repeated += seen[key]
		seen[key]++
		if b.repeated > maxRepeated {
			return failAt(n.Content[i], "the key %s comes more than once, as do too many others", strconv.Quote(key[:min(len(key), 40)]))
		}
	}
	return nil
}

func failAt(n *yaml.Node, format string, args ...any) error {
	return errors.New(fmt.Sprintf("line %d: ", n.Line) + fmt.Sprintf(format, args...))
}
