// Package yaml implements the format YAML: load, dump, and the edit of existing text.
//
// The codec loads and dumps with gopkg.in/yaml.v3.
//
// [Grammar] is the grammar for [edit.Edit]. yaml.v3 gives the tree of a text. A scanner finds the
// position of each value. A writer renders new values in the style of the text around them.
//
// The grammar handles texts of one document. It refuses a text of several documents, and UTF-16.
package yaml

import (
	"bytes"
	"encoding"
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// New gives the format YAML, which indents by 2 to 9 blanks.
func New(s format.Settings) format.Format {
	return format.Format{Settings: s, Codec: codec{s}, Grammar: Grammar, CommentTag: "yaml"}
}

// codec is a format.Codec.
type codec struct{ settings format.Settings }

func (c codec) EncodeLoaded(any) (text []byte, known bool, err error) { return nil, false, nil }

func (c codec) DumpPlain(any) (text []byte, ok bool) { return nil, false }

func (c codec) Load(text []byte, v any) error {
	data, _ := format.WithoutBOM(text)
	data = readable(data)
	d := yaml.NewDecoder(bytes.NewReader(data))
	err := format.Guard(func() error {
		// The text becomes a tree first. The mappings of a tree can be limited, and a mapping with
		// many keys can be decoded in time linear in its size.
		var root yaml.Node
		if err := boundText(data); err != nil {
			return err
		}
		if err := d.Decode(&root); err != nil {
			return err
		}
		if c.settings.Strict {
			return decodeKnown(data, &root, v)
		}
		return decodeNode(&root, v, seesNodes.Of(reflect.TypeOf(v)))
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return format.LineFailure(c.settings.Format, err)
	}
	return c.end(d)
}

// decodeKnown refuses keys without a field. It decodes the text, since yaml.v3 does not check that for
// a tree.
func decodeKnown(data []byte, root *yaml.Node, v any) error {
	if err := bound(root, false); err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	return d.Decode(v)
}

// LoadDocument is Load of a text that was parsed before. With Strict it decodes the text again, see
// decodeKnown.
func (c codec) LoadDocument(doc *edit.Document, v any) error {
	if c.settings.Strict {
		return c.Load(doc.Text, v)
	}
	if err := format.Guard(func() error { return decodeDocument(doc, v, seesNodes.Of(reflect.TypeOf(v))) }); err != nil {
		return format.LineFailure(c.settings.Format, err)
	}
	return nil
}

// Open parses a text once for a value and for its document. A type that gets the nodes of yaml.v3 could
// change them, so for this type the text is parsed twice.
func (c codec) Open(text []byte, t reflect.Type) format.Opened {
	unshared := format.Opened{Decode: func(v any) error { return c.Load(text, v) }}
	if c.settings.Strict || seesNodes.Of(t) {
		return unshared
	}
	p, err := readText(text)
	if err != nil {
		return unshared
	}
	return format.Opened{
		Decode: func(v any) error {
			if err := format.Guard(func() error { return p.Decode(v, false) }); err != nil {
				return format.LineFailure(c.settings.Format, err)
			}
			return nil
		},
		Document: p.Document,
		Plain:    !bytes.ContainsAny(text, "#&"),
	}
}

// end refuses a second document, and other text after the first.
func (c codec) end(d *yaml.Decoder) error {
	var second yaml.Node
	err := format.Guard(func() error { return d.Decode(&second) })
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return format.LineFailure(c.settings.Format, err)
	}
	return &errors.DecodeError{Format: c.settings.Format, Line: second.Line, Column: second.Column, Offset: -1,
		Err: errors.New("a second document starts here, and writing would drop it; keep one document to a file")}
}

func (c codec) Dump(v any) ([]byte, error) {
	text, foreign, err := c.write(v)
	if err == nil && foreign {
		var again any
		if err = c.Load(text, &again); err != nil {
			err = format.EncodeFailure(c.settings.Format, v, fmt.Errorf("what was written does not load again: %w", err),
				"see that the yaml.Nodes in it have every anchor they refer to, and no key twice")
		}
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// Encode gives the same text as Dump, without the proof that it loads.
func (c codec) Encode(v any) ([]byte, error) {
	text, _, err := c.write(v)
	return text, err
}

// write gives the text of v. foreign reports that v holds a yaml.Node, which the program has made.
func (c codec) write(v any) (text []byte, foreign bool, err error) {
	b := newBuilder(c.settings.Indent)
	err = format.Guard(func() error {
		self := reflect.ValueOf(format.Addressable(v))
		printed, ok := b.print(self)
		if ok {
			text = printed
			return nil
		}
		b = newBuilder(c.settings.Indent)
		node, err := b.node(self, false)
		if err == nil {
			text, err = c.emit(node)
		}
		return err
	})
	if err != nil {
		return nil, false, format.EncodeFailure(c.settings.Format, v, err, `leave it out with the tag yaml:"-" or give it a MarshalYAML method`)
	}
	return text, b.foreign, nil
}

func (c codec) emit(root *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	e := yaml.NewEncoder(&text)
	e.SetIndent(c.settings.Indent)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	err := e.Close()
	return text.Bytes(), err
}

// seesNodes asks for types for which the form of the tree matters: yaml.v3 passes its nodes to them, or
// may decode two different keys into one.
var seesNodes = format.Question{
	Here: func(t reflect.Type) bool {
		if t.Kind() == reflect.Map && !plainKey(t.Key()) {
			return true
		}
		_, method := reflect.PointerTo(t).MethodByName("UnmarshalYAML")
		return method || t == reflect.TypeFor[yaml.Node]()
	},
	Opaque: func(reflect.Type) bool { return false },
}

func plainKey(t reflect.Type) bool {
	return (t.Kind() == reflect.String || t.Kind() == reflect.Interface) &&
		!reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
