package toml

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/bracket"
)

// statement is a header, or a key with its value: on a line of its own or in an
// inline table.
type statement struct {
	header     int // the number of brackets on each side, 0 for a key with a value
	start, end int
	keys       []*edit.Node // the parts of its key
	value      *edit.Node   // nil for a header
	scope      *scope       // where it stands; for a header the scope it opens
	index      int          // among those of its scope; of a header -1
}

// scope is where keys with values stand: below a header, at the head of the
// text, or in an inline table.
type scope struct {
	header     *statement // nil at the head of the text and in an inline table
	next       *statement // the header that ends it, or nil
	statements []*statement
	body       *bracket.Collection // of an inline table
	level      int                 // of the table it is about
	outside    bool                // its table is left out: of its statements there is one, for the last
}

// table is what the scanner remembers about a table.
type table struct {
	scope  *scope // where its keys stand; nil if there is no such place
	level  int    // how many keys lead to it from the root, or from the inline table around
	path   string // these keys as the text spells them
	extent []*statement
	index  map[string]int // where its keys are among the entries, while it is read
	like   *edit.Node     // what of it is to be read, see Outline
}

// dotted reports whether its keys come with those of a table around.
func (t *table) dotted() bool { return t.scope != nil && t.level > t.scope.level }

// header is the header of its own, [path], or nil.
func (t *table) header() *statement {
	if sc := t.scope; sc != nil && sc.header != nil && sc.header.header == 1 && sc.level == t.level {
		return sc.header
	}
	return nil
}

// lines reports whether its keys may have a header before them.
func (t *table) lines() bool { return t.scope == nil || !t.dotted() && t.scope.body == nil }

// nodeData is the Data of a node of a text.
type nodeData struct {
	statement *statement // the one it is the value of
	table     *table     // of a table, and of a list of tables with headers
	items     *bracket.Collection
	layout    *layout
	left      *left // of a value that is left out
}

func dataOf(n *edit.Node) *nodeData {
	if p, ok := n.Data.(*nodeData); ok {
		return p
	}
	return &nodeData{}
}

// statements gives all that make up a value: the one it is in, or those of its
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
