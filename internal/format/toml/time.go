package toml

import (
	"reflect"
	"sync"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format"
)

// The encoder of BurntSushi/toml (v1.6.0, encode.go) writes a local date or time in
// UTC, whereas its decoder reads one in the machine's zone: east of Greenwich a local
// date is written as the day before. So local times are shifted by their offset
// before they are encoded.

// localZones are the locations that mark a time without an offset for the encoder. Their only offset is
// the machine's offset when the process began.
var localZones = sync.OnceValues(func() (zones map[*time.Location]bool, offset int) {
	var shown map[string]any
	if _, err := toml.Decode("a = 2000-01-01T00:00:00\nb = 2000-01-01\nc = 00:00:00", &shown); err != nil {
		return nil, 0
	}
	zones = make(map[*time.Location]bool)
	for _, v := range shown {
		t := v.(time.Time)
		zones[t.Location()] = true
		_, offset = t.Zone()
	}
	return zones, offset
})

// holdsTime asks for types that may hold a time.
var holdsTime = format.Question{
	Here:   func(t reflect.Type) bool { return t == format.TimeType || t.Kind() == reflect.Interface },
	Opaque: func(reflect.Type) bool { return false },
}

// shiftLocalTimes gives the value for the encoder: a copy if local times in v need a shift, else v
// itself. v must not contain a cycle.
func shiftLocalTimes(v any) any {
	if _, offset := localZones(); offset == 0 || v == nil || !holdsTime.Of(reflect.TypeOf(v)) {
		return v
	}
	if shifted, changed := shiftTimes(reflect.ValueOf(v)); changed {
		return shifted.Interface()
	}
	return v
}

// shiftTimes copies only the parts of v that change.
func shiftTimes(v reflect.Value) (reflect.Value, bool) {
	if !v.IsValid() || !holdsTime.Of(v.Type()) {
		return v, false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v, false
		}
		inner, changed := shiftTimes(v.Elem())
		if !changed || v.Kind() == reflect.Interface {
			return inner, changed
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(inner)
		return p.Convert(v.Type()), true
	case reflect.Map:
		return shiftEntries(v)
	case reflect.Slice, reflect.Array:
		return shiftParts(v, v.Len(), reflect.Value.Index)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return shiftTime(t)
		}
		return shiftParts(v, v.NumField(), reflect.Value.Field)
	}
	return v, false
}

func shiftTime(t time.Time) (reflect.Value, bool) {
	zones, offset := localZones()
	if !zones[t.Location()] {
		return reflect.ValueOf(t), false
	}
	return reflect.ValueOf(t.Add(time.Duration(offset) * time.Second)), true
}

func shiftEntries(m reflect.Value) (reflect.Value, bool) {
	result := m
	for it := m.MapRange(); it.Next(); {
		value, changed := shiftTimes(it.Value())
		if !changed {
			continue
		}
		if result == m {
			result = reflect.MakeMapWithSize(m.Type(), m.Len())
			for all := m.MapRange(); all.Next(); {
				result.SetMapIndex(all.Key(), all.Value())
			}
		}
		result.SetMapIndex(it.Key(), value)
	}
	return result, result != m
}

// shiftParts shifts the parts of a struct, a slice or an array. part gives a part by its index.
func shiftParts(v reflect.Value, n int, part func(reflect.Value, int) reflect.Value) (reflect.Value, bool) {
	result := v
	for i := range n {
		old := part(v, i)
		if !old.CanInterface() {
			continue // an unexported field, which no encoder writes
		}
		value, changed := shiftTimes(old)
		if !changed {
			continue
		}
		if result == v {
			result = reflect.New(v.Type()).Elem()
			if v.Kind() == reflect.Slice {
				result.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, n), v))
			} else {
				result.Set(v)
			}
		}
		part(result, i).Set(value)
	}
	return result, result != v
}
