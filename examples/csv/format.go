package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

// record is one row. Its keys are the names in the header.
type record = map[string]string

// delimiters lists the delimiters that a file may have.
const delimiters = ",;\t|"

// format is the codec of CSV files, for handles of []record. A Pair of load and dump functions makes a Codec.
// Edit makes it a codec.Editor.
type format struct{ codec.Codec }

// newFormat makes the codec. A new file has this delimiter, and these columns come first if its records have them. The
// other columns are sorted.
func newFormat(delimiter byte, first ...string) *format {
	return &format{codec.Pair(
		func(r io.Reader) ([]record, error) {
			text, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			t, err := parse(text)
			return t.records(), err
		},
		func(w io.Writer, records []record) error {
			text, err := table{delimiter: delimiter, newline: "\n", header: first}.with(records)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		})}
}

// Edit keeps these parts of the old text: its delimiter, the order of its columns, its line ends, and each row that is in the
// new value too.
func (f *format) Edit(w io.Writer, old []byte, v any) error {
	var encoded bytes.Buffer
	if err := f.Dump(&encoded, v); err != nil {
		return err
	}
	after, err := parse(encoded.Bytes())
	if err != nil {
		return err
	}
	text := encoded.Bytes()
	before, err := parse(old)
	switch {
	case err != nil || len(before.header) == 0: // nothing to keep
	case slices.EqualFunc(before.records(), after.records(), maps.Equal[record, record]):
		text = old
	default:
		if text, err = before.with(after.records()); err != nil {
			return err
		}
	}
	_, err = w.Write(text)
	return err
}

// table is the text of a file, taken apart.
type table struct {
	delimiter byte
	newline   string
	head      []byte // the text of the header, with the mark and the blank lines before it
	header    []string
	rows      []row
}

type row struct {
	fields []string
	text   []byte
}

// parse takes a text apart. A row with another number of fields than the header has is an error.
func parse(text []byte) (table, error) {
	t := table{delimiter: detect(text), newline: "\n"}
	body := bytes.TrimPrefix(text, []byte("\ufeff")) // spreadsheets mark UTF-8 so
	mark := int64(len(text) - len(body))
	if len(bytes.TrimSpace(body)) == 0 {
		return t, nil
	}
	if i := bytes.IndexByte(body, '\n'); i > 0 && body[i-1] == '\r' {
		t.newline = "\r\n"
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma = rune(t.delimiter)
	r.FieldsPerRecord = -1 // so that this function can say which row is wrong, and how
	for start := int64(0); ; start = r.InputOffset() {
		fields, err := r.Read()
		if err == io.EOF {
			return t, nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return table{}, &errors.DecodeError{Format: "csv", Line: wrong.Line, Column: wrong.Column, Offset: -1, Err: wrong.Err}
		}
		if err != nil {
			return table{}, err
		}
		line, _ := r.FieldPos(0)
		if end := r.InputOffset(); t.header == nil {
			t.header, t.head = fields, text[:mark+end]
			err = distinct(fields)
		} else {
			t.rows = append(t.rows, row{fields, body[start:end]})
			if len(fields) != len(t.header) {
				err = fmt.Errorf("fields in the row: %d, in the header: %d", len(fields), len(t.header))
			}
		}
		if err != nil {
			return table{}, &errors.DecodeError{Format: "csv", Line: line, Offset: -1, Err: err}
		}
	}
}

// detect gives the delimiter that the header has most of, outside of quotes.
func detect(text []byte) byte {
	counts := make([]int, len(delimiters))
	quoted := false
	for _, c := range bytes.TrimLeft(text, "\r\n") {
		if c == '\n' && !quoted {
			break
		}
		if c == '"' {
			quoted = !quoted
		}
		if i := strings.IndexByte(delimiters, c); i >= 0 && !quoted {
			counts[i]++
		}
	}
	return delimiters[slices.Index(counts, slices.Max(counts))]
}

// distinct refuses a header with two columns of one name, since a map could hold one of them only.
func distinct(header []string) error {
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return fmt.Errorf("two columns are named %q", name)
		}
	}
	return nil
}

func (t table) records() (records []record) {
	for _, row := range t.rows {
		r := make(record, len(t.header))
		for i, name := range t.header {
			r[name] = row.fields[i]
		}
		records = append(records, r)
	}
	return records
}
