package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// dictionary holds elements by name. A value is a string, a dictionary, or a list of these as []any.
type dictionary = map[string]any

// Keys of a dictionary that are not names of elements.
const (
	attributes = "@attributes"
	text       = "#text"
)

// list gives the elements of one name as a list, also if there is one or none. A dictionary holds a single element without a list,
// since nothing in a file says that there could be more.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// maxDepth limits the nesting of elements, since the functions that read and write them call themselves.
const maxDepth = 1000

// decode reads a document: one element, with its name as the only key. It takes raw tokens, which keep the prefixes of
// namespaces.
func decode(d *xml.Decoder) (dictionary, error) {
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			content, err := element(d, token, 1)
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return dictionary{name(token.Name): content}, err
		case xml.EndElement:
			return nil, fmt.Errorf("</%s> has no beginning", name(token.Name))
		case xml.CharData:
			if !blank(string(token)) {
				return nil, errors.New("there is text before the first element")
			}
		}
	}
}

// element reads the content of an element up to its end.
func element(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("elements are nested more than %d deep", maxDepth)
	}
	content := dictionary{}
	if len(start.Attr) > 0 {
		all := dictionary{}
		for _, a := range start.Attr {
			all[name(a.Name)] = a.Value
		}
		content[attributes] = all
	}
	chars, children := "", false
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			child, err := element(d, token, depth+1)
			if err != nil {
				return nil, err
			}
			children = true
			if key := name(token.Name); content[key] == nil {
				content[key] = child
			} else {
				content[key] = append(list(content[key]), child)
			}
		case xml.CharData:
			if children && !blank(string(token)) {
				return nil, errors.New("text after an element has no place in a dictionary")
			}
			chars += string(token)
		case xml.EndElement:
			if token.Name != start.Name {
				return nil, fmt.Errorf("<%s> ends with </%s>", name(start.Name), name(token.Name))
			}
			return finish(content, chars, children), nil
		}
	}
}

// finish gives the value of an element. Blank text is layout, as is what surrounds text in front of other elements.
func finish(content dictionary, chars string, children bool) any {
	if blank(chars) {
		chars = ""
	} else if children {
		chars = strings.Trim(chars, blanks)
	}
	if len(content) == 0 {
		return chars
	}
	if chars != "" {
		content[text] = chars
	}
	return content
}

// name gives a name as it is written, with its prefix.
func name(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

const blanks = " \t\r\n"

func blank(s string) bool { return strings.Trim(s, blanks) == "" }
