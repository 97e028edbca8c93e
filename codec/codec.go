// Package codec turns values into the bytes of a file and back.
//
// A [Codec] is a pair of functions with one rule each: Load understands the
// whole input or fails, Dump writes the whole value or fails. The built-in
// formats are [JSON], [JSONC], [YAML], [TOML] and [Text]; [Pair] makes a codec
// of any loader and dumper, and [Gzip] and [Validate] wrap another codec.
//
// A handle encodes a value before it touches the disk, so a codec that fails,
// or panics, costs no data. What can't be loaded matches errors.ErrDecode and
// says where; what can't be dumped matches errors.ErrEncode and says why. Most
// settings of a format are struct tags; the rest are made by an [Option]. Package
// codectest checks a codec of your own.
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

	// Dump writes v to w, all of it or an error. A handle of type T passes a T;
	// a pointer to one is written the same. The writer belongs to the caller;
	// v is neither kept nor changed. The same value makes the same bytes.
	Dump(w io.Writer, v any) error
}

// Editor is a codec that can write a value into existing text, changing the
// bytes of what differs and nothing else. The built-in ones follow the style
// of the text; one without comments that is just what the codec itself writes
// for its value becomes what it writes for the new one.
type Editor interface {
	Codec

	// Edit writes to w the text old, changed so that it holds v. It keeps
	// neither old nor v. Text that does not decode into a value of v's type is
	// replaced whole. The writer that a handle passes also has MaxSize() int64,
	// as its reader does, and Edited(EditReport), to which a codec may say how
	// the edit was made.
	Edit(w io.Writer, old []byte, v any) error
}
