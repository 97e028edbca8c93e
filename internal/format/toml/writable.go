package toml

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format"
)

var marshaler = reflect.TypeFor[toml.Marshaler]()

// writable refuses values that BurntSushi's encoder drops or writes wrongly
// without an error. The error is a *format.Flaw, or is about the whole value.
func writable(v any) error {
	top := format.Indirect(reflect.ValueOf(v))
	switch {
	case isNil(top):
		return errors.New("a nil has no form in toml; write an empty map, or remove the file")
	case top.Kind() != reflect.Map && top.Kind() != reflect.Struct || top.Type() == format.TimeType:
		return errors.New("a toml document is a table; put the value in a map or struct")
	}
	return format.Inspector{Tag: "toml", Max: maxLevels + 1, Check: flaw, Self: []reflect.Type{marshaler}, Tables: allTables}.Inspect(v)
}

// surelyWritable reports, without reflection, whether v holds only types that a decoder stores in an
// interface, and writable accepts it. If it returns false, writable must be asked, and may accept
// v.
func surelyWritable(v any, level int) bool {
	if level >= maxLevels {
		return false
	}
	switch v := v.(type) {
	case string:
		return utf8.ValidString(v)
	case bool, int, int64, float64:
		return true
	case time.Time:
		return timeFlaw(v) == nil
	case map[string]any:
		for key, e := range v {
			if key == "" || !utf8.ValidString(key) || !surelyWritable(e, level+1) {
				return false
			}
		}
		return v != nil
	case []map[string]any:
		for _, e := range v {
			if !surelyWritable(e, level+1) {
				return false
			}
		}
		return v != nil
	case []any:
		for _, e := range v {
			if !surelyWritable(e, level+1) {
				return false
			}
		}
		return v != nil
	}
	return false
}

// flaw gives the error for one value.
func flaw(p format.Part) error {
	v := format.Indirect(p.Value) // the Inspector skips the value of a pointer that encodes itself
	inMap, inArray := p.Parent == reflect.Map, p.Parent == reflect.Slice || p.Parent == reflect.Array
	switch {
	case isNil(v):
		if inMap || inArray {
			return errors.New("is nil, which toml has no form for; leave it out or make it an empty value")
		}
		return nil
	case v.Type() == format.TimeType:
		return timeFlaw(v.Interface().(time.Time))
	case v.Type() == reflect.TypeFor[json.Number]():
		return numberFlaw(json.Number(v.String()))
	case encodesByPointer(v):
		return fmt.Errorf("is a %s, which only a pointer can encode; hold a *%s", v.Type(), v.Type())
	case tooLarge(v):
		return fmt.Errorf("is %d, more than the %d that toml allows; hold it as a string", v.Uint(), int64(math.MaxInt64))
	case v.Kind() == reflect.String && !utf8.ValidString(v.String()):
		return errors.New("is a string that is not valid UTF-8; hold binary data as base64")
	case p.IsKey && p.Inline && v.Kind() == reflect.String && v.String() == "":
		// The decoder loses the array around this table.
		return errors.New("is an empty key in an array that is no array of tables; name the key")
	case v.Kind() == reflect.Struct && p.Inline:
		return inlineStruct(v)
	}
	return nil
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}

func tooLarge(v reflect.Value) bool {
	return v.CanUint() && v.Uint() > math.MaxInt64
}

// encodesByPointer reports whether the encoder does not find v's encoding methods, since they have a
// pointer receiver and v is in a map or an interface.
func encodesByPointer(v reflect.Value) bool {
	if v.CanAddr() || v.Kind() == reflect.Pointer || format.Methodless(v.Type()) {
		return false
	}
	for _, method := range []reflect.Type{marshaler, format.TextMarshaler} {
		if reflect.PointerTo(v.Type()).Implements(method) && !v.Type().Implements(method) {
			return true
		}
	}
	return false
}

func timeFlaw(t time.Time) error {
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Errorf("is in the year %d, and toml has four digits for it", y)
	}
	switch _, offset := t.Zone(); {
	case offset%60 != 0:
		return errors.New("is in a time zone that is not whole minutes from UTC; write it in UTC")
	case offset <= -24*60*60 || offset >= 24*60*60:
		return errors.New("is in a time zone that is a day or more from UTC; write it in UTC")
	}
	return nil
}

// numberFlaw refuses integers that the encoder would round.
func numberFlaw(n json.Number) error {
	if _, err := n.Int64(); err == nil || n == "" || strings.ContainsAny(string(n), ".eE") {
		return nil
	}
	return fmt.Errorf("is %q, which is no integer that toml allows; hold it as a string", string(n))
}

// inlineStruct refuses a struct for which the encoder sets the commas of an inline table wrongly. The
// encoder uses the index of the fields, as if all fields were written and in order.
func inlineStruct(v reflect.Value) error {
	tables := false
	for i := range v.NumField() {
		field := v.Type().Field(i)
		_, flags, _ := strings.Cut(field.Tag.Get("toml"), ",")
		isTable := isTable(v.Field(i))
		if field.Anonymous || !field.IsExported() || field.Tag.Get("toml") == "-" ||
			flags != "" || isNil(format.Indirect(v.Field(i))) || tables && !isTable {
			return fmt.Errorf("is a %s in an array that is no array of tables, and its field %s can't be written there; use a map",
				v.Type(), field.Name)
		}
		tables = tables || isTable
	}
	return nil
}

// isTable reports whether the encoder writes v after the plain keys of a table.
func isTable(v reflect.Value) bool {
	v = format.Indirect(v)
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		p := reflect.PointerTo(v.Type())
		return !isNil(v) && v.Type() != format.TimeType && !p.Implements(marshaler) && !p.Implements(format.TextMarshaler)
	case reflect.Slice, reflect.Array:
		return v.Len() > 0 && allTables(v)
	}
	return false
}

// allTables reports whether every element of an array is a table.
func allTables(array reflect.Value) bool {
	for i := range array.Len() {
		element := format.Indirect(array.Index(i))
		if element.Kind() != reflect.Struct && element.Kind() != reflect.Map || !isTable(element) {
			return false
		}
	}
	return true
}

// mayNotLoad asks for types that the encoder may write as invalid TOML, without an error and even if
// writable accepts the value:
//   - types that encode themselves
//   - structs with two fields of one key, since the encoder writes the fields of embedded structs
//     beside the fields that hide them
//
// Every other value is written with quoted keys, and as a number, a time or a quoted string.
var mayNotLoad = format.Question{
	Here: func(t reflect.Type) bool {
		switch {
		case t == format.TimeType:
			return false
		case t == reflect.TypeFor[toml.Primitive]():
			return true
		}
		return encodesAsTOML(t) || t.Kind() == reflect.Struct && sharesKeys(t)
	},
	Opaque: func(t reflect.Type) bool { return t == format.TimeType },
}

// encodesAsTOML reports whether a type, or a pointer to it, has a method that the encoder calls.
func encodesAsTOML(t reflect.Type) bool {
	if format.Methodless(t) || t.Kind() == reflect.Interface {
		return false // a value in an interface has a type of its own
	}
	p := reflect.PointerTo(t)
	return t.Implements(marshaler) || t.Implements(format.TextMarshaler) || p.Implements(marshaler) || p.Implements(format.TextMarshaler)
}

// sharesKeys reports whether two fields of a struct may be written with one key, or a field
// with a key that is not valid UTF-8.
func sharesKeys(t reflect.Type) bool {
	seen := make(map[string]bool)
	bad := false
	var add func(t reflect.Type, depth int)
	add = func(t reflect.Type, depth int) {
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
			inner := pointedTo(field.Type)
			switch embedded := field.Anonymous && inner.Kind() == reflect.Struct; {
			case name == "-" || !field.IsExported() && !embedded:
				continue
			case embedded && name == "" && depth < maxEmbedded:
				add(inner, depth+1)
				continue
			case name == "":
				name = field.Name
			}
			bad = bad || seen[name] || !utf8.ValidString(name)
			seen[name] = true
		}
		bad = bad || depth == maxEmbedded
	}
	add(t, 0)
	return bad
}

// maxEmbedded is the number of nested embedded structs at which sharesKeys stops, since a struct may
// embed a pointer to itself.
const maxEmbedded = 8

// madeOtherwise asks for types that decode or encode themselves, and for lists of lists of
// structs, which the encoder may write wrongly.
var madeOtherwise = format.Question{
	Here: func(t reflect.Type) bool {
		switch {
		case t == format.TimeType:
			return false
		case t == reflect.TypeFor[toml.Primitive](), format.EncodesItself(t), decodesFromTOML(t):
			return true
		}
		return isList(t) && isList(pointedTo(t.Elem())) && holdsStruct.Of(t)
	},
	Opaque: func(t reflect.Type) bool { return t == format.TimeType },
}

func pointedTo(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice || t.Kind() == reflect.Array }

func decodesFromTOML(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[toml.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
