// Package codec turns values into the bytes of a file and back.
//
// A [Codec] has two functions. Load decodes the whole input or fails, and Dump encodes the whole
// value or fails. The built-in formats are [JSON], [JSONC], [YAML], [TOML] and [Text]. [Pair] makes a
// codec of a load and a dump function. [Gzip] and [Validate] wrap another codec. Package
// codectest tests a codec.
//
// A handle encodes a value before it touches the file. So a codec that fails or panics loses no data.
// Content that can't be decoded is errors.ErrDecode, and the error says where. A value that can't be
// encoded is errors.ErrEncode, and the error says why.
//
// Most settings of a format are struct tags. The others are set by an [Option].
//
// # Comments of fields
//
// A field tag comment:"…" puts a comment above the field's key in YAML, TOML and JSONC. JSON has no
// comments and ignores the tag.
//
//	type Config struct {
//		Port    int `yaml:"port" comment:"The port to listen on, from 1 to 65535."`
//		Workers int `yaml:"workers" comment:"How many requests run at once.\n0 means one per CPU."`
//	}
//
// The comment is written together with the key, and never later:
//   - A new file has all comments, as has the output of Dump.
//   - If an edit adds a key to existing text, it adds the key's comment.
//   - A key that is there gets no comment. A comment that is there is not changed. So people may
//     change and delete the comments.
//   - If an edit removes a key, the comment right above it goes too, if it is word for word what the
//     tag says.
//   - With [Rewrite], every write is a new text with all comments.
//
// The rules for nested values are:
//   - A comment of a struct field stands above the table, header or object of the struct. The fields of the
//     struct have their own comments.
//   - In a list of structs, only the first element has comments, and only if the list is new. The
//     values of a map all have them.
//   - A line break in the tag, \n, makes several lines of comment. Control characters become blanks.
//   - If the key does not begin its line, as in {a: 1}, there is no comment.
//   - The type of the handle decides. A value in an interface has no comments, and neither has a type with a
//     method that encodes it.
package codec

import "io"

// Codec loads and dumps values of one format. It must be safe for concurrent use.
type Codec interface {
	// Load reads all of r, decodes it and stores the value in v, a non-nil pointer. It must fail if it
	// does not understand a part of the input.
	//
	// v may point to a value that is not zero: the defaults of a handle. What the input lacks keeps its
	// value then. The built-in formats merge as safefile.WithDefaults says.
	//
	// The reader that a handle passes has two more methods. Bytes() []byte gives the whole content. Load
	// must not change or keep these bytes, and the value must not refer to them. MaxSize() int64 is the
	// largest number of bytes that Load may inflate the content to; 0 means no limit.
	Load(r io.Reader, v any) error

	// Dump encodes v and writes all of it to w, or returns an error. A handle of type T passes a T. A
	// pointer to a T must give the same bytes. Dump must not change v, and must not keep v or w. The
	// same value must always give the same bytes.
	Dump(w io.Writer, v any) error
}

// Editor is a codec that can write a value into existing text. It changes the bytes of values that
// differ, and nothing else. The built-in formats write new values in the style of the text. A file in the
// codec's own style, with no comments or just those of the type's tags, stays in that style.
type Editor interface {
	Codec

	// Edit changes the text old so that it holds v, and writes the result to w. It must not change or
	// keep old and v. If old does not decode into v's type, Edit writes a new text, or fails.
	//
	// The writer that a handle passes has two more methods. MaxSize() int64 gives the same limit as
	// the reader of Load. Edited(EditReport) takes a report of the edit; a codec need not call it.
	Edit(w io.Writer, old []byte, v any) error
}
