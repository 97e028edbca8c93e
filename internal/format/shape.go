package format

import (
	"reflect"
	"sync"
)

// Question is a question about a type and all types that its values hold. The answer is yes if it
// is yes for one of them. The answers are cached by type.
type Question struct {
	Here   func(reflect.Type) bool // reports whether the answer is yes for the type itself
	Opaque func(reflect.Type) bool // reports whether the types inside of the type do not count
	known  sync.Map                // reflect.Type → bool
}

// Of answers the question for a type.
func (q *Question) Of(t reflect.Type) bool {
	if answer, ok := q.known.Load(t); ok {
		return answer.(bool)
	}
	answer := q.search(t, map[reflect.Type]bool{})
	q.known.Store(t, answer)
	return answer
}

func (q *Question) search(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if q.Here(t) {
		return true
	}
	if q.Opaque(t) {
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
