package codec

import (
	"io"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/json"
)

// JSONC is JSON with comments. Load also accepts // and /* */ comments, and a comma before a closing
// bracket. Positions in errors are those of the text with its comments. A file with nothing but comments
// counts as blank. Dump writes plain JSON. Everything else is as with [JSON], and so are the options.
func JSONC(opts ...Option) Codec {
	s := newSettings(traits{"codec.JSONC", "jsonc", treeOptions, 0, 16}, opts)
	return s.editing(jsoncCodec{jsonCodec{s}}, json.JSONC)
}

type jsoncCodec struct{ json jsonCodec }

func (c jsoncCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	data, bom := withoutBOM(data)
	plain, err := json.Plain(data)
	if err == nil {
		err = c.json.parse(plain, v)
	} else if bad, ok := errors.AsType[json.Unended](err); ok {
		err = decodeFailure("jsonc", data, int64(bad.Offset), errors.New("the comment has no end"))
	}
	if err != nil {
		return shift(err, bom)
	}
	return nil
}

func (c jsoncCodec) Dump(w io.Writer, v any) error { return c.json.Dump(w, v) }
