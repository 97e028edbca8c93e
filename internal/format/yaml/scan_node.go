package yaml

import (
	"bytes"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// node scans the value of y, which is in parent. column is the column of the block
// collection around it; -1 if there is none. For like, see Outline.
func (s *scanner) node(y *yaml.Node, parent *edit.Node, column int, like *edit.Node) *edit.Node {
	n, p := s.newNode()
	*p = nodeData{parent: parent, lead: -1, mark: -1, comma: -1, style: y.Style, tagged: y.Style&yaml.TaggedStyle != 0}
	n.Anchor = y.Anchor
	if y.Anchor != "" && !s.out {
		s.anchors[y] = n
	}
	if isEmpty(y) && y.Anchor == "" && !p.tagged && !s.untagged(y) {
		n.Start, p.inner, p.props = s.pos, s.pos, s.pos
	} else {
		s.space()
		n.Start = s.pos
		if edit.IsLeftOut(like) && len(y.Content) > 0 {
			s.leaveOut(y, n, p, column)
			return n
		}
		s.properties(y, p)
	}
	s.content(y, n, p, column, like)
	n.End = s.pos
	if s.out && len(y.Content) == 0 {
		s.remember(n, p)
	}
	return n
}

// untagged reports whether an empty value has the tag "!".
func (s *scanner) untagged(y *yaml.Node) bool {
	at := s.pos
	s.space()
	found := s.peek('!') && s.ends(s.pos+1)
	s.pos = at
	return found
}

func (s *scanner) content(y *yaml.Node, n *edit.Node, p *nodeData, column int, like *edit.Node) {
	switch y.Kind {
	case yaml.ScalarNode:
		n.Kind = edit.Scalar
		if !s.out {
			n.Type, n.Value, n.Text = meaning(y)
			s.layout.unsure = s.layout.unsure || edit.IsLeftOut(n)
		}
		s.scalar(y, p, column)
	case yaml.AliasNode:
		n.Kind, n.Value, n.Target = edit.Alias, y.Value, s.anchors[y.Alias]
		s.doc.Indirect = true
		s.pos = min(s.pos+1, len(s.text))
		s.name()
	case yaml.MappingNode:
		n.Kind, n.Type = edit.Map, ownTag(y)
		s.mapping(y, n, p, like)
	case yaml.SequenceNode:
		n.Kind, n.Type = edit.List, ownTag(y)
		s.sequence(y, n, p, like)
	default:
		s.fail()
	}
}

// properties passes anchor and tag, in either order.
func (s *scanner) properties(y *yaml.Node, p *nodeData) {
	p.inner, p.props = s.pos, s.pos
	anchor := y.Anchor != ""
	tag := p.tagged || y.Kind != yaml.MappingNode
	for {
		switch {
		case anchor && s.peek('&'):
			anchor = false
			s.pos++
			s.name()
		case tag && s.peek('!'):
			tag = false
			s.tag(p)
		default:
			p.inner = s.pos
			if isEmpty(y) {
				s.pos = p.props
			}
			return
		}
		p.props = s.pos
		s.space()
	}
}

func (p *nodeData) parentFlows() bool { return p.parent != nil && dataOf(p.parent).flow() }

// tag passes a tag. Inside of brackets, an indicator of flow collections ends it.
func (s *scanner) tag(p *nodeData) {
	verbatim := s.pos+1 < len(s.text) && s.text[s.pos+1] == '<'
	for s.pos < len(s.text) && !s.ends(s.pos) {
		if !verbatim && p.parentFlows() && bytes.IndexByte([]byte(",[]{}"), s.text[s.pos]) >= 0 {
			return
		}
		s.pos++
	}
}

// name passes the name of an anchor.
func (s *scanner) name() {
	for s.pos < len(s.text) && (s.text[s.pos] == '_' || s.text[s.pos] == '-' || isWord(s.text[s.pos])) {
		s.pos++
	}
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
