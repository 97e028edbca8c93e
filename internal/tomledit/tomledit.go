// Package tomledit writes a changed value into existing TOML text so that only
// the bytes of what changed differ. It is the grammar behind [textedit.Edit]:
// github.com/BurntSushi/toml says what a text means, a scanner here finds where
// each key and value begins and ends, and a writer renders new ones the way the
// text around them is written: as a line, a dotted key, a part of an inline
// table or array, a [table] or a [[table]] of its own.
//
// The decoder gives no positions, so the scanner runs on what the decoder has
// accepted, and what it finds is compared with what was decoded. Where the two
// differ the text can only be rendered anew as a whole.
package tomledit

import (
	"bytes"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Edit gives old changed so that it holds what newEnc holds where that differs
// from oldEnc; see [textedit.Edit].
func Edit(old, oldEnc, newEnc []byte, opt textedit.Options) ([]byte, textedit.Report, error) {
	return textedit.Edit(Format, old, oldEnc, newEnc, opt)
}

// Format is the grammar of TOML.
var Format textedit.Comparer = format{}

type format struct{}

// Parse reads a text.
func (format) Parse(text []byte) (*textedit.Document, error) {
	if err := Bound(text); err != nil {
		return nil, err
	}
	s := newScanner(text)
	var whole toml.Primitive
	meta, err := toml.Decode(s.source, &whole)
	if err != nil {
		return nil, err
	}
	var decoded any // into which nothing is copied
	if err := meta.PrimitiveDecode(whole, &decoded); err != nil {
		return nil, err
	}
	s.layout.meta, s.layout.whole = meta, whole
	s.document()
	doc := &textedit.Document{Text: text, Root: s.root, Comments: s.comments, Loose: true, Keys: textedit.MatchFold, Data: s.layout}
	if s.lost || !fill(s.root, decoded) {
		s.layout.lost = true
		doc.Root = treeOf(decoded)
	}
	s.layout.finish(s.comments)
	return doc, nil
}

// Decode stores what doc holds in v, without parsing its text again. What v holds
// then may be part of doc: it is not to be changed.
func Decode(doc *textedit.Document, v any) error {
	l := doc.Data.(*layout)
	return l.meta.PrimitiveDecode(l.whole, v)
}

// Keys gives all keys of doc, those of tables in lists once for each.
func Keys(doc *textedit.Document) []toml.Key { return doc.Data.(*layout).meta.Keys() }

// mark is the length of the byte order mark that text begins with.
func mark(text []byte) int {
	for _, m := range []string{"\uFEFF", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(m)) {
			return len(m)
		}
	}
	return 0
}
