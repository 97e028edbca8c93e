package yaml

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
	"gopkg.in/yaml.v3"
)

// builder makes yaml.v3 syntax trees of Go values by yaml.v3's own rules. yaml.v3 would not choose the
// right style for every string: its literal style loses a leading line break.
type builder struct {
	foreign bool // a part of the tree is a yaml.Node of the program
	depth   int
	seen    map[any]bool // pointers, maps and slices around the value, below format.CycleDepth
	level   int          // number of open collections
	indent  int          // blanks per level
	blanks  int          // blanks of all lines together

	later map[*yaml.Node]*delayed // delayed collections, by the node that stands for each; nil if none may be delayed
}

func newBuilder(indent int) *builder { return &builder{indent: indent} }

// errLimit marks an error of the value as a whole, so that the error names no position in it.
var errLimit = errors.New("the value")

// open enters a collection with that many entries; close leaves it.
func (b *builder) open(entries int) error {
	if b.level >= format.MaxLevels {
		return fmt.Errorf("%w %w", errLimit, format.TooDeep(format.MaxLevels))
	}
	if b.blanks += b.level * b.indent * entries; b.blanks > format.MaxIndentation {
		return fmt.Errorf("%w %w", errLimit, format.TooIndented())
	}
	b.level++
	return nil
}

func (b *builder) close() { b.level-- }

// within adds the position in a value to an error.
func within(position string, err error) error {
	if errors.Is(err, errLimit) {
		return err
	}
	return fmt.Errorf("%s: %w", position, err)
}

func (b *builder) node(v reflect.Value, flow bool) (*yaml.Node, error) {
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
	if b.depth > format.CycleDepth {
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

// enter remembers v until leave is called. It returns an error if v contains itself.
func (b *builder) enter(v reflect.Value) (leave func(), err error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
	default:
		return nil, nil
	}
	key := format.Identity(v)
	if b.seen[key] {
		return nil, fmt.Errorf("%w %w", errLimit, format.ErrCycle)
	}
	if b.seen == nil {
		b.seen = map[any]bool{}
	}
	b.seen[key] = true
	return func() { delete(b.seen, key) }, nil
}

// special handles the types that are written in a form of their own.
func (b *builder) special(v reflect.Value, flow bool) (node *yaml.Node, done bool, err error) {
	if v.Kind() == reflect.Interface || format.Methodless(v.Type()) {
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
		b.foreign = true
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

func (b *builder) mapping(m reflect.Value, flow bool) (*yaml.Node, error) {
	if err := b.open(m.Len()); err != nil {
		return nil, err
	}
	defer b.close()
	keys, values, err := b.sorted(m)
	if err != nil {
		return nil, err
	}
	if b.delays(len(keys), flow) {
		return b.delay(yaml.MappingNode, delayed{keys: keys, count: len(keys), value: func(i int) reflect.Value { return values[i] }}), nil
	}
	node := collection(yaml.MappingNode, flow, 2*len(keys))
	for i, key := range keys {
		value, err := b.node(values[i], false)
		if err != nil {
			return nil, within(fmt.Sprintf("[%s]", key.Value), err)
		}
		node.Content = append(node.Content, key, value)
	}
	return node, nil
}

// sorted gives the keys of a map in the order in which they are written, with their values.
func (b *builder) sorted(m reflect.Value) (keys []*yaml.Node, values []reflect.Value, err error) {
	type entry struct {
		key   *yaml.Node
		value reflect.Value
	}
	entries := make([]entry, 0, m.Len())
	for it := m.MapRange(); it.Next(); {
		key, err := b.node(it.Key(), false)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(x, y entry) int { return compareNatural(x.key.Value, y.key.Value) })
	keys, values = make([]*yaml.Node, len(entries)), make([]reflect.Value, len(entries))
	for i, e := range entries {
		if i > 0 && e.key.Value == entries[i-1].key.Value {
			return nil, nil, fmt.Errorf("two keys of the %s would both be written as %q", m.Type(), e.key.Value)
		}
		keys[i], values[i] = e.key, e.value
	}
	return keys, values, nil
}

func (b *builder) sequence(s reflect.Value, flow bool) (*yaml.Node, error) {
	if err := b.open(s.Len()); err != nil {
		return nil, err
	}
	defer b.close()
	if b.delays(s.Len(), flow) {
		return b.delay(yaml.SequenceNode, delayed{count: s.Len(), value: s.Index}), nil
	}
	node := collection(yaml.SequenceNode, flow, s.Len())
	for i := range s.Len() {
		item, err := b.node(s.Index(i), false)
		if err != nil {
			return nil, within(fmt.Sprintf("[%d]", i), err)
		}
		node.Content = append(node.Content, item)
	}
	return node, nil
}

func collection(kind yaml.Kind, flow bool, size int) *yaml.Node {
	node := &yaml.Node{Kind: kind, Content: make([]*yaml.Node, 0, size)}
	if flow {
		node.Style = yaml.FlowStyle
	}
	return node
}

func (b *builder) record(s reflect.Value, flow bool) (*yaml.Node, error) {
	if err := b.open(s.NumField()); err != nil {
		return nil, err
	}
	defer b.close()
	node := collection(yaml.MappingNode, flow, 2*s.NumField())
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
func (b *builder) fields(node *yaml.Node, s reflect.Value) error {
	for i := range s.NumField() {
		field := s.Type().Field(i)
		tag, err := parseTag(field)
		if err != nil {
			return err
		}
		if tag.skip {
			continue
		}
		value := s.Field(i)
		if tag.inline {
			if err := b.inlined(node, value); err != nil {
				return within(field.Name, err)
			}
			continue
		}
		if tag.omitEmpty && emptyValue(value) {
			continue
		}
		item, err := b.node(value, tag.flow)
		if err != nil {
			return within(field.Name, err)
		}
		node.Content = append(node.Content, stringNode(tag.key), item)
	}
	return nil
}

func (b *builder) inlined(node *yaml.Node, v reflect.Value) error {
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
		later := b.later
		b.later = nil // the entries are needed here
		entries, err := b.mapping(v, false)
		b.later = later
		if err != nil {
			return err
		}
		node.Content = append(node.Content, entries.Content...)
		return nil
	}
	return errors.New("the tag inline is for structs and maps")
}
