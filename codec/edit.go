package codec

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Rewrite makes every write replace the whole text. Comments, order and keys that T does not know are lost. The
// codec is no [Editor] then. It is for files that no person edits, and for JSON, JSONC, YAML and TOML.
func Rewrite() Option {
	return option{"Rewrite", func(s *settings) { s.rewrite = true }}
}

// KeepComments makes a write fail with ErrEncode, and change nothing, if it might lose a comment. These are
// the cases:
//   - The write can't keep a comment. Comments of deleted entries don't count.
//   - Elements of a list go while others come, and the elements that go have comments, or keys that T does
//     not know. The new elements may be the old ones, changed.
//   - A key with a comment goes while another key with the same value comes. It may have been renamed.
//   - The text does not decode and is not blank, so it would have to be replaced.
//
// Without KeepComments such a write is done, and the loss is reported. It is for JSON, JSONC, YAML and TOML.
func KeepComments() Option {
	return option{"KeepComments", func(s *settings) { s.keepComments = true }}
}

// EditReport says how a value was written into existing text.
type EditReport struct {
	How  EditMethod `json:"how"`
	Lost []int      `json:"lost"` // lines of the old text, from 1, that lost a comment or a key that T does not know
}

// EditMethod names the way in which a text was edited. The constants are sorted: each
// changes more of the text than the one before it.
type EditMethod string

const (
	EditUnchanged  EditMethod = "unchanged"  // no byte changed
	EditSpliced    EditMethod = "spliced"    // only the values that differ changed
	EditRestyled   EditMethod = "restyled"   // the same, but a new value is not written in the style of its neighbours
	EditLocalized  EditMethod = "localized"  // an alias or a merge key was replaced by a value of its own
	EditRerendered EditMethod = "rerendered" // the map or list around a change was written anew
	EditRewritten  EditMethod = "rewritten"  // the whole text was written anew
	EditReplaced   EditMethod = "replaced"   // the old text was discarded, since it could not be edited
)

// OnEdit calls f with a report of each edit. f is called before the commit, which may fail. If the edit is made
// again, f is called again. f must be safe for concurrent use. It is for JSON, JSONC, YAML and TOML.
func OnEdit(f func(EditReport)) Option {
	if f == nil {
		panic("codec.OnEdit: nil function")
	}
	return option{"OnEdit", func(s *settings) { s.onEdit = &f }}
}

// editor makes an Editor of a codec whose format package edit knows.
type editor struct {
	Codec
	settings
	text edit.Format
}

// editing gives the codec the power to edit, unless its options take it away.
func (s settings) editing(c Codec, text edit.Format) Codec {
	if s.rewrite {
		return c
	}
	return editor{c, s, text}
}

// Edit compares what old decodes to with v, both as this codec encodes them, and
// writes what differs into old: so neither a key that v's type does not know nor
// a zero value that the text leaves out is touched.
func (e editor) Edit(w io.Writer, old []byte, v any) error {
	var enc bytes.Buffer
	if err := e.Dump(&enc, v); err != nil {
		return err
	}
	t := typeOf(v)
	o, _ := e.load(old, 0, reflect.New(t).Interface(), nil) // what does not load is replaced
	return o.edit(w, enc.Bytes(), t)
}

// rewriteOwn writes a value over a text that is just what this codec writes for what
// the text holds. Nobody else has written there, so there is nothing to keep: the two
// encodings differ in what changed and in nothing else.
func (e editor) rewriteOwn(w io.Writer, old, enc []byte) error {
	rung := edit.Spliced
	if bytes.Equal(old, enc) {
		rung = edit.Unchanged
	}
	e.tell(w, edit.Report{Rung: rung})
	return emit(w, enc)
}

// editText writes what differs between the encoding of what the text holds and enc into it.
func (o *original) editText(w io.Writer, enc []byte, t reflect.Type) error {
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
		if err == nil && !edit.SameData(o.editor.text, is, enc) {
			err = errors.New("the edited text decodes to another value")
		}
		return err
	}
	opt := edit.Options{Check: check, Refuse: o.keepComments}
	if !dependent.of(t) {
		opt.Recode = func(part []byte) ([]byte, error) { return o.recode(&edit.Document{Text: part}, true, t) }
	}
	text, report, err := edit.EditOpened(o.editor.text, open, o.was, enc, opt)
	switch {
	case unstable != nil:
		return unstable
	case first == nil: // the text can't be parsed
		return o.replace(w, o.text, enc, err)
	case err != nil:
		if _, unread := o.editor.text.Parse(o.was); unread != nil { // nothing to compare with
			return o.replace(w, o.text, enc, unread)
		}
		if !o.survives(enc, t) {
			err = fmt.Errorf("%w: what a %s is written as loads as another value, so no edit of the text can be proven; "+
				"mend its Marshal or Unmarshal method, or give the codec the option codec.Rewrite()", err, t)
		}
		return &errors.EncodeError{Format: o.format, Err: err}
	}
	o.tell(w, report)
	return emit(w, text)
}

// annotated tells whether a text says more than its value.
func annotated(doc *edit.Document) bool { return len(doc.Comments) > 0 || doc.Indirect }

// loads reports whether an encoding loads as the value that was encoded. The codecs'
// encodings of the types they know do, as a new file shows, so they need no proof. The
// encoding that a type makes by a method of its own is decoded and encoded once more.
func (e editor) loads(enc []byte, t reflect.Type) bool {
	return !writesItself.of(t) || e.survives(enc, t)
}

// survives is the proof of a text that is an encoding: it decodes to what was encoded.
func (e editor) survives(enc []byte, t reflect.Type) bool {
	o, err := e.load(enc, 0, reflect.New(t).Interface(), nil)
	return err == nil && o.failed == nil && edit.SameData(e.text, o.was, enc)
}

// replace writes a value over text that can't be edited.
func (e editor) replace(w io.Writer, old, enc []byte, why error) error {
	if text, _ := withoutBOM(old); e.keepComments && !blank(text) {
		return &errors.EncodeError{Format: e.format, Err: fmt.Errorf("the text that is there can't be edited and may hold comments: %w", why)}
	}
	report, err := edit.Replacement(e.text, old, enc)
	if err != nil {
		return &errors.EncodeError{Format: e.format, Err: fmt.Errorf("%w: the text that is there can't be edited: %w", err, why)}
	}
	e.tell(w, report)
	return emit(w, enc)
}

// documentCodec is a codec that can do without parsing a text again.
type documentCodec interface {
	open(text []byte, t reflect.Type) (*opened, error) // for values of type t; an error says that Load must do it
	loadDocument(doc *edit.Document, v any) error      // Load of the document's text
	encode(v any) ([]byte, error)                      // Dump without a proof that the text loads
}

// recode gives the encoding of what a text decodes to. It is compared with others,
// and never written. Of a spent document only the text is there.
func (e editor) recode(doc *edit.Document, spent bool, t reflect.Type) ([]byte, error) {
	v := reflect.New(t)
	load := e.loadDocument
	if spent {
		load = e.loadText
	}
	if err := load(doc, v.Interface()); err != nil {
		return nil, err
	}
	e.release(doc)
	return e.encodeLoaded(v.Elem().Interface())
}

func (e editor) loadDocument(doc *edit.Document, v any) error {
	if c, ok := e.Codec.(documentCodec); ok {
		return c.loadDocument(doc, v)
	}
	return e.loadText(doc, v)
}

func (e editor) loadText(doc *edit.Document, v any) error {
	return e.Load(NewSource(doc.Text, 0), v)
}

// release lets go of what only decoding a document needs.
func (e editor) release(doc *edit.Document) {
	if f, ok := e.text.(interface{ Release(*edit.Document) }); ok {
		f.Release(doc)
	}
}

func (e editor) encode(v any) ([]byte, error) {
	if c, ok := e.Codec.(documentCodec); ok {
		return stable(e.format, v, func() ([]byte, error) { return c.encode(v) })
	}
	return e.dumpStable(v)
}

// encodeLoaded is encode of a value that has just been loaded into a zero value. So the
// codec may know what can't be in it.
func (e editor) encodeLoaded(v any) ([]byte, error) {
	c, ok := e.Codec.(interface {
		encodeLoaded(v any) (text []byte, known bool, err error)
	})
	if ok {
		if text, known, err := c.encodeLoaded(v); known {
			return text, err
		}
	}
	return e.encode(v)
}

// typeOf is the type to decode old text into for a comparison with v.
func typeOf(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t == nil {
		return reflect.TypeFor[any]()
	}
	return t
}

// tell hands the report to who asked for it: the option, and the writer of a
// handle, which knows the file. A loss that nobody heard of is logged.
func (e editor) tell(w io.Writer, done edit.Report) {
	r := EditReport{EditMethod(done.Rung.String()), done.Gone()}
	if e.onEdit != nil {
		(*e.onEdit)(r)
	}
	if listener, ok := w.(interface{ Edited(EditReport) }); ok {
		listener.Edited(r)
	} else if len(r.Lost) > 0 && e.onEdit == nil {
		slog.Warn(r.loss())
	}
}

func (r EditReport) loss() string {
	return fmt.Sprintf("a write could not keep the comments or unknown keys of the lines %v", r.Lost)
}
