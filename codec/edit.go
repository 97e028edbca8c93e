package codec

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Rewrite makes every write replace the whole text, comments, order and unknown
// keys included, as most libraries do: the codec is no [Editor] then. It is for
// JSON, JSONC, YAML and TOML.
func Rewrite() Option {
	return option{"Rewrite", func(s *settings) { s.rewrite = true }}
}

// KeepComments makes a write fail with ErrEncode, and change nothing, where it
// could not keep every comment of the text but those of deleted entries, or
// would have to rewrite it whole. Without it such a write is done and reported.
// It is for JSONC, YAML and TOML, and for JSON, where only the second matters.
func KeepComments() Option {
	return option{"KeepComments", func(s *settings) { s.keepComments = true }}
}

// EditReport says how a value was written into existing text.
type EditReport struct {
	How  string // "unchanged", "spliced", "restyled", "localized", "rerendered", "rewritten" or "replaced", from the gentlest to the coarsest
	Lost []int  // the lines of the old text, from 1, whose comments are lost
}

// OnEdit has f told of every edit, at the time of its commit. f must be safe for
// concurrent use. It is for JSON, JSONC, YAML and TOML.
func OnEdit(f func(EditReport)) Option {
	if f == nil {
		panic("codec.OnEdit: nil function")
	}
	return option{"OnEdit", func(s *settings) { s.onEdit = &f }}
}

// editor makes an Editor of a codec whose format textedit knows.
type editor struct {
	Codec
	settings
	text textedit.Format
}

// editing gives the codec the power to edit, unless its options take it away.
func (s settings) editing(c Codec, text textedit.Format) Codec {
	if s.rewrite {
		return c
	}
	return editor{c, s, text}
}

// Edit compares what old decodes to with v, both as this codec encodes them, and
// writes what differs into old: so neither a key that v's type does not know nor
// a zero value that the text leaves out is touched. Text that does not decode
// can't be edited, and v is written whole.
func (e editor) Edit(w io.Writer, old []byte, v any) error {
	was := reflect.New(typeOf(v))
	if err := e.Load(NewSource(old, 0), was.Interface()); err != nil {
		return e.Dump(w, v)
	}
	oldEnc, err := e.encode(was.Elem().Interface())
	if err != nil {
		return e.Dump(w, v) // what is there can be read but not written
	}
	newEnc, err := e.encode(v)
	if err != nil {
		return err
	}
	check := func(doc *textedit.Document) error { return e.proves(doc.Text, was.Type().Elem(), newEnc) }
	text, report, err := textedit.Edit(e.text, old, oldEnc, newEnc, textedit.Options{Check: check, Refuse: e.keepComments})
	if errors.Is(err, errors.ErrDecode) && !e.keepComments {
		return e.Dump(w, v)
	}
	if err != nil {
		return &errors.EncodeError{Format: e.format, Err: err}
	}
	e.tell(w, EditReport{report.Rung.String(), report.Lost})
	return emit(w, text)
}

// proves reports whether a text decodes to the value whose encoding is enc.
func (e editor) proves(text []byte, t reflect.Type, enc []byte) error {
	is := reflect.New(t)
	if err := e.Load(NewSource(text, 0), is.Interface()); err != nil {
		return err
	}
	got, err := e.encode(is.Elem().Interface())
	if err == nil && !bytes.Equal(got, enc) {
		err = errors.New("the edited text decodes to another value")
	}
	return err
}

func (e editor) encode(v any) ([]byte, error) {
	var text bytes.Buffer
	err := e.Dump(&text, v)
	return text.Bytes(), err
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
func (e editor) tell(w io.Writer, r EditReport) {
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
	return fmt.Sprintf("a write could not keep the comments of the lines %v", r.Lost)
}
