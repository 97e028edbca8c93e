// Package registry says which codec is for which file, by the end of its name.
//
// Every handle asks [Default] unless it was given another registry or a codec,
// and asks again for each call, so that a codec registered after the handle was
// made is used. A package that offers a format registers it when it is imported:
//
//	package csvformat
//
//	func init() { registry.Register(".csv", codec.Pair(load, dump)) }
//
// so that a program needs no more than
//
//	import _ "example.com/csvformat"
//
// # Which codec is chosen
//
// An extension may have inner dots, and the longest one that ends the name of
// the file wins: a.users.json has the codec of .users.json if there is one,
// else that of .json. Case does not matter. The name before the extension is
// never empty: .npmrc and .json are dot-files without an extension, and have no
// format, while .eslintrc.json has that of .json.
//
// On Windows dots and spaces at the end of a name are ignored, as the system
// does; elsewhere they are part of the name, and so of its extension.
//
// # Counterparts
//
// Who comes from Python's atomicio finds register_format in [RegisterPair],
// list_supported_formats in [Formats], a look into FORMAT_REGISTRY in
// [Registry.Lookup], and the discovery of entry points in imports, with
// [Registry.Source] to tell which package a format came from.
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

// Registry maps extensions to codecs. All methods are safe for concurrent use;
// reading takes no lock. The zero value holds no format at all.
type Registry struct {
	writing sync.Mutex                       // held from reading the table to storing its successor
	table   atomic.Pointer[map[string]entry] // never changed once it is stored; keys are like ".csv"
}

type entry struct {
	codec  codec.Codec
	source string // import path of the package that registered it
}

// New makes a registry that holds the built-in formats: .json, .jsonc, .yaml,
// .yml, .toml and .txt.
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

// Default is the registry of the process, which handles use.
func Default() *Registry { return std }

// Register makes c the codec for names that end in ext, in place of the one
// that was. "csv", ".csv" and ".CSV" are the same; inner dots as in
// ".users.json" are welcome. It panics if c is nil, or ext is empty, holds a
// separator, or could never end a name.
//
// Go has no generic methods; to register a loader and a dumper here, write
// r.Register("csv", codec.Pair(load, dump)).
func (r *Registry) Register(ext string, c codec.Codec) {
	r.register("registry.Register", ext, c)
}

// register names the exported function that was called in its panics.
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

// entries is the current table, for reading only.
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

// isNil sees a typed nil too, which would fail only at the first use. A nil
// func or map may have working methods, but hardly by intent.
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

// Formats lists the extensions, sorted, each with its dot.
func (r *Registry) Formats() []string { return slices.Sorted(maps.Keys(r.entries())) }

// Source is the import path of the package that registered ext, which for the
// built-in formats is that of package codec; "" if nothing is registered. What
// was registered through [RegisterPair] or another function of this package
// counts for the package that called it. A format of package main counts for
// the path that main was built from, or "main" where the build does not tell.
func (r *Registry) Source(ext string) string {
	return r.entries()["."+strings.ToLower(strings.TrimPrefix(ext, "."))].source
}

// Register is Default().Register.
func Register(ext string, c codec.Codec) { std.register("registry.Register", ext, c) }

// RegisterPair registers a loader and a dumper of one type at Default, as
// [codec.Pair] makes a codec of them. It panics as Register does, and on a nil
// function.
func RegisterPair[T any](ext string, load func(io.Reader) (T, error), dump func(io.Writer, T) error) {
	normal("registry.RegisterPair", ext)
	std.register("registry.RegisterPair", ext, codec.Pair(load, dump))
}

// Lookup is Default().Lookup.
func Lookup(path string) (codec.Codec, error) { return std.Lookup(path) }

// Formats is Default().Formats.
func Formats() []string { return std.Formats() }
