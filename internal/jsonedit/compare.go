package jsonedit

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// maxDepth is how many objects inside one another are compared entry by entry. Each
// level is passed over once more, so a deeper one is read whole.
const maxDepth = 32

// Compare reads two encodings. The values of an object that are spelled the same in
// both are passed over: most of a large value does not change. So are the elements of a
// list, if none can have moved.
func (f format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	x, y := newSide(old), newSide(new)
	if a, b = x.compare(y, span{0, len(old)}, span{0, len(new)}, 0); a != nil {
		return a, b, nil
	}
	if a, err = f.whole(old); err == nil {
		b, err = f.whole(new)
	}
	return a, b, err
}

func (f format) whole(text []byte) (*textedit.Node, error) {
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Effective()
}

// span is a value in a text, with the space around it.
type span struct{ start, end int }

// side is one of two encodings.
type side struct {
	text []byte
	scan *scanner
}

func newSide(text []byte) *side {
	l := newLayout()
	if open := bytes.IndexByte(text, '\n'); open > 0 && (text[open-1] == '{' || text[open-1] == '[') {
		rest := text[open+1:]
		l.unit = string(rest[:len(rest)-len(bytes.TrimLeft(rest, " \t"))])
	}
	return &side{text, &scanner{text: text, source: string(text), layout: l, doc: new(textedit.Document)}}
}

func (x *side) of(s span) []byte { return x.text[s.start:s.end] }

// compare gives the trees of two values, or nil if that takes a reading of the whole.
func (x *side) compare(y *side, v, w span, depth int) (a, b *textedit.Node) {
	var old, new []entry
	if depth < maxDepth {
		old, new = x.entries(v, '{'), y.entries(w, '{')
	}
	if old == nil || new == nil {
		if depth < maxDepth {
			if a, b = x.lists(y, v, w); a != nil {
				return a, b
			}
		}
		return both(x.read(v), y.read(w))
	}
	before := make(map[string]*entry, len(old))
	for i := range old {
		before[string(x.of(old[i].key))] = &old[i]
	}
	if len(before) != len(old) {
		return nil, nil // a key comes twice
	}
	for i := range new {
		e := &new[i]
		switch o := before[string(y.of(e.key))]; {
		case o == nil:
		case bytes.Equal(x.of(o.value), y.of(e.value)):
			o.node, e.node = textedit.NewScalar(textedit.TypeSame, ""), textedit.NewScalar(textedit.TypeSame, "")
		default:
			if o.node, e.node = x.compare(y, o.value, e.value, depth+1); o.node == nil {
				return nil, nil
			}
		}
	}
	return both(x.object(old), y.object(new))
}

// lists gives the trees of two lists of which some elements differ, but none has come,
// gone or moved for sure. It gives nil for all others.
func (x *side) lists(y *side, v, w span) (a, b *textedit.Node) {
	old, new := x.entries(v, '['), y.entries(w, '[')
	if old == nil || new == nil || len(old) != len(new) { // nil where there is no list
		return nil, nil
	}
	var before, after []*textedit.Node
	for i := range old {
		o, e := &old[i], &new[i]
		if bytes.Equal(x.of(o.value), y.of(e.value)) {
			o.node = textedit.NewScalar(textedit.TypeSame, strconv.Itoa(i))
			e.node = o.node
			continue
		}
		if o.node, e.node = both(x.read(o.value), y.read(e.value)); o.node == nil || 2*len(before) > len(old) {
			return nil, nil
		}
		before, after = append(before, o.node), append(after, e.node)
	}
	if !textedit.InPlace(before, after) {
		return nil, nil
	}
	return list(old), list(new)
}

func list(elements []entry) *textedit.Node {
	n := &textedit.Node{Kind: textedit.List, Entries: make([]textedit.Entry, len(elements))}
	for i, e := range elements {
		n.Entries[i].Value = e.node
	}
	return n
}

// both gives two trees or none.
func both(a, b *textedit.Node) (*textedit.Node, *textedit.Node) {
	if a == nil || b == nil {
		return nil, nil
	}
	return a, b
}

// object makes the node of an object, and reads what has no node yet.
func (x *side) object(entries []entry) *textedit.Node {
	n := &textedit.Node{Kind: textedit.Map, Entries: make([]textedit.Entry, 0, len(entries))}
	for _, e := range entries {
		key := x.read(e.key)
		if e.node == nil {
			e.node = x.read(e.value)
		}
		if key == nil || e.node == nil {
			return nil
		}
		n.Entries = append(n.Entries, textedit.Entry{Key: key, Value: e.node})
	}
	if repeats(n) {
		return nil
	}
	return n
}

// read gives the tree of a value, or nil if it is not valid or has a key twice.
func (x *side) read(v span) *textedit.Node {
	if !json.Valid(x.of(v)) {
		return nil
	}
	x.scan.at = v.start
	x.scan.skip()
	n := x.scan.value()
	if x.scan.doc.Indirect {
		return nil
	}
	return n
}

// entry is an element of a list, or a key of an object with its value.
type entry struct {
	key, value span
	node       *textedit.Node // of the value
}

// entries splits the object or list at v, which opens with the bracket, or gives nil if
// there is none. It finds the ends of values by brackets and quotes alone.
func (x *side) entries(v span, bracket byte) []entry {
	at := x.space(v.start)
	if at >= v.end || x.text[at] != bracket {
		return nil
	}
	list := []entry{}
	for at = x.space(at + 1); at < v.end && x.text[at] != bracket+2; at = x.space(at + 1) {
		var e entry
		if bracket == '{' {
			if x.text[at] != '"' {
				return nil
			}
			e.key = span{at, min(afterString(x.text, at), len(x.text))}
			if at = x.space(e.key.end); at >= v.end || x.text[at] != ':' {
				return nil
			}
			at = x.space(at + 1)
		}
		e.value = span{at, x.after(at, v.end)}
		list = append(list, e)
		if at = x.space(e.value.end); at >= v.end || x.text[at] != ',' {
			break
		}
	}
	if at >= v.end || x.text[at] != bracket+2 || x.space(at+1) < v.end {
		return nil
	}
	return list
}

func (x *side) space(at int) int {
	for at < len(x.text) && isSpace(x.text[at]) {
		at++
	}
	return at
}

// after gives the offset after the value at the offset.
func (x *side) after(at, end int) int {
	open := 0
	for at < end {
		switch x.text[at] {
		case '"':
			at = min(afterString(x.text, at), end)
			if open == 0 {
				return at
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			if open--; open == 0 {
				return at + 1
			} else if open < 0 {
				return at
			}
		case ',', ' ', '\n', '\r', '\t':
			if open == 0 {
				return at
			}
		}
		at++
	}
	return at
}
