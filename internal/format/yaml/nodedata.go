package yaml

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// nodeData is what the text has around a value, beyond its span. All offsets are
// of bytes in the text, -1 where there is none.
type nodeData struct {
	parent *edit.Node // the collection the value is in
	lead   int        // the first byte of its entry: the dash, the question mark, or the key
	mark   int        // behind the dash or the colon that its value follows
	comma  int        // the comma behind its entry in a flow collection
	inner  int        // where the value begins behind anchor and tag
	props  int        // behind anchor and tag, where there are any; else Start
	style  yaml.Style
	tagged bool // the text names its type

	braced bool // a flow collection in brackets of its own
	column int  // of a block collection, where its entries begin; 0 is the line's start
	header int  // of a block scalar, behind its indicators
	body   int  // of a block scalar, the start of the line after them

	left bool       // a collection that is left out
	tail *edit.Node // its last value, if that is a block scalar
}

func dataOf(n *edit.Node) *nodeData { return n.Data.(*nodeData) }

// flow reports whether n is written in brackets, or within such.
func (p *nodeData) flow() bool { return p.style&yaml.FlowStyle != 0 }

// blockScalar reports whether a scalar is written as lines of its own.
func (p *nodeData) blockScalar() bool { return p.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 }

// blockCollection reports whether n is a map or list without brackets.
func blockCollection(n *edit.Node) bool {
	return (n.Kind == edit.Map || n.Kind == edit.List || leftOut(n)) && !dataOf(n).flow()
}

// layout is how a text is written on the whole.
type layout struct {
	root    *yaml.Node
	newline string
	step    int // columns that a map's value is indented by
	dash    int // columns that a list is indented by under its key
	gap     int // columns from a dash to what follows it
	quote   yaml.Style
	lost    bool // the text could not be followed: there are no spans
	unsure  bool // a scalar has the tag that stands for what is left out

	steps, dashes, gaps map[int]int
	quotes              map[yaml.Style]int
}

func newLayout(text []byte) *layout {
	return &layout{
		newline: firstBreak(text),
		steps:   map[int]int{}, dashes: map[int]int{}, gaps: map[int]int{}, quotes: map[yaml.Style]int{},
	}
}

// settle takes what is most frequent.
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
