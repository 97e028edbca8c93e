package apidoc_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The README's words in backquotes that look like files of the repository must be there.
func TestTheREADMENamesOnlyFilesThatExist(t *testing.T) {
	text := testkit.Content(t, filepath.Join(root, "README.md"))
	count := 0
	for _, m := range regexp.MustCompile("`((?:internal|errors|codec|registry|safefile|lockedfile|examples)/[\\w/.]*)`").FindAllStringSubmatch(text, -1) {
		count++
		if _, err := os.Stat(filepath.Join("..", "..", m[1])); err != nil {
			t.Errorf("the README names %s: %v", m[1], err)
		}
	}
	if count < 10 {
		t.Errorf("only %d names were found", count)
	}
	if wrong := regexp.MustCompile(`\.\./\S+`).FindString(text); wrong != "" {
		t.Errorf("the README names %s, which lies outside of the repository", wrong)
	}
}

// A newcomer finds each program by the README's table, and each program that a table names is there.
func TestTheREADMENamesEveryExample(t *testing.T) {
	text := testkit.Content(t, filepath.Join(root, "README.md"))
	entries, err := os.ReadDir(filepath.Join("..", "..", "examples"))
	testkit.Must(t, err)
	there := make(map[string]bool)
	for _, e := range entries {
		there[e.Name()] = true
		if !strings.Contains(text, "\n| `examples/"+e.Name()+"` | ") {
			t.Errorf("the README's table of examples lacks %s", e.Name())
		}
	}
	_, counterparts, found := strings.Cut(text, "### Every example of atomicio and safeatomic\n")
	counterparts, _, ends := strings.Cut(counterparts, "\n## ")
	var names []string
	for _, row := range regexp.MustCompile(`(?m)^\| .+ \| (.+) \|$`).FindAllStringSubmatch(counterparts, -1) {
		for _, m := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(row[1], -1) {
			names = append(names, m[1])
		}
	}
	if !found || !ends || len(names) < 15 {
		t.Fatalf("%d counterparts were found", len(names))
	}
	for _, name := range names {
		if name != "examples" && !there[name] {
			t.Errorf("there is no examples/%s", name)
		}
	}
}

// A reader finds a test by the name that the README gives, so each of them must exist.
func TestTheTestsThatTheREADMENamesExist(t *testing.T) {
	text := testkit.Content(t, filepath.Join(root, "README.md"))
	there := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	testkit.Must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	}))
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(text, -1)
	if len(named) < 50 {
		t.Errorf("only %d names were found", len(named))
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
}
