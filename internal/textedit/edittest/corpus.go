package edittest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
)

// Corpus gives the files of ../shared/corpus that match pattern, by their path
// below it. Where there is no corpus the test is skipped.
func Corpus(tb testing.TB, pattern string) map[string][]byte {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			tb.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	root := filepath.Join(dir, "..", "shared", "corpus")
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil {
		tb.Fatal(err)
	}
	if len(paths) == 0 {
		tb.Skipf("the corpus is not there: nothing matches %s in ../shared/corpus", pattern)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		name, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = text
	}
	return files
}

// Sample is how densely random operations are spread over the positions of a file,
// and how often: every position, three times, with HOLDFAST_LONG=1, and with -short
// a third of what is usual. An odd stride stays odd.
func Sample(usual int) (stride int, seeds uint64) {
	return effort.Of(3*usual, usual, 1), effort.Of[uint64](1, 1, 3)
}
