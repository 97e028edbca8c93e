package tomledit

import (
	"bytes"
	"strconv"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Compare reads two encodings. What the encoder has written needs no second
// look, and what is wrong with it the proof would find. The tables at the top
// that are the same in both are not read at all.
func (f format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	if a, b = abridged(old, new); a != nil {
		return a, b, nil
	}
	if a, err = f.encoding(old); err == nil {
		b, err = f.encoding(new)
	}
	return a, b, err
}

func (f format) encoding(text []byte) (*textedit.Node, error) {
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
func read(text []byte) *textedit.Node {
	s := newScanner(text)
	if s.document(); s.lost || !s.decode(s.root) {
		return nil
	}
	return s.root
}

// abridged gives the trees of two encodings without what they have in common,
// or nil if they don't consist of lines that can be told apart.
func abridged(old, new []byte) (a, b *textedit.Node) {
	was, is := chunks(old), chunks(new)
	if was == nil || is == nil {
		return nil, nil
	}
	if a = join(was, is); a != nil {
		b = join(is, was)
	}
	if b == nil {
		return nil, nil
	}
	return a, b
}

// join reads the chunks of a text that are not the same in the other.
func join(list, other []chunk) *textedit.Node {
	same := make(map[string][]byte, len(other))
	for _, c := range other {
		same[c.key] = c.text
	}
	root := &textedit.Node{Kind: textedit.Map}
	seen := make(map[string]bool)
	for _, c := range list {
		if c.key != "" && bytes.Equal(c.text, same[c.key]) {
			key := textedit.NewScalar(textedit.TypeString, keyText([]byte(c.key)))
			root.Entries = append(root.Entries, textedit.Entry{Key: key, Value: textedit.NewScalar(textedit.TypeSame, "")})
		} else if n := read(c.text); n != nil {
			root.Entries = append(root.Entries, n.Entries...)
		} else {
			return nil
		}
	}
	for _, e := range root.Entries {
		if seen[e.Key.Value] {
			return nil
		}
		seen[e.Key.Value] = true
	}
	return root
}

// chunk is all that is below the headers of one table at the top, these
// included, or what is above the first.
type chunk struct {
	key  string // as it is spelled
	text []byte
}

// chunks splits an encoding. It gives nil for one that has values of many lines.
func chunks(text []byte) []chunk {
	if bytes.Contains(text, []byte(`"""`)) || bytes.Contains(text, []byte("'''")) {
		return nil
	}
	list := []chunk{{}}
	start := 0
	for at := 0; at < len(text); at = nextLine(text, at) {
		line := bytes.TrimSpace(text[at:nextLine(text, at)])
		if n := len(line); n > 0 && bytes.IndexByte([]byte("[,{"), line[n-1]) >= 0 {
			return nil
		}
		if key, last := topKey(line), &list[len(list)-1]; key != "" && key != last.key {
			last.text, start = text[start:at], at
			list = append(list, chunk{key: key})
		}
	}
	list[len(list)-1].text = text[start:]
	return list
}

// topKey is the first key of a header as it is spelled, or nothing if the line
// is no header.
func topKey(line []byte) string {
	line = bytes.TrimLeft(line, " \t")
	if len(line) == 0 || line[0] != '[' {
		return ""
	}
	s := &scanner{text: line, layout: &layout{}}
	for s.peek() == '[' {
		s.at++
	}
	key := s.key()[0]
	return string(line[key.Start:key.End])
}

// decode gives the scalars under n the values they are spelled as, and reports
// whether all could be read.
func (s *scanner) decode(n *textedit.Node) bool {
	for _, e := range n.Entries {
		if !s.decode(e.Value) {
			return false
		}
	}
	if n.Kind != textedit.Scalar {
		return true
	}
	return fill(n, decodeScalar(s.text[n.Start:n.End]))
}

// decodeScalar reads what is spelled simply; the rest is the decoder's to read.
func decodeScalar(spelled []byte) any {
	if len(spelled) > 1 && spelled[0] == '"' && bytes.IndexByte(spelled, '\\') < 0 && !bytes.HasPrefix(spelled, []byte(`"""`)) {
		return string(spelled[1 : len(spelled)-1])
	}
	switch text := string(spelled); text {
	case "true", "false":
		return text == "true"
	default:
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v
		}
	}
	var v struct{ K any }
	if _, err := toml.Decode("K="+string(spelled), &v); err != nil {
		return nil
	}
	return v.K
}
