package apidoc_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

const module = "github.com/holdfast-go/holdfast/"

// public lists the directories of the packages that other programs may import.
var public = []string{"errors", "codec", "codec/codectest", "registry", "safefile", "safefile/guarantee", "safefile/checksum", "lockedfile", "lockedfile/etcd"}

type loaded struct {
	doc   *doc.Package
	files []*ast.File
}

// packages are those that load has parsed, by directory.
var packages = make(map[string]loaded)

// load parses the documentation of a package, its examples included.
func load(t *testing.T, dir string) (*doc.Package, []*ast.File) {
	t.Helper()
	if known, ok := packages[dir]; ok {
		return known.doc, known.files
	}
	paths, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		testkit.Must(t, err)
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, module+dir, doc.PreserveAST)
	testkit.Must(t, err)
	packages[dir] = loaded{p, files}
	return p, files
}

// texts gives every documentation text of a package by the name that it documents.
func texts(p *doc.Package) map[string]string {
	all := map[string]string{"package " + p.Name: p.Doc}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				for _, name := range s.Names {
					all[name.Name] = v.Doc + s.Doc.Text() + s.Comment.Text()
				}
			}
		}
	}
	functions := func(receiver string, list []*doc.Func) {
		for _, f := range list {
			all[receiver+f.Name] = f.Doc
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions("", p.Funcs)
	for _, typ := range p.Types {
		all[typ.Name] = typ.Doc
		values(typ.Consts)
		values(typ.Vars)
		functions("", typ.Funcs)
		functions(typ.Name+".", typ.Methods)
	}
	return all
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, dir := range public {
		p, _ := load(t, dir)
		for name, text := range texts(p) {
			if text == "" && !selfExplaining[name[strings.LastIndex(name, ".")+1:]] {
				t.Errorf("%s: %s has no documentation", dir, name)
			}
		}
	}
}

// selfExplaining are methods that every Go programmer knows.
var selfExplaining = map[string]bool{"Error": true}

// bracketed is what was meant for a link and is none, since links are no plain text.
var bracketed = regexp.MustCompile(`(^|[\s(*])\[[*\pL][\w.*]*\]`)

func TestLinksInDocumentationResolve(t *testing.T) {
	for _, dir := range public {
		p, _ := load(t, dir)
		for name, text := range texts(p) {
			for _, plain := range plainText(p.Parser().Parse(text)) {
				if wrong := bracketed.FindString(plain); wrong != "" {
					t.Errorf("%s: %s: the link %s does not resolve", dir, name, wrong)
				}
			}
			for _, link := range links(p.Parser().Parse(text)) {
				testkit.WantNil(t, fmt.Sprintf("%s: %s", dir, name), resolves(t, p, link))
			}
		}
	}
}

// resolves checks a link to a name of this module. Those of other modules are not looked up.
func resolves(t *testing.T, p *doc.Package, link *comment.DocLink) error {
	in := link.ImportPath
	switch {
	case in == "" || in == p.ImportPath:
	case strings.HasPrefix(in, module):
		p, _ = load(t, strings.TrimPrefix(in, module))
	default:
		return nil
	}
	if link.Name == "" {
		return nil
	}
	want := link.Name
	if link.Recv != "" {
		want = link.Recv + "." + link.Name
	}
	for name := range texts(p) {
		if name == want {
			return nil
		}
	}
	for _, typ := range p.Types { // the methods of an interface
		i, ok := typ.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.InterfaceType)
		if !ok || typ.Name != link.Recv {
			continue
		}
		for _, method := range i.Methods.List {
			if len(method.Names) == 1 && method.Names[0].Name == link.Name {
				return nil
			}
		}
	}
	return fmt.Errorf("[%s] leads nowhere in %s", want, p.ImportPath)
}

// plainText gives the text of a documentation comment without its links and code blocks.
func plainText(d *comment.Doc) (plain []string) {
	walk(d, func(t comment.Text) {
		if p, ok := t.(comment.Plain); ok {
			plain = append(plain, string(p))
		}
	})
	return plain
}

func links(d *comment.Doc) (links []*comment.DocLink) {
	walk(d, func(t comment.Text) {
		if l, ok := t.(*comment.DocLink); ok {
			links = append(links, l)
		}
	})
	return links
}

func walk(d *comment.Doc, visit func(comment.Text)) {
	texts := func(list []comment.Text) {
		for _, t := range list {
			visit(t)
		}
	}
	var blocks func([]comment.Block)
	blocks = func(list []comment.Block) {
		for _, b := range list {
			switch b := b.(type) {
			case *comment.Paragraph:
				texts(b.Text)
			case *comment.Heading:
				texts(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(d.Content)
}

// A comment inside of a declaration is shown as it is, so a link in it is a pair of brackets.
func TestCommentsInsideOfDeclarationsHaveNoLinks(t *testing.T) {
	for _, dir := range public {
		_, files := load(t, dir)
		for _, f := range files {
			for _, decl := range f.Decls {
				g, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, group := range f.Comments {
					inside := group.Pos() > g.Pos() && group.End() < g.End()
					if wrong := bracketed.FindString(group.Text()); inside && wrong != "" {
						t.Errorf("%s: %s in %q", dir, wrong, group.Text())
					}
				}
			}
		}
	}
}

// A documentation site shows no methods of an alias of an internal type.
func TestNoExportedTypeIsAnAlias(t *testing.T) {
	for _, dir := range public {
		p, _ := load(t, dir)
		for _, typ := range p.Types {
			for _, spec := range typ.Decl.Specs {
				if s := spec.(*ast.TypeSpec); s.Assign.IsValid() {
					t.Errorf("%s: %s is an alias", dir, s.Name)
				}
			}
		}
	}
}

func TestTheListOfPublicPackagesIsWhole(t *testing.T) {
	known := make(map[string]bool)
	for _, dir := range public {
		known[dir] = true
	}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel(root, path)
		dir = filepath.ToSlash(dir)
		if d.IsDir() {
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if dir != "." && (dir == "internal" || dir == "examples" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") || nested == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if in := filepath.ToSlash(filepath.Dir(dir)); strings.HasSuffix(dir, ".go") && !known[in] {
			t.Errorf("%s is public and not in the list", in)
		}
		return nil
	})
	testkit.Must(t, err)
}
