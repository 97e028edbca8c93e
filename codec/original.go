package codec

import (
	"bytes"
	"io"
	"reflect"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Original is what the loading of a text has found out that an edit of the same text
// needs, so that it need not be parsed, decoded and encoded again. Package
// codec makes it and uses it; a handle keeps it in between.
type Original struct {
	mu       sync.Mutex // two edits of it share the document
	text     []byte
	was      []byte // the encoding of what it holds
	own      bool   // it is just what the codec writes for that
	document func() (*textedit.Document, error)
}

// Of reports whether o was loaded from these very bytes, which nobody has changed since.
func (o *Original) Of(text []byte) bool {
	return o != nil && len(text) > 0 && len(o.text) == len(text) && &o.text[0] == &text[0]
}

// originalEditor is an Editor that can use what a Load has found out.
type originalEditor interface {
	// LoadOriginal is Load of text into a v of the type *T. The Original is nil if
	// nothing was found out that would help; then an edit has to read the text itself.
	// It keeps the text.
	LoadOriginal(text []byte, max int64, v any) (*Original, error)
	// EditOriginal is EditEncoded of the text that o was loaded from.
	EditOriginal(w io.Writer, o *Original, enc []byte, t reflect.Type) error
}

// opened is a text that is parsed, though where everything is in it may not be known yet.
type opened struct {
	decode   func(v any) error
	document func() (*textedit.Document, error)
	shared   bool // a decoded value is part of what the document is made of
	plain    bool // there can be no comments and no anchors
}

var errNotShared = errors.New("the codec has to read the text itself")

// LoadOriginal decodes, and encodes what was decoded before the caller can change it.
func (e editor) LoadOriginal(text []byte, max int64, v any) (*Original, error) {
	o := &Original{text: text}
	t := reflect.TypeOf(v).Elem()
	open := &opened{
		decode:   func(v any) error { return e.Load(NewSource(text, max), v) },
		document: func() (*textedit.Document, error) { return e.text.Parse(text) },
		plain:    true, // neither JSON nor JSONC writes comments
	}
	if f, ok := e.text.(interface {
		ParseValid([]byte) (*textedit.Document, error)
	}); ok {
		open.document = func() (*textedit.Document, error) { return f.ParseValid(text) } // as Load has found
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
		return nil, err
	}
	var err error
	if o.was, err = e.encode(reflect.ValueOf(v).Elem().Interface()); err != nil {
		return nil, nil // an edit says so, if there is one
	}
	o.document = open.document
	o.own = bytes.Equal(o.was, text)
	if o.own && open.plain {
		return o, nil
	}
	if o.own || open.shared {
		doc, err := open.document()
		o.document = func() (*textedit.Document, error) { return doc, err }
		o.own = o.own && err == nil && !annotated(doc)
	}
	return o, nil
}

// EditOriginal is of originalEditor.
func (e editor) EditOriginal(w io.Writer, o *Original, enc []byte, t reflect.Type) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.own && e.loads(enc, t):
		return e.rewriteOwn(w, o.text, enc)
	case bytes.Equal(o.was, enc):
		e.tell(w, textedit.Report{Rung: textedit.Unchanged})
		return emit(w, o.text)
	}
	first, err := o.document()
	o.document = func() (*textedit.Document, error) { return first, err } // the parser's state is let go of
	if err != nil {
		return e.replace(w, o.text, enc, err)
	}
	return e.edit(w, first, o.was, enc, t)
}
