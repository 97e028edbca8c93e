// Package codec turns values into the bytes of a file and back.
//
// A [Codec] is a pair of functions with one rule each: Load understands the
// whole input or fails, Dump writes the whole value or fails. The built-in
// formats are [JSON], [JSONC], [YAML], [TOML] and [Text]; [Pair] makes a codec
// of any loader and dumper, and [Gzip] and [Validate] wrap another codec.
//
// A handle encodes a value before it touches the disk, so a codec that fails,
// or panics, costs no data.
package codec

import "io"

// Codec loads and dumps values of one format. It must be safe for concurrent
// use.
type Codec interface {
	// Load reads all of r and stores what it holds in v, a non-nil pointer. It
	// fails rather than ignore input. The reader that a handle passes also has
	// Bytes() []byte, the whole content, which is not to be kept or changed,
	// and MaxSize() int64, the most bytes a codec may inflate it to, 0 for no
	// limit. The value must not alias those bytes.
	Load(r io.Reader, v any) error

	// Dump writes v to w. The writer belongs to the caller; v is not kept.
	Dump(w io.Writer, v any) error
}

// Editor is a codec that can write a value into existing text, changing the
// bytes of what differs and nothing else.
type Editor interface {
	Codec

	// Edit writes to w the text old, changed so that it holds v. It keeps
	// neither old nor v.
	Edit(w io.Writer, old []byte, v any) error
}
