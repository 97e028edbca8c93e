package codec_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The tree that YAML builds comes out as yaml.v3 writes a value on its own,
// wherever that keeps the value.
func TestYAMLWritesWhatTheLibraryWrites(t *testing.T) {
	for _, folder := range []string{"yaml-test-suite", "real"} {
		for name, data := range corpus(t, folder) {
			var v any
			if yaml.Unmarshal(data, &v) != nil || strings.HasSuffix(name, ".toml") {
				continue
			}
			var want bytes.Buffer
			e := yaml.NewEncoder(&want)
			e.SetIndent(2)
			testkit.Must(t, e.Encode(v))
			e.Close()
			var again any
			if yaml.Unmarshal(want.Bytes(), &again) != nil || !reflect.DeepEqual(v, again) || strings.ContainsAny(want.String(), "\\2!") {
				continue // yaml.v3 lost something, or has another form for it
			}
			got, err := dumped(codec.YAML(), v)
			testkit.WantNil(t, name, err)
			if sortLines(got) != sortLines(want.String()) {
				t.Errorf("%s:\n%s\nyaml.v3:\n%s", name, got, want.String())
			}
		}
	}
}

// Every short string of what a block has to get right survives everywhere.
func TestYAMLKeepsWhiteSpace(t *testing.T) {
	const alphabet, longest = "a \t\n", 5
	var all []string
	for from, n := 0, 0; n <= longest; n++ {
		to := len(all)
		if n == 0 {
			all = append(all, "")
			continue
		}
		for _, s := range all[from:to] {
			for _, r := range alphabet {
				all = append(all, s+string(r))
			}
		}
		from = to
	}
	for _, s := range all {
		v := []any{s, map[string]any{"k": s, "l": []any{s}}, []any{[]any{s}}, s}
		text, err := dumped(codec.YAML(), v)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if got, err := loadAs[any](codec.YAML(), text); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%q is written as\n%s\nand comes back as %#v, %v", s, text, got, err)
		}
	}
	if len(all) != 1365 {
		t.Errorf("%d strings", len(all))
	}
}

func TestYAMLTakesABareTag(t *testing.T) {
	v := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[int](), Tag: "bare"}})).Interface()
	if text, err := dumped(codec.YAML(), v); err != nil || text != "bare: 0\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// sortLines takes the order of keys out of a comparison.
func sortLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, "- ")
	}
	return fmt.Sprint(slices.Sorted(slices.Values(lines)))
}

// unset says by its own method whether it is empty.
type unset struct{ N int }

func (u unset) IsZero() bool { return u.N < 0 }

func TestYAMLOmitsWhatYAMLTakesForEmpty(t *testing.T) {
	type all struct {
		S string         `yaml:"s,omitempty"`
		L []int          `yaml:"l,omitempty"`
		M map[string]int `yaml:"m,omitempty"`
		P *int           `yaml:"p,omitempty"`
		B bool           `yaml:"b,omitempty"`
		N int            `yaml:"n,omitempty"`
		U unset          `yaml:"u,omitempty"`
		Q *unset         `yaml:"q,omitempty"`
		T point          `yaml:"t,omitempty"`
	}
	for _, v := range []all{
		{U: unset{-1}},
		{S: "x", L: []int{0}, M: map[string]int{"": 0}, P: new(int), B: true, N: 1, Q: &unset{}, T: point{0, 1}},
	} {
		want, err := yaml.Marshal(v)
		testkit.Must(t, err)
		if got, err := dumped(codec.YAML(codec.Indent(4)), v); err != nil || got != string(want) {
			t.Errorf("%v\n%s\nyaml.v3:\n%s", err, got, want)
		}
	}
}

// keysSeen is told its node.
type keysSeen int

func (k *keysSeen) UnmarshalYAML(n *yaml.Node) error {
	*k = keysSeen(len(n.Content) / 2)
	return nil
}

// However a large mapping is decoded, who looks at its node sees it whole, and of
// keys that are read into one the last wins.
func TestALargeMappingIsShownWhole(t *testing.T) {
	const keys = 4000
	var text strings.Builder
	text.WriteString("all:\n")
	for i := range keys {
		fmt.Fprintf(&text, "  k%d: %d\n", i, i)
	}
	own, err := loadAs[map[string]keysSeen](codec.YAML(), text.String())
	if err != nil || own["all"] != keys {
		t.Errorf("a method saw %d keys, %v", own["all"], err)
	}
	node, err := loadAs[struct{ All yaml.Node }](codec.YAML(), text.String())
	if err != nil || len(node.All.Content) != 2*keys {
		t.Errorf("a node holds %d keys, %v", len(node.All.Content)/2, err)
	}
	plain, err := loadAs[struct{ All map[string]int }](codec.YAML(), text.String())
	if err != nil || len(plain.All) != keys || plain.All["k77"] != 77 {
		t.Errorf("a map holds %d keys, %v", len(plain.All), err)
	}
	text.Reset()
	for i := range keys {
		fmt.Fprintf(&text, "\"2001:db8::%x\": first\n\"2001:0db8:0:0:0:0:0:%x\": last\n", i+16, i+16)
	}
	addresses, err := loadAs[map[netip.Addr]string](codec.YAML(), text.String())
	if err != nil || len(addresses) != keys {
		t.Fatalf("%d addresses, %v", len(addresses), err)
	}
	for a, v := range addresses {
		if v != "last" {
			t.Fatalf("%v: %s", a, v)
		}
	}
}
