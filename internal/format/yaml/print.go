package yaml

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// printer writes a tree byte for byte as yaml.v3 does, at a fraction of the cost. yaml.v3's emitter
// keeps every event of a text until its end, which takes a hundred times the memory of the text. The
// printer knows block collections, strings on one line and literal strings, which nearly all values
// consist of. If a tree has anything else, strange is set, and yaml.v3 must write it.
type printer struct {
	text    []byte
	step    int // the indentation of one level
	strange bool
	builder *builder // makes delayed entries, or nil
}

// document gives the text of a tree, or false if yaml.v3 must write it.
func (p *printer) document(root *yaml.Node) ([]byte, bool) {
	switch {
	case root.Kind == yaml.ScalarNode:
		p.scalar(root, p.step)
		p.put("\n")
	case len(root.Content) == 0:
		p.empty(root)
	default:
		p.collection(root, 0)
	}
	return p.text, !p.strange
}

func (p *printer) put(s string) { p.text = append(p.text, s...) }

func (p *printer) indent(columns int) {
	for range columns {
		p.text = append(p.text, ' ')
	}
}

// collection writes the entries of n. The first entry begins at the end of the text.
func (p *printer) collection(n *yaml.Node, column int) {
	p.expect(n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode && len(n.Content)%2 == 0)
	p.expect(n.Style == 0 && n.Tag == "" && unadorned(n))
	if d := p.delayed(n); d != nil {
		p.entries(d, column)
		return
	}
	for i := 0; i < len(n.Content) && !p.strange; i++ {
		if n.Kind == yaml.SequenceNode {
			p.entry(i, nil, n.Content[i], column)
			continue
		}
		i++
		p.entry(i-1, n.Content[i-1], n.Content[i], column)
	}
}

// entry writes one entry; it is of a list if key is nil. Entry 0 begins at the end of the text.
func (p *printer) entry(at int, key, value *yaml.Node, column int) {
	if at > 0 {
		p.indent(column)
	}
	if key == nil {
		p.put("-")
		p.value(value, column+2, true)
		return
	}
	p.key(key)
	p.value(value, p.step*(column/p.step+1), false)
}

func (p *printer) key(n *yaml.Node) {
	p.expect(n.Kind == yaml.ScalarNode && n.Style != yaml.LiteralStyle && len(n.Value) <= 128)
	p.scalar(n, 0)
	p.put(":")
}

// value writes a value behind a colon or a dash. The lines below it are indented to column.
func (p *printer) value(n *yaml.Node, column int, item bool) {
	switch {
	case n.Kind == yaml.ScalarNode:
		p.put(" ")
		p.scalar(n, column)
		p.put("\n")
	case len(n.Content) == 0:
		p.put(" ")
		p.empty(n)
	case item:
		p.put(" ")
		p.collection(n, column)
	default:
		p.put("\n")
		p.indent(column)
		p.collection(n, column)
	}
}

func (p *printer) empty(n *yaml.Node) {
	p.collection(n, 0)
	if n.Kind == yaml.MappingNode {
		p.put("{}\n")
	} else {
		p.put("[]\n")
	}
}

// scalar writes a scalar without the break behind it.
func (p *printer) scalar(n *yaml.Node, column int) {
	p.expect((n.Tag == "" || n.Tag == "!!str") && unadorned(n))
	switch s := n.Value; {
	case n.Style == yaml.LiteralStyle:
		p.literal(s, column)
	case n.Style == yaml.DoubleQuotedStyle || n.Style == 0 && n.Tag != "" && !readsAsString(s):
		p.expect(shown(s) && !strings.ContainsAny(s, `"\`))
		p.put(`"` + s + `"`)
	case n.Style != 0 || s == "" || !shown(s):
		p.strange = true
	case needsNoQuotes(s):
		p.put(s)
	default:
		p.put("'" + strings.ReplaceAll(s, "'", "''") + "'")
	}
}

// literal writes a text of lines.
func (p *printer) literal(s string, column int) {
	p.expect(s != "" && s[0] != ' ' && s[0] != '\n')
	p.expect(!strings.HasSuffix(s, "\n\n") && !strings.HasSuffix(s, " ") && !strings.Contains(s, " \n"))
	body, ended := strings.CutSuffix(s, "\n")
	if p.put("|"); !ended {
		p.put("-")
	}
	for line := range strings.SplitSeq(body, "\n") {
		p.expect(shown(strings.ReplaceAll(line, "\t", "")))
		if p.put("\n"); line != "" {
			p.indent(column)
			p.put(line)
		}
	}
}

func (p *printer) expect(ok bool) { p.strange = p.strange || !ok }

// unadorned reports whether n has neither an anchor nor comments.
func unadorned(n *yaml.Node) bool {
	return n.Anchor == "" && n.HeadComment == "" && n.LineComment == "" && n.FootComment == ""
}

// shown reports whether s is on one line and has only characters that need no escape, in any quotes.
func shown(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf {
			return shownRunes(s[i:])
		} else if c < ' ' || c == 0x7F {
			return false
		}
	}
	return true
}

func shownRunes(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029' || r >= 0xD800 {
			return false
		}
	}
	return true
}

// readsAsString reports whether yaml.v3 reads a plain scalar as a string.
func readsAsString(s string) bool {
	if s != "" && (s[0]|' ' >= 'a' && s[0]|' ' <= 'z' || s[0] == '/') {
		switch s {
		case "true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL":
			return false
		}
		return true
	}
	return (&yaml.Node{Kind: yaml.ScalarNode, Value: s}).ShortTag() == "!!str"
}

// needsNoQuotes reports whether the syntax of YAML needs no quotes for a line.
func needsNoQuotes(s string) bool {
	switch first := s[0]; {
	case first == ' ' || s[len(s)-1] == ' ' || s[len(s)-1] == ':':
		return false
	case strings.IndexByte("#,[]{}&*!|>'\"%@`", first) >= 0:
		return false
	case (first == '-' || first == '?') && (len(s) == 1 || s[1] == ' '):
		return false
	}
	return !strings.HasPrefix(s, "---") && !strings.HasPrefix(s, "...") && !strings.Contains(s, ": ") && !strings.Contains(s, " #")
}
