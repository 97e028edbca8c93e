package edit

import "github.com/holdfast-go/holdfast/errors"

// Format is the grammar of one text format. It is safe for concurrent use.
type Format interface {
	// Parse reads a whole text. It accepts every text that the codec of the
	// format decodes, the empty one included, and fails on any other.
	Parse(text []byte) (*Document, error)

	// Splice gives the byte changes that carry out p, whose root is doc.Root,
	// in the order of the patch: the changes inside an entry before what is
	// inserted after it. Splices at one place are applied in the order given,
	// and no two may overlap. Splice need not be right about every text, since
	// its result is proven; where it sees that it can't do something it fails.
	Splice(doc *Document, p *Patch, style Style) ([]Splice, error)

	// Elements gives, for each element of a list of doc, the part of the text that
	// belongs to it and moves with it: its value, the block of comment lines right
	// above with no blank line between, and the comments behind it on its last
	// line. It gives nil if the text can't be followed.
	Elements(doc *Document, list *Node) []Extent
}

// Comparer is a [Format] that reads two encodings at less cost if they are only
// to be compared. Where both hold the same it may put a scalar of the type
// [TypeSame] for it.
type Comparer interface {
	Format
	Compare(old, new []byte) (a, b *Node, err error)
}

// Style is the way new text is written.
type Style uint8

const (
	Follow Style = iota // as the neighbours are written: quotes, indent, flow or block
	Plain               // as the format's encoder writes it
	Robust              // the form that is least likely to be misread: quoted, on one line
	styles
)

// Document is a parsed text.
type Document struct {
	Text     []byte
	Root     *Node // a null with Start and End both 0 if the text holds no value
	Comments []Comment
	Indirect bool    // there are aliases, merges or duplicate keys
	Loose    bool    // the format says that the order of keys means nothing, and puts new ones where its grammar allows
	Appends  bool    // a key that is new in a map whose encoding is sorted goes to the end
	Keys     KeyRule // how the decoder matches keys
	Data     any     // what the format wants to remember

	outlined bool // an Outliner has left out what is not needed
}

// Comment is one comment of a text, its marks included and its line end not.
type Comment struct {
	Start, End int
	Line       int  // counted from 1
	Own        bool // nothing but blanks before it on its line
}

// Splice replaces Text[Start:End] of a document.
type Splice struct {
	Start, End int
	Text       []byte
	Drop       bool // the bytes belong to deleted entries of maps, and so do comments at the end of their lines

	Within []Splice // changes inside of elements that have moved, which Text or another splice already holds
}

// Apply gives a part of a text with changes that are all within it.
func Apply(text []byte, part Extent, list []Splice) (string, error) {
	var inner []Splice
	for _, s := range list {
		if s.Start == s.End && len(s.Text) == 0 {
			continue // it only says what changed within another one
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

// KeyRule is how a decoder finds the key it looks for among those of a text.
type KeyRule uint8

const (
	MatchExact    KeyRule = iota // the same key, of duplicates the last
	MatchFold                    // the same key, else one that differs in case only
	MatchFoldLast                // the last of those that differ at most in case
)
