package apidoc_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// preamble declares what the fragments of Go in the README and in package documentation use without saying so.
const preamble = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// Whether or not a fragment uses a package, it is imported.
var _ = []any{json.Valid, io.EOF, fs.ErrNotExist, log.Print, strconv.Itoa, strings.Trim, time.Second, codec.JSON, errors.New, guarantee.Inspect}

type Config struct{ Port int }
type State struct{ Count int }
type Stats struct{ Requests int }
type Request struct{ Header Header }
type Header map[string]string

func (h Header) Get(key string) string { return h[key] }

func use(c Config) { fmt.Println("use", c.Port) }

var (
	r                     = Request{Header{"If-Match": "\"none\""}}
	state                 State
	newCert, newKey, data = "certificate", "key", []byte("{}")
	source                io.Reader = strings.NewReader("a long text")
)

func main() {
	// Never stopped: the interrupt may come when the fragment has returned, and must not kill the program then.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	file := lockedfile.New[Config]("app.yaml")
	n, _ := strconv.Atoi(os.Args[1])
	if err := fragments[n](ctx, file, safefile.New[Config]("app.yaml")); err != nil {
		log.Fatal(err)
	}
}

var fragments = []func(ctx context.Context, file *lockedfile.LockedFile[Config], f *safefile.SafeFile[Config]) error{
`

// The content of the directory in which a fragment runs.
const before = "# who may connect\nport: 8000 # behind the proxy\n"

// outcomes lists what fragments leave behind where the text around them says so. A fragment is found by a part of it.
// Each one must return no error.
var outcomes = []struct {
	part, prints  string
	file, content string
}{
	{part: "keys that the struct has no field for are gone", file: "state.json", content: `{"Count":1}`},
	{part: "func(s *State) error { s.Count++", file: "state.json", content: "{\n  \"Count\": 1\n}\n"},
	{part: "config.Port++\n\treturn tx.Write", file: "app.yaml", content: "# who may connect\nport: 8001 # behind the proxy\n"},
	{part: "Settings{Port: 8080}) // \"# From 1", file: "settings.yaml", content: "# From 1 to 65535.\nport: 8080\n"},
	{part: "somebody else was faster", file: "app.yaml", content: "# who may connect\nport: 8080 # behind the proxy\n"},
	{part: "[]string{cert.Path(), key.Path()}", file: "key.txt", content: "key"},
	{part: "(*v)[\"requests\"]++", file: "stats.yaml", content: "requests: 1\n"},
	{part: "fmt.Println(\"now\", config.Port)", prints: "now 8000\n"},
	{part: "safefile.WithDefaults(defaults)", prints: "port 8000 level info\n", file: "app.yaml", content: "# who may connect\nport: 9090 # behind the proxy\n"},
	{part: "*text = strconv.Itoa(n + 1)", file: "count.txt", content: "1"},
	{part: "(*m)[\"runs\"]++", file: "stats.json", content: "{\n  \"runs\": 1\n}\n"},
	{part: "(*data)[\"processed\"] = true", file: "data.yaml", content: "processed: true\n"},
	{part: "both join: one commit", file: "stats.yaml", content: "files: 1\nruns: 1\n"},
	{part: "damaged: ErrChecksumMismatch", file: "state.json", content: "{\n  \"Count\": 0\n}\n"},
	{part: "safefile.WriteFile(\"state.json\", data)", file: "state.json", content: "{}"},
	{part: "safefile.WithMode(0o644)).Create()", file: "report.txt", content: "a long text"},
	{part: "use(config)", prints: "use 8000\n"},
	{part: "io.Copy(w, source)", content: ""},
	{part: "s.Requests++", file: "stats.json", content: "{\n  \"Requests\": 1\n}\n"},
}

// notFragments begin the code blocks of package documentation that are no fragments of a program. The reasons are those
// why no test runs them, or where one does.
var notFragments = map[string]string{
	"ErrFile\n├──":                 "a picture",
	"func TestCSV(":                "a test; ExampleRun of package codectest compiles the like",
	"package csvformat":            "a package; examples/plugin is one",
	"import _":                     "an import; examples/plugin has one",
	"class ":                       "a table; package environ tests it",
	"sha256sum -c app.yaml.sha256": "an example of package checksum runs it",
	"config := lockedfile.New[Config](\"/app/config.yaml\", etcd": "it needs a cluster; internal/etcdtest does the like",
	"KEY ": "a table",
}

func TestEveryFragmentOfTheREADMEAndOfPackageDocumentationRuns(t *testing.T) {
	fragments := documented(t)
	for _, text := range blocks(t, "go") {
		if !isProgram(text) {
			fragments = append(fragments, text)
		}
	}
	if len(fragments) < 20 {
		t.Errorf("there are only %d fragments", len(fragments))
	}
	program := build(t, fragments)
	found := make(map[int]bool)
	for i, text := range fragments {
		dir := t.TempDir()
		testkit.Put(t, filepath.Join(dir, "app.yaml"), before)
		printed, err := run(t, dir, program, fmt.Sprint(i))
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
			continue
		}
		for j, want := range outcomes {
			if !strings.Contains(text, want.part) {
				continue
			}
			found[j] = true
			if want.prints != "" && printed != want.prints {
				t.Errorf("%q is printed by\n%s", printed, text)
			}
			if want.file != "" {
				testkit.WantContent(t, filepath.Join(dir, want.file), want.content)
			}
		}
	}
	for j, want := range outcomes {
		if !found[j] {
			t.Errorf("no fragment holds %q", want.part)
		}
	}
}

// documented gives the fragments of Go in the documentation of the public packages.
func documented(t *testing.T) (fragments []string) {
	t.Helper()
	seen := make(map[string]bool)
	for _, dir := range public {
		p, _ := load(t, dir)
		for name, text := range texts(p) {
			for _, b := range p.Parser().Parse(text).Content {
				code, ok := b.(*comment.Code)
				if !ok {
					continue
				}
				if excuse := exempt(code.Text); excuse != "" {
					seen[excuse] = true
				} else if _, err := fragment(code.Text); err != nil {
					t.Errorf("%s: %s: %v in\n%s", dir, name, err, code.Text)
				} else {
					fragments = append(fragments, code.Text)
				}
			}
		}
	}
	for begins := range notFragments {
		if !seen[begins] {
			t.Errorf("no code block of the documentation begins with %q", begins)
		}
	}
	slices.Sort(fragments)
	return slices.Compact(fragments)
}

func exempt(text string) string {
	for begins := range notFragments {
		if strings.HasPrefix(text, begins) {
			return begins
		}
	}
	return ""
}

// fragment makes a fragment the body of a function. Names that it declares and does not use are used at the end. If one
// of these is err, the function returns it.
func fragment(text string) (string, error) {
	for _, dir := range []string{"/etc/app/", "/var/lib/app/", "/example/"} {
		text = strings.ReplaceAll(text, `"`+dir, `"`) // a fragment runs in a directory of its own
	}
	f, err := parser.ParseFile(token.NewFileSet(), "fragment.go", "package main\nfunc _() {\n"+text+"\n}", 0)
	if err != nil {
		return "", err
	}
	last := "return nil"
	for _, statement := range f.Decls[0].(*ast.FuncDecl).Body.List {
		assign, ok := statement.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			continue
		}
		for _, left := range assign.Lhs {
			switch name := left.(*ast.Ident).Name; name {
			case "_":
			case "err":
				last = "return err"
			default:
				text += "\n_ = " + name
			}
		}
	}
	return "func() error {\n" + text + "\n" + last + "\n}()", nil // in a scope of its own, so that it may declare any name
}

// build compiles all fragments into one program, which runs the one of the given number.
func build(t *testing.T, fragments []string) (program string) {
	t.Helper()
	text := preamble
	for _, f := range fragments {
		body, err := fragment(f)
		if err != nil {
			t.Fatalf("%v in\n%s", err, f)
		}
		text += "func(ctx context.Context, file *lockedfile.LockedFile[Config], f *safefile.SafeFile[Config]) error {\nreturn " + body + "\n},\n"
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	testkit.Put(t, source, text+"}\n")
	program = filepath.Join(dir, "fragments")
	cmd := exec.Command("go", "build", "-o", program, source)
	cmd.Dir = root // so that the source belongs to the module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// run runs a program until it ends by itself. After its first line it is interrupted, as a loop without an end must be.
func run(t *testing.T, dir, program string, args ...string) (printed string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.StdoutPipe()
	testkit.Must(t, err)
	testkit.Must(t, cmd.Start())
	lines := bufio.NewReader(out)
	first, _ := lines.ReadString('\n')
	if first != "" {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
	}
	rest, _ := io.ReadAll(lines)
	if err = cmd.Wait(); err != nil {
		err = fmt.Errorf("%w: %s", err, messages.String())
	}
	return first + string(rest), err
}

// Blocks marked golang use other libraries, so they are run in nested modules. Each of their lines must stand in a test there.
func TestEachProgramWithAnotherLibraryIsRunInANestedModule(t *testing.T) {
	known := make(map[string]bool)
	for _, dir := range []string{"moving", "plugins"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", dir, "*.go"))
		testkit.Must(t, err)
		for _, file := range files {
			for line := range strings.Lines(strings.ReplaceAll(testkit.Content(t, file), "golocked.", "lockedfile.")) {
				known[returned(line)] = true
			}
		}
	}
	for _, b := range blocks(t, "golang") {
		for line := range strings.Lines(b) {
			if line = returned(line); line != "" && !known[line] {
				t.Errorf("no test runs %q of\n%s", line, b)
			}
		}
	}
}

// returned makes a line that gets an error one that returns it, as the same line is in a function.
func returned(line string) string {
	line = strings.TrimSpace(line)
	for _, assigned := range []string{"err := ", "err = "} {
		if rest, ok := strings.CutPrefix(line, assigned); ok {
			return "return " + rest
		}
	}
	return line
}
