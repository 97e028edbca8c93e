package yaml

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// large texts, each of a mapping that is divided, and what surrounds it.
func largeTexts() map[string]string {
	var flat, nested, nulls, numbers strings.Builder
	for i := range 3 * manyKeys {
		fmt.Fprintf(&flat, "k%d: v%d\n", i, i%7)
		fmt.Fprintf(&nested, "k%d: {n: %d, l: [a, b], m: {x: 1}}\n", i, i)
		fmt.Fprintf(&nulls, "k%d: ~\n", i)
		fmt.Fprintf(&numbers, "%d: v\n", i)
	}
	indented := strings.ReplaceAll("\n"+flat.String(), "\nk", "\n  k")
	return map[string]string{
		"flat":            flat.String(),
		"nested":          nested.String(),
		"nulls":           nulls.String(),
		"numbers as keys": numbers.String(),
		"mixed keys":      flat.String() + "1: one\ntrue: yes\n",
		"within":          "a: 1\nbig:" + indented + "z: 2\n",
		"in a list":       "- a\n- b:" + strings.ReplaceAll(indented, "\n  k", "\n    k") + "- c\n",
		"twice":           "one: &one" + indented + "two: *one\nthree:\n  <<: *one\n  k1: other\n",
		"merging":         "base: &base {k1: base, extra: 1}\nbig:\n  <<: *base" + indented,
		"a key twice":     flat.String() + "k5: again\n",
		"a key to quote":  flat.String() + "\"<<\": quoted\n",
		"wrong":           nested.String() + "last: [1]\n",
	}
}

var notDivided = []string{"numbers as keys", "mixed keys", "merging", "a key twice", "a key to quote"}

type inlined struct {
	K1   any            `yaml:"k1"`
	Big  map[string]any `yaml:"big"`
	Rest map[string]any `yaml:",inline"`
}

func decodesAlike[T any](t *testing.T, root *yaml.Node) (failed bool) {
	t.Helper()
	var want, got T
	wantErr, gotErr := root.Decode(&want), decodeNode(root, &got, false)
	if !reflect.DeepEqual(want, got) || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		t.Errorf("%T: %v, %v; want %v, %v", got, got, gotErr, want, wantErr)
	}
	return wantErr != nil
}

func TestADividedMappingDecodesToTheSame(t *testing.T) {
	failures := 0
	for name, text := range largeTexts() {
		t.Run(name, func(t *testing.T) {
			root, err := parse([]byte(text))
			testkit.Must(t, err)
			before, err := yaml.Marshal(root)
			testkit.Must(t, err)
			for _, failed := range []bool{
				decodesAlike[any](t, root), decodesAlike[map[string]any](t, root), decodesAlike[map[any]any](t, root),
				decodesAlike[map[string]string](t, root), decodesAlike[map[string]struct{ N int }](t, root),
				decodesAlike[map[string]*inlined](t, root), decodesAlike[inlined](t, root), decodesAlike[[]any](t, root),
			} {
				if failed {
					failures++
				}
			}
			if after, err := yaml.Marshal(root); err != nil || string(after) != string(before) {
				t.Errorf("the tree was changed: %v", err)
			}
			if whole := divided(root) == root; whole != slices.Contains(notDivided, name) {
				t.Errorf("left whole: %v", whole)
			}
		})
	}
	if failures < 10 {
		t.Errorf("only %d of the decodings failed", failures)
	}
}

func TestASmallTreeIsNotCopied(t *testing.T) {
	root, err := parse([]byte("a: {b: [1, 2], c: {}}\n"))
	testkit.Must(t, err)
	if divided(root) != root {
		t.Error("it was")
	}
}
