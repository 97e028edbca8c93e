package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"

	"gopkg.in/yaml.v3"
)

// question asks something of a type and of all types that its values hold. The
// answers are kept, one per type, so that a program asks once.
type question struct {
	here   func(reflect.Type) bool // the answer is yes for this very type
	opaque func(reflect.Type) bool // no need to look inside
	known  sync.Map                // reflect.Type → bool
}

func (q *question) of(t reflect.Type) bool {
	if answer, ok := q.known.Load(t); ok {
		return answer.(bool)
	}
	answer := q.search(t, map[reflect.Type]bool{})
	q.known.Store(t, answer)
	return answer
}

func (q *question) search(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if q.here(t) {
		return true
	}
	if q.opaque(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return q.search(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if q.search(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// holdsInterface asks whether encoding/json can meet an interface in a value,
// where it would make a float64 of a number.
var holdsInterface = question{
	here: func(t reflect.Type) bool { return t.Kind() == reflect.Interface },
	opaque: func(t reflect.Type) bool {
		return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	},
}

// seesNodes asks whether yaml.v3 shows its nodes to somebody, or reads keys that
// differ into one, so that it matters in which form they come.
var seesNodes = question{
	here: func(t reflect.Type) bool {
		if t.Kind() == reflect.Map && !plainKey(t.Key()) {
			return true
		}
		_, method := reflect.PointerTo(t).MethodByName("UnmarshalYAML")
		return method || t == reflect.TypeFor[yaml.Node]()
	},
	opaque: func(reflect.Type) bool { return false },
}

func plainKey(t reflect.Type) bool {
	return (t.Kind() == reflect.String || t.Kind() == reflect.Interface) &&
		!reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// holdsUint asks for the integers into which the TOML decoder wraps a negative number.
var holdsUint = question{
	here: func(t reflect.Type) bool {
		return t.Kind() == reflect.Uint || t.Kind() == reflect.Uint64
	},
	opaque: func(reflect.Type) bool { return false },
}
