package codec

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
)

// place is one value inside another, as an encoder that works by struct tags
// would reach it.
type place struct {
	value  reflect.Value
	parent reflect.Kind // Map, Slice, Array, Struct; Invalid at the top
	level  int          // how many maps, lists and structs are around it
	isKey  bool         // of a map
	inline bool         // somewhere inside an array that is no array of tables; TOML only
}

// flaw is why a value can't be written, and where in it.
type flaw struct {
	steps []string // innermost first
	err   error
}

func (f *flaw) path() string {
	var b strings.Builder
	for i := len(f.steps) - 1; i >= 0; i-- {
		if b.WriteString(f.steps[i]); b.Len() > maxPath && i > 0 {
			b.WriteString("…")
			break
		}
	}
	if b.Len() == 0 {
		return "the value"
	}
	return strings.TrimPrefix(b.String(), ".")
}

// maxPath is from how many bytes on the path of a flaw is cut short.
const maxPath = 200

func (f *flaw) Unwrap() error { return f.err }

func (f *flaw) Error() string { return f.path() + " " + f.err.Error() }

// errCycle is found before an encoder would run out of stack, which no recover survives.
var errCycle = errors.New("holds itself")

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// cycleDepth is how deep a value is before pointers are remembered, as in encoding/json.
const cycleDepth = 500

type inspector struct {
	tag   string
	max   int // how many maps, lists and structs may be in one another
	check func(place) error
	self  []reflect.Type          // interfaces of values that encode themselves
	skip  func(reflect.Type) bool // the values of these types need no look; may be nil
	seen  map[any]bool
}

// inspect calls check for every value in v that an encoder would write, where
// tag is the struct tag that names fields, and refuses maps, lists and structs with
// max others around them. It does not look inside values that encode themselves, by
// one of self or by encoding.TextMarshaler. The error is a *flaw.
func inspect(v any, tag string, max int, check func(place) error, self ...reflect.Type) error {
	in := newInspector(tag, max, check, self...)
	if f := in.visit(place{value: reflect.ValueOf(addressable(v))}, 0); f != nil {
		return f
	}
	return nil
}

func newInspector(tag string, max int, check func(place) error, self ...reflect.Type) *inspector {
	return &inspector{tag: tag, max: max, check: check, seen: map[any]bool{}, self: append(self, textMarshaler)}
}

func (in *inspector) visit(p place, depth int) *flaw {
	if err := in.check(p); err != nil {
		return &flaw{err: err}
	}
	if !p.value.IsValid() || in.skip != nil && in.skip(p.value.Type()) || in.opaque(p.value) {
		return nil
	}
	switch p.value.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if depth > cycleDepth {
			key := identity(p.value)
			if in.seen[key] {
				return &flaw{err: errCycle}
			}
			in.seen[key] = true
			defer delete(in.seen, key)
		}
	}
	return in.inside(p, depth+1)
}

// identity is what makes a pointer, map or slice the same as another.
func identity(v reflect.Value) any {
	type span struct {
		at  uintptr
		len int
	}
	if v.Kind() == reflect.Slice {
		return span{v.Pointer(), v.Len()}
	}
	return v.Pointer()
}

// opaque tells whether v encodes itself.
func (in *inspector) opaque(v reflect.Value) bool {
	if methodless(v.Type()) {
		return false
	}
	for _, t := range in.self {
		if v.Type().Implements(t) || v.CanAddr() && v.Addr().Type().Implements(t) {
			return true
		}
	}
	return false
}

// methodless tells types that have no methods for sure, nor pointers to them.
func methodless(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Interface:
		return false
	}
	return t.PkgPath() == ""
}

func (in *inspector) inside(p place, depth int) *flaw {
	child := place{parent: p.value.Kind(), inline: p.inline, level: p.level + 1}
	switch p.value.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		if p.level >= in.max {
			return &flaw{err: tooDeep(in.max)}
		}
	}
	switch p.value.Kind() {
	case reflect.Pointer, reflect.Interface:
		p.value = p.value.Elem()
		if p.value.IsValid() {
			return in.visit(p, depth)
		}
	case reflect.Map:
		return in.entries(p.value, child, depth)
	case reflect.Slice, reflect.Array:
		if harmless(p.value.Type().Elem().Kind()) {
			return nil
		}
		child.inline = child.inline || !allTables(p.value)
		for i := range p.value.Len() {
			child.value = p.value.Index(i)
			if f := in.visit(child, depth); f != nil {
				return f.in(fmt.Sprintf("[%d]", i))
			}
		}
	case reflect.Struct:
		return in.fields(p.value, child, depth)
	}
	return nil
}

func (in *inspector) entries(m reflect.Value, child place, depth int) *flaw {
	for it := newEntries(m); it.Next(); {
		key := child
		key.value, key.isKey = it.key(), true
		f := in.visit(key, depth)
		if f == nil {
			child.value = it.value()
			f = in.visit(child, depth)
		}
		if f != nil {
			return f.in(fmt.Sprintf("[%#v]", it.Key()))
		}
	}
	return nil
}

// entries goes through a map like reflect.MapIter, but allocates nothing for most.
type entries struct {
	*reflect.MapIter
	plain          bool          // the keys are strings
	keys, elements reflect.Value // for the entry that is next, where nobody can tell it from one that can't be addressed
}

func newEntries(m reflect.Value) *entries {
	e := &entries{MapIter: m.MapRange(), plain: m.Type().Key() == reflect.TypeFor[string]()}
	if !m.CanInterface() {
		return e
	}
	if e.plain {
		e.keys = reflect.New(m.Type().Key()).Elem()
	}
	if elem := m.Type().Elem(); elem.Kind() == reflect.Interface {
		e.elements = reflect.New(elem).Elem()
	}
	return e
}

func (e *entries) key() reflect.Value {
	if !e.keys.IsValid() {
		return e.Key()
	}
	e.keys.SetIterKey(e.MapIter)
	return e.keys
}

func (e *entries) value() reflect.Value {
	if !e.elements.IsValid() {
		return e.Value()
	}
	e.elements.SetIterValue(e.MapIter)
	return e.elements
}

func (in *inspector) fields(s reflect.Value, child place, depth int) *flaw {
	for _, field := range fieldsOf(s.Type(), in.tag) {
		child.value = s.Field(field.index)
		if f := in.visit(child, depth); f != nil {
			return f.in("." + field.name)
		}
	}
	return nil
}

// field is one that an encoder would write.
type field struct {
	index int
	name  string
}

type tagged struct {
	t   reflect.Type
	tag string
}

var knownFields sync.Map // tagged → []field

// fieldsOf gives the fields of a struct that are not left out by the tag.
func fieldsOf(t reflect.Type, tag string) []field {
	if known, ok := knownFields.Load(tagged{t, tag}); ok {
		return known.([]field)
	}
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get(tag), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		list = append(list, field{i, f.Name})
	}
	knownFields.Store(tagged{t, tag}, list)
	return list
}

func (f *flaw) in(step string) *flaw {
	f.steps = append(f.steps, step)
	return f
}

// harmless tells kinds that hold nothing and that no check refuses.
func harmless(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Int64 || k == reflect.Uint8 || k == reflect.Float32 || k == reflect.Float64
}
