package format

import (
	"bytes"
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Completer is a codec that knows how to write a zero value which its encoder leaves out.
type Completer interface {
	// Complete gives enc, the encoding of a value, with the zero values that make it read as v
	// over the defaults to which def points. It gives enc itself if nothing is missing. It fails if it
	// knows no way, and gives nil if it can't tell: the values can't be compared by their encodings.
	Complete(enc []byte, v, def any) ([]byte, error)
}

// loadOver is Load into a value that holds defaults. It does not use what the handle has
// written last: the defaults may be others now.
func (e Editor) loadOver(text []byte, v any) (*Loaded, error) {
	dst := reflect.ValueOf(v).Elem()
	o := &Loaded{editor: e, text: text, defaults: reflect.New(dst.Type()).Elem()}
	new(cloner).copy(o.defaults, dst)
	if err := e.Format.LoadOver(text, v); err != nil {
		o.failed = err
		return o, err
	}
	o.was, o.failed = stable(e.Settings.Format, dst.Interface(), e.Codec.Encode)
	o.document = func(like *edit.Node) (*edit.Document, error) {
		doc, err := e.Grammar.Outline(text, like)
		if err == nil {
			e.Grammar.Release(doc)
		}
		return doc, err
	}
	return o, nil
}

// editOver is Edit of a text that was loaded over defaults. Its encoding and the new one both have the
// defaults that the text lacks, so an edit does not see them. The new encoding may lack a key of a
// map that has a default. It reads with that key, and so does the edited text.
func (o *Loaded) editOver(enc []byte, t reflect.Type) ([]byte, edit.Report, error) {
	want, err := o.readOver(enc)
	if err != nil {
		want = enc // what can be encoded need not decode
	}
	switch {
	case bytes.Equal(o.was, enc):
		return o.text, edit.Report{Rung: edit.Unchanged}, nil
	case !bytes.Equal(want, enc) || !o.loads(enc, t): // enc is no whole text
	case o.own():
		return o.editor.annotate(o.text, enc, t), edit.Report{Rung: edit.Spliced}, nil
	case o.ownWithComments(t):
		return o.editor.Annotate(enc, t), edit.Report{Rung: edit.Spliced}, nil
	}
	return o.editText(enc, want, t)
}

// readOver gives the encoding of what a text reads as over the defaults.
func (o *Loaded) readOver(text []byte) ([]byte, error) {
	v := reflect.New(o.defaults.Type())
	new(cloner).copy(v.Elem(), o.defaults)
	if err := o.editor.Format.LoadOver(text, v.Interface()); err != nil {
		return nil, err
	}
	return stable(o.editor.Settings.Format, v.Elem().Interface(), o.editor.Codec.Encode)
}

// recode is that of the editor, or over the defaults if there are some.
func (o *Loaded) recode(doc *edit.Document, spent bool, t reflect.Type) ([]byte, error) {
	if o.defaults.IsValid() {
		return o.readOver(doc.Text)
	}
	return o.editor.recode(doc, spent, t)
}

// sameData reports whether two encodings hold the same. With defaults a map may be one that its owner
// made, so that its keys have another order, and an empty collection may be one that was left out.
func (o *Loaded) sameData(a, b []byte) bool {
	if !o.defaults.IsValid() {
		return edit.SameData(o.editor.Grammar, a, b)
	}
	return bytes.Equal(a, b) || edit.AlikeData(o.editor.Grammar, a, b)
}

// Complete is of [Completer]. With bare, the keys that it adds have no comments of the type's fields.
func (e Editor) Complete(enc []byte, v, def any, bare bool) ([]byte, error) {
	o, err := e.loadOver(enc, def)
	o.bare = bare
	if err != nil || o.failed != nil {
		return nil, nil
	}
	want, err := e.Dump(v)
	if err != nil {
		return nil, nil
	}
	if o.sameData(o.was, want) {
		return enc, nil
	}
	t := o.defaults.Type()
	text, _, err := o.editText(want, want, t)
	if err != nil && !e.survives(want, t) {
		return nil, nil
	}
	return text, err
}
