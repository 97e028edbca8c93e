package apidoc_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// preamble declares what the fragments of the README use without saying so.
const preamble = `package readme

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

type Config struct{ Port int }
type State struct{ Count int }

func fragment(ctx context.Context, file *lockedfile.LockedFile[Config], state State, newCert, newKey string, data []byte, source io.Reader) error {
`

func TestEveryFragmentOfTheREADMECompiles(t *testing.T) {
	fset := token.NewFileSet()
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", compiled(t))}
	count := 0
	for _, block := range blocks(t, "go") {
		if isProgram(block) {
			continue // TestTheREADMEsProgramsRunInAnEmptyModule runs it
		}
		count++
		f, err := parser.ParseFile(fset, "README.md", preamble+"{\n"+block+"\n}\nreturn nil\n}\n", 0)
		if err != nil {
			t.Errorf("%v in\n%s", err, block)
			continue
		}
		config.Error = func(err error) {
			if text := err.Error(); !strings.Contains(text, "declared and not used") && !strings.Contains(text, "imported and not used") {
				t.Errorf("%v in\n%s", err, block)
			}
		}
		_, _ = config.Check("readme", fset, []*ast.File{f}, nil) // errors go to config.Error
	}
	if count < 5 {
		t.Errorf("the README has %d fragments of Go", count)
	}
}

// compiled finds the compiled form of each package that the preamble imports, and of what those import, in
// the build cache of the go command.
func compiled(t *testing.T) importer.Lookup {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "preamble.go", preamble+"}", parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}
	for _, imported := range f.Imports {
		arguments = append(arguments, strings.Trim(imported.Path.Value, `"`))
	}
	list, err := exec.Command("go", arguments...).Output()
	if err != nil {
		t.Skipf("the go command can't list packages: %v", err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(list)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[path] = file
		}
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// The README's words in backquotes that look like files of the repository must be there.
func TestTheREADMENamesOnlyFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	testkit.Must(t, err)
	count := 0
	for _, m := range regexp.MustCompile("`((?:internal|errors|codec|registry|safefile|lockedfile|examples)/[\\w/.]*)`").FindAllStringSubmatch(string(text), -1) {
		count++
		if _, err := os.Stat(filepath.Join("..", "..", m[1])); err != nil {
			t.Errorf("the README names %s: %v", m[1], err)
		}
	}
	if count < 10 {
		t.Errorf("only %d names were found", count)
	}
	if wrong := regexp.MustCompile(`\.\./\S+`).FindString(string(text)); wrong != "" {
		t.Errorf("the README names %s, which lies outside of the repository", wrong)
	}
}

// A newcomer finds each program by the README's table, and each program that a table names is there.
func TestTheREADMENamesEveryExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	testkit.Must(t, err)
	entries, err := os.ReadDir(filepath.Join("..", "..", "examples"))
	testkit.Must(t, err)
	there := make(map[string]bool)
	for _, e := range entries {
		there[e.Name()] = true
		if !strings.Contains(string(text), "\n| `examples/"+e.Name()+"` | ") {
			t.Errorf("the README's table of examples lacks %s", e.Name())
		}
	}
	_, counterparts, found := strings.Cut(string(text), "### Every example of the references\n")
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
