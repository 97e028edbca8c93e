package codec

import (
	"bytes"
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	yamlformat "github.com/holdfast-go/holdfast/internal/format/yaml"
	"gopkg.in/yaml.v3"
)

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
	return s.editing(yamlCodec{s}, yamlformat.Format)
}

type yamlCodec struct{ settings }

func (c yamlCodec) Load(r io.Reader, v any) error {
	data, _, err := content(r)
	if err != nil {
		return err
	}
	data, _ = withoutBOM(data)
	data = yamlformat.Readable(data)
	d := yaml.NewDecoder(bytes.NewReader(data))
	err = guard(func() error {
		// A tree first, since its mappings can be bounded, and those with many keys
		// decoded in time linear in their size.
		var root yaml.Node
		if err := yamlformat.BoundText(data); err != nil {
			return err
		}
		if err := d.Decode(&root); err != nil {
			return err
		}
		if c.strict {
			return decodeKnown(data, &root, v)
		}
		return yamlformat.DecodeNode(&root, v, seesNodes.of(reflect.TypeOf(v)))
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return lineFailure(c.format, err)
	}
	return c.end(d)
}

// decodeKnown refuses keys without a field, which yaml.v3 does for a text only, not
// for the tree of it.
func decodeKnown(data []byte, root *yaml.Node, v any) error {
	if err := yamlformat.Bound(root); err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	return d.Decode(v)
}

// loadDocument is Load of a text that is parsed already. Only the parser's own
// way knows which keys have no field.
func (c yamlCodec) loadDocument(doc *edit.Document, v any) error {
	if c.strict {
		return c.Load(NewSource(doc.Text, 0), v)
	}
	if err := guard(func() error { return yamlformat.Decode(doc, v, seesNodes.of(reflect.TypeOf(v))) }); err != nil {
		return lineFailure(c.format, err)
	}
	return nil
}

// open parses a text once for a value and for its document. A type to which yaml.v3
// shows its nodes could change them.
func (c yamlCodec) open(text []byte, t reflect.Type) (*opened, error) {
	if c.strict || seesNodes.of(t) {
		return nil, errNotShared
	}
	p, err := yamlformat.Read(text)
	if err != nil {
		return nil, err
	}
	return &opened{
		decode: func(v any) error {
			if err := guard(func() error { return p.Decode(v, false) }); err != nil {
				return lineFailure(c.format, err)
			}
			return nil
		},
		document: p.Document,
		plain:    !bytes.ContainsAny(text, "#&"),
	}, nil
}

// end refuses what follows the first document.
func (c yamlCodec) end(d *yaml.Decoder) error {
	var second yaml.Node
	err := guard(func() error { return d.Decode(&second) })
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return lineFailure(c.format, err)
	}
	return &errors.DecodeError{Format: c.format, Line: second.Line, Column: second.Column, Offset: -1,
		Err: errors.New("a second document starts here, and writing would drop it; keep one document to a file")}
}

func (c yamlCodec) Dump(w io.Writer, v any) error {
	text, foreign, err := c.write(v)
	if err == nil && foreign {
		var again any
		if err = c.Load(NewSource(text, 0), &again); err != nil {
			err = encodeFailure(c.format, v, fmt.Errorf("what was written does not load again: %w", err),
				"see that the yaml.Nodes in it have every anchor they refer to, and no key twice")
		}
	}
	if err != nil {
		return err
	}
	return emit(w, text)
}

// encode is what Dump writes, for a comparison with that.
func (c yamlCodec) encode(v any) ([]byte, error) {
	text, _, err := c.write(v)
	return text, err
}

// write gives the text of v. Foreign says that a part of it is a yaml.Node that
// somebody else has made.
func (c yamlCodec) write(v any) (text []byte, foreign bool, err error) {
	b := newYAMLBuilder(c.indent)
	err = guard(func() error {
		self := reflect.ValueOf(addressable(v))
		printed, ok := b.print(self)
		if ok {
			text = printed
			return nil
		}
		b = newYAMLBuilder(c.indent)
		node, err := b.node(self, false)
		if err == nil {
			text, err = c.emit(node)
		}
		return err
	})
	if err != nil {
		return nil, false, encodeFailure(c.format, v, err, `leave it out with the tag yaml:"-" or give it a MarshalYAML method`)
	}
	return text, b.foreign, nil
}

func (c yamlCodec) emit(root *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	e := yaml.NewEncoder(&text)
	e.SetIndent(c.indent)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	err := e.Close()
	return text.Bytes(), err
}
