package toml

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Compare reads two encodings. It does not validate them: the encoder has written them, and the proof
// would find an error. It does not read tables that are the same in both.
func (f grammar) Compare(old, new []byte) (a, b *edit.Node, err error) {
	if byLines(old) && byLines(new) {
		if a, b = abridged(old, new, 0); a != nil {
			return a, b, nil
		}
	}
	if a, err = f.encoding(old); err == nil {
		b, err = f.encoding(new)
	}
	return a, b, err
}

func (f grammar) encoding(text []byte) (*edit.Node, error) {
	if root := read(text); root != nil {
		return root, nil
	}
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Root, nil
}

// read gives the tree of an encoding, or nil if the scanner can't follow it.
func read(text []byte) *edit.Node {
	s := newScanner(text, string(text))
	if s.document(); s.lost || !s.decode(s.root) {
		return nil
	}
	return s.root
}

// byLines reports whether every value is on one line. Then a line that begins with a bracket is a
// header.
func byLines(text []byte) bool {
	if bytes.Contains(text, []byte(`"""`)) || bytes.Contains(text, []byte("'''")) {
		return false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if n := len(line); n > 0 && bytes.IndexByte([]byte("[,{"), line[n-1]) >= 0 {
			return false
		}
	}
	return true
}

// abridged gives two trees of the table to which the first depth keys of all headers lead, without the
// parts that the two texts have in common. It returns nil if it can't find these parts.
func abridged(old, new []byte, depth int) (a, b *edit.Node) {
	was, is := chunks(old, depth), chunks(new, depth)
	before := make(map[string]*chunk, len(was))
	for i := range was {
		before[was[i].key] = &was[i]
	}
	for i := range is {
		c := &is[i]
		switch o := before[c.key]; {
		case o == nil || c.key == "":
		case bytes.Equal(o.text, c.text):
			o.value, c.value = edit.NewScalar(edit.TypeSame, ""), edit.NewScalar(edit.TypeSame, "")
		case !o.list && !c.list:
			o.value, c.value = abridged(o.text, c.text, depth+1)
		case o.list && c.list:
			o.value, c.value = lists(o, c, depth)
		}
	}
	if a, b = join(was, depth), join(is, depth); a == nil || b == nil {
		return nil, nil
	}
	return a, b
}

// lists compares two lists of tables.
func lists(old, new *chunk, depth int) (a, b *edit.Node) {
	was, is := elements(old.text, depth), elements(new.text, depth)
	if len(was) == 0 || len(is) == 0 {
		return nil, nil
	}
	return edit.CompareLists(was, is, func(i int, isNew bool) *edit.Node {
		if isNew {
			return element(is[i].Text, depth)
		}
		return element(was[i].Text, depth)
	})
}

// elements splits the text of a list of tables at its headers, whose last key is at depth. It returns
// nothing if there is text above the first header.
func elements(text []byte, depth int) []edit.Element {
	var list []edit.Element
	start := 0
	for at := 0; at < len(text); at = nextLine(text, at) {
		line := text[at:nextLine(text, at)]
		if !bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("[[")) {
			continue
		}
		switch _, ofList := keyAt(line, depth); {
		case !ofList:
		case len(list) == 0 && at > 0:
			return nil
		default:
			if len(list) > 0 {
				list[len(list)-1].Text = bytes.TrimRight(text[start:at], "\n")
			}
			list, start = append(list, edit.Element{Text: text[at:]}), at
		}
	}
	return list
}

// element reads an element of a list of tables. It returns nil if it can't.
func element(text []byte, depth int) *edit.Node {
	n := read(text)
	for range depth + 1 {
		if n == nil || n.Kind != edit.Map || len(n.Entries) != 1 {
			return nil
		}
		n = n.Entries[0].Value
	}
	if n.Kind != edit.List || len(n.Entries) != 1 {
		return nil
	}
	return n.Entries[0].Value
}

// join makes a table of its chunks. It reads the chunks that have no value yet.
func join(list []chunk, depth int) *edit.Node {
	table := &edit.Node{Kind: edit.Map}
	for _, c := range list {
		if c.value != nil {
			key := edit.NewScalar(edit.TypeString, keyText(c.key))
			table.Entries = append(table.Entries, edit.Entry{Key: key, Value: c.value})
			continue
		}
		n := read(c.text)
		for range depth {
			if n != nil && len(n.Entries) == 1 {
				n = n.Entries[0].Value
			} else if n != nil && len(n.Entries) > 1 {
				return nil // the encoder would not write a header here
			}
		}
		if n == nil || n.Kind != edit.Map {
			return nil
		}
		table.Entries = append(table.Entries, n.Entries...)
	}
	seen := make(map[string]bool, len(table.Entries))
	for _, e := range table.Entries {
		if seen[e.Key.Value] {
			return nil
		}
		seen[e.Key.Value] = true
	}
	return table
}

// chunk is a part of a text: the headers with one key at a depth and the lines below them, or the
// lines above the first header.
type chunk struct {
	key   string // as it is spelled
	list  bool   // the key is that of a list of tables
	text  []byte
	value *edit.Node
}

// chunks splits a text at its headers. Blank lines between chunks belong to no chunk.
func chunks(text []byte, depth int) []chunk {
	list := []chunk{{}}
	start := 0
	for at := 0; at < len(text); at = nextLine(text, at) {
		key, ofList := keyAt(text[at:nextLine(text, at)], depth)
		last := &list[len(list)-1]
		if key != "" && key != last.key {
			last.text, start = bytes.TrimRight(text[start:at], "\n"), at
			list = append(list, chunk{key: key})
			last = &list[len(list)-1]
		}
		last.list = last.list || ofList
	}
	list[len(list)-1].text = bytes.TrimRight(text[start:], "\n")
	return list
}

// keyAt gives the key at a depth of a header, as it is spelled. It returns nothing if the line is no
// header or has fewer keys.
func keyAt(line []byte, depth int) (key string, ofList bool) {
	s := scanner{text: line}
	s.space(false)
	if s.peek() != '[' {
		return "", false
	}
	s.at++
	if ofList = s.peek() == '['; ofList {
		s.at++
	}
	for ; ; depth-- {
		s.space(false)
		start := s.at
		s.part()
		end := s.at
		s.space(false)
		switch c := s.peek(); {
		case depth == 0:
			return string(line[start:end]), ofList && c == ']'
		case c != '.':
			return "", false
		}
		s.at++
	}
}

// decode decodes the scalars under n, and reports whether it could read all of them.
func (s *scanner) decode(n *edit.Node) bool {
	for _, e := range n.Entries {
		if !s.decode(e.Value) {
			return false
		}
	}
	if n.Kind != edit.Scalar || edit.IsLeftOut(n) {
		return true
	}
	return fill(n, decodeScalar(s.source[n.Start:n.End]))
}

// decodeScalar decodes simple spellings itself, and all others with the decoder.
func decodeScalar(spelled string) any {
	switch {
	case spelled == "true", spelled == "false":
		return spelled == "true"
	case len(spelled) > 1 && spelled[0] == '"' && !strings.Contains(spelled, `\`) && !strings.HasPrefix(spelled, `"""`):
		return spelled[1 : len(spelled)-1]
	}
	if v, err := strconv.ParseInt(spelled, 10, 64); err == nil {
		return v
	}
	var v struct{ K any }
	if _, err := toml.Decode("K="+spelled, &v); err != nil {
		return nil
	}
	return v.K
}
