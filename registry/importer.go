package registry

import (
	"net/url"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
)

var ownPath = reflect.TypeFor[Registry]().PkgPath()

// importer gives the import path of the package that called this one.
func importer() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if path := packageOf(frame.Function); path != ownPath && path != "" {
			return path
		}
	}
	return ""
}

// packageOf gives the import path in a function's name, such as
// "example.com/a%2eb.(*T[...]).Method.func1".
func packageOf(function string) string {
	name, _, _ := strings.Cut(function, "[") // type arguments may hold slashes
	slash := strings.LastIndexByte(name, '/') + 1
	last, _, _ := strings.Cut(name[slash:], ".")
	path := name[:slash] + last
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	if path == "main" {
		return mainPath()
	}
	return path
}

// mainPath gives the import path of the program's package main, if the build has recorded it.
func mainPath() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" || info.Path == "command-line-arguments" {
		return "main"
	}
	return info.Path
}
