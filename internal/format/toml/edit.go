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
	tree   any // the decoded text
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

// Decode stores the value of the text in v. v may share memory with p, so it must not be changed as
// long as p is used.
func (p *parsedText) Decode(v any) error { return p.meta.PrimitiveDecode(p.whole, v) }

// Keys gives all keys of the text. A key of a table in a list comes once for each table.
func (p *parsedText) Keys() []toml.Key { return p.meta.Keys() }

// Decoded says that Decode will not be called again. It releases the decoder's tree, with which a
// decoded value may share memory.
func (p *parsedText) Decoded() { p.meta, p.whole, p.tree = toml.MetaData{}, toml.Primitive{}, nil }

// Document makes a document with the parts that like needs, as Outline does. After Decoded it decodes
// the scalars again, one by one, and does not compare the scan with the decoder's tree: for an edit
// it is enough that the new text is compared.
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

// CommentAbove is of [edit.Commenter]. A bracket of a header and other parts of the key may stand before it.
func (grammar) CommentAbove(before []byte) (mark string, ok bool) {
	return "#", !bytes.ContainsAny(before, "={,")
}

// Release releases the decoder's tree of a document, which takes more memory than the
// document.
func (grammar) Release(doc *edit.Document) {
	if l, ok := doc.Data.(*layout); ok { // a document of only a text has none
		l.parsed = nil
	}
}

// mark gives the length of the byte order mark of text.
func mark(text []byte) int {
	for _, m := range []string{"\uFEFF", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(m)) {
			return len(m)
		}
	}
	return 0
}
