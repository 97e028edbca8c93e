package apidoc_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// root is the directory of the main module.
var root = filepath.Join("..", "..")

// A block is a code block of the README.
type block struct{ language, text string }

// readme gives the README's code blocks in their order.
func readme(t *testing.T) (all []block) {
	t.Helper()
	text := testkit.Content(t, filepath.Join(root, "README.md"))
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// blocks gives the texts of the README's code blocks in one language.
func blocks(t *testing.T, language string) (found []string) {
	t.Helper()
	for _, b := range readme(t) {
		if b.language == language {
			found = append(found, b.text)
		}
	}
	return found
}

func isProgram(text string) bool { return strings.HasPrefix(text, "package main\n") }

// A session is a command that the README shows after a $, and the lines that it is said to print.
type session struct{ command, prints string }

// sessions cuts a console block into its commands. A comment after a command is not part of it.
func sessions(text string) (all []session) {
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			command, _, _ = strings.Cut(command, " #")
			all = append(all, session{command: strings.TrimSpace(command)})
		} else if len(all) > 0 {
			all[len(all)-1].prints += line
		}
	}
	return all
}
