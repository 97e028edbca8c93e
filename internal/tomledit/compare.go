package tomledit

import (
	"bytes"
	"strconv"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Compare reads two encodings. What the encoder has written needs no second
// look, and what is wrong with it the proof would find.
func (f format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	if a, err = f.encoding(old); err == nil {
		b, err = f.encoding(new)
	}
	return a, b, err
}

func (f format) encoding(text []byte) (*textedit.Node, error) {
	s := newScanner(text)
	s.document()
	if !s.lost && s.decode(s.root) {
		return s.root, nil
	}
	doc, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Root, nil
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
