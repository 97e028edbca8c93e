package edit

import "github.com/holdfast-go/holdfast/errors"

// Format is the grammar of one text format. It is safe for concurrent use.
type Format interface {
	// Parse reads a whole text. It accepts every text that the codec of the
	// format decodes, the empty text too, and fails on any other.
	Parse(text []byte) (*Document, error)

	// Splice gives the byte changes for the patch p, whose root is doc.Root, in the order of the
	// patch: the changes inside an entry come before the entries that are inserted after it.
	// Splices at one offset are applied in the order given. No two splices may overlap. The result
	// is proven later, so Splice may be wrong about some texts. It fails if it can't make a change.
	Splice(doc *Document, p *Patch, style Style) ([]Splice, error)

	// Elements gives, for each element of a list of doc, the part of the text that
	// belongs to it and moves with it: its value, the block of comment lines right
	// above it without a blank line between, and the comments behind it on its last
	// line. It returns nil if it can't find these parts.
	Elements(doc *Document, list *Node) []Extent
}

// Comparer is a [Format] that can read two encodings faster for a comparison. It may replace a value
// that is in both by a scalar of the type [TypeSame].
type Comparer interface {
	Format
	Compare(old, new []byte) (a, b *Node, err error)
}

// Style is the way new text is written.
type Style uint8

const (
	Follow Style = iota // in the style of the neighbours: quotes, indent, flow or block
	Plain               // in the style of the format's encoder
	Robust              // in the style that is least likely to be misread: quoted, on one line
	styles
)

// Document is a parsed text.
type Document struct {
	Text     []byte
	Root     *Node // a null with Start and End both 0 if the text holds no value
	Comments []Comment
	Indirect bool    // there are aliases, merges or duplicate keys
	Loose    bool    // the order of keys means nothing in the format, and new keys go where its grammar allows
	Appends  bool    // in a map whose encoding is sorted, a new key goes to the end
	Keys     KeyRule // how the decoder matches keys
	Data     any     // belongs to the format

	outlined bool // an Outliner has left out parts of the text
}

// Comment is one comment of a text, with its marks and without its line end.
type Comment struct {
	Start, End int
	Line       int  // counted from 1
	Own        bool // only blanks are before it on its line
}

// Splice replaces Text[Start:End] of a document.
type Splice struct {
	Start, End int
	Text       []byte
	Drop       bool // the bytes belong to deleted entries of maps, and so do comments at the end of their lines

	Within []Splice // changes inside of moved elements; Text or another splice has them already
}

// Apply gives a part of a text after changes, which must all be within the part.
func Apply(text []byte, part Extent, list []Splice) (string, error) {
	var inner []Splice
	for _, s := range list {
		if s.Start == s.End && len(s.Text) == 0 {
			continue // it only has the changes Within
		}
		if s.Start < part.Start || s.End > part.End {
			return "", errors.New("a change in an element is outside of it")
		}
		s.Start -= part.Start
		s.End -= part.Start
		inner = append(inner, s)
	}
	out, err := splice(text[part.Start:part.End], inner)
	return string(out), err
}

// KeyRule says which key of a text a decoder uses for a key.
type KeyRule uint8

const (
	MatchExact    KeyRule = iota // the same key; of duplicates the last
	MatchFold                    // the same key, or else a key that differs only in case
	MatchFoldLast                // the last key that is the same or differs only in case
)
