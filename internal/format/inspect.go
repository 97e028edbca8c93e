package format

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/errors"
)

// Part is a value inside another value, as an encoder with struct tags would reach it.
type Part struct {
	Value  reflect.Value
	Parent reflect.Kind // Map, Slice, Array, Struct; Invalid at the top
	IsKey  bool         // of a map
	Inline bool         // somewhere inside an array that Inspector.Tables denies; else false

	level int // number of maps, lists and structs around it
}

// Flaw is the reason why a value can't be written, and its position in the value.
type Flaw struct {
	Err error

	steps []string // innermost first
}

// Path gives the position of the flaw in the value, like a Go expression.
func (f *Flaw) Path() string {
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

// maxPath is the length, in bytes, at which the path of a Flaw is cut.
const maxPath = 200

func (f *Flaw) Unwrap() error { return f.Err }

func (f *Flaw) Error() string { return f.Path() + " " + f.Err.Error() }

// ErrCycle is returned before an encoder overflows its stack, which no recover could stop.
var ErrCycle = errors.New("holds itself")

// TextMarshaler is the type of the interface encoding.TextMarshaler.
var TextMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// CycleDepth is the depth from which on pointers are compared with those around them, as in
// encoding/json.
const CycleDepth = 500

// Inspector calls Check for every value in a value that an encoder would write. It refuses maps, lists
// and structs with Max others around them. It skips the parts of values that encode themselves.
type Inspector struct {
	Tag    string // the struct tag that names fields
	Max    int    // the largest number of nested maps, lists and structs
	Check  func(Part) error
	Self   []reflect.Type           // interfaces of values that encode themselves, beside encoding.TextMarshaler
	Tables func(reflect.Value) bool // reports whether an array is an array of tables, for Part.Inline; nil: each is

	skip func(reflect.Type) bool // reports whether values of a type need no check; may be nil
	seen map[any]bool
}

// Inspect calls Check for every value in v. The error is a *Flaw.
func (in Inspector) Inspect(v any) error {
	in.seen = map[any]bool{}
	if f := in.visit(Part{Value: reflect.ValueOf(Addressable(v))}, 0); f != nil {
		return f
	}
	return nil
}

func (in *Inspector) visit(p Part, depth int) *Flaw {
	if err := in.Check(p); err != nil {
		return &Flaw{Err: err}
	}
	if !p.Value.IsValid() || in.skip != nil && in.skip(p.Value.Type()) || in.opaque(p.Value) {
		return nil
	}
	switch p.Value.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if depth > CycleDepth {
			key := Identity(p.Value)
			if in.seen[key] {
				return &Flaw{Err: ErrCycle}
			}
			in.seen[key] = true
			defer delete(in.seen, key)
		}
	}
	return in.inside(p, depth+1)
}

// Identity gives a value that is equal for the same pointer, map or slice.
func Identity(v reflect.Value) any {
	type span struct {
		at  uintptr
		len int
	}
	if v.Kind() == reflect.Slice {
		return span{v.Pointer(), v.Len()}
	}
	return v.Pointer()
}

// opaque reports whether v encodes itself.
func (in *Inspector) opaque(v reflect.Value) bool {
	if Methodless(v.Type()) {
		return false
	}
	encodes := func(t reflect.Type) bool {
		return v.Type().Implements(t) || v.CanAddr() && v.Addr().Type().Implements(t)
	}
	return encodes(TextMarshaler) || slices.ContainsFunc(in.Self, encodes)
}

// Methodless reports whether it is certain that neither the type nor a pointer to it has methods.
func Methodless(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Interface:
		return false
	}
	return t.PkgPath() == ""
}

func (in *Inspector) inside(p Part, depth int) *Flaw {
	child := Part{Parent: p.Value.Kind(), Inline: p.Inline, level: p.level + 1}
	switch p.Value.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		if p.level >= in.Max {
			return &Flaw{Err: TooDeep(in.Max)}
		}
	}
	switch p.Value.Kind() {
	case reflect.Pointer, reflect.Interface:
		p.Value = p.Value.Elem()
		if p.Value.IsValid() {
			return in.visit(p, depth)
		}
	case reflect.Map:
		return in.entries(p.Value, child, depth)
	case reflect.Slice, reflect.Array:
		if harmless(p.Value.Type().Elem().Kind()) {
			return nil
		}
		child.Inline = child.Inline || in.Tables != nil && !in.Tables(p.Value)
		for i := range p.Value.Len() {
			child.Value = p.Value.Index(i)
			if f := in.visit(child, depth); f != nil {
				return f.in(fmt.Sprintf("[%d]", i))
			}
		}
	case reflect.Struct:
		return in.fields(p.Value, child, depth)
	}
	return nil
}

func (in *Inspector) entries(m reflect.Value, child Part, depth int) *Flaw {
	for it := newEntries(m); it.Next(); {
		key := child
		key.Value, key.IsKey = it.key(), true
		f := in.visit(key, depth)
		if f == nil {
			child.Value = it.value()
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
	keys, elements reflect.Value // take the current entry, if its type has no methods with pointer receivers
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

func (in *Inspector) fields(s reflect.Value, child Part, depth int) *Flaw {
	for _, field := range fieldsOf(s.Type(), in.Tag) {
		child.Value = s.Field(field.index)
		if f := in.visit(child, depth); f != nil {
			return f.in("." + field.name)
		}
	}
	return nil
}

// field is a field that an encoder would write.
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

func (f *Flaw) in(step string) *Flaw {
	f.steps = append(f.steps, step)
	return f
}

// harmless reports whether values of a kind hold no other value, and no check refuses them.
func harmless(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Int64 || k == reflect.Uint8 || k == reflect.Float32 || k == reflect.Float64
}
