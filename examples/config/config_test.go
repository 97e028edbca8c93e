package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// must runs the program and fails the test if it fails.
func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := testkit.RunProgram(t, args...)
	if status != 0 || stderr != "" {
		t.Fatalf("%q: exit status %d, %s", args, status, stderr)
	}
	return stdout
}

func load(t *testing.T, path string) map[string]any {
	t.Helper()
	document, err := safefile.New[map[string]any](path).Read()
	testkit.Must(t, err)
	return document
}

func TestTourLosesNoVisitAndLeavesNothingBehind(t *testing.T) {
	testkit.OwnTemp(t)
	out := must(t)
	for _, want := range []string{
		"# Settings of the shop's web workers.", // the sample as it is
		"refused: max_connections must be at least 1",
		"4 processes made 100 visits; the total in the file is 100",
		"max_connections: 200", "theme: paper", "visits: 25",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the tour does not print %q:\n%s", want, out)
		}
	}
	if _, last, _ := strings.Cut(out, "== settings are reset"); !strings.Contains(last, "max_connections: 100") || !strings.Contains(last, "theme: paper") {
		t.Errorf("reset did not keep just the preferences:\n%s", last)
	}
}

func TestWorkersOfOneUserLoseNoVisit(t *testing.T) {
	path := testkit.File(t, "app.yaml", string(sample))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { must(t, path, "visit", "ada", "10") })
	}
	all.Wait()
	if c, err := open(path).read(); err != nil || c.Visits != 40 || c.Users["ada"].Visits != 40 {
		t.Errorf("40 visits were made; the file has %+v, %v", c, err)
	}
}

func TestSettingsThatTheFileLacksAreTheDefaults(t *testing.T) {
	for name, text := range map[string]string{
		"missing":   "",
		"partial":   "# ours\napp:\n  debug: true\n",
		"without":   "# nobody yet\nusers: {}\n",
		"too small": "app: {max_connections: 0}\n",
	} {
		path := filepath.Join(t.TempDir(), "app.yaml")
		if name != "missing" {
			testkit.Put(t, path, text)
		}
		c, err := open(path).read()
		testkit.Must(t, err)
		want := defaults().App
		want.Debug = name == "partial"
		if name == "too small" {
			want.MaxConnections = 0 // the file's word counts
		}
		if c.App != want {
			t.Errorf("%s: the settings are %+v", name, c.App)
		}
	}
}

func TestAVisitWritesNoDefaultIntoTheFile(t *testing.T) {
	path := testkit.File(t, "app.yaml", "# ours\napp:\n  debug: true\nvisits: 1\n")
	must(t, path, "visit", "ada", "1")
	testkit.WantContent(t, path, "# ours\napp:\n  debug: true\nvisits: 2\nusers:\n  ada:\n    theme: \"\"\n    language: \"\"\n    visits: 1\n")
}

var documents = map[string]string{
	"app.json":  `{"server": {"host": "a.example", "port": 80}, "debug": false}`,
	"app.jsonc": "{\n  // where\n  \"server\": {\"host\": \"a.example\", \"port\": 80,},\n  \"debug\": false\n}",
	"app.yaml":  "# where\nserver:\n  host: a.example\n  port: 80\ndebug: false\n",
	"app.toml":  "debug = false\n\n# where\n[server]\nhost = \"a.example\"\nport = 80\n",
}

func TestSetChangesOneKeyAndKeepsTheOthers(t *testing.T) {
	for name, text := range documents {
		t.Run(name, func(t *testing.T) {
			path := testkit.File(t, name, text)
			want := load(t, path)
			must(t, path, "set", "server.host", "b.example")
			must(t, path, "set", "limits.open files", "40")
			want["server"].(map[string]any)["host"] = "b.example"
			want["limits"] = map[string]any{"open files": 40}
			if got := load(t, path); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the file holds %v, want %v", got, want)
			}
			if got := must(t, path, "get", "server.port"); got != "80\n" {
				t.Errorf("server.port is %q", got)
			}
		})
	}
}

func TestSetOnRealFilesKeepsEveryOtherKey(t *testing.T) {
	for file, text := range edittest.Corpus(t, "real/*") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := testkit.File(t, filepath.Base(file), string(text))
			want := load(t, path)
			must(t, path, "set", "holdfast.probe", "true")
			got := load(t, path)
			if !reflect.DeepEqual(got["holdfast"], map[string]any{"probe": true}) {
				t.Errorf("what was set is %v", got["holdfast"])
			}
			delete(got, "holdfast")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("another key changed: %v, want %v", got, want)
			}
		})
	}
}

func TestSetsOfManyProcessesAtOnceAreAllKept(t *testing.T) {
	for name := range documents {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name) // the first of them makes it
			var all sync.WaitGroup
			want := map[string]any{}
			for i := range 12 {
				key := fmt.Sprint("key", i)
				want[key] = "v" + key
				all.Go(func() { must(t, path, "set", "shared.table."+key, "v"+key) })
			}
			all.Wait()
			if got := load(t, path)["shared"].(map[string]any)["table"]; !reflect.DeepEqual(got, want) {
				t.Errorf("the file holds %v, want %v", got, want)
			}
		})
	}
}

func TestSetWritesANewValueAsWhatItLooksLike(t *testing.T) {
	tests := []struct{ text, json string }{
		{"true", "true"}, {"8080", "8080"}, {"-2.5", "-2.5"}, {"9223372036854775807", "9223372036854775807"},
		{"plain text", `"plain text"`}, {`"8080"`, `"8080"`}, {"1.4.0", `"1.4.0"`}, {"0x10", `"0x10"`}, {"", `""`},
		{"[1]", `"[1]"`}, {"{}", `"{}"`}, {"1 2", `"1 2"`}, {"007", `"007"`}, {"yes", `"yes"`}, {"2026-01-02", `"2026-01-02"`},
	}
	for name := range documents {
		t.Run(name, func(t *testing.T) {
			for _, test := range tests {
				path := filepath.Join(t.TempDir(), name)
				var got strings.Builder
				testkit.Must(t, errors.Join(set(path, "top.value", sameType(test.text)), get(&got, path, "top", false)))
				if want := "{\n  \"value\": " + test.json + "\n}\n"; got.String() != want {
					t.Errorf("set %q makes it %s", test.text, got.String())
				}
			}
		})
	}
}

func TestSetKeepsTheTypeOfAValue(t *testing.T) {
	for _, test := range []struct{ name, text, value, want string }{
		{"app.yaml", "tag: \"1.19\" # of the image\n", "1.20", "tag: \"1.20\" # of the image\n"},
		{"app.yaml", "tag: main\n", "true", "tag: \"true\"\n"},
		{"app.yaml", "tag: main\n", "null", "tag: \"null\"\n"},
		{"app.yaml", "tag: main\n", `"1.20"`, "tag: \"1.20\"\n"},
		{"app.yaml", "tag: main\n", "2026-01-02", "tag: \"2026-01-02\"\n"},
		{"app.yaml", "tag: 2026-01-02\n", "2026-01-03", "tag: 2026-01-03\n"},
		{"app.yaml", "tag: 1\n", "1.5", "tag: 1.5\n"},
		{"app.yaml", "tag: false\n", "true", "tag: true\n"},
		{"app.json", `{"tag": "1.19"}`, "1.20", `{"tag": "1.20"}`},
		{"app.json", `{"tag": 1.19}`, "1.20", `{"tag": 1.20}`},
		{"app.jsonc", `{"tag": "1.19" /* of the image */}`, "1.20", `{"tag": "1.20" /* of the image */}`},
		{"app.toml", "tag = '1.19' # of the image\n", "1.20", "tag = '1.20' # of the image\n"},
		{"app.toml", "tag = 1.5\n", "2", "tag = 2.0\n"},
		{"app.toml", "tag = 2026-01-02\n", "2026-01-03", "tag = 2026-01-03\n"},
		{"app.toml", "tag = 10:00:00\n", "11:30:00", "tag = 11:30:00\n"},
		{"app.toml", "tag = 2026-01-02T10:00:00Z\n", "2026-01-02T11:00:00Z", "tag = 2026-01-02T11:00:00Z\n"},
	} {
		path := testkit.File(t, test.name, test.text)
		must(t, path, "set", "tag", test.value)
		testkit.WantContent(t, path, test.want)
	}
}

func TestJSONMaySetAnyTypeAndGetPrintsIt(t *testing.T) {
	for name, text := range documents {
		path := testkit.File(t, name, text)
		for _, value := range []string{`"text"`, "1.50", "true", "[\n  1,\n  \"a\"\n]", "{\n  \"a\": 1\n}"} {
			must(t, "-json", path, "set", "server.port", value)
			want := value
			if name == "app.yaml" || name == "app.toml" {
				want = strings.Replace(want, "1.50", "1.5", 1)
			}
			if got := must(t, "-json", path, "get", "server.port"); got != want+"\n" {
				t.Errorf("%s: it is %s, want %s", name, got, want)
			}
		}
	}
	path := testkit.File(t, "app.yaml", "a: 1\n")
	for status, args := range map[int][]string{1: {"-json", path, "set", "a", "b"}, 2: {"-json", path, "visit", "ada", "1"}} {
		if _, stderr, got := testkit.RunProgram(t, args...); got != status || stderr == "" {
			t.Errorf("%q: exit status %d, %q", args, got, stderr)
		}
	}
	testkit.WantContent(t, path, "a: 1\n")
}

func TestSetKeepsTheDigitsOfANumber(t *testing.T) {
	for _, name := range []string{"n.json", "n.jsonc"} {
		path := filepath.Join(t.TempDir(), name)
		for _, digits := range []string{"18446744073709551615", "3.14159265358979323846", "123456789012345678901234567890"} {
			must(t, path, "set", "n", digits)
			if text, _ := os.ReadFile(path); !strings.Contains(string(text), digits) {
				t.Errorf("%s: %s became %s", name, digits, text)
			}
		}
	}
	// TOML's integers have 63 bits. A larger integer must not become another one.
	path := testkit.File(t, "n.toml", "n = 1\n")
	if _, _, status := testkit.RunProgram(t, path, "set", "n", "18446744073709551615"); status != 1 || load(t, path)["n"] != int64(1) {
		t.Errorf("exit status %d, the file holds %v", status, load(t, path))
	}
}

func TestDotsOfANameAreEscaped(t *testing.T) {
	path := testkit.File(t, "settings.json", `{"editor.tabSize": 4, "editor": {"tabSize": 8}}`)
	if got := must(t, path, "get", `editor\.tabSize`); got != "4\n" {
		t.Errorf("the escaped name is %q", got)
	}
	must(t, path, "set", `editor\.tabSize`, "2")
	want := map[string]any{"editor.tabSize": json.Number("2"), "editor": map[string]any{"tabSize": json.Number("8")}}
	if got := load(t, path); !reflect.DeepEqual(got, want) {
		t.Errorf("the file holds %v, want %v", got, want)
	}
}

func TestGetPrintsAStringAsItStands(t *testing.T) {
	path := testkit.File(t, "app.yaml", "motto: |\n  hold\n  fast <&>\n")
	if got := must(t, path, "get", "motto"); got != "hold\nfast <&>\n\n" {
		t.Errorf("motto is %q", got)
	}
	if got := must(t, "-json", path, "get", "motto"); got != `"hold\nfast <&>\n"`+"\n" {
		t.Errorf("in JSON motto is %q", got)
	}
}

func TestSetStartsFromAFileWithoutAValue(t *testing.T) {
	for name, text := range map[string]string{"app.yaml": "# nothing yet\n", "app.toml": "", "nested.yaml": "a:\n  b:\n"} {
		path := testkit.File(t, name, text)
		must(t, path, "set", "a.b.c", "1")
		if got := must(t, path, "get", "a.b.c"); got != "1\n" {
			t.Errorf("%s: it is %q", name, got)
		}
	}
}

func TestFailuresSayWhatIsWrongAndChangeNothing(t *testing.T) {
	tests := []struct {
		name, text string
		args       []string
		status     int
		says       string
	}{
		{"app.yaml", "a: 1\n", []string{"get", "b.c"}, 1, "has no key b.c"},
		{"app.yaml", "a: 1\n", []string{"get", "a.b"}, 1, "a is no table"},
		{"app.yaml", "x: {a: [1]}\n", []string{"set", "x.a.b", "2"}, 1, "x.a is no table"},
		{"app.json", `{"a": `, []string{"set", "a", "2"}, 1, "not valid json, line 1"},
		{"app.json", `[1]`, []string{"get", "a"}, 1, "not valid json"},
		{"app.toml", "a = 1\n", []string{"set", "b", "null"}, 1, "toml"},
		{"app.ini", "a = 1\n", []string{"set", "a", "2"}, 1, ".ini"},
		{"app.yaml", "a: 1\n", []string{"set", "a"}, 2, "usage"},
		{"app.yaml", "a: 1\n", []string{"get", "a", "b"}, 2, "usage"},
		{"app.yaml", "a: 1\n", []string{"visit", "ada", "often"}, 2, "usage"},
		{"app.yaml", "a: 1\n", []string{"unset", "a"}, 2, "usage"},
		{"app.yaml", "a: 1\n", nil, 2, "usage"},
		{"app.yaml", "a: 1\n", []string{"set", "a", "two"}, 1, `a is a number, and "two" is none; with -json`},
		{"app.yaml", "a: 1\n", []string{"set", "a", `"2"`}, 1, "a is a number"},
		{"app.yaml", "a: true\n", []string{"set", "a", "null"}, 1, "a is true or false"},
		{"app.yaml", "a: {b: 1}\n", []string{"set", "a", "1"}, 1, "a is a table"},
		{"app.yaml", "a: [1]\n", []string{"set", "a", "1"}, 1, "a is a list"},
		{"app.toml", "a = 2026-01-02\n", []string{"set", "a", "tomorrow"}, 1, "a is a date"},
	}
	for _, test := range tests {
		path := testkit.File(t, test.name, test.text)
		_, stderr, status := testkit.RunProgram(t, append([]string{path}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.says) {
			t.Errorf("%s %q: exit status %d, %q", test.name, test.args, status, stderr)
		}
		testkit.WantContent(t, path, test.text)
	}
	missing := filepath.Join(t.TempDir(), "app.yaml")
	if _, stderr, status := testkit.RunProgram(t, missing, "get", "a"); status != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("a missing file: exit status %d, %q", status, stderr)
	}
}
