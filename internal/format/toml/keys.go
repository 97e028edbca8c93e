package toml

import (
	"fmt"
	"hash/maphash"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format"
)

// The decoder of BurntSushi/toml goes through the keys of a table in the random order
// of a Go map, and gives a struct's field every key that differs from its name in
// case only. If there are two of them, the random order decides which one counts. So they
// are refused.

// holdsStruct asks whether keys can mean fields.
var holdsStruct = format.Question{
	Here:   func(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != format.TimeType },
	Opaque: func(reflect.Type) bool { return false },
}

// ambiguous returns an error if two keys of a text are stored in one field of t. It calls load, which
// decodes the whole text without a type, only if two keys differ only in case.
func ambiguous(keys []toml.Key, t reflect.Type, load func(v any) error) error {
	if !holdsStruct.Of(t) || !differInCase(keys) {
		return nil
	}
	var whole any
	if err := load(&whole); err != nil {
		return err
	}
	return twoKeys(whole, t, "")
}

var caseSeed = maphash.MakeSeed()

// differInCase reports whether two keys are the same but for their case.
func differInCase(keys []toml.Key) bool {
	seen := make(map[uint64]toml.Key, len(keys))
	for _, key := range keys {
		var h maphash.Hash
		h.SetSeed(caseSeed)
		for _, part := range key {
			h.WriteString(strings.ToLower(part))
			h.WriteByte(0)
		}
		sum := h.Sum64()
		if other, ok := seen[sum]; ok && !slices.Equal(other, key) {
			return true
		}
		seen[sum] = key
	}
	return false
}

// twoKeys finds two keys of one table that the decoder stores in one field.
func twoKeys(tree any, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[toml.Unmarshaler]()) {
		return nil
	}
	switch tree := tree.(type) {
	case map[string]any:
		return twoKeysOf(tree, t, path)
	case []map[string]any:
		return twoKeysIn(tree, t, path)
	case []any:
		return twoKeysIn(tree, t, path)
	}
	return nil
}

// twoKeysIn is twoKeys of each element of a list whose type is t.
func twoKeysIn[E any](list []E, t reflect.Type, path string) error {
	if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil
	}
	for i, e := range list {
		if err := twoKeys(e, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func twoKeysOf(table map[string]any, t reflect.Type, path string) error {
	meant := make(map[string]string) // by the field's name
	for _, key := range slices.Sorted(maps.Keys(table)) {
		inner := t
		switch t.Kind() {
		case reflect.Map:
			inner = t.Elem()
		case reflect.Struct:
			field, ok := fieldOf(t, key)
			if !ok {
				continue
			}
			if other, ok := meant[field.Name]; ok {
				return fmt.Errorf("the keys %q and %q both mean the field %s of %s, and chance would decide which counts; take one away or rename it",
					path+other, path+key, field.Name, t)
			}
			meant[field.Name], inner = key, field.Type
		default:
			return nil
		}
		if err := twoKeys(table[key], inner, path+key+"."); err != nil {
			return err
		}
	}
	return nil
}
