package handle

import (
	"fmt"
	"reflect"

	"github.com/holdfast-go/holdfast/errors"
)

// merge puts the keys of a patch over those of a map, or appends a slice to a
// slice. If T is an interface, the types of its values decide. Neither
// argument is changed.
func merge[T any](old, patch T) (T, error) {
	var result T
	merged, err := mergeValue(reflect.ValueOf(&old).Elem(), reflect.ValueOf(&patch).Elem())
	if err == nil {
		reflect.ValueOf(&result).Elem().Set(merged)
	}
	return result, err
}

func mergeValue(old, patch reflect.Value) (reflect.Value, error) {
	if old.Kind() == reflect.Interface {
		if patch.IsNil() {
			return old, nil
		}
		if old.IsNil() {
			old = reflect.Zero(patch.Elem().Type())
		} else {
			old = old.Elem()
		}
		patch = patch.Elem()
	}
	if old.Type() != patch.Type() {
		return old, fmt.Errorf("%w: the file holds %s and the patch is %s", errors.ErrEncode, old.Type(), patch.Type())
	}
	switch old.Kind() {
	case reflect.Map:
		merged := reflect.MakeMapWithSize(old.Type(), old.Len()+patch.Len())
		for _, m := range []reflect.Value{old, patch} {
			for iter := m.MapRange(); iter.Next(); {
				merged.SetMapIndex(iter.Key(), iter.Value())
			}
		}
		return merged, nil
	case reflect.Slice:
		merged := reflect.MakeSlice(old.Type(), 0, old.Len()+patch.Len())
		return reflect.AppendSlice(reflect.AppendSlice(merged, old), patch), nil
	}
	return old, fmt.Errorf("%w: Merge is for maps and slices, not for %s; read it, change it and write it", errors.ErrEncode, old.Type())
}
