package keep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	pelletier "github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"
	"github.com/tidwall/sjson"
	"gopkg.in/yaml.v3"
)

// list is a text with a list of three, whose elements are one, two and three.
type list struct {
	head, one, two, three, end string
}

// lists are by the ending of a file's name. The end has what the elements are
// separated by, where that is not part of each.
var lists = map[string]list{
	".yml": {
		"# the services\nservices:\n",
		"  # first\n  - name: a # about a\n    port: 1\n",
		"  # second\n  - name: b # about b\n    port: 2\n",
		"  # third\n  - name: c # about c\n    port: 3\n",
		"\n# the end\nend: true\n",
	},
	".toml": {
		"# the services\nend = true\n",
		"\n# first\n[[services]] # about a\nname = \"a\"\nport = 1\n",
		"\n# second\n[[services]] # about b\nname = \"b\"\nport = 2\n",
		"\n# third\n[[services]] # about c\nname = \"c\"\nport = 3\n",
		"",
	},
	".json": {
		"{\n  \"end\": true,\n  \"services\": [\n",
		"    {\"name\": \"a\", \"port\": 1},\n",
		"    {\"name\": \"b\", \"port\": 2},\n",
		"    {\"name\": \"c\", \"port\": 3}\n",
		"  ]\n}\n",
	},
	".jsonc": {
		"{\n  // the services\n  \"services\": [\n",
		"    // first\n    {\"name\": \"a\", \"port\": 1}, // about a\n",
		"    // second\n    {\"name\": \"b\", \"port\": 2}, // about b\n",
		"    // third\n    {\"name\": \"c\", \"port\": 3} // about c\n",
		"  ],\n  \"end\": true\n}\n",
	},
}

func (l list) text() string    { return l.head + l.one + l.two + l.three + l.end }
func (l list) deleted() string { return l.head + l.one + l.three + l.end }
func (l list) swapped() string { return l.head + l.two + l.one + l.three + l.end }

// deleteTwo and swapFirst are the edits, on the elements of the list.
func deleteTwo[E any](s []E) []E { return slices.Delete(s, 1, 2) }

func swapFirst[E any](s []E) []E {
	s[0], s[1] = s[1], s[0]
	return s
}

// lister is one way to change a list in a file.
type lister struct {
	name, formats string
	change        func(file string, swap bool) error
}

var listers = []lister{
	{"Holdfast", ".yml .toml .json .jsonc", changeHoldfast},
	{"yaml.v3 3.0.1, Node", ".yml", onBytes(changeYAMLNode)},
	{"goccy/go-yaml 1.19.2, AST", ".yml", onBytes(changeGoccy)},
	{"viper 1.21.0, WriteConfig", ".yml .toml .json .jsonc", changeViper},
	{"pelletier/go-toml 2.4.3, map", ".toml", onBytes(changePelletier)},
	{"tailscale/hujson, Patch", ".json .jsonc", onBytes(changeHujson)},
	{"tidwall/sjson 1.2.5", ".json .jsonc", onBytes(changeSjson)},
}

func TestHoldfastMovesAndDeletesWhatBelongsToAnElement(t *testing.T) {
	var b strings.Builder
	b.WriteString("| other lines changed, comments lost: deleted; swapped |")
	for _, ext := range endings {
		fmt.Fprintf(&b, " %s |", formats[ext].title)
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 1+len(endings)) + "\n")
	for _, l := range listers {
		fmt.Fprintf(&b, "| %s |", l.name)
		for _, ext := range endings {
			if !slices.Contains(strings.Fields(l.formats), ext) {
				b.WriteString("  |")
				continue
			}
			cell := changedList(t, l, ext, false) + "; " + changedList(t, l, ext, true)
			fmt.Fprintf(&b, " %s |", cell)
			if l.name == "Holdfast" && cell != "0, 0; 0, 0" {
				t.Errorf("%s: %s", ext, cell)
			}
		}
		b.WriteByte('\n')
	}
	t.Logf("an element of a list deleted, two swapped:\n\n%s", b.String())
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), b.String()) {
		t.Errorf("the README has another table: %v", err)
	}
}

// changedList has a lister change a list, and says what became of the rest.
func changedList(t *testing.T, l lister, ext string, swap bool) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "list"+ext)
	testkit.Put(t, file, lists[ext].text())
	if err := l.change(file, swap); err != nil {
		t.Logf("%s, %s: %v", l.name, ext, err)
		return "refuses"
	}
	now, err := os.ReadFile(file)
	testkit.Must(t, err)
	want := lists[ext].deleted()
	if swap {
		want = lists[ext].swapped()
	}
	if ext == ".json" || ext == ".jsonc" { // the comma is no part of an element
		want = strings.Replace(want, "\"port\": 3},", "\"port\": 3}", 1)
	}
	comments, err := lost(formats[ext].text, []byte(want), now)
	if err != nil {
		return "broken text"
	}
	if !sameData(t, ext, want, string(now)) {
		return "other data"
	}
	return fmt.Sprintf("%d, %d", changed(lines([]byte(want)), lines(now)), comments)
}

func sameData(t *testing.T, ext, want, now string) bool {
	t.Helper()
	var text [2]string
	for i, s := range []string{want, now} {
		var v map[string]any
		if err := formats[ext].codec.Load(strings.NewReader(s), &v); err != nil {
			return false
		}
		encoded, err := json.Marshal(v)
		testkit.Must(t, err)
		text[i] = string(encoded)
	}
	return text[0] == text[1]
}

// onBytes makes of what changes a text what changes a file.
func onBytes(change func(text []byte, swap bool) ([]byte, error)) func(string, bool) error {
	return func(file string, swap bool) error {
		return rewrite(file, func(text []byte) ([]byte, error) { return change(text, swap) })
	}
}

func altered[E any](s []E, swap bool) []E {
	if swap {
		return swapFirst(s)
	}
	return deleteTwo(s)
}

func changeHoldfast(file string, swap bool) error {
	return lockedfile.New[map[string]any](file).Update(func(m *map[string]any) error {
		return changeIn(*m, swap)
	})
}

// changeIn changes the list in a decoded value.
func changeIn(m map[string]any, swap bool) error {
	switch s := m["services"].(type) {
	case []any:
		m["services"] = altered(s, swap)
	case []map[string]any:
		m["services"] = altered(s, swap)
	default:
		return fmt.Errorf("services is a %T", s)
	}
	return nil
}

func changeYAMLNode(text []byte, swap bool) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	services := root.Content[0].Content[1]
	services.Content = altered(services.Content, swap)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	err := e.Encode(&root)
	return out.Bytes(), err
}

func changeGoccy(text []byte, swap bool) ([]byte, error) {
	file, err := parser.ParseBytes(text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	services := file.Docs[0].Body.(*ast.MappingNode).Values[0].Value.(*ast.SequenceNode)
	services.Values = altered(services.Values, swap)
	if len(services.ValueHeadComments) == 3 {
		services.ValueHeadComments = altered(services.ValueHeadComments, swap)
	}
	return []byte(file.String()), nil
}

func changeViper(file string, swap bool) error {
	v, err := opened(file)
	if err != nil {
		return err
	}
	m := map[string]any{"services": v.Get("services")}
	if err := changeIn(m, swap); err != nil {
		return err
	}
	v.Set("services", m["services"])
	return v.WriteConfig()
}

func changePelletier(text []byte, swap bool) ([]byte, error) {
	var m map[string]any
	if err := pelletier.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	if err := changeIn(m, swap); err != nil {
		return nil, err
	}
	return pelletier.Marshal(m)
}

func changeHujson(text []byte, swap bool) ([]byte, error) {
	v, err := hujson.Parse(text)
	if err != nil {
		return nil, err
	}
	patch := `[{"op": "remove", "path": "/services/1"}]`
	if swap {
		patch = `[{"op": "move", "from": "/services/1", "path": "/services/0"}]`
	}
	err = v.Patch([]byte(patch))
	return v.Pack(), err
}

func changeSjson(text []byte, swap bool) ([]byte, error) {
	if !swap {
		return sjson.DeleteBytes(text, "services.1")
	}
	text, err := sjson.SetRawBytes(text, "services.0", []byte(`{"name": "b", "port": 2}`))
	if err != nil {
		return nil, err
	}
	return sjson.SetRawBytes(text, "services.1", []byte(`{"name": "a", "port": 1}`))
}
