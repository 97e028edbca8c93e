package yaml

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// libraryYAML is what yaml.v3 writes for a tree.
func libraryYAML(root *yaml.Node, indent int) (string, error) {
	var text bytes.Buffer
	e := yaml.NewEncoder(&text)
	e.SetIndent(indent)
	if err := e.Encode(root); err != nil {
		return "", err
	}
	err := e.Close()
	return text.String(), err
}

// checkPrinted fails if a tree is printed otherwise than yaml.v3 does. It
// reports whether it was printed at all.
func checkPrinted(t *testing.T, root *yaml.Node, indent int) bool {
	t.Helper()
	text, ok := (&printer{step: indent}).document(root)
	if !ok {
		return false
	}
	if want, err := libraryYAML(root, indent); err != nil || string(text) != want {
		t.Fatalf("printed by %d\n%q\nyaml.v3: %v\n%q", indent, text, err, want)
	}
	return true
}

func built(t *testing.T, v any) *yaml.Node {
	t.Helper()
	root, err := newBuilder(2).node(reflect.ValueOf(v), false)
	testkit.Must(t, err)
	return root
}

// around puts s in every position that a string can have.
func around(s string) []any {
	return []any{
		s, []any{s, s}, map[string]any{s: s, "k": []any{}},
		map[string]any{"k": map[string]any{s: map[string]any{}, "l": []any{[]any{[]any{s}, map[string]any{s: []any{s}, "m": s}}}}, "z": s},
	}
}

func TestYAMLIsPrintedAsTheLibraryDoes(t *testing.T) {
	const alphabet = "a1:-#?.,'\"\\ \t\n~{]&é"
	all := []string{""}
	for from := 0; len(all[from]) < 3; from++ {
		for _, r := range alphabet {
			all = append(all, all[from]+string(r))
		}
	}
	all = append(all, "true", "False", "NULL", "nil", "yes", "<<", ".inf", "-.INF", "0x1F", "1_000", "1e3", "1:20", "2020-01-02", "8080:80",
		"registry.example/app:1", "---", "--- a", "...", "a\nb\nc", "a\n\nb\n", "a\n b\n", "a\n\n", "a \nb", "tab\tin\nit", "日本\n", "\u0085", "\u2028",
		"\ufeff", "\u007f", "😀", "\ufffd", "\xff", strings.Repeat("k", 128), strings.Repeat("k", 129))
	printed := 0
	for _, s := range all {
		for _, v := range around(s) {
			for _, indent := range []int{2, 3, 4, 9} {
				if checkPrinted(t, built(t, v), indent) {
					printed++
				}
			}
		}
	}
	if share := 100 * printed / (len(all) * 4 * 4); share < 60 {
		t.Errorf("only %d %% were printed", share)
	}
}

// node makes a random tree, most of it such as the printer knows.
func randomNode(r *rand.Rand, depth int) *yaml.Node {
	words := []string{"", "a", "true", "12", "a: b", "-", "- a", "x\ny", "x\ny\n", "#", "it's", "é", "\t", "\u2028", "null", "a #b", "a:", "!a", "\xff"}
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: words[r.IntN(len(words))], Tag: []string{"", "!!str", "!!str", "!!int", "!own"}[r.IntN(5)]}
	switch kind := r.IntN(4); {
	case depth > 0 && kind == 0:
		n = &yaml.Node{Kind: yaml.SequenceNode}
		for range r.IntN(4) {
			n.Content = append(n.Content, randomNode(r, depth-1))
		}
	case depth > 0 && kind < 3:
		n = &yaml.Node{Kind: yaml.MappingNode}
		for i := range r.IntN(4) {
			n.Content = append(n.Content, stringNode(fmt.Sprint("k", i)), randomNode(r, depth-1))
		}
	}
	if r.IntN(8) == 0 {
		n.Style = yaml.Style(1 << r.IntN(6))
	}
	switch r.IntN(60) {
	case 0:
		n.HeadComment = "# h"
	case 1:
		n.LineComment = "# l"
	case 2:
		n.FootComment = "# f"
	case 3:
		n.Anchor = "x"
	case 4:
		n = &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{n}}
	}
	return n
}

func TestYAMLTreesArePrintedAsTheLibraryDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	printed := 0
	for range 30000 {
		if root := randomNode(r, 4); checkPrinted(t, root, 2+r.IntN(8)) {
			printed++
		}
	}
	if printed < 8000 {
		t.Errorf("only %d were printed", printed)
	}
}

// large is a value with collections of many entries in one another.
type large struct {
	List  []map[string]any
	Named map[string][]int
	More  map[string]any `yaml:",inline"`
	Keys  map[int]large
}

func newLarge(n int) large {
	v := large{Named: map[string][]int{}, More: map[string]any{}, Keys: map[int]large{}}
	for i := range n {
		v.List = append(v.List, map[string]any{"id": i, "text": "a\nb", "none": []any{}})
		v.Named[fmt.Sprint("n", i)] = make([]int, i)
		v.More[fmt.Sprint("m", i)] = map[string]any{"x": []any{i, nil, []any{true}}}
		if i%40 == 0 {
			v.Keys[i] = large{List: v.List, Named: v.Named}
		}
	}
	return v
}

func TestEntriesThatAreMadeAsTheyArePrintedAreWrittenAsTheLibraryDoes(t *testing.T) {
	for _, n := range []int{0, 1, manyEntries - 1, manyEntries, 3 * manyEntries} {
		for _, indent := range []int{2, 4} {
			for _, v := range []any{newLarge(n), newLarge(n).List, newLarge(n).Named, []any{newLarge(n), newLarge(n)}} {
				root := built(t, v)
				b := newBuilder(indent)
				text, ok := b.print(reflect.ValueOf(v))
				if want, err := libraryYAML(root, indent); err != nil || !ok || string(text) != want {
					t.Fatalf("%d entries by %d: %v, %v\n%s\nwant\n%s", n, indent, ok, err, text, want)
				}
			}
		}
	}
}

func TestAnErrorInAnEntryThatIsMadeAsItIsPrintedSaysWhereItIs(t *testing.T) {
	list := make([]any, 2*manyEntries)
	list[manyEntries+1] = map[string]any{"k": make(chan int)}
	_, err := New(format.Settings{Format: "yaml", Indent: 2}).Codec.Dump(map[string]any{"l": list})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("[l]: [%d]: [k]", manyEntries+1)) {
		t.Errorf("error %v", err)
	}
	cycle := make([]any, 2*manyEntries)
	cycle[3] = cycle
	if _, err := New(format.Settings{Format: "yaml", Indent: 2}).Codec.Dump(cycle); err == nil || !strings.Contains(err.Error(), format.ErrCycle.Error()) {
		t.Errorf("a cycle: %v", err)
	}
	var deep any = 1
	for range format.MaxLevels {
		deep = append(make([]any, manyEntries), deep)
	}
	if _, err := New(format.Settings{Format: "yaml", Indent: 2}).Codec.Dump(deep); err == nil {
		t.Errorf("%d levels are written", format.MaxLevels)
	}
}

func FuzzYAMLPrint(f *testing.F) {
	for _, s := range []string{"a", "- x", "it's: \"so\"", "a\nb", "1:20", "é"} {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, s string, indent int) {
		for _, v := range around(s) {
			checkPrinted(t, built(t, v), 2+int(uint(indent)%8))
		}
	})
}
