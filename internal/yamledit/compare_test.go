package yamledit

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/edittest"
)

// omitted counts what Compare left out of a, and fails unless a is whole with
// that put back, and it is the same in both.
func omitted(t *testing.T, a, whole, other *textedit.Node) int {
	t.Helper()
	if a.Type == textedit.TypeSame {
		if !textedit.Equal(whole, other) {
			t.Error("something that differs is left out")
		}
		return 1
	}
	if a.Kind != whole.Kind || a.Type != whole.Type || a.Value != whole.Value || len(a.Entries) != len(whole.Entries) {
		t.Errorf("%v %s %q with %d entries, want %v %s %q with %d", a.Kind, a.Type, a.Value, len(a.Entries), whole.Kind, whole.Type, whole.Value, len(whole.Entries))
		return 0
	}
	count := 0
	for i, e := range a.Entries {
		if !textedit.Equal(e.Key, whole.Entries[i].Key) {
			t.Errorf("the key %v, want %v", e.Key, whole.Entries[i].Key)
			return 0
		}
		count += omitted(t, e.Value, whole.Entries[i].Value, at(other, e.Key, i))
	}
	return count
}

// at is the entry of a key, or of a list that at an index, if it is there.
func at(n, key *textedit.Node, i int) *textedit.Node {
	for j, e := range nodes(n) {
		if key != nil && textedit.Equal(e.Key, key) || key == nil && i == j {
			return e.Value
		}
	}
	return nil
}

func nodes(n *textedit.Node) []textedit.Entry {
	if n == nil {
		return nil
	}
	return n.Entries
}

func compared(t *testing.T, old, new string) (count int) {
	t.Helper()
	a, b, err := Format.Compare([]byte(old), []byte(new))
	if err != nil {
		t.Fatal(err)
	}
	x, y, err := readBoth([]byte(old), []byte(new))
	if err != nil {
		t.Fatal(err)
	}
	count = omitted(t, a, x, y)
	if n := omitted(t, b, y, x); n != count {
		t.Errorf("%d are left out of the one, %d of the other", count, n)
	}
	if t.Failed() {
		t.Fatalf("%s\n%s", old, new)
	}
	return count
}

func TestComparisonLeavesOutWhatIsTheSame(t *testing.T) {
	const text = "a:\n  b:\n    - 1\n  1.5:\n    x: y\nc: 1\nd:\n- z\ne:\n  f: 2\n"
	for _, c := range []struct {
		old, new string
		count    int
	}{
		{text, text, 3},
		{text, strings.Replace(text, "c: 1", "c: 2", 1), 3},
		{text, strings.Replace(text, "    - 1", "    - 2", 1), 3},
		{text, strings.Replace(text, "  b:\n    - 1\n", "", 1), 3},
		{text, strings.Replace(text, "- z", "- y", 1), 2},
		{text, strings.Replace(text, "  f: 2\n", "  f: 2\n  g:\n    h: 3\n", 1), 2},
		{text, "{}\n", 0},
		{text, "word\n", 0},
		{"word\n", "word\n", 0},
		{"- a\n", "- b\n", 0},
		{"a: &x 1\nb:\n  c: 1\n", "a: &x 2\nb:\n  c: 1\n", 0},
		{"a: # b:\n  c: 1\nd: 1\n", "a: # b:\n  c: 1\nd: 2\n", 0},
		{"a:\n  b:\n    c: 1\n", "a:\n  d: 1\n  b:\n    c: 1\n", 1},
		{"a:\n  b:\n    c: 1\n  d: 1\n", "a:\n  b:\n    c: 1\n", 1},
		{"a: |\n  x:\n    y\nb:\n  c: 1\n", "a: |\n  x:\n    z\nb:\n  c: 1\n", 1},
		{"a:\n  - b:\n      c: 1\n", "a:\n  - b:\n      c: 2\n", 0},
		{"a:\n  b: 1\n", "a:\n- b\n", 0},
		{"a:\n  <<: {b: 1}\n", "a:\n  <<: {b: 2}\n", 0},
		{"a:\n  b:\n    c: 1\n", "a:\n  b:\n    c: 1\n  b: 2\n", 0},
		{"a:\n  b:\n    c: 1\n", "a:\n  b:\n    c: 1\n  b:\n    c: 1\n", 0},
	} {
		if n := compared(t, c.old, c.new); n != c.count {
			t.Errorf("%q, %q: %d are left out, want %d", c.old, c.new, n, c.count)
		}
	}
}

// One line of an encoding is taken out or changed at a time.
func TestComparisonOfRealFilesIsThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	count := 0
	files := edittest.Corpus(t, "real/*.yml")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		doc, err := Format.Parse(files[name])
		if err != nil {
			continue
		}
		n, err := doc.Effective()
		if err != nil {
			t.Fatal(err)
		}
		enc, err := encode(n)
		if err != nil {
			t.Fatal(name, err)
		}
		lines := strings.SplitAfter(string(enc), "\n")
		for range effort.Of(40, 200, 200) {
			i := r.IntN(len(lines))
			changed := []string{"", "changed: yes\n", strings.Replace(lines[i], ": ", ": x", 1)}[r.IntN(3)]
			next := strings.Join(lines[:i], "") + changed + strings.Join(lines[i+1:], "")
			if _, err := parse([]byte(next)); err == nil {
				count += compared(t, string(enc), next)
			}
		}
	}
	if count == 0 {
		t.Error("nothing was left out")
	}
}
