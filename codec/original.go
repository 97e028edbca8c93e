package codec

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Original is what the loading of a text has found out that an edit of the same text
// needs, so that it need not be decoded and encoded again. Package codec makes it and
// uses it; a handle keeps it in between.
type Original struct {
	mu     sync.Mutex // the document is there for one edit
	text   []byte
	was    []byte // the encoding of what it holds
	failed error  // why it has none
	plain  bool   // there can be no comments and no anchors
	last   *LastWrite

	document func(like *textedit.Node) (*textedit.Document, error)
}

// LastWrite remembers for a handle the text that its codec wrote last without an edit.
// If the file still holds it, nobody else has written there, and what it holds need not
// be encoded to find that out. It is safe for concurrent use.
type LastWrite struct {
	sum atomic.Pointer[[sha256.Size]byte]
}

func (l *LastWrite) set(e editor, text []byte) {
	if l != nil {
		l.sum.Store(e.sum(text))
	}
}

func (l *LastWrite) is(e editor, text []byte) bool {
	if l == nil {
		return false
	}
	sum := l.sum.Load()
	return sum != nil && *sum == *e.sum(text)
}

// sum is of a text as this codec writes it.
func (e editor) sum(text []byte) *[sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintln(h, e.format, e.indent)
	h.Write(text)
	return (*[sha256.Size]byte)(h.Sum(nil))
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
	LoadOriginal(text []byte, max int64, v any, last *LastWrite) (*Original, error)
	// EditOriginal is EditEncoded of the text that o was loaded from.
	EditOriginal(w io.Writer, o *Original, enc []byte, t reflect.Type) error
}

// opened is a text that is parsed, though where everything is in it may not be known yet.
type opened struct {
	decode   func(v any) error
	document func(like *textedit.Node) (*textedit.Document, error) // once, see textedit.Outliner; nil if a decoded value is part of what it would be made of
	plain    bool                                                  // there can be no comments and no anchors
}

var errNotShared = errors.New("the codec has to read the text itself")

// LoadOriginal decodes, and encodes what was decoded before the caller can change it.
func (e editor) LoadOriginal(text []byte, max int64, v any, last *LastWrite) (*Original, error) {
	t := reflect.TypeOf(v).Elem()
	if last.is(e, text) {
		if err := e.Load(NewSource(text, max), v); err != nil {
			return nil, err
		}
		return &Original{text: text, was: text, plain: true, last: last}, nil
	}
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
	encode := e.encode
	if reflect.ValueOf(v).Elem().IsZero() {
		encode = e.encodeLoaded
	}
	if err := open.decode(v); err != nil {
		if told := e.Load(NewSource(text, max), reflect.New(t).Interface()); told != nil {
			err = told
		}
		return nil, err
	}
	o := &Original{text: text, plain: open.plain, last: last}
	o.was, o.failed = encode(reflect.ValueOf(v).Elem().Interface())
	once := open.document
	o.document = func(like *textedit.Node) (doc *textedit.Document, err error) {
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
func (e editor) outline(text []byte, like *textedit.Node) (*textedit.Document, error) {
	if f, ok := e.text.(textedit.Outliner); ok {
		return f.Outline(text, like)
	}
	return e.text.Parse(text)
}

// EditOriginal is of originalEditor.
func (e editor) EditOriginal(w io.Writer, o *Original, enc []byte, t reflect.Type) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case errors.Is(o.failed, errUnstable):
		return o.failed
	case o.failed != nil:
		return e.replace(w, o.text, enc, o.failed)
	case o.own() && e.loads(enc, t):
		if !dependent.of(t) { // what it loads as is what was written
			o.last.set(e, enc)
		}
		return e.rewriteOwn(w, o.text, enc)
	case bytes.Equal(o.was, enc):
		e.tell(w, textedit.Report{Rung: textedit.Unchanged})
		return emit(w, o.text)
	}
	return e.edit(w, o, enc, t)
}

// own reports whether the text is just what the codec writes for what it holds, and
// says no more than that.
func (o *Original) own() bool {
	if !bytes.Equal(o.was, o.text) {
		return false
	}
	if o.plain {
		return true
	}
	doc, err := o.document(nil)
	return err == nil && !annotated(doc)
}
