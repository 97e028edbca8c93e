package apidoc_test

import (
	"go/doc"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// elsewhere lists the README's commands that this test does not try, by how they begin, with the reason.
var elsewhere = map[string]string{
	"docker run ":                       "it needs Docker",
	"git config":                        "the command of another program",
	"kubectl config":                    "the command of another program",
	"go doc":                            "the go command's own",
	"go get " + module + "lockedfile":   "TestTheREADMEsProgramsRunInAnEmptyModuleWithinAMinute types it; the module of lockedfile/etcd is found in the same way",
	"go -C lockedfile/etcd/example run": "the nested module's own test runs it",
	"bash .ci/run":                      "it runs this test",
	"bash internal/models/check":        "it needs Spin and minutes; the gate runs it",
}

// programs lists what is typed for a command of the README whose argument stands for another.
var programs = strings.NewReplacer("doctor PATH", "doctor app.toml", "reload settings.yaml", "reload settings.yaml localhost:0")

func TestEveryCommandOfTheREADMEWorks(t *testing.T) {
	used := make(map[string]bool)
	for _, command := range commands(t) {
		if excuse := excused(command); excuse != "" {
			used[excuse] = true
			continue
		}
		t.Run(strings.ReplaceAll(command, "/", "_"), func(t *testing.T) {
			if name, ok := strings.CutPrefix(command, "go run ./examples/"); ok {
				example(t, programs.Replace(name))
				return
			}
			dir := "."
			for _, part := range strings.Split(command, " && ") {
				if to, ok := strings.CutPrefix(part, "cd "); ok {
					dir = to
				} else {
					selectsTests(t, dir, strings.Fields(part))
				}
			}
		})
	}
	for begins := range elsewhere {
		if !used[begins] {
			t.Errorf("the README has no command %s", begins)
		}
	}
}

func excused(command string) string {
	for begins := range elsewhere {
		if strings.HasPrefix(command, begins) {
			return begins
		}
	}
	return ""
}

// inline is a command in a sentence.
var inline = regexp.MustCompile("`((?:go|cd|bash|git|kubectl|docker|HOLDFAST_\\w+=\\S+) [^`]+)`")

// commands gives each command of the README once. Those that follow a program are left to the test that runs it.
func commands(t *testing.T) (all []string) {
	t.Helper()
	follows := false // a program
	for _, b := range readme(t) {
		switch follows = isProgram(b.text) || follows && b.language == "console"; {
		case follows:
		case b.language == "sh":
			for line := range strings.Lines(b.text) {
				command, _, _ := strings.Cut(line, " #")
				all = append(all, strings.TrimSpace(command))
			}
		case b.language == "console":
			for _, s := range sessions(b.text) {
				all = append(all, s.command)
			}
		}
	}
	text := testkit.Content(t, filepath.Join(root, "README.md"))
	prose := regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
	for _, m := range inline.FindAllStringSubmatch(prose, -1) {
		all = append(all, strings.Join(strings.Fields(m[1]), " "))
	}
	for _, m := range regexp.MustCompile("`(\\w+) [^`]+`").FindAllStringSubmatch(prose, -1) { // as in the table of examples
		if _, err := os.Stat(filepath.Join(root, "examples", m[1])); err == nil {
			all = append(all, "go run ./examples/"+strings.Trim(m[0], "`"))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// example runs a program of the folder examples in a directory of its own. It must print something and end well.
func example(t *testing.T, command string) {
	words := strings.Fields(command)
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, "./examples/"+words[0])
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	work := filepath.Join(dir, "work")
	testkit.Must(t, os.Mkdir(work, 0o755))
	testkit.Put(t, filepath.Join(work, "app.toml"), "[server]\nport = 80 # behind the proxy\n")
	testkit.Put(t, filepath.Join(work, "settings.yaml"), "greeting: good morning\n")
	cmd := exec.Command(program, words[1:]...)
	cmd.Dir = work
	if words[0] == "reload" { // it runs until it is interrupted
		printed, err := run(t, work, program, words[1:]...)
		if err != nil || !strings.HasPrefix(printed, "listening on ") {
			t.Errorf("it prints %q, %v", printed, err)
		}
		return
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if words[0] == "config" && len(words) > 1 {
		testkit.WantContent(t, filepath.Join(work, "app.toml"), "[server]\nport = 8080 # behind the proxy\n")
	}
}

// selectsTests checks a go test command without running it, since these take minutes: each package has tests, and each
// pattern selects some of them.
func selectsTests(t *testing.T, dir string, words []string) {
	for strings.Contains(words[0], "=") { // the environment
		words = words[1:]
	}
	if len(words) > 3 && words[1] == "-C" {
		dir = words[2]
		words = slices.Delete(words, 1, 3)
	}
	if len(words) < 2 || words[0] != "go" || words[1] != "test" {
		t.Fatalf("nothing is known of %q", words)
	}
	patterns := make(map[string]string)
	var packages []string
	for rest := words[2:]; len(rest) > 0; rest = rest[1:] {
		switch flag := rest[0]; {
		case flag == "-v" || flag == "-short":
		case strings.HasPrefix(flag, "-"):
			if len(rest) < 2 {
				t.Fatalf("%s has no value", flag)
			}
			patterns[flag] = strings.Trim(rest[1], "'")
			rest = rest[1:]
		default:
			packages = append(packages, flag)
		}
	}
	if packages == nil {
		packages = []string{"."}
	}
	kinds := map[string]string{"-run": "Test|Example|Fuzz", "-bench": "Benchmark", "-fuzz": "Fuzz"}
	for flag, pattern := range patterns {
		kind, selects := kinds[flag]
		if !selects {
			continue // a time
		}
		none := pattern == "xxx" || pattern == "^$"
		if found := functions(t, dir, packages, kind, pattern); len(found) == 0 && !none || len(found) > 0 && none {
			t.Errorf("%s %s selects %q", flag, pattern, found)
		}
	}
	if len(functions(t, dir, packages, "Test|Benchmark", "")) == 0 {
		t.Errorf("%q have no tests", packages)
	}
}

// functions lists the test functions of some kind whose names match a pattern, in the packages of one module.
func functions(t *testing.T, dir string, packages []string, kind, pattern string) (names []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:` + kind + `)\w*)\(`)
	selected := regexp.MustCompile(pattern)
	for _, p := range packages {
		p, deep := strings.CutSuffix(p, "...")
		top := filepath.Join(root, filepath.FromSlash(path.Join(dir, p)))
		testkit.Must(t, filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				_, nested := os.Stat(filepath.Join(file, "go.mod"))
				if file != top && (!deep || nested == nil || d.Name() == "testdata") {
					return filepath.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(file, "_test.go") {
				return nil
			}
			for _, m := range declared.FindAllStringSubmatch(testkit.Content(t, file), -1) {
				if selected.MatchString(m[1]) {
					names = append(names, m[1])
				}
			}
			return nil
		}))
	}
	return names
}

// The go command only compiles an example that has no output.
func TestEveryExampleComparesItsOutput(t *testing.T) {
	compiled := map[string]bool{
		"lockedfile/etcd On":  true, // it needs a cluster
		"codec/codectest Run": true, // it is a test's call, and needs a testing.T
	}
	count := 0
	for _, dir := range public {
		p, _ := load(t, dir)
		check := func(list []*doc.Example) {
			for _, e := range list {
				count++
				if e.Output == "" && !e.EmptyOutput && !compiled[dir+" "+e.Name] {
					t.Errorf("%s: Example%s prints nothing that is compared", dir, e.Name)
				}
			}
		}
		check(p.Examples)
		for _, f := range p.Funcs {
			check(f.Examples)
		}
		for _, typ := range p.Types {
			check(typ.Examples)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				check(f.Examples)
			}
		}
	}
	if count < 30 {
		t.Errorf("there are only %d examples", count)
	}
}
