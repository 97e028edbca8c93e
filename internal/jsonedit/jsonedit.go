// Package jsonedit writes a changed value into existing JSON or JSONC text so
// that only the bytes of what changed differ. It is the grammar behind
// [textedit.Edit]: encoding/json says whether a text is valid, a scanner here
// finds where each value begins and ends, and a writer renders new values the
// way the text around them is written: indented or compact, with the commas,
// blanks and escapes that its neighbours have.
//
// JSONC is JSON with // and /* */ comments and with commas before closing
// brackets. Both may begin with a byte order mark.
package jsonedit

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Edit gives the JSON text old changed so that it holds what newEnc holds where
// that differs from oldEnc; see [textedit.Edit].
func Edit(old, oldEnc, newEnc []byte, opt textedit.Options) ([]byte, textedit.Report, error) {
	return textedit.Edit(JSON, old, oldEnc, newEnc, opt)
}

// EditJSONC is [Edit] for JSONC.
func EditJSONC(old, oldEnc, newEnc []byte, opt textedit.Options) ([]byte, textedit.Report, error) {
	return textedit.Edit(JSONC, old, oldEnc, newEnc, opt)
}

// The grammars.
var (
	JSON  textedit.Comparer = format{}
	JSONC textedit.Comparer = format{comments: true}
)

type format struct{ comments bool }

// Parse reads a text of at most one value.
func (f format) Parse(text []byte) (*textedit.Document, error) { return f.parse(text, valid) }

// ParseValid is Parse of a text that encoding/json has accepted before.
func (f format) ParseValid(text []byte) (*textedit.Document, error) {
	return f.parse(text, func([]byte) error { return nil })
}

func (f format) parse(text []byte, valid func([]byte) error) (*textedit.Document, error) {
	doc := &textedit.Document{Text: text, Keys: textedit.MatchFoldLast, Appends: true}
	plain := text
	if f.comments {
		var err error
		if plain, doc.Comments, err = Plain(text); err != nil {
			return nil, err
		}
	}
	plain = plain[mark(plain):]
	s := &scanner{text: text, source: string(text), comments: doc.Comments, layout: newLayout(), doc: doc}
	doc.Data = s.layout
	if blank(plain) {
		doc.Root = textedit.NewScalar(textedit.TypeNull, "null")
		return doc, nil
	}
	if err := valid(plain); err != nil {
		return nil, err
	}
	s.at = mark(text)
	s.skip()
	doc.Root = s.value()
	s.layout.finish(text)
	return doc, nil
}

// valid reports what encoding/json has against text.
func valid(text []byte) error {
	if !json.Valid(text) {
		return json.Unmarshal(text, new(json.RawMessage))
	}
	if !utf8.Valid(text) {
		return errors.New("not valid UTF-8")
	}
	return nil
}
