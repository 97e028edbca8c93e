package yaml

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// fieldTag is the parsed tag of a struct field, in yaml.v3's notation.
type fieldTag struct {
	key                           string
	skip, omitEmpty, flow, inline bool
}

func parseTag(field reflect.StructField) (tag fieldTag, err error) {
	text := field.Tag.Get("yaml")
	if text == "" && !strings.Contains(string(field.Tag), ":") {
		text = string(field.Tag)
	}
	key, flags, flagged := strings.Cut(text, ",")
	tag.key = key
	if key == "" {
		tag.key = strings.ToLower(field.Name)
	}
	for flag := range strings.SplitSeq(flags, ",") {
		switch {
		case !flagged:
		case flag == "omitempty":
			tag.omitEmpty = true
		case flag == "flow":
			tag.flow = true
		case flag == "inline":
			tag.inline = true
		default:
			return tag, fmt.Errorf("the tag of the field %s has the unknown flag %q", field.Name, flag)
		}
	}
	hidden := !field.IsExported() && !(field.Anonymous && tag.inline)
	tag.skip = text == "-" || hidden
	return tag, nil
}

// emptyValue reports whether a value is empty for yaml.v3's omitempty.
func emptyValue(v reflect.Value) bool {
	if z, ok := v.Interface().(yaml.IsZeroer); ok {
		return v.Kind() == reflect.Pointer && v.IsNil() || z.IsZero()
	}
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !emptyValue(v.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		return false
	}
	return v.IsZero()
}
