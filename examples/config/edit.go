package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// get prints one value of any file: a string as it is, everything else as JSON.
func get(out io.Writer, path, key string) error {
	table, err := safefile.New[map[string]any](path).Read()
	if err != nil {
		return err
	}
	names := split(key)
	last := len(names) - 1
	for i, name := range names[:last] {
		if table, err = descend(table, names[:i+1], name); err != nil {
			return err
		}
	}
	value, exists := table[names[last]]
	if !exists {
		return fmt.Errorf("%s has no key %s", path, key)
	}
	if text, ok := value.(string); ok {
		_, err = fmt.Fprintln(out, text)
		return err
	}
	return codec.JSON().Dump(out, value)
}

// set changes one value of any file, and makes the tables that lead to it. It is one Update, so a change that
// another process makes at the same time is kept.
func set(path, key, text string) error {
	value, names := parse(text), split(key)
	last := len(names) - 1
	file := lockedfile.New[map[string]any](path, safefile.WithTimeout(patience))
	return file.Update(func(document *map[string]any) error {
		if *document == nil { // a YAML file without a value
			*document = map[string]any{}
		}
		table := *document
		for i, name := range names[:last] {
			if table[name] == nil {
				table[name] = map[string]any{}
			}
			var err error
			if table, err = descend(table, names[:i+1], name); err != nil {
				return err
			}
		}
		table[names[last]] = value
		return nil
	})
}

// descend gives the table under a name. An unknown name is an empty table.
func descend(table map[string]any, way []string, name string) (map[string]any, error) {
	switch inner := table[name].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return inner, nil
	default:
		return nil, fmt.Errorf("%s is no table, so nothing is under it", strings.Join(way, "."))
	}
}

// split cuts a key at its dots, but not at those written \. in it.
func split(key string) []string {
	const dot = "\x00"
	names := strings.Split(strings.ReplaceAll(key, `\.`, dot), ".")
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, dot, ".")
	}
	return names
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
