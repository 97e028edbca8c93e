package yamledit

import (
	"bytes"
	"strings"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"gopkg.in/yaml.v3"
)

// Compare reads two encodings. The blocks of lines below a key that are the same
// in both are not parsed: most of a large value does not change.
func (format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	anchor := []byte(" &") // may be needed elsewhere
	if !bytes.Contains(old, anchor) && !bytes.Contains(new, anchor) {
		x, y := abridge(old, new)
		if a, b = assemble(x), assemble(y); a != nil && b != nil {
			return a, b, nil
		}
	}
	return readBoth(old, new)
}

func readBoth(old, new []byte) (a, b *textedit.Node, err error) {
	if a, err = data(old); err == nil {
		b, err = data(new)
	}
	return a, b, err
}

func data(text []byte) (*textedit.Node, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return read(text, root).Effective()
}

// abridge splits both texts at their keys, and finds what is the same below a
// key of both. It gives nil where the texts are not block maps.
func abridge(old, new []byte) (was, is []chunk) {
	was, is = chunks(old), chunks(new)
	before := make(map[string]*chunk, len(was))
	for i := range was {
		before[string(was[i].key)] = &was[i]
	}
	if len(before) != len(was) || was == nil || is == nil {
		return nil, nil
	}
	for i := range is {
		c := &is[i]
		switch o := before[string(c.key)]; {
		case o == nil || !o.opens() || !c.opens():
		case bytes.Equal(o.below, c.below):
			o.same, c.same = true, true
		default:
			o.inner, c.inner = abridge(o.below, c.below)
		}
	}
	return was, is
}

// chunk is the line of a key and those below that belong to its value.
type chunk struct {
	key, below []byte
	name       string  // the key, if nothing is behind it
	same       bool    // as in the other text
	inner      []chunk // what is below, if only some of it is the same
}

// opens reports whether the whole value is below the line of the key.
func (c *chunk) opens() bool { return c.name != "" && len(c.below) > 0 }

// opener gives the key of a line that has nothing else.
func opener(line []byte) string {
	name, found := strings.CutSuffix(string(line), ":\n")
	if !found || !plainSafe(name, false) {
		return ""
	}
	return name
}

// chunks splits a block map at the lines of its keys. It gives nil for anything else.
func chunks(text []byte) []chunk {
	var list []chunk
	indent := len(text) - len(bytes.TrimLeft(text, " "))
	for at := 0; at < len(text); {
		line := text[at : at+bytes.IndexByte(text[at:], '\n')+1]
		if len(line) == 0 {
			return nil
		}
		at += len(line)
		body := bytes.TrimLeft(line, " ")
		switch c := body[0]; {
		case len(line)-len(body) == indent && (isWord(c) || c == '_'):
			list = append(list, chunk{key: line, below: text[at:at], name: opener(body)})
		case len(list) > 0 && (len(line)-len(body) > indent || c == '-' || c == '\n'):
			last := &list[len(list)-1]
			last.below = last.below[:len(last.below)+len(line)]
		default:
			return nil
		}
	}
	return list
}

// assemble makes the tree of a text, with a scalar of the type TypeSame for what
// is as in the other. It gives nil if that can't be told.
func assemble(list []chunk) *textedit.Node {
	text := differing(nil, list)
	root, err := parse(text)
	if err != nil {
		return nil
	}
	doc := read(text, root)
	if doc.Indirect {
		return nil
	}
	return graft(list, doc.Root)
}

// differing appends the lines that are not as in the other text.
func differing(to []byte, list []chunk) []byte {
	for _, c := range list {
		switch {
		case c.same:
		case c.inner != nil:
			to = differing(append(to, c.key...), c.inner)
		default:
			to = append(append(to, c.key...), c.below...)
		}
	}
	return to
}

// graft completes the map n, parsed from the differing lines, by the rest. It
// gives nil if a key is there twice, or the chunks are not what they seemed.
func graft(list []chunk, n *textedit.Node) *textedit.Node {
	whole := &textedit.Node{Kind: textedit.Map, Entries: make([]textedit.Entry, 0, len(list))}
	parsed := n.Entries
	for i := range list {
		c := &list[i]
		if c.same {
			key := &textedit.Node{Kind: textedit.Scalar}
			key.Type, key.Value, key.Text = meaning(&yaml.Node{Kind: yaml.ScalarNode, Value: c.name})
			whole.Entries = append(whole.Entries, textedit.Entry{Key: key, Value: textedit.NewScalar(textedit.TypeSame, "")})
			continue
		}
		if len(parsed) == 0 {
			return nil
		}
		e := parsed[0]
		parsed = parsed[1:]
		if c.inner != nil {
			e.Value = graft(c.inner, e.Value)
		}
		if e.Value == nil {
			return nil
		}
		whole.Entries = append(whole.Entries, e)
	}
	if len(parsed) > 0 || len(list) == 0 || repeats(whole) {
		return nil
	}
	return whole
}
