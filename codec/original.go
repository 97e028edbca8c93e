package codec

import (
	"bytes"
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/editing"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// original is a text that was loaded, and what an edit of it needs, so that it need not be
// decoded and encoded again.
type original struct {
	editor
	text   []byte
	was    []byte // the encoding of what it holds
	failed error  // why it has none
	plain  bool   // there can be no comments and no anchors
	last   *editing.LastWrite

	document func(like *edit.Node) (*edit.Document, error)
}

// opened is a text that is parsed, though where everything is in it may not be known yet.
type opened struct {
	decode   func(v any) error
	document func(like *edit.Node) (*edit.Document, error) // once, see edit.Outliner; nil if a decoded value is part of what it would be made of
	plain    bool                                          // there can be no comments and no anchors
}

var errNotShared = errors.New("the codec has to read the text itself")

// LoadOriginal decodes, and encodes what was decoded before the caller can change it.
func (e editor) LoadOriginal(text []byte, max int64, v any, last *editing.LastWrite) (*editing.Original, error) {
	o, err := e.load(text, max, v, last)
	return editing.NewOriginal(text, o.edit), err
}

func (e editor) load(text []byte, max int64, v any, last *editing.LastWrite) (*original, error) {
	o := &original{editor: e, text: text, last: last}
	if last.Is(e.style(), text) {
		o.was, o.plain = text, true
		o.failed = e.Load(NewSource(text, max), v)
		return o, o.failed
	}
	t := reflect.TypeOf(v).Elem()
	open := &opened{
		decode: func(v any) error { return e.Load(NewSource(text, max), v) },
		plain:  true, // neither JSON nor JSONC writes comments
	}
	if c, ok := e.Codec.(documentCodec); ok {
		if once, err := c.open(text, t); err == nil {
			open = once
		} else {
			open.plain = false
		}
	}
	if err := open.decode(v); err != nil {
		if told := e.Load(NewSource(text, max), reflect.New(t).Interface()); told != nil {
			err = told
		}
		o.failed = err
		return o, err
	}
	o.plain = open.plain
	o.was, o.failed = e.encodeLoaded(reflect.ValueOf(v).Elem().Interface())
	once := open.document
	o.document = func(like *edit.Node) (doc *edit.Document, err error) {
		if once != nil {
			doc, err = once(like)
			once = nil // with the parser's tree
		} else {
			doc, err = e.outline(text, like)
		}
		if err == nil {
			e.release(doc)
		}
		return doc, err
	}
	return o, nil
}

// outline parses what is needed of a text.
func (e editor) outline(text []byte, like *edit.Node) (*edit.Document, error) {
	if f, ok := e.text.(edit.Outliner); ok {
		return f.Outline(text, like)
	}
	return e.text.Parse(text)
}

// style is what decides how a value is written.
func (e editor) style() string { return fmt.Sprint(e.format, " ", e.indent) }

// edit is of editing.Original.
func (o *original) edit(w io.Writer, enc []byte, t reflect.Type) error {
	switch {
	case errors.Is(o.failed, errUnstable):
		return o.failed
	case o.failed != nil:
		return o.replace(w, o.text, enc, o.failed)
	case o.own() && o.loads(enc, t):
		if !dependent.of(t) { // what it loads as is what was written
			o.last.Set(o.style(), enc)
		}
		return o.rewriteOwn(w, o.text, enc)
	case bytes.Equal(o.was, enc):
		o.tell(w, edit.Report{Rung: edit.Unchanged})
		return emit(w, o.text)
	}
	return o.editText(w, enc, t)
}

// own reports whether the text is just what the codec writes for what it holds, and
// says no more than that.
func (o *original) own() bool {
	if !bytes.Equal(o.was, o.text) {
		return false
	}
	if o.plain {
		return true
	}
	doc, err := o.document(nil)
	return err == nil && !annotated(doc)
}
