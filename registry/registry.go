// Package registry maps the extension of a file's name to a codec.
//
// A handle uses the registry that [Default] returns, unless an option gives it another registry or a
// codec. It looks the codec up at each call, so a codec that is registered later is found.
//
// A package that offers a format registers it in init:
//
//	package csvformat
//
//	func init() { registry.Register(".csv", codec.Pair(load, dump)) }
//
// Then a program needs only an import:
//
//	import _ "example.com/csvformat"
//
// # Rules
//
//   - The longest registered extension at the end of a name is used. If .users.json is registered,
//     a.users.json has that codec. Otherwise it has the codec of .json.
//   - Upper and lower case are the same.
//   - The name before the extension is not empty. So .npmrc and .json have no extension, and
//     .eslintrc.json has .json.
//   - On Windows, dots and spaces at the end of a name are ignored, as the system does. On other
//     systems they are part of the name.
//
// # For users of Python's atomicio
//
//   - register_format is [RegisterPair].
//   - list_supported_formats is [Formats].
//   - A lookup in FORMAT_REGISTRY is [Registry.Lookup].
//   - Entry points are imports. [Registry.Source] tells which package has registered a format.
package registry

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/holdfast-go/holdfast/codec"
)

// Registry maps extensions to codecs. The zero value has no format. All methods are safe for
// concurrent use, and lookups take no lock.
type Registry struct {
	writing sync.Mutex                       // held from reading the table to storing its successor
	table   atomic.Pointer[map[string]entry] // never changed once it is stored; keys are like ".csv"
}

type entry struct {
	codec  codec.Codec
	source string // import path of the package that registered it
}

// New makes a registry with the built-in formats: .json, .jsonc, .yaml, .yml, .toml and .txt.
func New() *Registry {
	source := reflect.TypeFor[codec.Codec]().PkgPath()
	table := map[string]entry{
		".json":  {codec.JSON(), source},
		".jsonc": {codec.JSONC(), source},
		".yaml":  {codec.YAML(), source},
		".yml":   {codec.YAML(), source},
		".toml":  {codec.TOML(), source},
		".txt":   {codec.Text(), source},
	}
	r := new(Registry)
	r.table.Store(&table)
	return r
}

var std = New()

// Default gives the registry of the process. Handles use it.
func Default() *Registry { return std }

// Register makes c the codec for names that end in ext. It replaces an earlier codec for ext. "csv",
// ".csv" and ".CSV" are the same extension. An extension may have inner dots, as ".users.json".
//
// Register panics if c is nil, and if ext is empty, has a path separator, or can't be the end of a
// name.
//
// Go has no generic methods. To register a load and a dump function, write
// r.Register("csv", codec.Pair(load, dump)).
func (r *Registry) Register(ext string, c codec.Codec) {
	r.register("registry.Register", ext, c)
}

// register registers a codec. caller is the exported function that panics name.
func (r *Registry) register(caller, ext string, c codec.Codec) {
	key := normal(caller, ext)
	if isNil(c) {
		panic(fmt.Sprintf("%s: nil codec for %q", caller, ext))
	}
	source := importer()
	r.writing.Lock()
	defer r.writing.Unlock()
	table := maps.Clone(r.entries())
	if table == nil {
		table = map[string]entry{}
	}
	table[key] = entry{c, source}
	r.table.Store(&table)
}

// entries gives the current table. The caller must not change it.
func (r *Registry) entries() map[string]entry {
	if table := r.table.Load(); table != nil {
		return *table
	}
	return nil
}

// normal gives the key for an extension, and panics if there can be none.
func normal(caller, ext string) string {
	key := "." + strings.ToLower(strings.TrimPrefix(ext, "."))
	switch {
	case key == ".":
		panic(caller + ": empty extension")
	case strings.ContainsAny(key, `/\`):
		panic(fmt.Sprintf("%s: the extension %q holds a separator", caller, ext))
	case strings.Contains(key, "..") || strings.TrimRight(key, ". ") != key || strings.ContainsRune(key, 0):
		panic(fmt.Sprintf("%s: no name ends in the extension %q", caller, ext))
	}
	return key
}

// isNil reports whether c is nil or holds a nil pointer, function or map. A codec with a nil would usually
// fail at its first use.
func isNil(c codec.Codec) bool {
	v := reflect.ValueOf(c)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// Formats lists the extensions in order, each with its dot.
func (r *Registry) Formats() []string { return slices.Sorted(maps.Keys(r.entries())) }

// Source gives the import path of the package that registered ext, or "" if ext is not registered:
//   - For a built-in format it is the path of package codec.
//   - For a call of [RegisterPair] or [Register] it is the path of the calling package.
//   - For package main it is the path that main was built from, or "main" if the build does not
//     record it.
func (r *Registry) Source(ext string) string {
	return r.entries()["."+strings.ToLower(strings.TrimPrefix(ext, "."))].source
}

// Register is [Registry.Register] of the registry that [Default] returns.
func Register(ext string, c codec.Codec) { std.register("registry.Register", ext, c) }

// RegisterPair makes a codec of a load and a dump function, as [codec.Pair] does, and registers it in
// the registry that [Default] returns. It panics as [Registry.Register] does, and if a function is nil.
func RegisterPair[T any](ext string, load func(io.Reader) (T, error), dump func(io.Writer, T) error) {
	normal("registry.RegisterPair", ext)
	std.register("registry.RegisterPair", ext, codec.Pair(load, dump))
}

// Lookup is [Registry.Lookup] of the registry that [Default] returns.
func Lookup(path string) (codec.Codec, error) { return std.Lookup(path) }

// Formats is [Registry.Formats] of the registry that [Default] returns.
func Formats() []string { return std.Formats() }
