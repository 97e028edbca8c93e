// Package format holds the code that the formats share. Each format has a package below it.
//
//   - A [Format] has a [Codec], which loads and dumps, and a [Grammar], which package edit
//     uses to write into existing text.
//   - An [Editor] writes a value into a text with both. A [Loaded] is a text that an Editor has
//     loaded for an edit.
//   - An [Original] passes a loaded text from a codec to a handle and back.
//   - An [Inspector] and a [Question] check values and types before they are encoded: the depth
//     of a value, parts that a format can't write, and methods of the types.
package format

import (
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Settings are the settings of one codec for its format. They are comparable.
type Settings struct {
	Format     string // "json", …: the name in errors
	AllowEmpty bool
	Strict     bool
	Indent     int
}

// Format is one format with its settings. It is comparable.
type Format struct {
	Settings Settings
	Codec    Codec
	Grammar  Grammar
	// JSONNumbers reports that Load stores a number in an interface as a json.Number.
	JSONNumbers bool
	// CommentTag is the name of the struct tag with the keys of fields, for their comments. It is empty if
	// the format has no comments.
	CommentTag string
}

// Codec loads and dumps one format. It is comparable, and safe for concurrent use.
type Codec interface {
	// Load decodes text into v, a non-nil pointer. No part of v refers to text.
	Load(text []byte, v any) error

	// Dump encodes v as a text that loads.
	Dump(v any) ([]byte, error)

	// Encode is Dump without the proof that the text loads.
	Encode(v any) ([]byte, error)

	// EncodeLoaded is a faster Encode for a value that has just been loaded into a zero value.
	// known is false if the codec has no faster way.
	EncodeLoaded(v any) (text []byte, known bool, err error)

	// DumpPlain is a faster Dump for a value of the types that the decoder stores in an
	// interface. The same value has the same text each time. ok is false if the codec has no
	// faster way, or if Dump may refuse v.
	DumpPlain(v any) (text []byte, ok bool)

	// Open parses text, for a value of type t, so that it need not be parsed again.
	Open(text []byte, t reflect.Type) Opened

	// LoadDocument is Load of the text of a document that the Grammar has parsed and not released.
	LoadDocument(doc *edit.Document, v any) error
}

// Grammar is a grammar that reads no more of a text than an edit needs.
type Grammar interface {
	edit.Comparer
	edit.Outliner
	edit.Commenter

	// Release frees the parts of a document that only LoadDocument needs.
	Release(doc *edit.Document)
}

// Opened is a text that was parsed. The positions of its values may not be known yet.
type Opened struct {
	Decode func(v any) error

	// Document makes the document, as [edit.Outliner] does, and may be called once. It is nil
	// if nothing was parsed yet, or if decoded values share memory with the parser's tree.
	Document func(like *edit.Node) (*edit.Document, error)

	Plain bool // a text that the codec has written has no comments and no anchors
}
