package codec

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// maxLevels is how many maps, lists and structs may be in one another in JSON and
// YAML. The parsers of both have this limit. The encoders have none, and a stack
// that overflows ends the process.
const maxLevels = 10_000

// maxIndentation bounds the blanks at the starts of lines, in bytes. A value of
// 10,000 levels needs 200 MB of them; a file of 64 MiB may hold thousands of such values.
const maxIndentation = 512 << 20

func tooDeep(max int) error {
	return fmt.Errorf("is nested more than %d levels deep, or holds itself", max)
}

func tooIndented() error {
	return fmt.Errorf("is nested so deeply that its indentation takes more than %d MiB", maxIndentation>>20)
}

// unbounded asks whether the values of a type can be nested to any depth, because
// it holds an interface or a type that holds itself.
var unbounded = question{
	here: func(t reflect.Type) bool {
		return t.Kind() == reflect.Interface || holds(t, t, map[reflect.Type]bool{})
	},
	opaque: func(reflect.Type) bool { return false },
}

// holds tells whether a value of the type outer can have one of type t inside.
func holds(outer, t reflect.Type, seen map[reflect.Type]bool) bool {
	inside := func(inner reflect.Type) bool {
		if inner == t {
			return true
		}
		if seen[inner] {
			return false
		}
		seen[inner] = true
		return holds(inner, t, seen)
	}
	switch outer.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return inside(outer.Elem())
	case reflect.Struct:
		for i := range outer.NumField() {
			if inside(outer.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// shallow refuses a value of more than maxLevels before encoding/json gets it. The
// error is a *flaw.
func shallow(v any) error {
	if v == nil || !unbounded.of(reflect.TypeOf(v)) {
		return nil
	}
	in := newInspector("json", maxLevels, func(place) error { return nil }, reflect.TypeFor[json.Marshaler]())
	in.skip = func(t reflect.Type) bool { return !unbounded.of(t) }
	if f := in.plain(v, 0); f != nil {
		return f
	}
	return nil
}

// plain inspects what a decoder puts into an interface without reflection.
func (in *inspector) plain(v any, level int) *flaw {
	switch v := v.(type) {
	case nil, string, bool, json.Number, float64, int64, int:
	case map[string]any:
		if level >= in.max {
			return &flaw{err: tooDeep(in.max)}
		}
		for key, e := range v {
			if f := in.plain(e, level+1); f != nil {
				return f.in(fmt.Sprintf("[%q]", key))
			}
		}
	case []any:
		if level >= in.max {
			return &flaw{err: tooDeep(in.max)}
		}
		for i, e := range v {
			if f := in.plain(e, level+1); f != nil {
				return f.in(fmt.Sprintf("[%d]", i))
			}
		}
	default:
		return in.visit(place{value: reflect.ValueOf(addressable(v)), level: level}, level)
	}
	return nil
}
