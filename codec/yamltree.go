package codec

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/errors"
	"gopkg.in/yaml.v3"
)

// yamlBuilder makes yaml.v3 syntax trees of Go values by yaml.v3's own rules.
// Building the tree here, not in yaml.v3, lets each string have a style that
// keeps it: the literal style of yaml.v3 loses a leading line break.
type yamlBuilder struct {
	depth int
	seen  map[any]bool // pointers, maps and slices around the value, below cycleDepth
}

func (b *yamlBuilder) node(v reflect.Value, flow bool) (*yaml.Node, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return plainNode("null"), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return plainNode("null"), nil
		}
	}
	if node, done, err := b.special(v, flow); done {
		return node, err
	}
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > cycleDepth {
		if leave, err := b.enter(v); err != nil {
			return nil, err
		} else if leave != nil {
			defer leave()
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return b.node(v.Elem(), flow)
	case reflect.Map:
		return b.mapping(v, flow)
	case reflect.Slice, reflect.Array:
		return b.sequence(v, flow)
	case reflect.Struct:
		return b.record(v, flow)
	}
	return scalarNode(v)
}

// enter remembers v until leave is called, and refuses it if v is around itself.
func (b *yamlBuilder) enter(v reflect.Value) (leave func(), err error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
	default:
		return nil, nil
	}
	key := identity(v)
	if b.seen[key] {
		return nil, errCycle
	}
	if b.seen == nil {
		b.seen = map[any]bool{}
	}
	b.seen[key] = true
	return func() { delete(b.seen, key) }, nil
}

// special handles the values that have a form of their own.
func (b *yamlBuilder) special(v reflect.Value, flow bool) (node *yaml.Node, done bool, err error) {
	if v.Kind() == reflect.Interface {
		return nil, false, nil
	}
	self := v
	if v.Kind() != reflect.Pointer {
		self = pointerTo(v)
	} else if v.Elem().Kind() == reflect.Pointer {
		return nil, false, nil
	}
	switch x := self.Interface().(type) {
	case *yaml.Node:
		if x.IsZero() {
			return plainNode("null"), true, nil
		}
		return x, true, nil
	case *time.Time:
		node, err = timeNode(*x)
		return node, true, err
	case *time.Duration:
		return stringNode(x.String()), true, nil
	case *json.Number:
		node, err = numberNode(*x)
		return node, true, err
	case yaml.Marshaler:
		made, err := x.MarshalYAML()
		if err != nil {
			return nil, true, err
		}
		node, err = b.node(reflect.ValueOf(made), flow)
		return node, true, err
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			return nil, true, err
		}
		return stringNode(string(text)), true, nil
	}
	return nil, false, nil
}

// pointerTo gives a pointer to v, or to a copy of it.
func pointerTo(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

func (b *yamlBuilder) mapping(m reflect.Value, flow bool) (*yaml.Node, error) {
	node := collection(yaml.MappingNode, flow)
	type entry struct{ key, value *yaml.Node }
	var entries []entry
	for it := m.MapRange(); it.Next(); {
		key, err := b.node(it.Key(), false)
		if err != nil {
			return nil, err
		}
		value, err := b.node(it.Value(), false)
		if err != nil {
			return nil, fmt.Errorf("[%v]: %w", it.Key(), err)
		}
		entries = append(entries, entry{key, value})
	}
	slices.SortFunc(entries, func(x, y entry) int { return compareNatural(x.key.Value, y.key.Value) })
	for i, e := range entries {
		if i > 0 && e.key.Value == entries[i-1].key.Value {
			return nil, fmt.Errorf("two keys of the %s would both be written as %q", m.Type(), e.key.Value)
		}
		node.Content = append(node.Content, e.key, e.value)
	}
	return node, nil
}

func (b *yamlBuilder) sequence(s reflect.Value, flow bool) (*yaml.Node, error) {
	node := collection(yaml.SequenceNode, flow)
	for i := range s.Len() {
		item, err := b.node(s.Index(i), false)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		node.Content = append(node.Content, item)
	}
	return node, nil
}

func collection(kind yaml.Kind, flow bool) *yaml.Node {
	node := &yaml.Node{Kind: kind}
	if flow {
		node.Style = yaml.FlowStyle
	}
	return node
}

func (b *yamlBuilder) record(s reflect.Value, flow bool) (*yaml.Node, error) {
	node := collection(yaml.MappingNode, flow)
	if err := b.fields(node, s); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if known[key] {
			return nil, fmt.Errorf("two fields of %s have the key %q", s.Type(), key)
		}
		known[key] = true
	}
	return node, nil
}

// fields appends the fields of s, those of inlined structs and maps among them.
func (b *yamlBuilder) fields(node *yaml.Node, s reflect.Value) error {
	for i := range s.NumField() {
		field := s.Type().Field(i)
		tag, err := parseYAMLTag(field)
		if err != nil {
			return err
		}
		if tag.skip {
			continue
		}
		value := s.Field(i)
		if tag.inline {
			if err := b.inlined(node, value); err != nil {
				return fmt.Errorf("%s: %w", field.Name, err)
			}
			continue
		}
		if tag.omitEmpty && yamlZero(value) {
			continue
		}
		item, err := b.node(value, tag.flow)
		if err != nil {
			return fmt.Errorf("%s: %w", field.Name, err)
		}
		node.Content = append(node.Content, stringNode(tag.key), item)
	}
	return nil
}

func (b *yamlBuilder) inlined(node *yaml.Node, v reflect.Value) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		return b.fields(node, v)
	case reflect.Map:
		entries, err := b.mapping(v, false)
		if err != nil {
			return err
		}
		node.Content = append(node.Content, entries.Content...)
		return nil
	}
	return errors.New("the tag inline is for structs and maps")
}

// yamlTag is what a struct field's tag says, in yaml.v3's notation.
type yamlTag struct {
	key                           string
	skip, omitEmpty, flow, inline bool
}

func parseYAMLTag(field reflect.StructField) (tag yamlTag, err error) {
	text := field.Tag.Get("yaml")
	if text == "" && !strings.Contains(string(field.Tag), ":") {
		text = string(field.Tag)
	}
	key, flags, flagged := strings.Cut(text, ",")
	tag.key = key
	if key == "" {
		tag.key = strings.ToLower(field.Name)
	}
	for flag := range strings.SplitSeq(flags, ",") {
		switch {
		case !flagged:
		case flag == "omitempty":
			tag.omitEmpty = true
		case flag == "flow":
			tag.flow = true
		case flag == "inline":
			tag.inline = true
		default:
			return tag, fmt.Errorf("the tag of the field %s has the unknown flag %q", field.Name, flag)
		}
	}
	hidden := !field.IsExported() && !(field.Anonymous && tag.inline)
	tag.skip = text == "-" || hidden
	return tag, nil
}

// yamlZero is what yaml.v3 means by empty in omitempty.
func yamlZero(v reflect.Value) bool {
	if z, ok := v.Interface().(yaml.IsZeroer); ok {
		return v.Kind() == reflect.Pointer && v.IsNil() || z.IsZero()
	}
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !yamlZero(v.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		return false
	}
	return v.IsZero()
}

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

// floatNode writes a float so that it does not come back as an integer.
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

// timeNode writes the instant exactly: a zone that is not whole minutes from
// UTC has no form, so UTC stands for it.
func timeNode(t time.Time) (*yaml.Node, error) {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("the year %d has no form in yaml", y)
	}
	return plainNode(t.Format(time.RFC3339Nano)), nil
}

// oldPlain are plain scalars that YAML 1.1 reads as something else than a
// string: booleans and numbers to base 60; and the merge key of any version.
var oldPlain = regexp.MustCompile(`^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|<<|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)$`)

func stringNode(s string) *yaml.Node {
	if !utf8.ValidString(s) {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!binary", Value: base64.StdEncoding.EncodeToString([]byte(s))}
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case oldPlain.MatchString(s):
		node.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		node.Style = yaml.LiteralStyle
		if !literal(s) {
			node.Style = yaml.DoubleQuotedStyle
		}
	}
	return node
}

// literal tells whether yaml.v3 writes the lines of s as a block and reads the
// same again. It loses a line break at the start, and takes white space there
// for indentation; what some parser may take for a line break goes into quotes.
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

// compareNatural orders names as people do: digits count as the number that
// they make.
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

// digits gives the digits that s begins with.
func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}
