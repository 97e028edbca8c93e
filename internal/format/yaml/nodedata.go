package yaml

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// nodeData is the Data of a node of a text: the offsets of the syntax around the value. They are -1 for
// syntax that the text does not have.
type nodeData struct {
	parent *edit.Node // the collection the value is in
	lead   int        // the first byte of its entry: the dash, the question mark, or the key
	mark   int        // the offset behind the dash or the colon before the value
	comma  int        // the comma behind its entry in a flow collection
	inner  int        // the start of the value behind anchor and tag
	props  int        // the end of anchor and tag; Start if there are none
	style  yaml.Style
	tagged bool // the value has a tag

	braced bool // a flow collection in brackets of its own
	column int  // for a block collection: the column of its entries; 0 is the start of the line
	header int  // for a block scalar: the offset behind its indicators
	body   int  // for a block scalar: the start of the line after the indicators

	left bool       // a collection that is left out
	tail *edit.Node // its last value, if that is a block scalar
}

func dataOf(n *edit.Node) *nodeData { return n.Data.(*nodeData) }

// flow reports whether n is written in brackets, or is inside of brackets.
func (p *nodeData) flow() bool { return p.style&yaml.FlowStyle != 0 }

// blockScalar reports whether a scalar is written as lines of its own.
func (p *nodeData) blockScalar() bool { return p.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 }

// blockCollection reports whether n is a map or list without brackets.
func blockCollection(n *edit.Node) bool {
	return (n.Kind == edit.Map || n.Kind == edit.List || leftOut(n)) && !dataOf(n).flow()
}

// layout is the style of a text.
type layout struct {
	root    *yaml.Node
	newline string
	step    int // indentation of a map's value, in columns
	dash    int // indentation of a list under its key, in columns
	gap     int // columns from a dash to the value behind it
	quote   yaml.Style
	lost    bool // the scanner did not understand the text, so there are no spans
	unsure  bool // a scalar has the tag !same, which means a part that is left out

	steps, dashes, gaps map[int]int
	quotes              map[yaml.Style]int
}

func newLayout(text []byte) *layout {
	return &layout{
		newline: firstBreak(text),
		steps:   map[int]int{}, dashes: map[int]int{}, gaps: map[int]int{}, quotes: map[yaml.Style]int{},
	}
}

// settle chooses the most frequent values.
func (l *layout) settle() {
	l.step = most(l.steps, 2)
	l.dash = most(l.dashes, l.step)
	l.gap = most(l.gaps, 2)
	l.quote = most(l.quotes, yaml.DoubleQuotedStyle)
}

func most[K interface{ ~int | ~uint32 }](counts map[K]int, otherwise K) K {
	best, n := otherwise, 0
	for k, c := range counts {
		if c > n || c == n && k < best {
			best, n = k, c
		}
	}
	return best
}
