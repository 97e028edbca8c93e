// Package models holds models of the protocols, which Spin checks; see the command check.
package models

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// abstracted finds what a line of a model's first comment names: a package, and functions of it.
var abstracted = regexp.MustCompile(`((?:internal|lockedfile)/[a-z/]+): (\w+(?:\.\w+)?(?:, \w+(?:\.\w+)?)*)`)

func TestTheFunctionsThatAModelAbstractsAreThere(t *testing.T) {
	models, err := filepath.Glob("*.pml")
	testkit.Must(t, err)
	if len(models) < 5 {
		t.Fatalf("there are %d models", len(models))
	}
	known := map[string]map[string]bool{}
	for _, model := range models {
		text, err := os.ReadFile(model)
		testkit.Must(t, err)
		header, _, ok := strings.Cut(string(text), "Assumptions:")
		if !ok {
			t.Errorf("%s names no assumptions", model)
		}
		count := 0
		for _, found := range abstracted.FindAllStringSubmatch(header, -1) {
			dir := filepath.Join("..", "..", found[1])
			if known[dir] == nil {
				known[dir] = functions(t, dir)
			}
			for name := range strings.SplitSeq(found[2], ", ") {
				if count++; !known[dir][name] {
					t.Errorf("%s: package %s has no function %s", model, found[1], name)
				}
			}
		}
		if count < 5 {
			t.Errorf("%s names %d functions", model, count)
		}
	}
}

// functions gives the functions of a package, and its methods with and without their types.
func functions(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	testkit.Must(t, err)
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		testkit.Must(t, err)
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			names[f.Name.Name] = true
			if f.Recv == nil {
				continue
			}
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if name, ok := of.(*ast.Ident); ok {
				names[name.Name+"."+f.Name.Name] = true
			}
		}
	}
	return names
}
