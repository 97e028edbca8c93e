package yaml

import (
	"bytes"
	"io"
	"regexp"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// Grammar is the grammar of YAML.
var Grammar format.Grammar = grammar{}

type grammar struct{}

// Parse reads a text of at most one document.
func (grammar) Parse(text []byte) (*edit.Document, error) {
	p, err := readText(text)
	if err != nil {
		return nil, err
	}
	return p.document(nil), nil
}

// parsedText is a text and the tree that yaml.v3 has made of it.
type parsedText struct {
	text []byte
	root *yaml.Node
}

// readText parses a text of at most one document with yaml.v3.
func readText(text []byte) (*parsedText, error) {
	root, err := parse(text)
	return &parsedText{text, root}, err
}

// Decode stores the value of the text in v. A yaml.Node in v is a part of p then, and must not be
// changed. shown says that the nodes are passed to the program, as a yaml.Node or to a method.
func (p *parsedText) Decode(v any, shown bool) error { return decodeNode(p.root, v, shown) }

// Document makes a document with the parts that like needs.
func (p *parsedText) Document(like *edit.Node) (*edit.Document, error) {
	doc := p.document(like)
	if layout := doc.Data.(*layout); like != nil && (layout.lost || layout.unsure) {
		return nil, errNoOutline
	}
	return doc, nil
}

func (p *parsedText) document(like *edit.Node) *edit.Document { return scan(p.text, p.root, like) }

// Release releases yaml.v3's tree of a document.
func (grammar) Release(doc *edit.Document) { doc.Data.(*layout).root = nil }

func parse(text []byte) (*yaml.Node, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, errors.New("UTF-16 can't be edited; save the file as UTF-8")
	}
	if err := boundText(text); err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(readable(text)))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil && err != io.EOF {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); err != io.EOF {
		if err == nil {
			err = errors.New("more than one document")
		}
		return nil, err
	}
	return &root, nil
}

// readable gives the text for yaml.v3. yaml.v3 refuses the directive %YAML 1.2, although it can read the
// text. So a directive of another version of YAML 1 is replaced by %YAML 1.1, in a copy of the same
// length.
func readable(text []byte) []byte {
	for at := markLength(text); at < len(text); at = nextLine(text, at) {
		line := text[at:lineEnd(text, at)]
		switch {
		case len(bytes.TrimSpace(line)) == 0, line[0] == '#':
			continue
		case line[0] != '%':
			return text
		}
		if version := directive.FindSubmatchIndex(line); version != nil {
			text = bytes.Clone(text)
			text[at+version[2]] = '1'
			return text
		}
	}
	return text
}

var directive = regexp.MustCompile(`^%YAML[ \t]+1\.([02-9])(?:[ \t]|$)`)

// CommentAbove is of [edit.Commenter]. The dashes of a list may stand before the key.
func (grammar) CommentAbove(before []byte) (mark string, ok bool) {
	return "#", len(bytes.Trim(before, " -")) == 0
}

// Splice gives the byte changes that carry out p.
func (grammar) Splice(doc *edit.Document, p *edit.Patch, style edit.Style) ([]edit.Splice, error) {
	w := &writer{text: doc.Text, doc: doc, layout: doc.Data.(*layout), style: style}
	if w.layout.lost {
		return nil, errors.New("the text can't be followed")
	}
	w.patch(p)
	return w.list, w.err
}
