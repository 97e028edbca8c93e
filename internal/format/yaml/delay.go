package yaml

import (
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format"
	"gopkg.in/yaml.v3"
)

// delayed is a collection whose entries become nodes when they are printed, one after the other. The nodes
// of all entries together would take twenty times the memory of the text.
type delayed struct {
	keys  []*yaml.Node // nil for a list
	count int
	value func(i int) reflect.Value

	level, depth int // of the builder within the collection
}

// manyEntries is the number of entries from which on a collection is delayed.
const manyEntries = 64

// delays reports whether a collection with that many entries is delayed. At depths where cycles are
// searched, none is.
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

// print gives the text of v, or false if the whole tree must be built.
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

// delayed gives the delayed collection for which n stands, if there is one.
func (p *printer) delayed(n *yaml.Node) *delayed {
	if p.builder == nil {
		return nil
	}
	return p.builder.later[n]
}

// entries makes and writes the entries of a collection.
func (p *printer) entries(d *delayed, column int) {
	b := p.builder
	for i := 0; i < d.count && !p.strange; i++ {
		b.level, b.depth = d.level, d.depth
		value, err := b.node(d.value(i), false)
		if err != nil {
			p.strange = true // the error is found again with its position in the whole tree
			return
		}
		var key *yaml.Node
		if d.keys != nil {
			key = d.keys[i]
		}
		p.entry(i, key, value, column)
	}
}
