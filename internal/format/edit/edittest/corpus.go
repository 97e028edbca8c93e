package edittest

import (
	"embed"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
)

//go:embed testdata/real
var testdata embed.FS

// publicCorpus names the variable that holds the path of a folder with three others: real
// holds configuration files that people maintain, json-test-suite and yaml-test-suite
// the files of the public suites of these names.
const publicCorpus = "HOLDFAST_CORPUS"

// HasPublicCorpus reports whether the texts are those of the public corpus. If not, they are a
// few of this package's own.
func HasPublicCorpus() bool { return os.Getenv(publicCorpus) != "" }

// Corpus gives the texts whose path below the corpus matches pattern, by that path.
func Corpus(tb testing.TB, pattern string) map[string][]byte {
	tb.Helper()
	var files map[string][]byte
	var err error
	if HasPublicCorpus() {
		files, err = matching(os.DirFS(filepath.FromSlash(os.Getenv(publicCorpus))), pattern)
	} else {
		files, err = ownMatching(pattern)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if len(files) == 0 {
		tb.Fatalf("nothing matches %s in the corpus (%s is %q)", pattern, publicCorpus, os.Getenv(publicCorpus))
	}
	return files
}

func ownMatching(pattern string) (map[string][]byte, error) {
	root, err := fs.Sub(testdata, "testdata")
	if err != nil {
		return nil, err
	}
	files, err := matching(root, pattern)
	for name, text := range own {
		if is, _ := path.Match(pattern, name); is {
			files[name] = []byte(text)
		}
	}
	return files, err
}

func matching(root fs.FS, pattern string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	names, err := fs.Glob(root, pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		files[name] = text
	}
	return files, nil
}

// Containing gives the first of some files, by name, that contains part.
func Containing(tb testing.TB, files map[string][]byte, part string) []byte {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.Contains(string(files[name]), part) {
			return files[name]
		}
	}
	tb.Fatalf("no file contains %q", part)
	return nil
}

// Sample is how densely random operations are spread over the positions of a file,
// and how often: every position, three times, with HOLDFAST_LONG=1, and with -short
// a third of what is usual. An odd stride stays odd.
func Sample(usual int) (stride int, seeds uint64) {
	return effort.Of(3*usual, usual, 1), effort.Of[uint64](1, 1, 3)
}
