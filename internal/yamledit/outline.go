package yamledit

import (
	"strings"
	"unicode"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/textedit"
	"gopkg.in/yaml.v3"
)

var errNoOutline = errors.New("the text can't be read in parts")

// Outline is Parse without the collections that like leaves out. yaml.v3 makes its tree
// of the whole text all the same, and the scanner goes along all of it, since only so
// it finds out where a value ends and how the text is indented.
func (format) Outline(text []byte, like *textedit.Node) (*textedit.Document, error) {
	p, err := Read(text)
	if err != nil {
		return nil, err
	}
	return p.Document(like)
}

// leaveOut passes the collection y, and makes a leaf of the node n. What is below is
// scanned with nodes that the next value on the same level uses again.
func (s *scanner) leaveOut(y *yaml.Node, n *textedit.Node, p *place, column int) {
	around := s.level
	s.out, s.level = true, 0
	s.properties(y, p)
	s.content(y, n, p, column, nil)
	s.out, s.level = false, around
	if s.source == "" {
		s.source = string(s.text)
	}
	p.left, p.tail = true, s.tail
	*n = textedit.Node{
		Kind: textedit.Scalar, Type: textedit.TypeSame, Value: s.source[min(n.Start, s.pos):s.pos],
		Start: n.Start, End: s.pos, Data: p,
	}
}

// spare gives a node that is needed only until the next one on its level.
func (s *scanner) spare() (*textedit.Node, *place) {
	if s.level > len(s.spares) {
		s.spares = append(s.spares, new(cell))
	}
	c := s.spares[s.level-1]
	c.node = textedit.Node{Data: &c.place}
	return &c.node, &c.place
}

// remember keeps a block scalar that may be the last value of what is left out, and
// forgets the one before.
func (s *scanner) remember(n *textedit.Node, p *place) {
	s.tail = nil
	if p.blockScalar() {
		c := &cell{node: textedit.Node{Kind: textedit.Scalar, Start: n.Start, End: s.pos}, place: *p}
		c.place.parent, c.node.Data = nil, &c.place
		s.tail = &c.node
	}
}

// leftOut reports whether n is a collection of which only the extent is known.
func leftOut(n *textedit.Node) bool {
	p, placed := n.Data.(*place)
	return placed && p.left
}

// isSame reports whether n stands for what is left out, or looks so.
func isSame(n *textedit.Node) bool { return n.Kind == textedit.Scalar && n.Type == textedit.TypeSame }

// wanted is what an outline says of the entries of one map.
type wanted struct {
	like   *textedit.Node // nil if all are read whole
	next   int            // behind the entry of like that was found last
	exact  map[[2]string]*textedit.Node
	folded map[string]*textedit.Node
}

// of gives what the outline says of the value of a key: nil to read it whole.
func (w *wanted) of(key *textedit.Node) *textedit.Node {
	if w.like == nil {
		return nil
	}
	if w.next < len(w.like.Entries) { // the keys of both come in the same order, most often
		if e := w.like.Entries[w.next]; sameScalar(e.Key, key) {
			w.next++
			return e.Value
		}
	}
	if key.Kind != textedit.Scalar {
		for _, e := range w.like.Entries {
			if textedit.Same(e.Key, key) {
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
var unwanted = textedit.NewScalar(textedit.TypeSame, "")

func (w *wanted) index() {
	w.exact, w.folded = map[[2]string]*textedit.Node{}, map[string]*textedit.Node{}
	for _, e := range w.like.Entries {
		if e.Key.Kind == textedit.Scalar {
			w.exact[[2]string{e.Key.Type, e.Key.Value}] = e.Value
			w.folded[folded(e.Key.Text)] = e.Value
		}
	}
}

func sameScalar(a, b *textedit.Node) bool {
	return a.Kind == textedit.Scalar && b.Kind == textedit.Scalar && a.Type == b.Type && a.Value == b.Value
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
