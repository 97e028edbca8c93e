package yaml

import (
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

func (s *scanner) mapping(y *yaml.Node, n *edit.Node, p *nodeData, like *edit.Node) {
	if p.flow() {
		p.braced = len(y.Content) == 0 || s.peek('{') && (y.Line != y.Content[0].Line || y.Column != y.Content[0].Column)
		s.bracket('{', p.braced)
	}
	if like != nil && like.Kind != edit.Map {
		like = nil
	}
	want := edit.Wanted{Like: like}
	s.open(n, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		s.pair(y.Content[i], y.Content[i+1], n, p, i == 0, &want)
	}
	s.level--
	if p.flow() {
		s.close('}', p.braced)
	} else if p.inParent() {
		s.layout.learn(p.parent, n, p)
	}
	s.doc.Indirect = s.doc.Indirect || !s.out && repeats(n)
}

// open enters a collection with that many entries.
func (s *scanner) open(n *edit.Node, entries int) {
	if !s.out {
		n.Entries = make([]edit.Entry, 0, entries)
	}
	s.level++
}

// add appends an entry to n, unless that is left out.
func (s *scanner) add(n *edit.Node, e edit.Entry) {
	if !s.out {
		n.Entries = append(n.Entries, e)
	}
}

// pair scans one key and its value.
func (s *scanner) pair(key, value *yaml.Node, n *edit.Node, p *nodeData, first bool, want *edit.Wanted) {
	lead := s.seek('?', !p.flow())
	if lead < 0 {
		at := s.pos
		s.space()
		lead = s.pos
		s.pos = at
	}
	if first && !p.flow() {
		p.column = column(s.text, lead)
	}
	k := s.node(key, n, p.column, nil)
	mark := s.seek(':', !p.flow()) // outside of brackets a key may begin with a colon
	v := s.node(value, n, p.column, want.Of(k))
	at := dataOf(v)
	at.lead, at.mark = lead, mark+1
	if mark < 0 {
		at.mark = -1
	}
	merge := key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge"
	s.doc.Indirect = s.doc.Indirect || merge
	s.add(n, edit.Entry{Key: k, Value: v, Merge: merge})
	if p.flow() && p.braced {
		at.comma = s.seek(',', false)
	}
}

func (s *scanner) sequence(y *yaml.Node, n *edit.Node, p *nodeData, like *edit.Node) {
	if p.flow() {
		p.braced = true
		s.bracket('[', true)
	}
	var likes []edit.Entry
	if like != nil && like.Kind == edit.List && len(like.Entries) == len(y.Content) {
		likes = like.Entries
	}
	s.open(n, len(y.Content))
	for i, c := range y.Content {
		lead := -1
		if !p.flow() {
			if lead = s.seek('-', true); lead < 0 {
				s.fail()
			}
			if i == 0 {
				p.column = column(s.text, max(lead, 0))
			}
		}
		var like *edit.Node
		if likes != nil {
			like = likes[i].Value
		}
		v := s.node(c, n, p.column, like)
		at := dataOf(v)
		at.lead, at.mark = lead, lead+1
		if p.flow() {
			at.lead, at.mark = v.Start, -1
			at.comma = s.seek(',', false)
		}
		s.add(n, edit.Entry{Value: v})
	}
	s.level--
	if p.flow() {
		s.close(']', true)
	} else if p.inParent() {
		s.layout.learn(p.parent, n, p)
	}
}

func (s *scanner) bracket(c byte, expected bool) {
	if !expected {
		return
	}
	if !s.peek(c) {
		s.fail()
		return
	}
	s.pos++
}

func (s *scanner) close(c byte, expected bool) {
	if expected && s.seek(c, false) < 0 {
		s.fail()
	}
}

func (p *nodeData) inParent() bool { return p.parent != nil && !dataOf(p.parent).flow() }

// learn counts how block collections are indented in one another.
func (l *layout) learn(parent, n *edit.Node, p *nodeData) {
	from := dataOf(parent).column
	switch {
	case parent.Kind == edit.List:
		l.gaps[p.column-from]++
	case n.Kind == edit.Map:
		l.steps[p.column-from]++
	default:
		l.dashes[p.column-from]++
	}
}

// repeats reports whether n has duplicate keys.
func repeats(n *edit.Node) bool {
	type id struct{ typ, value string }
	seen := make(map[id]bool, len(n.Entries))
	for i, e := range n.Entries {
		if e.Key.Kind != edit.Scalar {
			continue
		}
		if len(n.Entries) > 8 {
			k := id{e.Key.Type, e.Key.Value}
			if seen[k] {
				return true
			}
			seen[k] = true
			continue
		}
		for _, other := range n.Entries[:i] {
			if other.Key.Value == e.Key.Value && other.Key.Type == e.Key.Type && other.Key.Kind == edit.Scalar {
				return true
			}
		}
	}
	return false
}
