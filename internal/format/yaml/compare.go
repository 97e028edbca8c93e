package yaml

import (
	"bytes"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// maxCompared is the largest number of nested maps that are compared entry by entry. A deeper map is
// read whole, since the lines of each level are scanned once more.
const maxCompared = 32

// Compare reads two encodings. It does not parse the entries of maps whose lines are the same in both,
// since most of a large value does not change. It skips equal elements of lists too, if it is certain
// which elements were added, deleted, moved or changed.
func (grammar) Compare(old, new []byte) (a, b *edit.Node, err error) {
	anchor, same := []byte(" &"), []byte(edit.TypeSame) // an anchor may be needed elsewhere, and TypeSame may be a tag
	for _, text := range [][]byte{old, new} {
		if bytes.Contains(text, anchor) || bytes.Contains(text, same) {
			return readBoth(old, new)
		}
	}
	var c comparison
	if x, y := c.blocks(old, new, 0); x != nil {
		if a, b = x.assemble(), y.assemble(); a != nil && b != nil && c.sure() {
			return a, b, nil
		}
	}
	return readBoth(old, new)
}

func readBoth(old, new []byte) (a, b *edit.Node, err error) {
	if a, err = data(old); err == nil {
		b, err = data(new)
	}
	return a, b, err
}

func data(text []byte) (*edit.Node, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return read(text, root).Effective()
}

// block is a map or a list in block style, split into the lines of its entries.
type block struct {
	keys  []chunk
	items []edit.Element // the elements of a list, each with its lines
}

// chunk is the line of a key and the lines below it that belong to its value.
type chunk struct {
	key, below []byte
	name       string // the key, if it is plain
	opens      bool   // nothing is behind the key
	same       bool   // its lines are the same in the other text
	inner      *block // the value, if only a part of it is the same
}

// comparison holds the state of the comparison of two texts.
type comparison struct {
	changed [][2]*block // lists to which elements were added and from which others were deleted
}

// blocks splits both texts at their entries, and finds the entries that are the same. It returns nil
// if it can't find the entries by their lines.
func (c *comparison) blocks(old, new []byte, depth int) (was, is *block) {
	if depth > maxCompared {
		return nil, nil
	}
	if was, is = items(old), items(new); was != nil && is != nil {
		return c.lists(was, is)
	}
	if was, is = keys(old), keys(new); was != nil && is != nil {
		c.maps(was, is, depth)
		return was, is
	}
	return nil, nil
}

// maps compares the entries of two maps by their keys' lines.
func (c *comparison) maps(was, is *block, depth int) {
	var before map[string]*chunk
	next := 0 // the index after the last key found: most often the keys of both are in the same order
	find := func(key []byte) *chunk {
		if next < len(was.keys) && bytes.Equal(was.keys[next].key, key) {
			next++
			return &was.keys[next-1]
		}
		if before == nil {
			before = make(map[string]*chunk, len(was.keys))
			for i := range was.keys {
				before[string(was.keys[i].key)] = &was.keys[i]
			}
		}
		return before[string(key)]
	}
	for i := range is.keys {
		k := &is.keys[i]
		switch o := find(k.key); {
		case o == nil || k.name == "" || o.same || o.inner != nil:
		case bytes.Equal(o.below, k.below):
			o.same, k.same = true, true
		case k.opens && len(o.below) > 0 && len(k.below) > 0:
			o.inner, k.inner = c.blocks(o.below, k.below, depth+1)
		}
	}
}

// keys splits a block map at the lines of its keys. It gives nil for anything else.
func keys(text []byte) *block {
	b := new(block)
	indent := len(text) - len(bytes.TrimLeft(text, " "))
	for at := 0; at < len(text); {
		line := lineAt(text, at)
		if len(line) == 0 {
			return nil
		}
		at += len(line)
		body := bytes.TrimLeft(line, " ")
		switch c := body[0]; {
		case len(line)-len(body) == indent && (isWord(c) || c == '_'):
			k := chunk{key: line, below: text[at:at]}
			k.name, k.opens = named(body)
			b.keys = append(b.keys, k)
		case len(b.keys) > 0 && (len(line)-len(body) > indent || c == '-' || c == '\n'):
			last := &b.keys[len(b.keys)-1]
			last.below = last.below[:len(last.below)+len(line)]
		default:
			return nil
		}
	}
	return b
}

// lineAt gives the line at an offset with its break, or none if it has no break.
func lineAt(text []byte, at int) []byte { return text[at : at+bytes.IndexByte(text[at:], '\n')+1] }

// named gives the key at the beginning of a line, if it is plain. It reports whether the line ends
// behind the key.
func named(line []byte) (name string, opens bool) {
	key, _, found := bytes.Cut(line, []byte(": "))
	if !found {
		if key, opens = bytes.CutSuffix(line, []byte(":\n")); !opens {
			return "", false
		}
	}
	if name = string(key); !plainSafe(name, false) {
		return "", false
	}
	return name, opens
}

// assemble makes the tree of a text, with a scalar of the type TypeSame for each part that is the same
// in the other text. It returns nil if it can't.
func (b *block) assemble() *edit.Node {
	text := b.differing(nil)
	root, err := parse(text)
	if err != nil {
		return nil
	}
	doc := read(text, root)
	if doc.Indirect {
		return nil
	}
	return b.graft(doc.Root)
}

// differing appends the lines that differ from the other text.
func (b *block) differing(to []byte) []byte {
	for _, k := range b.keys {
		switch {
		case k.same:
		case k.inner != nil:
			to = k.inner.differing(append(to, k.key...))
		default:
			to = append(append(to, k.key...), k.below...)
		}
	}
	for _, e := range b.items {
		if e.Node == nil {
			to = append(to, e.Text...)
		}
	}
	return to
}

// graft adds the parts that are the same to n, which was parsed from the differing lines. It returns nil
// if there are duplicate keys, or if the tree does not match the lines.
func (b *block) graft(n *edit.Node) *edit.Node {
	if b.items != nil {
		return b.graftItems(n)
	}
	whole := &edit.Node{Kind: edit.Map, Entries: make([]edit.Entry, 0, len(b.keys))}
	same := edit.NewScalar(edit.TypeSame, "")
	parsed := n.Entries
	for i := range b.keys {
		k := &b.keys[i]
		if k.same {
			key := &edit.Node{Kind: edit.Scalar}
			key.Type, key.Value, key.Text = meaning(&yaml.Node{Kind: yaml.ScalarNode, Value: k.name})
			whole.Entries = append(whole.Entries, edit.Entry{Key: key, Value: same})
			continue
		}
		if len(parsed) == 0 || parsed[0].Key == nil {
			return nil
		}
		e := parsed[0]
		parsed = parsed[1:]
		if k.inner != nil {
			e.Value = k.inner.graft(e.Value)
		}
		if e.Value == nil {
			return nil
		}
		whole.Entries = append(whole.Entries, e)
	}
	if len(parsed) > 0 || len(b.keys) == 0 || repeats(whole) {
		return nil
	}
	return whole
}
