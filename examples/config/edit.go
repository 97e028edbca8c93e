package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// get prints one value of any file. A string is printed as it is, unless JSON is wanted. Everything else is printed as JSON.
func get(out io.Writer, path, key string, asJSON bool) error {
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
	if text, ok := value.(string); ok && !asJSON {
		_, err = fmt.Fprintln(out, text)
		return err
	}
	return codec.JSON().Dump(out, value)
}

// set changes one value of any file, and makes the tables that lead to it. The new value is chosen under the lock, since it depends on the
// old one. It is one Update, so a change that another process makes at the same time is kept.
func set(path, key string, choose func(old any) (any, error)) error {
	names := split(key)
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
		value, err := choose(table[names[last]])
		if err != nil {
			return fmt.Errorf("%s %w", key, err)
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
