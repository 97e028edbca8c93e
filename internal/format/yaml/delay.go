package yaml

import (
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format"
	"gopkg.in/yaml.v3"
)

// delayed is a collection of which each entry is made when it is printed, so that the
// nodes of all are never there at once. They take twenty times the memory of the text.
type delayed struct {
	keys  []*yaml.Node // nil for a list
	count int
	value func(i int) reflect.Value

	level, depth int // of the builder within the collection
}

// manyEntries is from how many entries on a collection is delayed.
const manyEntries = 64

// delays reports whether a collection of that many entries is delayed. In the depth
// where a cycle would be found nothing is.
func (b *builder) delays(entries int, flow bool) bool {
	return b.later != nil && entries >= manyEntries && !flow && b.depth < format.CycleDepth
}

// delay makes the node that stands for d.
func (b *builder) delay(kind yaml.Kind, d delayed) *yaml.Node {
	node := &yaml.Node{Kind: kind, Content: []*yaml.Node{plainNode("null"), plainNode("null")}}
	d.level, d.depth = b.level, b.depth
	b.later[node] = &d
	return node
}

// print gives the text of v, or false if it has to be built whole.
func (b *builder) print(v reflect.Value) ([]byte, bool) {
	b.later = make(map[*yaml.Node]*delayed)
	defer func() { b.later = nil }()
	root, err := b.node(v, false)
	if err != nil {
		return nil, false
	}
	p := &printer{step: b.indent, builder: b}
	return p.document(root)
}

// delayed gives what n stands for, if it is delayed.
func (p *printer) delayed(n *yaml.Node) *delayed {
	if p.builder == nil {
		return nil
	}
	return p.builder.later[n]
}

// entries writes the entries of a collection as they are made.
func (p *printer) entries(d *delayed, column int) {
	b := p.builder
	for i := 0; i < d.count && !p.strange; i++ {
		b.level, b.depth = d.level, d.depth
		value, err := b.node(d.value(i), false)
		if err != nil {
			p.strange = true // the whole tree tells where
			return
		}
		var key *yaml.Node
		if d.keys != nil {
			key = d.keys[i]
		}
		p.entry(i, key, value, column)
	}
}
