package codec

import (
	"bytes"
	"io"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/jsonedit"
)

// JSONC is [JSON] that people write: on load, // and /* */ comments and commas
// before a closing bracket are taken too. Positions in errors are those of the
// commented text. Dump writes plain JSON. Options: [AllowEmpty], [Indent],
// [Strict], [Rewrite], [KeepComments], [OnEdit]; a file of comments alone counts as blank.
func JSONC(opts ...Option) Codec {
	s := newSettings(traits{"codec.JSONC", "jsonc", treeOptions, 0, 16}, opts)
	return s.editing(jsoncCodec{jsonCodec{s}}, jsonedit.JSONC)
}

type jsoncCodec struct{ json jsonCodec }

func (c jsoncCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	data, bom := withoutBOM(data)
	plain, err := plainJSON(data)
	if err == nil {
		err = c.json.parse(plain, v)
	}
	if err != nil {
		return shift(err, bom)
	}
	return nil
}

func (c jsoncCodec) Dump(w io.Writer, v any) error { return c.json.Dump(w, v) }

// plainJSON gives a copy of text with spaces in place of comments and trailing
// commas. Length and line breaks stay, so that offsets and lines do.
func plainJSON(text []byte) ([]byte, error) {
	plain := bytes.Clone(text)
	comma := -1       // a comma that a closing bracket would make a trailing one
	last := byte('[') // the last byte that is neither space nor comment
	for i := 0; i < len(text); {
		start := i
		switch b := text[i]; {
		case b == '"':
			i = afterString(text, i)
			comma, last = -1, b
		case bytes.HasPrefix(text[i:], []byte("//")):
			i = afterLine(text, i)
			blankOut(plain[start:i])
		case bytes.HasPrefix(text[i:], []byte("/*")):
			end := bytes.Index(text[i+2:], []byte("*/"))
			if end < 0 {
				return nil, decodeFailure("jsonc", text, int64(i), errors.New("the comment has no end"))
			}
			i += 2 + end + 2
			blankOut(plain[start:i])
		default:
			i++
			if blank(text[start:i]) {
				continue
			}
			if (b == ']' || b == '}') && comma >= 0 {
				plain[comma] = ' '
			}
			comma = -1
			if b == ',' && !bytes.ContainsRune([]byte("[{,:"), rune(last)) {
				comma = start
			}
			last = b
		}
	}
	return plain, nil
}

// afterString gives the offset after the string that starts at text[i].
func afterString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// afterLine gives the offset of the next line break.
func afterLine(text []byte, i int) int {
	if n := bytes.IndexAny(text[i:], "\r\n"); n >= 0 {
		return i + n
	}
	return len(text)
}

func blankOut(text []byte) {
	for i, b := range text {
		if b != '\n' && b != '\r' {
			text[i] = ' '
		}
	}
}
