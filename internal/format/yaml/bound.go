package yaml

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/holdfast-go/holdfast/errors"
	"gopkg.in/yaml.v3"
)

const (
	// maxLevels is how many collections may be in one another once every alias is
	// followed. yaml.v3 bounds the levels of a text alone, and overflows the stack
	// at a few hundred thousand.
	maxLevels = 10_000

	// maxPairs bounds the pairs of keys that yaml.v3 compares: every key with every
	// other one of its mapping, about 1 ns for each.
	maxPairs = 4_000_000_000

	// maxRepeated bounds the pairs of equal keys, for each of which yaml.v3 makes a
	// line of its error.
	maxRepeated = 10_000

	// maxHandles bounds the %TAG directives of a text, of which yaml.v3 compares each
	// with every other one: 260,000 take 25 s.
	maxHandles = 10_000
)

// boundText refuses a text that yaml.v3 would need too long for to make a tree of.
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

// bounder finds what yaml.v3 would need too much stack, memory or time for when it
// decodes a tree.
type bounder struct {
	divides  bool               // mappings with many keys are divided before they are decoded
	levels   map[*yaml.Node]int // of what has an anchor
	pairs    int64
	repeated int64
}

// bound refuses a tree that yaml.v3 can't decode within the limits above.
func bound(root *yaml.Node, divides bool) error {
	b := &bounder{divides: divides, levels: make(map[*yaml.Node]int)}
	_, err := b.node(root, 0)
	return err
}

// node gives how many levels are in n, which has some around it.
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

// keys counts what the keys of a mapping cost.
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
