package toml

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// statement is a header, or a key with its value. The key may be on a line of its own or in an
// inline table.
type statement struct {
	header     int // the number of brackets on each side, 0 for a key with a value
	start, end int
	keys       []*edit.Node // the parts of its key
	value      *edit.Node   // nil for a header
	scope      *scope       // the scope that it is in; for a header the scope that it opens
	index      int          // its index in the scope; -1 for a header
}

// scope is a part of the text that has keys with values: the lines below a header, the lines at the
// head of the text, or an inline table.
type scope struct {
	header     *statement // nil at the head of the text and in an inline table
	next       *statement // the header that ends it, or nil
	statements []*statement
	body       *bracket.Collection // of an inline table
	level      int                 // of its table
	outside    bool                // its table is left out, and of its statements only the last is kept
}

// table is the scanner's data of a table.
type table struct {
	scope  *scope // the scope of its keys; nil if it has none
	level  int    // number of keys that lead to it from the root, or from the inline table around
	path   string // these keys as the text spells them
	extent []*statement
	index  map[string]int // the index of the entry of each key, while the table is read
	like   *edit.Node     // see Outline
}

// dotted reports whether its keys are written as dotted keys of a table around.
func (t *table) dotted() bool { return t.scope != nil && t.level > t.scope.level }

// header gives its own header, [path], or nil.
func (t *table) header() *statement {
	if sc := t.scope; sc != nil && sc.header != nil && sc.header.header == 1 && sc.level == t.level {
		return sc.header
	}
	return nil
}

// lines reports whether its keys are on lines that a header may precede.
func (t *table) lines() bool { return t.scope == nil || !t.dotted() && t.scope.body == nil }

// nodeData is the Data of a node of a text.
type nodeData struct {
	statement *statement // the statement whose value it is
	table     *table     // of a table, and of a list of tables with headers
	items     *bracket.Collection
	layout    *layout
	left      *left // for a value that is left out
}

func dataOf(n *edit.Node) *nodeData {
	if p, ok := n.Data.(*nodeData); ok {
		return p
	}
	return &nodeData{}
}

// statements gives all statements of a value: the statement that it is in, or the statements of its
// headers and keys.
func statements(n *edit.Node) []*statement {
	p := dataOf(n)
	switch {
	case p.statement != nil:
		return []*statement{p.statement}
	case p.table != nil:
		return p.table.extent
	}
	return nil
}

// headed reports whether a value is written with headers.
func headed(n *edit.Node) bool {
	for _, s := range statements(n) {
		if s.header > 0 {
			return true
		}
	}
	return false
}
