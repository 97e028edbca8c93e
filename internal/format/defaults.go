package format

import (
	"encoding"
	"encoding/json"
	"reflect"

	"github.com/BurntSushi/toml"
	"gopkg.in/yaml.v3"
)

// LoadOver is Load of text into a value that holds defaults: what the text lacks keeps its
// default. The rules are the same in every format:
//
//   - A struct is merged field by field. So is a map in an interface, which is what a
//     section of a text becomes there, key by key.
//   - The keys of any other map in the text replace or join those of the default, each with
//     its whole value.
//   - A pointer is followed. Its pointee is merged.
//   - A list or an array in the text replaces the whole default.
//   - A null makes a pointer, map, slice or interface nil. To a value that can't be nil it
//     means nothing, as in encoding/json.
//   - A type that decodes itself is given the default to decode into.
//
// The decoders themselves follow other rules: those of JSON and TOML decode the elements of
// a list over what the default's elements hold. So the text is decoded twice, into a zero value and
// into a copy of the defaults. A value that the first lacks and the second kept is not in the text.
func (f Format) LoadOver(text []byte, v any) error {
	dst := reflect.ValueOf(v).Elem()
	fresh := reflect.New(dst.Type())
	if err := f.Codec.Load(text, fresh.Interface()); err != nil {
		return err
	}
	return f.overlay(text, dst, fresh.Elem())
}

// overlay merges fresh, which the text holds by itself, into the defaults that dst holds.
func (f Format) overlay(text []byte, dst, fresh reflect.Value) error {
	o := overlay{decodes: decoderOf[f.Settings.Format]}
	probe := o.probe(dst)
	if err := f.Codec.Load(text, probe.Addr().Interface()); err != nil {
		return err
	}
	o.merge(dst, fresh, probe)
	return nil
}

// HoldsDefaults reports whether a value to load into is not zero.
func HoldsDefaults(v any) bool {
	p := reflect.ValueOf(v)
	return p.Kind() == reflect.Pointer && !p.IsNil() && !p.Elem().IsZero()
}

// decoderOf has, per format, the interfaces of types that decode themselves.
var decoderOf = map[string][]reflect.Type{
	"json":  {reflect.TypeFor[json.Unmarshaler](), textUnmarshaler},
	"jsonc": {reflect.TypeFor[json.Unmarshaler](), textUnmarshaler},
	"yaml":  {reflect.TypeFor[yaml.Unmarshaler](), reflect.TypeFor[obsoleteUnmarshaler](), textUnmarshaler},
	"toml":  {reflect.TypeFor[toml.Unmarshaler](), textUnmarshaler},
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// obsoleteUnmarshaler is what yaml.v3 still calls.
type obsoleteUnmarshaler interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

// overlay merges decoded values into defaults.
type overlay struct {
	decodes []reflect.Type
}

// opaque reports whether the values of a type are decoded by a method, or are a part of the
// text as it is.
func (o *overlay) opaque(t reflect.Type) bool {
	switch t {
	case TimeType, reflect.TypeFor[yaml.Node](), reflect.TypeFor[toml.Primitive]():
		return true
	}
	if Methodless(t) || t.Kind() == reflect.Interface {
		return false
	}
	for _, d := range o.decodes {
		if t.Implements(d) || reflect.PointerTo(t).Implements(d) {
			return true
		}
	}
	return false
}

// probe is a copy of a default in which an empty collection stands for each one.
func (o *overlay) probe(def reflect.Value) reflect.Value {
	p := reflect.New(def.Type()).Elem()
	(&cloner{probe: o}).copy(p, def)
	return p
}

// merge puts into dst, which holds the default, what is in the text. Fresh was decoded from the text
// into a zero value, and probe into a probe of the default.
func (o *overlay) merge(dst, fresh, probe reflect.Value) {
	if !dst.CanSet() && dst.Kind() != reflect.Struct {
		return // an unexported field
	}
	switch {
	case dst.Kind() == reflect.Pointer && !dst.IsNil() && o.opaque(dst.Type().Elem()), o.opaque(dst.Type()):
		if dst.CanSet() {
			dst.Set(probe)
		}
		return
	}
	switch dst.Kind() {
	case reflect.Struct:
		for i := range dst.NumField() {
			if f := dst.Type().Field(i); f.IsExported() || f.Anonymous {
				o.merge(dst.Field(i), fresh.Field(i), probe.Field(i))
			}
		}
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		switch {
		case fresh.IsNil() && !probe.IsNil(): // not in the text
		case fresh.IsNil() || dst.IsNil():
			dst.Set(fresh)
		case dst.Kind() == reflect.Pointer:
			o.merge(dst.Elem(), fresh.Elem(), probe.Elem())
		case dst.Kind() == reflect.Slice:
			dst.Set(fresh)
		default:
			mergeMaps(dst, fresh)
		}
	case reflect.Array: // nothing in it can be left out, so it counts as one value
		if !fresh.IsZero() || !reflect.DeepEqual(probe.Interface(), o.probe(dst).Interface()) {
			dst.Set(fresh)
		}
	default:
		dst.Set(probe)
	}
}

// mergeMaps puts the entries of a map over those of a default, or another value in its place. Only of
// maps in interfaces it does the same with the maps in them.
func mergeMaps(dst, fresh reflect.Value) {
	def, is := dst, fresh
	if dst.Kind() == reflect.Interface {
		def, is = dst.Elem(), fresh.Elem()
	}
	if def.Kind() != reflect.Map || def.Type() != is.Type() || def.IsNil() || is.IsNil() {
		dst.Set(fresh)
		return
	}
	sections := def.Type().Elem().Kind() == reflect.Interface
	for it := is.MapRange(); it.Next(); {
		value := it.Value()
		if old := def.MapIndex(it.Key()); sections && old.IsValid() && !old.IsNil() && !value.IsNil() {
			section := reflect.New(def.Type().Elem()).Elem()
			section.Set(old)
			mergeMaps(section, value)
			value = section
		}
		def.SetMapIndex(it.Key(), value)
	}
}

// AddKeys adds to the maps in v, a pointer, the keys that they have in got: v reads with
// them over the defaults, as a text can't say that a key is not there.
func AddKeys(v, got any) {
	addKeys(reflect.ValueOf(v).Elem(), reflect.ValueOf(got).Elem(), map[uintptr]bool{})
}

// addKeys does not follow a pointer twice: a field that is not encoded may lead back to its owner.
func addKeys(v, got reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				addKeys(v.Field(i), got.Field(i), seen)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && !got.IsNil() && !seen[v.Pointer()] {
			seen[v.Pointer()] = true
			addKeys(v.Elem(), got.Elem(), seen)
		}
	case reflect.Interface:
		if !v.IsNil() && !got.IsNil() && v.Elem().Kind() == reflect.Map && v.Elem().Type() == got.Elem().Type() {
			addKeys(v.Elem(), got.Elem(), seen)
		}
	case reflect.Map:
		if v.IsNil() && v.CanSet() && got.Len() > 0 {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for it := got.MapRange(); it.Next() && !v.IsNil(); {
			switch is := v.MapIndex(it.Key()); {
			case !is.IsValid():
				v.SetMapIndex(it.Key(), it.Value())
			case is.Kind() == reflect.Interface:
				addKeys(is, it.Value(), seen)
			}
		}
	}
}
