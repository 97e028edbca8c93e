package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/codec"
)

// sameType gives the function that makes a value of a text. The value has the type of the old one: if a string is replaced, 1.20 is the
// string "1.20". A new value is what it looks like, see parse.
func sameType(text string) func(old any) (any, error) {
	return func(old any) (any, error) {
		value := parse(text)
		number, isNumber := value.(json.Number)
		switch old := old.(type) {
		case nil:
			return value, nil
		case string:
			if _, isString := value.(string); !isString {
				return text, nil
			}
		case time.Time: // of YAML or TOML
			if date, ok := parseDate(text, old.Location()); ok {
				return date, nil
			}
		case float64: // of YAML or TOML, where 2 is an integer
			if isNumber && !strings.ContainsAny(text, ".eE") {
				return number.Float64()
			}
		}
		if typeOf(old) != typeOf(value) {
			return nil, fmt.Errorf("is %s, and %q is none; with -json the value may have another type", typeOf(old), text)
		}
		return value, nil
	}
}

// asJSON gives the function that makes a value of JSON, whatever the old value is.
func asJSON(text string) func(old any) (any, error) {
	return func(any) (value any, err error) {
		if err = codec.JSON().Load(strings.NewReader(text), &value); err != nil {
			return nil, fmt.Errorf("can't be set: %w", err)
		}
		return value, nil
	}
}

// parse reads a JSON scalar, and takes any other text as a string.
func parse(text string) any {
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil || d.More() {
		return text
	}
	switch value.(type) {
	case map[string]any, []any:
		return text
	}
	return value // a number is a json.Number: as many digits as the format keeps
}

// parseDate reads a date, a time or both. The location tells TOML which of them it is.
func parseDate(text string, location *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, time.TimeOnly} {
		if date, err := time.ParseInLocation(layout, text, location); err == nil {
			return date, true
		}
	}
	return time.Time{}, false
}

// typeOf names the type of a value that any format has loaded.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "true or false"
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	case json.Number, int, int64, uint64, float64:
		return "a number"
	}
	return "a list"
}
