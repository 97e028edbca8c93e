package format

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// MaxLevels is the largest number of nested maps, lists and structs in JSON and YAML. The parsers of
// both have this limit. The encoders have none, and a stack that overflows ends the process.
const MaxLevels = 10_000

// MaxIndentation limits the blanks at the starts of lines, in bytes. A value of 10,000 levels needs
// 200 MB of them, and a file of 64 MiB may hold thousands of these values.
const MaxIndentation = 512 << 20

// TooDeep gives the error for a value of more than max levels.
func TooDeep(max int) error {
	return fmt.Errorf("is nested more than %d levels deep, or holds itself", max)
}

// TooIndented gives the error for a value whose indentation would take more than MaxIndentation.
func TooIndented() error {
	return fmt.Errorf("is nested so deeply that its indentation takes more than %d MiB", MaxIndentation>>20)
}

// unbounded asks whether the values of a type can be nested to any depth, because
// it holds an interface or a type that holds itself.
var unbounded = Question{
	Here: func(t reflect.Type) bool {
		return t.Kind() == reflect.Interface || holds(t, t, map[reflect.Type]bool{})
	},
	Opaque: func(reflect.Type) bool { return false },
}

// holds reports whether a value of the type outer can contain a value of the type t.
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

// Shallow refuses a value of more than MaxLevels before encoding/json gets it. The
// error is a *Flaw.
func Shallow(v any) error {
	if v == nil || !unbounded.Of(reflect.TypeOf(v)) {
		return nil
	}
	in := Inspector{
		Tag: "json", Max: MaxLevels, Check: func(Part) error { return nil }, Self: []reflect.Type{reflect.TypeFor[json.Marshaler]()},
		skip: func(t reflect.Type) bool { return !unbounded.Of(t) },
		seen: map[any]bool{},
	}
	if f := in.plain(v, 0); f != nil {
		return f
	}
	return nil
}

// plain inspects the types that a decoder stores in an interface, without reflection.
func (in *Inspector) plain(v any, level int) *Flaw {
	switch v := v.(type) {
	case nil, string, bool, json.Number, float64, int64, int:
	case map[string]any:
		if level >= in.Max {
			return &Flaw{Err: TooDeep(in.Max)}
		}
		for key, e := range v {
			if f := in.plain(e, level+1); f != nil {
				return f.in(fmt.Sprintf("[%q]", key))
			}
		}
	case []any:
		if level >= in.Max {
			return &Flaw{Err: TooDeep(in.Max)}
		}
		for i, e := range v {
			if f := in.plain(e, level+1); f != nil {
				return f.in(fmt.Sprintf("[%d]", i))
			}
		}
	default:
		return in.visit(Part{Value: reflect.ValueOf(Addressable(v)), level: level}, level)
	}
	return nil
}
