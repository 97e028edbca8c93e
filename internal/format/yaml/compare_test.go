package yaml

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// omitted counts what Compare left out of a, and fails unless a is whole with
// that put back, and it is the same in both.
func omitted(t *testing.T, a, whole, b, other *edit.Node) int {
	t.Helper()
	if a.Type == edit.TypeSame {
		if !edit.Equal(whole, other) {
			t.Errorf("something that differs is left out: %+v, %+v", whole, other)
		}
		return 1
	}
	if a.Kind != whole.Kind || a.Type != whole.Type || a.Value != whole.Value || len(a.Entries) != len(whole.Entries) {
		t.Errorf("%v %s %q with %d entries, want %v %s %q with %d", a.Kind, a.Type, a.Value, len(a.Entries), whole.Kind, whole.Type, whole.Value, len(whole.Entries))
		return 0
	}
	count := 0
	for i, e := range a.Entries {
		if !edit.Equal(e.Key, whole.Entries[i].Key) {
			t.Errorf("the key %v, want %v", e.Key, whole.Entries[i].Key)
			return 0
		}
		j := i
		if e.Key == nil && e.Value.Type == edit.TypeSame { // the element may be elsewhere
			j = slices.IndexFunc(nodes(b), func(x edit.Entry) bool { return edit.Equal(x.Value, e.Value) })
		}
		count += omitted(t, e.Value, whole.Entries[i].Value, at(b, e.Key, j), at(other, e.Key, j))
	}
	return count
}

// at is the entry of a key, or of a list that at an index, if it is there.
func at(n, key *edit.Node, i int) *edit.Node {
	for j, e := range nodes(n) {
		if key != nil && edit.Equal(e.Key, key) || key == nil && i == j {
			return e.Value
		}
	}
	return nil
}

func nodes(n *edit.Node) []edit.Entry {
	if n == nil {
		return nil
	}
	return n.Entries
}

// operations shows what is to be done where, and with which scalars.
func operations(ops []edit.Op) string {
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprint(&b, op.Kind, " ", op.To, " ", op.Unsure, " at")
		for _, s := range op.Path {
			if s.Key != nil {
				fmt.Fprintf(&b, " %q", s.Key.Value)
			} else {
				fmt.Fprint(&b, " ", s.Index)
			}
		}
		if op.Value != nil && op.Value.Kind == edit.Scalar {
			fmt.Fprintf(&b, ": %s %q", op.Value.Type, op.Value.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func compared(t *testing.T, old, new string) (count int) {
	t.Helper()
	a, b, err := Grammar.Compare([]byte(old), []byte(new))
	testkit.Must(t, err)
	x, y, err := readBoth([]byte(old), []byte(new))
	testkit.Must(t, err)
	count = omitted(t, a, x, b, y)
	if n := omitted(t, b, y, a, x); n != count {
		t.Errorf("%d are left out of the one, %d of the other", count, n)
	}
	if got, want := operations(edit.Diff(a, b)), operations(edit.Diff(x, y)); got != want {
		t.Errorf("operations\n%s\nwant\n%s", got, want)
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
		{text, text, 4},
		{text, strings.Replace(text, "c: 1", "c: 2", 1), 3},
		{text, strings.Replace(text, "    - 1", "    - 2", 1), 4},
		{text, strings.Replace(text, "  b:\n    - 1\n", "", 1), 4},
		{text, strings.Replace(text, "- z", "- y", 1), 3},
		{text, strings.Replace(text, "  f: 2\n", "  f: 2\n  g:\n    h: 3\n", 1), 4},
		{text, "{}\n", 0},
		{text, "word\n", 0},
		{"word\n", "word\n", 0},
		{"- a\n- b\n- c\n", "- a\n- d\n- c\n", 2},
		{"- id: 1\n  x: a\n- id: 2\n  x: b\n- id: 3\n", "- id: 1\n  x: c\n- id: 2\n  x: d\n- id: 3\n", 1},
		{"- id: 1\n  x: a\n- id: 2\n  x: b\n- id: 3\n", "- id: 2\n  x: c\n- id: 1\n  x: d\n- id: 3\n", 1},
		{"- a\n- b\n- c\n", "- c\n- a\n- b\n", 3},
		{"- a\n- b\n- c\n", "- a\n- c\n", 2},
		{"- a\n- b\n", "- a\n- c\n- b\n- d\n", 2},
		{"- a\n- a\n- b\n", "- a\n- b\n", 0},
		{"- a\n- b\n- c\n", "- a\n- d\n- e\n- c\n", 0},
		{"k:\n  - - a\n    - b\n  - - |\n      - c\n", "k:\n  - - a\n    - d\n  - - |\n      - c\n", 1},
		{"- a\n", "- b\n", 0},
		{"a: &x 1\nb:\n  c: 1\n", "a: &x 2\nb:\n  c: 1\n", 0},
		{"a: # b:\n  c: 1\nd: 1\n", "a: # b:\n  c: 1\nd: 2\n", 1},
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
		doc, err := Grammar.Parse(files[name])
		if err != nil {
			continue
		}
		n, err := doc.Effective()
		testkit.Must(t, err)
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

// randomRecords gives the lines of list elements of one kind: with an identity, with
// what may be one, without any, or scalars.
func randomRecords(r *rand.Rand, kind, n int) []string {
	list := make([]string, n)
	for i := range list {
		v := r.IntN(4 + n)
		switch kind {
		case 0:
			list[i] = fmt.Sprintf("  - id: %d\n    v: %d\n    w:\n      - %d\n", i+1, v, v)
		case 1:
			list[i] = fmt.Sprintf("  - host: h%d\n    v: %d\n", i, v%3)
		case 2:
			list[i] = fmt.Sprintf("  - a: %d\n    b: |\n      - x\n\n      %d\n", v%5, v%2)
		case 3:
			list[i] = fmt.Sprintf("  - %d\n", v)
		default:
			list[i] = fmt.Sprintf("  - - %d\n    - %d\n", v, v%4)
		}
	}
	return list
}

func TestComparisonOfListsIsThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	count := 0
	for range effort.Of(1_000, 10_000, 50_000) {
		kind, n := r.IntN(5), 1+r.IntN(12)
		old := randomRecords(r, kind, n)
		next := slices.Clone(old)
		for range 1 + r.IntN(4) {
			i := r.IntN(len(next) + 1)
			switch op := r.IntN(5); {
			case op == 0 || len(next) < 2:
				next = slices.Insert(next, i, randomRecords(r, kind, n+1)[n])
			case i == len(next):
			case op == 1:
				next = slices.Delete(next, i, i+1)
			case op == 2:
				j := r.IntN(len(next))
				next[i], next[j] = next[j], next[i]
			default:
				next[i] = strings.Replace(next[i], fmt.Sprint(r.IntN(4)), fmt.Sprint(r.IntN(4+n)), 1)
			}
		}
		was, is := strings.Join(old, ""), strings.Join(next, "")
		if was != "" && is != "" {
			count += compared(t, "a: 1\nk:\n"+was+"z: 1\n", "a: 1\nk:\n"+is+"z: 1\n") - 2
		}
	}
	if count < 1000 {
		t.Errorf("only %d elements were left out", count)
	}
}
