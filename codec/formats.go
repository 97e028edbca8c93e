package codec

import (
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
)

// JSON is the format of RFC 8259, with encoding/json and its struct tags. Its options are [AllowEmpty],
// [Indent], [Strict], [Rewrite], [KeepComments] and [OnEdit].
//
// Dump indents by two spaces and ends the text with a newline. It writes <, > and & as they are.
//
// Load differs from encoding/json:
//   - A number that is stored in an interface becomes a json.Number, so that every digit is kept.
//   - Bytes after the value are an error.
//   - A blank file is an error, since a crash often leaves one; see [AllowEmpty].
//   - A leading byte order mark is accepted.
//
// Load and Dump refuse:
//   - text that is not valid UTF-8, which encoding/json would replace by U+FFFD
//   - a value with more than 10,000 arrays and objects around it
//
// A value in a map or an interface is not addressable, as with encoding/json. If its type has a MarshalJSON
// or MarshalText method with a pointer receiver, keep a pointer there.
func JSON(opts ...Option) Codec {
	s := newSettings(traits{"codec.JSON", "json", treeOptions, 0, 16}, opts)
	return s.codec(json.New(s.format))
}

// JSONC is JSON with comments. Load also accepts // and /* */ comments, and a comma before a closing
// bracket. Positions in errors are those of the text with its comments. A file with nothing but comments
// counts as blank. Dump writes no comments but those of field tags. The options and everything else are as with [JSON].
func JSONC(opts ...Option) Codec {
	s := newSettings(traits{"codec.JSONC", "jsonc", treeOptions, 0, 16}, opts)
	return s.codec(json.NewWithComments(s.format))
}

// YAML is the format of yaml.v3, with its struct tags, its Marshaler, and its Node, which keeps comments.
// Its options are [AllowEmpty], [Indent], [Strict], [Rewrite], [KeepComments] and [OnEdit].
//
// Dump indents by two spaces. Its text loads as the same value. It differs from yaml.v3, which would
// lose something:
//   - It keeps a line break at the beginning of a string.
//   - It quotes a key "<<".
//   - It writes a float as a float (1.0).
//   - It calls methods with a pointer receiver wherever the value is.
//   - It writes a json.Number as a number.
//
// Load refuses:
//   - a second document, since a write would drop it
//   - values with more than 10,000 collections around them, with every alias followed
//   - maps whose keys would take too long to compare, which is from 90,000 keys on if some are not strings
//
// Load accepts a leading byte order mark. A blank file, or a file with nothing but comments, is the
// document null: the value stays zero. In an interface, an integer that does not fit a uint64 becomes the
// nearest float64.
func YAML(opts ...Option) Codec {
	s := newSettings(traits{"codec.YAML", "yaml", treeOptions, 2, 9}, opts)
	return s.codec(yaml.New(s.format))
}

// TOML is the format of github.com/BurntSushi/toml, with its struct tags. Its options are [AllowEmpty],
// [Indent], [Strict], [Rewrite], [KeepComments] and [OnEdit].
//
// A TOML document is a table. So the value must be a struct or a map with string keys.
//
// Dump indents nested tables by two spaces. It refuses values that the encoder would drop or write wrongly
// without an error, such as a nil in a map, an integer that does not fit an int64, or a value that only a
// pointer can encode. It decodes its own text before it returns if a type in the value encodes itself, or has
// two fields that may have the same key.
//
// Load refuses:
//   - values with more than 1,000 tables and arrays around them
//   - a text whose keys and values would take the decoder more than 384 MiB; these are about 400,000
//     keys, and fewer if they are nested
//
// Dump refuses a value whose text Load would refuse.
//
// Load accepts a leading byte order mark. A blank file is the empty table. Into an any, Load stores a list of
// tables as []map[string]any if the text says [[name]], and as []any if it says [{...}]. Dump writes
// [[name]] for both.
func TOML(opts ...Option) Codec {
	s := newSettings(traits{"codec.TOML", "toml", treeOptions, 0, 16}, opts)
	return s.codec(toml.New(s.format))
}
