package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// with gives the text of the table after its records were replaced. A record that lacks a column gets an empty field.
func (t table) with(records []record) ([]byte, error) {
	columns := t.columns(records)
	if len(columns) == 0 && len(records) > 0 {
		return nil, errors.New("a record must have a key, since the keys are the header")
	}
	kept := make(map[string][]byte) // text of the old rows, by their fields
	var text bytes.Buffer
	if slices.Equal(columns, t.header) && t.head != nil {
		for _, row := range t.rows {
			kept[key(row.fields)] = row.text
		}
		t.put(&text, t.head)
	} else if len(columns) > 0 {
		line, err := t.line(columns)
		if err != nil {
			return nil, err
		}
		t.put(&text, line)
	}
	for _, r := range records {
		fields := make([]string, len(columns))
		for i, name := range columns {
			fields[i] = r[name]
		}
		line, ok := kept[key(fields)]
		if !ok {
			var err error
			if line, err = t.line(fields); err != nil {
				return nil, err
			}
		}
		t.put(&text, line)
	}
	return text.Bytes(), nil
}

// columns gives the names of the header: the old ones in their order, without those that no record has any more, and then
// the new ones.
func (t table) columns(records []record) []string {
	names := make(map[string]bool)
	for _, r := range records {
		for name := range r {
			names[name] = true
		}
	}
	var columns []string
	for _, name := range t.header {
		if names[name] || t.head != nil && len(t.rows) == 0 || t.head != nil && len(records) == 0 {
			columns = append(columns, name)
		}
		delete(names, name)
	}
	return append(columns, slices.Sorted(maps.Keys(names))...)
}

func key(fields []string) string { return fmt.Sprintf("%q", fields) }

// put adds a line. The last line of the old text may lack its end.
func (t table) put(text *bytes.Buffer, line []byte) {
	text.Write(line)
	if !bytes.HasSuffix(line, []byte("\n")) {
		text.WriteString(t.newline)
	}
}

// line encodes one row. A field with any of the delimiters is quoted, so that detect finds the right one.
func (t table) line(fields []string) ([]byte, error) {
	var text bytes.Buffer
	for i, field := range fields {
		if strings.Contains(field, "\r\n") {
			return nil, fmt.Errorf("the field %q has a line end of \\r\\n, which readers of CSV take for \\n", field)
		}
		if i > 0 {
			text.WriteByte(t.delimiter)
		}
		if field == "" && len(fields) == 1 || strings.ContainsAny(field, delimiters+"\"\r\n\ufeff") || strings.HasPrefix(field, " ") {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		text.WriteString(field)
	}
	return text.Bytes(), nil
}
