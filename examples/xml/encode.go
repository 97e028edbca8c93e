package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// encode writes a document, as decode reads it. Attributes and elements are sorted by name.
func encode(document dictionary) ([]byte, error) {
	if len(document) != 1 {
		return nil, fmt.Errorf("a document has one element at the top, and the dictionary has %d", len(document))
	}
	var out bytes.Buffer
	for name, v := range document {
		if _, is := v.([]any); is {
			return nil, fmt.Errorf("a document has one element at the top, and %s is a list", name)
		}
		if err := put(&out, name, v, 1); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

var validName = regexp.MustCompile(`^[\pL_][\pL\pN_.-]*(:[\pL_][\pL\pN_.-]*)?$`)

// put writes the element name, or all elements of that name.
func put(out *bytes.Buffer, name string, v any, depth int) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q can't be the name of an element", name)
	}
	if depth > maxDepth {
		return fmt.Errorf("elements are nested more than %d deep", maxDepth)
	}
	indent := strings.Repeat("  ", depth-1)
	switch v := v.(type) {
	case string:
		s, err := escaped(v, name)
		fmt.Fprintf(out, "%s<%s>%s</%s>\n", indent, name, s, name)
		return err
	case dictionary:
		return putDictionary(out, name, v, depth)
	case []any:
		for _, each := range v {
			if _, is := each.([]any); is {
				return fmt.Errorf("%s is a list in a list", name)
			}
			if err := put(out, name, each, depth); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s is a %T; XML has only text, so make it a string", name, v)
}

func putDictionary(out *bytes.Buffer, element string, v dictionary, depth int) error {
	indent := strings.Repeat("  ", depth-1)
	all, _ := v[attributes].(dictionary)
	if _, is := v[attributes]; is && all == nil {
		return fmt.Errorf("the attributes of %s are a %T and not a dictionary", element, v[attributes])
	}
	fmt.Fprintf(out, "%s<%s", indent, element)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value, is := all[key].(string)
		if !is || !validName.MatchString(key) {
			return fmt.Errorf("the attribute %q of %s must have a valid name and be a string", key, element)
		}
		s, err := escape(value, element)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, " %s=\"%s\"", key, s)
	}
	out.WriteString(">")

	children := slices.Sorted(maps.Keys(v))
	children = slices.DeleteFunc(children, func(key string) bool { return key == attributes || key == text })
	if chars, has := v[text]; has {
		chars, is := chars.(string)
		if !is || len(children) > 0 && chars != strings.Trim(chars, blanks) {
			return fmt.Errorf("the text of %s must be a string, without blanks around it if elements follow", element)
		}
		s, err := escaped(chars, element)
		if err != nil {
			return err
		}
		out.WriteString(s)
	}
	if len(children) > 0 {
		out.WriteString("\n")
		for _, key := range children {
			if err := put(out, key, v[key], depth+1); err != nil {
				return err
			}
		}
		out.WriteString(indent)
	}
	fmt.Fprintf(out, "</%s>\n", element)
	return nil
}

// escaped gives the text of an element.
func escaped(s, element string) (string, error) {
	if s != "" && blank(s) {
		return "", fmt.Errorf("the text of %s is blank, which can't be told from layout", element)
	}
	return escape(s, element)
}

// escape gives a text as it is written. It refuses one with a character that XML does not have.
func escape(s, element string) (string, error) {
	var out strings.Builder
	err := xml.EscapeText(&out, []byte(s))
	if err == nil && strings.Count(out.String(), "\ufffd") != strings.Count(s, "\ufffd") {
		err = fmt.Errorf("the text %q of %s has a character that XML can't hold", s, element)
	}
	return out.String(), err
}
