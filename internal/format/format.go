// Package format is what the formats share, each of which has a package below it.
//
//   - A [Format] has a [Codec], which loads and dumps, and a [Grammar], by which package edit
//     writes into existing text.
//   - [Editor] writes a value into a text by both, and [Loaded] is a text that it has loaded
//     for that.
//   - [Original] is what a handle and the codecs that edit say to each other.
//   - The rest looks at values before they are encoded: their depth, what in them has no
//     form in a format, and what their types may do.
package format

import (
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Settings is what the options of one codec come to for its format. It is comparable.
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
}

// Codec loads and dumps one format. It is comparable, and safe for concurrent use.
type Codec interface {
	// Load decodes text into v, a non-nil pointer. No part of v refers to text.
	Load(text []byte, v any) error

	// Dump encodes v as a text that loads.
	Dump(v any) ([]byte, error)

	// Encode is Dump without the proof that the text loads.
	Encode(v any) ([]byte, error)

	// EncodeLoaded is Encode of a value that has just been loaded into a zero value, by a
	// shorter way. It gives known as false if there is none.
	EncodeLoaded(v any) (text []byte, known bool, err error)

	// DumpPlain is Dump of a value that the decoder might put into an interface, by a
	// shorter way: the same value has the same text each time. It gives false if there is
	// none, or if Dump may refuse v.
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

	// Release lets go of what only LoadDocument needs of a document.
	Release(doc *edit.Document)
}

// Opened is a text that is parsed, though where everything is in it may not be known yet.
type Opened struct {
	Decode func(v any) error

	// Document may be called once, see [edit.Outliner]. It is nil if nothing is parsed yet,
	// or if a decoded value is part of what it would be made of.
	Document func(like *edit.Node) (*edit.Document, error)

	Plain bool // if the text is what the codec writes, it has no comments and no anchors
}
