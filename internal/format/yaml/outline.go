package yaml

import (
	"strings"
	"unicode"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

var errNoOutline = errors.New("the text can't be read in parts")

// Outline is Parse without the collections that like leaves out. yaml.v3 makes its tree
// of the whole text all the same, and the scanner goes along all of it, since only so
// it finds out where a value ends and how the text is indented.
func (grammar) Outline(text []byte, like *edit.Node) (*edit.Document, error) {
	p, err := readText(text)
	if err != nil {
		return nil, err
	}
	return p.Document(like)
}

// leaveOut passes the collection y, and makes a leaf of the node n. What is below is
// scanned with nodes that the next value on the same level uses again.
func (s *scanner) leaveOut(y *yaml.Node, n *edit.Node, p *place, column int) {
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

// spare gives a node that is needed only until the next one on its level.
func (s *scanner) spare() (*edit.Node, *place) {
	if s.level > len(s.spares) {
		s.spares = append(s.spares, new(cell))
	}
	c := s.spares[s.level-1]
	c.node = edit.Node{Data: &c.place}
	return &c.node, &c.place
}

// remember keeps a block scalar that may be the last value of what is left out, and
// forgets the one before.
func (s *scanner) remember(n *edit.Node, p *place) {
	s.tail = nil
	if p.blockScalar() {
		c := &cell{node: edit.Node{Kind: edit.Scalar, Start: n.Start, End: s.pos}, place: *p}
		c.place.parent, c.node.Data = nil, &c.place
		s.tail = &c.node
	}
}

// leftOut reports whether n is a collection of which only the extent is known.
func leftOut(n *edit.Node) bool {
	p, placed := n.Data.(*place)
	return placed && p.left
}

// isSame reports whether n stands for what is left out, or looks so.
func isSame(n *edit.Node) bool { return n.Kind == edit.Scalar && n.Type == edit.TypeSame }

// wanted is what an outline says of the entries of one map.
type wanted struct {
	like   *edit.Node // nil if all are read whole
	next   int        // behind the entry of like that was found last
	exact  map[[2]string]*edit.Node
	folded map[string]*edit.Node
}

// of gives what the outline says of the value of a key: nil to read it whole.
func (w *wanted) of(key *edit.Node) *edit.Node {
	if w.like == nil {
		return nil
	}
	if w.next < len(w.like.Entries) { // the keys of both come in the same order, most often
		if e := w.like.Entries[w.next]; sameScalar(e.Key, key) {
			w.next++
			return e.Value
		}
	}
	if key.Kind != edit.Scalar {
		for _, e := range w.like.Entries {
			if edit.Same(e.Key, key) {
				return e.Value
			}
		}
		return unwanted
	}
	if w.exact == nil {
		w.index()
	}
	if value, found := w.exact[[2]string{key.Type, key.Value}]; found {
		return value
	}
	if value, found := w.folded[folded(key.Text)]; found {
		return value
	}
	return unwanted
}

// unwanted is what an outline says by not naming a key.
var unwanted = edit.NewScalar(edit.TypeSame, "")

func (w *wanted) index() {
	w.exact, w.folded = map[[2]string]*edit.Node{}, map[string]*edit.Node{}
	for _, e := range w.like.Entries {
		if e.Key.Kind == edit.Scalar {
			w.exact[[2]string{e.Key.Type, e.Key.Value}] = e.Value
			w.folded[folded(e.Key.Text)] = e.Value
		}
	}
}

func sameScalar(a, b *edit.Node) bool {
	return a.Kind == edit.Scalar && b.Kind == edit.Scalar && a.Type == b.Type && a.Value == b.Value
}

// folded is the same for two keys just if strings.EqualFold finds them equal.
func folded(key string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, key)
}
