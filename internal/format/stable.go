package format

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/errors"
	"gopkg.in/yaml.v3"
)

// An edit compares two encodings, so a value must be encoded the same way each time. The encoders
// sort maps, but a type that encodes itself may follow the random order of a map. A value with
// these types is encoded several times, and refused if two encodings differ.
//
// The remaining risk: a map of two elements that iterates in one order in seven of eight cases
// passes all encodings with a probability of a third. An edit is wrong only if the old value passes
// in one order and the new value in the other. This happens once in 20 million edits.
const stabilityTrials = 8

var errUnstable = errors.New("is encoded differently each time")

// Dump encodes v, or fails with ErrEncode if its type is encoded differently each time.
func (e Editor) Dump(v any) ([]byte, error) {
	if text, ok := e.Codec.DumpPlain(v); ok {
		return text, nil
	}
	return stable(e.Settings.Format, v, e.Codec.Dump)
}

// stable gives the encoding of v, or an ErrEncode if there is more than one.
func stable(format string, v any, encode func(any) ([]byte, error)) ([]byte, error) {
	text, err := encode(v)
	if err != nil || !varies.OfValue(v) {
		return text, err
	}
	for range stabilityTrials - 1 {
		again, err := encode(v)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(again, text) {
			return nil, EncodeFailure(format, v, errUnstable,
				"its Marshal method must write the elements of a map in a fixed order, or give the codec the option codec.Rewrite()")
		}
	}
	return text, nil
}

// TimeType is the type time.Time, which every format knows.
var TimeType = reflect.TypeFor[time.Time]()

var marshalers = []reflect.Type{
	TextMarshaler, reflect.TypeFor[json.Marshaler](), reflect.TypeFor[yaml.Marshaler](), reflect.TypeFor[toml.Marshaler](),
}

// steady are types that encode themselves, in the same way each time.
var steady = map[reflect.Type]bool{
	TimeType: true, reflect.TypeFor[json.RawMessage](): true, reflect.TypeFor[big.Int](): true, reflect.TypeFor[big.Float](): true,
	reflect.TypeFor[big.Rat](): true, reflect.TypeFor[netip.Addr](): true, reflect.TypeFor[netip.AddrPort](): true,
	reflect.TypeFor[netip.Prefix](): true, reflect.TypeFor[url.URL](): true,
}

// varies asks for types that encode themselves and may hold a map.
var varies = Question{
	Here:   func(t reflect.Type) bool { return EncodesItself(t) && !steady[t] && holdsMap.Of(t) },
	Opaque: func(t reflect.Type) bool { return steady[t] },
}

// writesItself asks for types that encode themselves in a way that no codec knows.
var writesItself = Question{
	Here:   func(t reflect.Type) bool { return EncodesItself(t) && !steady[t] || t == reflect.TypeFor[yaml.Node]() },
	Opaque: func(t reflect.Type) bool { return steady[t] },
}

// dependent asks for types of which a part can't be decoded alone, since it may mean something else
// then. These are types that encode or decode themselves, and maps in which two different keys of a
// text may become one key.
var dependent = Question{
	Here: func(t reflect.Type) bool {
		if t.Kind() == reflect.Map && (t.Key().Kind() != reflect.String || EncodesItself(t.Key()) || decodesItself(t.Key())) {
			return true
		}
		return writesItself.Here(t) || decodesItself(t) && !steady[t]
	},
	Opaque: func(t reflect.Type) bool { return steady[t] },
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return !Methodless(t) && (p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		p.Implements(reflect.TypeFor[toml.Unmarshaler]()) || t == reflect.TypeFor[toml.Primitive]())
}

// EncodesItself reports whether a type, or a pointer to it, has a method that an encoder of a format calls.
func EncodesItself(t reflect.Type) bool {
	if Methodless(t) || t.Kind() == reflect.Interface {
		return false
	}
	for _, m := range marshalers {
		if t.Implements(m) || reflect.PointerTo(t).Implements(m) {
			return true
		}
	}
	return false
}

var holdsMap = Question{
	Here: func(t reflect.Type) bool {
		return t.Kind() == reflect.Map || t.Kind() == reflect.Interface || t.Kind() == reflect.Func
	},
	Opaque: func(reflect.Type) bool { return false },
}

// holdsAny asks for interfaces: the types in such a value are known only from the value.
var holdsAny = Question{
	Here:   func(t reflect.Type) bool { return t.Kind() == reflect.Interface },
	Opaque: func(t reflect.Type) bool { return steady[t] },
}

// OfValue answers the question for all types in v, those in interfaces too.
func (q *Question) OfValue(v any) bool { return q.ofPlain(v, 0) }

// ofPlain answers for the types that a decoder stores in an interface, without reflection. The
// answer for these types themselves is always no.
func (q *Question) ofPlain(v any, depth int) bool {
	switch v := v.(type) {
	case nil, string, bool, json.Number, float64, int64, int:
		return false
	case map[string]any:
		for _, e := range v {
			if depth > CycleDepth || q.ofPlain(e, depth+1) {
				return true
			}
		}
		return false
	case []any:
		for _, e := range v {
			if depth > CycleDepth || q.ofPlain(e, depth+1) {
				return true
			}
		}
		return false
	}
	return q.inside(reflect.ValueOf(v), depth)
}

// inside checks the parts of the value only if its type holds interfaces.
func (q *Question) inside(v reflect.Value, depth int) bool {
	switch t := v.Type(); {
	case v.Kind() == reflect.Interface:
		// no answer is yes for an interface itself
	case q.Of(t), depth > CycleDepth:
		return true
	case !holdsAny.Of(t):
		return false
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.CanInterface() {
			return q.ofPlain(v.Interface(), depth+1)
		}
		return !v.IsNil() && q.inside(v.Elem(), depth+1)
	case reflect.Pointer:
		return !v.IsNil() && q.inside(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if q.inside(v.Index(i), depth+1) {
				return true
			}
		}
	case reflect.Map:
		for it := newEntries(v); it.Next(); {
			if !it.plain && q.inside(it.key(), depth+1) || q.inside(it.value(), depth+1) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if q.inside(v.Field(i), depth+1) {
				return true
			}
		}
	}
	return false
}
