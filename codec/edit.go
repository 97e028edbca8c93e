package codec

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"

	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// Rewrite makes every write replace the whole text. Comments, order and keys that T does not know are lost. The
// codec is no [Editor] then. It is for files that no person edits, and for JSON, JSONC, YAML and TOML.
func Rewrite() Option {
	return option{"Rewrite", func(s *settings) { s.rewrite = true }}
}

// KeepComments makes a write fail with ErrEncode, and change nothing, if it might lose a comment. A write
// fails in these cases:
//   - A comment can't be kept. Comments of deleted entries don't count.
//   - The write deletes elements of a list and adds others, and a deleted element has comments, or keys that
//     T does not know. A new element may be a deleted one that was changed.
//   - The write deletes a key that has a comment, and adds another key with the same value. The key may have
//     been renamed.
//   - The text does not decode and is not blank, so it would have to be replaced.
//
// Without KeepComments these writes succeed, and the loss is reported. It is for JSON, JSONC, YAML and TOML.
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

// codec makes an Editor of a format, or with the option Rewrite a Codec only.
func (s settings) codec(f format.Format) Codec {
	if s.rewrite {
		return builtin{f}
	}
	return editor{format.Editor{Format: f, KeepComments: s.keepComments}, s.onEdit}
}

// builtin is a Codec of a built-in format.
type builtin struct{ format format.Format }

func (c builtin) Load(r io.Reader, v any) error {
	text, _, err := content(r)
	if err != nil {
		return err
	}
	if format.HoldsDefaults(v) {
		return c.format.LoadOver(text, v)
	}
	return c.format.Codec.Load(text, v)
}

func (c builtin) Dump(w io.Writer, v any) error {
	text, err := c.format.Codec.Dump(v)
	if err != nil {
		return err
	}
	return emit(w, c.format.Annotate(text, reflect.TypeOf(v)))
}

// Complete is of format.Completer.
func (c builtin) Complete(enc []byte, v, def any) ([]byte, error) {
	return format.Editor{Format: c.format}.Complete(enc, v, def, false)
}

// editor is an Editor of a format. It is comparable, as builtin is, so that two codecs
// with the same options are equal.
type editor struct {
	format format.Editor
	onEdit *func(EditReport)
}

func (e editor) Load(r io.Reader, v any) error { return builtin{e.format.Format}.Load(r, v) }

func (e editor) Dump(w io.Writer, v any) error {
	text, err := e.format.Dump(v)
	if err != nil {
		return err
	}
	return emit(w, e.format.Annotate(text, reflect.TypeOf(v)))
}

// Encode is of format.Encoder, as are the next two.
func (e editor) Encode(w io.Writer, v any) error {
	text, err := e.format.Dump(v)
	if err != nil {
		return err
	}
	return emit(w, text)
}

func (e editor) Comments(t reflect.Type) bool { return e.format.Comments(t) }

func (e editor) Annotate(enc []byte, t reflect.Type) ([]byte, error) {
	return e.format.Annotate(enc, t), nil
}

func (e editor) Edit(w io.Writer, old []byte, v any) error {
	text, report, err := e.format.Edit(old, v)
	return e.deliver(w, text, report, err)
}

// Complete is of format.Completer.
func (e editor) Complete(enc []byte, v, def any) ([]byte, error) {
	return e.format.Complete(enc, v, def, true)
}

// LoadOriginal is of format.OriginalLoader.
func (e editor) LoadOriginal(text []byte, _ int64, v any, last *format.LastWrite) (*format.Original, error) {
	o, err := e.format.Load(text, v, last)
	return format.NewOriginal(text, func(w io.Writer, enc []byte, t reflect.Type) error {
		edited, report, err := o.Edit(enc, t)
		return e.deliver(w, edited, report, err)
	}), err
}

// deliver writes the text, and reports the edit to OnEdit and to the writer of a handle, which logs losses
// with the path of the file. If there is neither, deliver logs a loss.
func (e editor) deliver(w io.Writer, text []byte, report edit.Report, err error) error {
	if err != nil {
		return err
	}
	r := EditReport{EditMethod(report.Rung.String()), report.Gone()}
	if e.onEdit != nil {
		(*e.onEdit)(r)
	}
	if listener, ok := w.(interface{ Edited(EditReport) }); ok {
		listener.Edited(r)
	} else if len(r.Lost) > 0 && e.onEdit == nil {
		slog.Warn(r.loss())
	}
	return emit(w, text)
}

func (r EditReport) loss() string {
	return fmt.Sprintf("a write could not keep the comments or unknown keys of the lines %v", r.Lost)
}
