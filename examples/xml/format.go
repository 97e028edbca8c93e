package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
)

// format is the codec of XML files. It serves handles of a dictionary, and handles of other types by the rules of encoding/xml. A
// type should have a field such as Others for the elements that it does not know. A file with a comment, a processing
// instruction or a document type can be read, and a write that would lose one of them is refused.
type format struct{}

func (format) Load(r io.Reader, v any) (err error) {
	d := xml.NewDecoder(r)
	switch v := v.(type) {
	case *dictionary:
		*v, err = decode(d)
	case *any:
		*v, err = decode(d)
	default:
		err = d.Decode(v)
	}
	if err == io.EOF {
		err = errors.New("there is no element")
	}
	if err == nil {
		err = end(d)
	}
	if err != nil {
		line, column := d.InputPos()
		err = &errors.DecodeError{Format: "xml", Line: line, Column: column, Offset: d.InputOffset(), Err: err}
	}
	return err
}

// end refuses more than comments after the element at the top.
func end(d *xml.Decoder) error {
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		chars, text := token.(xml.CharData)
		_, start := token.(xml.StartElement)
		_, end := token.(xml.EndElement)
		if start || end || text && !blank(string(chars)) {
			return errors.New("something follows the element at the top")
		}
	}
}

func (f format) Dump(w io.Writer, v any) error {
	var body []byte
	var err error
	switch v := v.(type) {
	case nil:
		err = errors.New("there is no value")
	case *any:
		return f.Dump(w, *v)
	case *dictionary:
		body, err = encode(*v)
	case dictionary:
		body, err = encode(v)
	default:
		body, err = xml.MarshalIndent(v, "", "  ")
		body = append(body, '\n')
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s", xml.Header, body)
	}
	return err
}

// Edit makes the format a codec.Editor. It keeps a text that has the value already, and does not replace a text with parts that
// a value does not hold.
func (f format) Edit(w io.Writer, old []byte, v any) error {
	var now, before bytes.Buffer
	if err := f.Dump(&now, v); err != nil {
		return err
	}
	text := now.Bytes()
	is := reflect.New(reflect.TypeOf(v))
	if err := f.Load(bytes.NewReader(old), is.Interface()); err == nil {
		if err := f.Dump(&before, is.Interface()); err == nil && bytes.Equal(before.Bytes(), text) {
			text = old
		} else if err := refuseLoss(old); err != nil {
			return err
		}
	}
	_, err := w.Write(text)
	return err
}

// refuseLoss gives an error for a text with parts that a value does not hold.
func refuseLoss(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil // io.EOF, since the text was read before
		}
		part := ""
		switch token := token.(type) {
		case xml.Comment:
			part = "comment"
		case xml.Directive:
			part = "document type"
		case xml.ProcInst:
			if token.Target != "xml" {
				part = "processing instruction"
			}
		}
		if part != "" {
			line, _ := d.InputPos()
			return fmt.Errorf("the write would lose the %s that ends in line %d", part, line)
		}
	}
}
