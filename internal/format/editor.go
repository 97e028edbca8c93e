package format

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Editor writes values into existing text of a format.
type Editor struct {
	Format
	KeepComments bool // an edit that might lose a comment fails
}

// Edit decodes old, compares the encodings of that value and of v, and writes the differences into
// old. So it changes neither a key that v's type does not know, nor a zero value that the text
// leaves out.
func (e Editor) Edit(old []byte, v any) ([]byte, edit.Report, error) {
	enc, err := e.Dump(v)
	if err != nil {
		return nil, edit.Report{}, err
	}
	t := typeOf(v)
	o, _ := e.Load(old, reflect.New(t).Interface(), nil) // a text that does not load is replaced
	return o.Edit(enc, t)
}

// editText writes the differences between the encoding of the loaded value and enc into the text. The
// result must read as what was encoded. With defaults it may read as want instead, which is the
// encoding of what enc reads as.
func (o *Loaded) editText(enc, want []byte, t reflect.Type) ([]byte, edit.Report, error) {
	var first *edit.Document
	open := func(like *edit.Node) (doc *edit.Document, err error) {
		first, err = o.document(like)
		return first, err
	}
	var unstable error
	check := func(doc *edit.Document) error {
		is, err := o.recode(doc, doc == first, t)
		if errors.Is(err, errUnstable) {
			unstable = err
		}
		if err == nil && !o.sameData(is, enc) && (bytes.Equal(enc, want) || !o.sameData(is, want)) {
			err = errors.New("the edited text decodes to another value")
		}
		return err
	}
	opt := edit.Options{Check: check, Refuse: o.editor.KeepComments, Defaults: o.defaults.IsValid()}
	if !o.bare {
		opt.Comments = o.editor.comments(t)
	}
	if !opt.Defaults && !dependent.Of(t) {
		opt.Recode = func(part []byte) ([]byte, error) { return o.editor.recode(&edit.Document{Text: part}, true, t) }
	}
	text, report, err := edit.EditOpened(o.editor.Grammar, open, o.was, enc, opt)
	switch {
	case unstable != nil:
		return nil, edit.Report{}, unstable
	case first == nil: // the text can't be parsed
		return o.editor.replace(o.text, enc, t, err)
	case err != nil:
		if _, unread := o.editor.Grammar.Parse(o.was); unread != nil { // nothing to compare with
			return o.editor.replace(o.text, enc, t, unread)
		}
		if !o.editor.survives(enc, t) {
			err = fmt.Errorf("%w: the encoding of a %s loads as another value, so no edit of the text can be proven; "+
				"mend its Marshal or Unmarshal method, or give the codec the option codec.Rewrite()", err, t)
		}
		return nil, edit.Report{}, &errors.EncodeError{Format: o.editor.Settings.Format, Err: err}
	}
	return text, report, nil
}

// annotated reports whether a text has comments, aliases, merges or duplicate keys.
func annotated(doc *edit.Document) bool { return len(doc.Comments) > 0 || doc.Indirect }

// survives proves an encoding: it decodes to a value with the same encoding.
func (e Editor) survives(enc []byte, t reflect.Type) bool {
	o, err := e.Load(enc, reflect.New(t).Interface(), nil)
	return err == nil && o.failed == nil && edit.SameData(e.Grammar, o.was, enc)
}

// replace writes a value over text that can't be edited.
func (e Editor) replace(old, enc []byte, t reflect.Type, why error) ([]byte, edit.Report, error) {
	if text, _ := WithoutBOM(old); e.KeepComments && !Blank(text) {
		return nil, edit.Report{}, &errors.EncodeError{Format: e.Settings.Format, Err: fmt.Errorf("the text that is there can't be edited and may hold comments: %w", why)}
	}
	report, err := edit.Replacement(e.Grammar, old, enc)
	if err != nil {
		return nil, edit.Report{}, &errors.EncodeError{Format: e.Settings.Format, Err: fmt.Errorf("%w: the text that is there can't be edited: %w", err, why)}
	}
	return e.Annotate(enc, t), report, nil
}

// recode decodes a text and encodes the value. The result is compared with other encodings, and
// never written. If the document is spent, the parser's tree was released and the text is parsed
// again.
func (e Editor) recode(doc *edit.Document, spent bool, t reflect.Type) ([]byte, error) {
	v := reflect.New(t)
	var err error
	if spent {
		err = e.Codec.Load(doc.Text, v.Interface())
	} else {
		err = e.Codec.LoadDocument(doc, v.Interface())
	}
	if err != nil {
		return nil, err
	}
	e.Grammar.Release(doc)
	return e.encodeLoaded(v.Elem().Interface())
}

// encodeLoaded encodes a value that has just been loaded into a zero value, for a comparison with
// another encoding. The codec may be faster for a value that it has decoded itself.
func (e Editor) encodeLoaded(v any) ([]byte, error) {
	if text, known, err := e.Codec.EncodeLoaded(v); known {
		return text, err
	}
	return stable(e.Settings.Format, v, e.Codec.Encode)
}

// typeOf gives the type into which old text is decoded for a comparison with v.
func typeOf(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t == nil {
		return reflect.TypeFor[any]()
	}
	return t
}
