package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// document is all lines of a file.
type document []line

// line is a line with its end. A comment, a blank line and a header have no key.
type line struct {
	text                string
	section, key, value string
}

// load takes a text apart. A line that it does not understand is an error.
func load(r io.Reader) (d document, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	section, number := "", 0
	for text := range strings.Lines(string(text)) {
		number++
		content := strings.TrimSpace(text)
		key, value, assigned := strings.Cut(content, "=")
		l := line{text: text, section: section}
		switch {
		case content == "" || content[0] == ';' || content[0] == '#':
		case content[0] == '[' && strings.HasSuffix(content, "]"):
			section = content[1 : len(content)-1]
			l.section = section
		case content[0] != '[' && assigned && key != "":
			l.key, l.value = strings.TrimSpace(key), strings.TrimSpace(value)
		default:
			return nil, &errors.DecodeError{Format: "ini", Line: number, Offset: -1, Err: errors.New("the line is neither [section] nor key = value")}
		}
		d = append(d, l)
	}
	return d, nil
}

func dump(w io.Writer, d document) error {
	for _, l := range d {
		if _, err := io.WriteString(w, l.text); err != nil {
			return err
		}
	}
	return nil
}

// get gives the value of a key. If a file has the key twice, the last one counts.
func (d document) get(section, key string) (value string, ok bool) {
	if at := d.find(section, key); at >= 0 {
		return d[at].value, true
	}
	return "", false
}

// find gives the last line of a key, or -1.
func (d document) find(section, key string) int {
	for at := len(d) - 1; at >= 0; at-- {
		if d[at].section == section && d[at].key == key {
			return at
		}
	}
	return -1
}

// set changes the value of a key. A new key comes after the last one of its section, and a new section after all others.
func (d *document) set(section, key, value string) error {
	newline := "\n"
	if len(*d) > 0 && strings.HasSuffix((*d)[0].text, "\r\n") {
		newline = "\r\n"
	}
	l := line{key + " = " + value + newline, section, key, value}
	if again, err := load(strings.NewReader(l.text)); err != nil || len(again) != 1 || key == "" || again[0].key != key || again[0].value != value {
		return fmt.Errorf("%q = %q can't be a line of an ini file", key, value)
	}
	if at := d.find(section, key); at >= 0 {
		old := &(*d)[at]
		assign := strings.Index(old.text, "=") + 1
		before := old.text[:assign+len(old.text[assign:])-len(strings.TrimLeft(old.text[assign:], " \t"))]
		after := old.text[len(strings.TrimRight(old.text, " \t\r\n")):]
		old.text, old.value = before+value+after, value
		return nil
	}
	return d.insert(l, newline)
}

// insert adds a line for a new key.
func (d *document) insert(l line, newline string) error {
	all := *d
	if n := len(all); n > 0 && !strings.HasSuffix(all[n-1].text, "\n") {
		all[n-1].text += newline
	}
	at := 0 // behind the last line of the section that is not blank
	for i := range all {
		if all[i].section == l.section && strings.TrimSpace(all[i].text) != "" {
			at = i + 1
		}
	}
	if at > 0 || l.section == "" {
		*d = append(all[:at:at], append(document{l}, all[at:]...)...)
		return nil
	}
	header := line{text: "[" + l.section + "]" + newline, section: l.section}
	if again, err := load(strings.NewReader(header.text)); err != nil || len(again) != 1 || again[0].section != l.section {
		return fmt.Errorf("%q can't be the name of a section", l.section)
	}
	if n := len(all); n > 0 {
		all = append(all, line{text: newline, section: all[n-1].section})
	}
	*d = append(all, header, l)
	return nil
}
