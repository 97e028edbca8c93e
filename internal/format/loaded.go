package format

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Loaded is a text that was loaded. It keeps the encoding of the loaded value, so that an edit need
// not decode and encode the text again. It is not safe for concurrent use.
type Loaded struct {
	editor Editor
	style  string // what decides how a value is written
	text   []byte
	was    []byte // the encoding of the loaded value
	failed error  // the error of loading or encoding; then was is nil
	plain  bool   // see Opened.Plain
	last   *LastWrite

	defaults reflect.Value // what the text was loaded over; invalid if that was a zero value
	bare     bool          // an edit adds no comments of T's fields

	document func(like *edit.Node) (*edit.Document, error)
}

// Load decodes text into v, a pointer to a zero value or to defaults, and encodes the value before the caller can
// change it. It keeps text, which must not change. last belongs to the handle that loads, or is
// nil. If Load fails, it returns a Loaded as well, whose text can be replaced.
func (e Editor) Load(text []byte, v any, last *LastWrite) (*Loaded, error) {
	if HoldsDefaults(v) {
		return e.loadOver(text, v)
	}
	o := &Loaded{editor: e, style: fmt.Sprint(e.Settings.Format, " ", e.Settings.Indent), text: text, last: last}
	if last.Is(o.style, text) {
		o.was, o.plain = text, true
		o.failed = e.Codec.Load(text, v)
		return o, o.failed
	}
	t := reflect.TypeOf(v).Elem()
	open := e.Codec.Open(text, t)
	if err := open.Decode(v); err != nil {
		if told := e.Codec.Load(text, reflect.New(t).Interface()); told != nil {
			err = told
		}
		o.failed = err
		return o, err
	}
	o.plain = open.Plain
	o.was, o.failed = e.encodeLoaded(reflect.ValueOf(v).Elem().Interface())
	once := open.Document
	o.document = func(like *edit.Node) (doc *edit.Document, err error) {
		if once != nil {
			doc, err = once(like)
			once = nil // with the parser's tree
		} else {
			doc, err = e.Grammar.Outline(text, like)
		}
		if err == nil {
			e.Grammar.Release(doc)
		}
		return doc, err
	}
	return o, nil
}

// Edit writes the value of type t that Dump has encoded as enc into the text. It gives the new text
// and a report. An encoding that does not decode is written too.
func (o *Loaded) Edit(enc []byte, t reflect.Type) ([]byte, edit.Report, error) {
	switch {
	case errors.Is(o.failed, errUnstable):
		return nil, edit.Report{}, o.failed
	case o.failed != nil:
		return o.editor.replace(o.text, enc, t, o.failed)
	case o.defaults.IsValid():
		return o.editOver(enc, t)
	case o.own() && o.loads(enc, t):
		text := enc
		if o.editor.CommentTag != "" {
			text = o.editor.annotate(o.text, enc, t)
		}
		if o.loadsAsWritten(enc, t) && bytes.Equal(text, enc) {
			o.last.Set(o.style, enc)
		}
		// Only the codec has written the text, so there is nothing to keep. The two encodings
		// differ only in the values that changed.
		if !bytes.Equal(o.text, text) {
			return text, edit.Report{Rung: edit.Spliced}, nil
		}
	case bytes.Equal(o.was, enc):
	case o.ownWithComments(t) && o.loads(enc, t):
		return o.editor.Annotate(enc, t), edit.Report{Rung: edit.Spliced}, nil
	default:
		return o.editText(enc, enc, t)
	}
	return o.text, edit.Report{Rung: edit.Unchanged}, nil
}

// ownWithComments reports whether the text is just what the codec writes into a new file for what it holds.
func (o *Loaded) ownWithComments(t reflect.Type) bool {
	return len(o.text) > len(o.was) && o.editor.Comments(t) && bytes.Equal(o.editor.Annotate(o.was, t), o.text)
}

// loads reports whether enc, an encoding of a value of type t, loads as that value. The codecs' encodings of the
// types they know do, as a new file shows, so they need no proof. The encoding that a type makes by a
// method of its own is decoded and encoded once more.
func (o *Loaded) loads(enc []byte, t reflect.Type) bool {
	return !writesItself.Of(t) || o.editor.survives(enc, t)
}

// loadsAsWritten reports whether it is certain that enc, the encoding of a value of type t, loads as
// a value with the same encoding.
func (o *Loaded) loadsAsWritten(enc []byte, t reflect.Type) bool {
	return !dependent.Of(t) && (!holdsAny.Of(t) || o.last.Plain(enc, o.editor.JSONNumbers))
}

// own reports whether the text is the codec's own encoding of its value, without comments and
// anchors.
func (o *Loaded) own() bool {
	if !bytes.Equal(o.was, o.text) {
		return false
	}
	if o.plain {
		return true
	}
	doc, err := o.document(nil)
	return err == nil && !annotated(doc)
}
