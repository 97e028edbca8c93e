package errors

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The name of a file may hold any byte but a slash and a zero. Printed as it is, a line
// break in it could forge a line of a log, and an escape sequence could take over the
// terminal that shows the error. The text of an Error therefore quotes such names, and
// escapes every other control character but line breaks and tabs, which the errors
// of decoders contain.

// Printable gives the name of a file for a text that people read. If a terminal can't print every
// character of the name, it is quoted as by strconv.Quote.
func Printable(name string) string {
	if printable(name) {
		return name
	}
	return strconv.Quote(name)
}

// visible quotes the names in text that a terminal can't print.
func visible(text string, names []string) string {
	for _, name := range names {
		if quoted := Printable(name); quoted != name {
			text = strings.ReplaceAll(text, name, quoted)
		}
	}
	return escape(text)
}

// printable reports whether a terminal prints every character of text, and does nothing
// else.
func printable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

func escape(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case strconv.IsPrint(r), r == '\n', r == '\t':
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// names gives the paths that an error's text may contain, and their last elements,
// the longest first.
func (e *Error) names() []string {
	paths := append([]string{e.Path}, pathsOf(e.Err)...)
	for _, path := range paths {
		end := len(path)
		for end > 0 && !os.IsPathSeparator(path[end-1]) {
			end--
		}
		paths = append(paths, path[end:])
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return paths
}

// pathsOf gives the paths of the errors below err.
func pathsOf(err error) (paths []string) {
	switch e := err.(type) {
	case *Error:
		paths = append(paths, e.Path)
	case *fs.PathError:
		paths = append(paths, e.Path)
	case *os.LinkError:
		paths = append(paths, e.Old, e.New)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		paths = append(paths, pathsOf(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, below := range e.Unwrap() {
			paths = append(paths, pathsOf(below)...)
		}
	}
	return paths
}
