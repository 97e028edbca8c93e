package yaml

import (
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

var errNoOutline = errors.New("the text can't be read in parts")

// Outline is Parse without the collections that like leaves out. yaml.v3 makes a tree of the whole text,
// and the scanner walks all of it, since it must find the end of each value and the indentation of the
// text.
func (grammar) Outline(text []byte, like *edit.Node) (*edit.Document, error) {
	p, err := readText(text)
	if err != nil {
		return nil, err
	}
	return p.Document(like)
}

// leaveOut passes the collection y, and makes n a leaf. The nodes for its parts are reused by the next
// value on the same level.
func (s *scanner) leaveOut(y *yaml.Node, n *edit.Node, p *nodeData, column int) {
	around := s.level
	s.out, s.level = true, 0
	s.properties(y, p)
	s.content(y, n, p, column, nil)
	s.out, s.level = false, around
	if s.source == "" {
		s.source = string(s.text)
	}
	p.left, p.tail = true, s.tail
	*n = edit.Node{
		Kind: edit.Scalar, Type: edit.TypeSame, Value: s.source[min(n.Start, s.pos):s.pos],
		Start: n.Start, End: s.pos, Data: p,
	}
}

// spare gives a node that is used until the next node on its level.
func (s *scanner) spare() (*edit.Node, *nodeData) {
	if s.level > len(s.spares) {
		s.spares = append(s.spares, new(cell))
	}
	c := s.spares[s.level-1]
	c.node = edit.Node{Data: &c.data}
	return &c.node, &c.data
}

// remember keeps a block scalar, since it may be the last value of a part that is left out. It forgets
// the block scalar before.
func (s *scanner) remember(n *edit.Node, p *nodeData) {
	s.tail = nil
	if p.blockScalar() {
		c := &cell{node: edit.Node{Kind: edit.Scalar, Start: n.Start, End: s.pos}, data: *p}
		c.data.parent, c.node.Data = nil, &c.data
		s.tail = &c.node
	}
}

// leftOut reports whether n is a collection of which only the extent is known.
func leftOut(n *edit.Node) bool {
	p, placed := n.Data.(*nodeData)
	return placed && p.left
}
