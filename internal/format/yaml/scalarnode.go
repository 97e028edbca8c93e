package yaml

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

func plainNode(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

func scalarNode(v reflect.Value) (*yaml.Node, error) {
	switch v.Kind() {
	case reflect.String:
		return stringNode(v.String()), nil
	case reflect.Bool:
		return plainNode(strconv.FormatBool(v.Bool())), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return plainNode(strconv.FormatInt(v.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return plainNode(strconv.FormatUint(v.Uint(), 10)), nil
	case reflect.Float32:
		return floatNode(v.Float(), 32), nil
	case reflect.Float64:
		return floatNode(v.Float(), 64), nil
	}
	return nil, fmt.Errorf("yaml has no form for a %s", v.Type())
}

// floatNode writes a float so that it does not load as an integer.
func floatNode(f float64, bits int) *yaml.Node {
	switch {
	case math.IsNaN(f):
		return plainNode(".nan")
	case math.IsInf(f, 1):
		return plainNode(".inf")
	case math.IsInf(f, -1):
		return plainNode("-.inf")
	}
	text := strconv.FormatFloat(f, 'g', -1, bits)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return plainNode(text)
}

// numberNode writes a number that was loaded from JSON.
func numberNode(n json.Number) (*yaml.Node, error) {
	switch {
	case n == "":
		return plainNode("0"), nil
	case !json.Valid([]byte(n)) || n[0] != '-' && digits(string(n)) == "":
		return nil, fmt.Errorf("the json.Number %q is no number", string(n))
	}
	return plainNode(string(n)), nil
}

// timeNode writes the exact instant. A zone whose offset is not in whole minutes can't be written, so
// the time is written in UTC.
func timeNode(t time.Time) (*yaml.Node, error) {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("the year %d has no form in yaml", y)
	}
	return plainNode(t.Format(time.RFC3339Nano)), nil
}

// oldPlain reports whether YAML 1.1 reads a plain scalar as a boolean or as a number to base 60, and
// not as a string. It is true for the merge key too.
func oldPlain(s string) bool {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF", "<<":
		return true
	}
	return strings.Contains(s, ":") && strings.ContainsAny(s[:1], "+-0123456789") && sexagesimal.MatchString(s)
}

func stringNode(s string) *yaml.Node {
	if !utf8.ValidString(s) {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!binary", Value: base64.StdEncoding.EncodeToString([]byte(s))}
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case oldPlain(s):
		node.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		node.Style = yaml.LiteralStyle
		if !literal(s) {
			node.Style = yaml.DoubleQuotedStyle
		}
	}
	return node
}

// literal reports whether yaml.v3 writes s as a literal block and reads the same string again. yaml.v3
// loses a line break at the start, and reads white space there as indentation. A string with characters
// that another parser may read as a line break is quoted.
func literal(s string) bool {
	if strings.ContainsAny(s[:1], "\n\t ") {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// compareNatural orders names in the natural order: digits are compared as numbers.
func compareNatural(x, y string) int {
	for a, b := x, y; ; {
		da, db := digits(a), digits(b)
		switch {
		case a == "" || b == "":
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return strings.Compare(x, y)
		case da != "" && db != "":
			na, nb := strings.TrimLeft(da, "0"), strings.TrimLeft(db, "0")
			if len(na) != len(nb) {
				return len(na) - len(nb)
			}
			if c := strings.Compare(na, nb); c != 0 {
				return c
			}
			a, b = a[len(da):], b[len(db):]
		case a[0] != b[0]:
			return int(a[0]) - int(b[0])
		default:
			a, b = a[1:], b[1:]
		}
	}
}

// digits gives the digits at the beginning of s.
func digits(s string) string {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n]
}
