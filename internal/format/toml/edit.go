package toml

import (
	"bytes"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Grammar is the grammar of TOML.
var Grammar format.Grammar = grammar{}

type grammar struct{}

// Parse reads a text.
func (grammar) Parse(text []byte) (*edit.Document, error) {
	p, err := readText(text)
	if err != nil {
		return nil, err
	}
	return p.Document(nil)
}

// parsedText is a text that the decoder has accepted.
type parsedText struct {
	text   []byte
	source string // the text, for nodes to share
	meta   toml.MetaData
	whole  toml.Primitive
	tree   any // what whole holds
}

// readText has the decoder read a text.
func readText(text []byte) (*parsedText, error) {
	if err := bound(text); err != nil {
		return nil, err
	}
	p := &parsedText{text: text, source: string(text)}
	var err error
	if p.meta, err = toml.Decode(p.source, &p.whole); err == nil {
		err = p.Decode(&p.tree) // nothing is copied
	}
	return p, err
}

// Decode stores what the text holds in v. What v holds then may be part of p: it is
// not to be changed as long as p is used.
func (p *parsedText) Decode(v any) error { return p.meta.PrimitiveDecode(p.whole, v) }

// Keys gives all keys of the text, those of tables in lists once for each.
func (p *parsedText) Keys() []toml.Key { return p.meta.Keys() }

// Decoded says that Decode will not be called again. It lets go of what the decoder has
// read, of which what Decode has stored may be a part.
func (p *parsedText) Decoded() { p.meta, p.whole, p.tree = toml.MetaData{}, toml.Primitive{}, nil }

// Document finds out where everything is that like asks for, as Outline does; nil is all.
// After Decoded the scalars are decoded again, one by one, and the scan is not compared
// with what the decoder has read: for an edit it is enough if that is done with the new text.
func (p *parsedText) Document(like *edit.Node) (*edit.Document, error) {
	doc := &edit.Document{Text: p.text, Loose: true, Keys: edit.MatchFold}
	if edit.IsLeftOut(like) {
		doc.Root = edit.NewScalar(edit.TypeSame, p.source)
		doc.Root.End = len(p.text)
		doc.Data = &layout{text: p.text, parsed: p, lost: true}
		return doc, nil
	}
	s := scan(p.text, p.source, like)
	s.layout.parsed = p
	doc.Root, doc.Comments, doc.Data = s.root, s.comments, s.layout
	switch {
	case p.tree == nil:
		if s.lost || !s.decode(s.root) {
			return grammar{}.Outline(p.text, like)
		}
	case s.lost || !fill(s.root, p.tree):
		s.layout.lost, s.layout.spaced = true, true
		doc.Root = treeOf(p.tree)
	}
	return doc, nil
}

// Release lets go of what the decoder has read of a document, which takes more memory
// than the document does.
func (grammar) Release(doc *edit.Document) {
	if l, ok := doc.Data.(*layout); ok { // not of a mere text
		l.parsed = nil
	}
}

// mark is the length of the byte order mark that text begins with.
func mark(text []byte) int {
	for _, m := range []string{"\uFEFF", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(m)) {
			return len(m)
		}
	}
	return 0
}
