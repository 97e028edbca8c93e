package toml

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestScannerGivesUpOnWhatIsNoTOML(t *testing.T) {
	for _, text := range []string{
		"a", "a = ", "a = \"x", "a = '''x''", "a = \"x\\", "a = [1 2]", "a = [1,", "a = {b = 1", "a = {b = 1]", "[a", "[[a]", "a b = 1",
		"a = 1\na = 2", "a = 1\na.b = 2", "a = 1\n[a]", "a = 1\n[a.b]", "a = []\n[[a]]", "[[a]]\n[a]", "a = [1]\n[a.b]\nx = 1", "a = ,",
	} {
		s := newScanner([]byte(text), text)
		if s.document(); !s.lost {
			t.Errorf("%q is read as if it were TOML", text)
		}
	}
}

func TestScannerEndsOnEveryText(t *testing.T) {
	for name, text := range edittest.Corpus(t, "real/*.toml") {
		for n := 0; n < len(text); n += 7 {
			s := newScanner(text[:n], string(text[:n]))
			if s.document(); s.at > n {
				t.Fatalf("%s: read to %d of %d bytes", name, s.at, n)
			}
			s = newScanner(text[n:], string(text[n:]))
			s.document()
		}
	}
}

func TestScannerIsComparedWithTheDecoder(t *testing.T) {
	text := "a = 1\nb = [1, 2]\nc = [{x = 1}]\n[t]\nd = 1\n"
	like := func(change func(m map[string]any)) map[string]any {
		m := map[string]any{"a": int64(1), "b": []any{int64(1), int64(2)}, "c": []map[string]any{{"x": int64(1)}}, "t": map[string]any{"d": int64(1)}}
		change(m)
		return m
	}
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		same   bool
	}{
		{"the same", func(map[string]any) {}, true},
		{"a time", func(m map[string]any) { m["a"] = time.Now() }, true},
		{"no value of TOML", func(m map[string]any) { m["a"] = 1 }, false},
		{"another key", func(m map[string]any) { delete(m, "a"); m["z"] = int64(1) }, false},
		{"a key more", func(m map[string]any) { m["z"] = int64(1) }, false},
		{"a list for a scalar", func(m map[string]any) { m["a"] = []any{int64(1)} }, false},
		{"a scalar for a list", func(m map[string]any) { m["b"] = int64(1) }, false},
		{"a list of one element less", func(m map[string]any) { m["b"] = []any{int64(1)} }, false},
		{"another element", func(m map[string]any) { m["b"] = []any{int64(1), []any{}} }, false},
		{"another table in a list", func(m map[string]any) { m["c"] = []map[string]any{{"y": int64(1)}} }, false},
		{"another table", func(m map[string]any) { m["t"] = []map[string]any{{"d": int64(1)}} }, false},
	} {
		s := newScanner([]byte(text), text)
		if s.document(); fill(s.root, like(c.change)) != c.same {
			t.Errorf("%s: not %v", c.name, c.same)
		}
	}
}

func TestEncodingsAreReadAsTextsAre(t *testing.T) {
	for name, text := range edittest.Corpus(t, "real/*.toml") {
		doc, err := Grammar.Parse(text)
		testkit.Must(t, err)
		if n := read(text); n == nil || !edit.Same(n, doc.Root) {
			t.Errorf("%s: read as something else", name)
		}
	}
}

func TestComparisonFindsWhatDiffers(t *testing.T) {
	const text = "a = 1\nl = [1, 2]\n\n[t]\n  x = 1\n  [t.u]\n    y = 1\n    [[t.u.v]]\n      z = 1\n    [[t.u.v]]\n  [t.w]\n    z = 2\n\n" +
		"[[p]]\n  n = 1\n  [p.q]\n    o = 1\n\n[[p]]\n  n = 2\n\n[\"q r\"]\n"
	for _, c := range []struct {
		from, to string
		left     int
	}{
		{"", "", 3}, {"a = 1", "a = 2", 3}, {"l = [1, 2]", "l = [1, 2, 3]", 3}, {"y = 1", "y = 2", 4}, {"n = 2", "n = 3\n\n[[p]]\n", 2}, {"[\"q r\"]\n", "", 2},
		{"x = 1", "x = 2", 4}, {"z = 1", "z = 3", 4}, {"z = 2", "z = 3", 3}, {"[t.w]", "[t.s]", 3}, {"o = 1", "o = 2", 3}, {"  [t.w]\n    z = 2\n", "", 3},
		{"[[p]]\n  n = 1\n", "[new]\n  x = 1\n[[p]]\n", 3}, {"l = [1, 2]", "l = [\n1,\n[2]\n]", 0}, {"a = 1", "a = '''\n[t]'''", 0}, {text, "", 0}, {"[t]", "[z]\n[t]", 3},
		{"[t]", "['t']", 0}, {"[t.u]", "[ t . \"u\" ]", 2}, {"[t.u]", "['t'.u]", 0},
	} {
		if left := edittest.CheckComparison(t, Grammar, text, strings.Replace(text, c.from, c.to, 1)); left != c.left {
			t.Errorf("%q for %q: %d tables are left out, want %d", c.to, c.from, left, c.left)
		}
	}
	for _, c := range [][2]string{
		{"a.b = 1\n[a.c]\nd = 1\n", "a.b = 2\n[a.c]\nd = 1\n"}, // a is there twice
		{"[a.b]\nc = 1\n[d]\n[a.e]\n", "[a.b]\nc = 2\n[d]\n[a.e]\n"},
		{"[a]\n[[a.b]]\nc = 1\n", "[a]\n[a.b]\nc = 1\n"},
		{"[[a]]\n[a.b]\nc = 1\n", "[a]\n[a.b]\nc = 1\n"},
		{"[a.b]\nc = 1\n", "a = 1\n"},
		{"[a.b]\nc = 1\n[a]\nd = 1\n", "[a.b]\nc = 1\n[a]\nd = 2\n"},
	} {
		edittest.CheckComparison(t, Grammar, c[0], c[1])
	}
}

// Elements that are the same in both lists are left out only if the others are compared
// as they would be in the whole lists.
func TestComparisonOfListsIsThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	left := 0
	for range effort.Of(300, 2_000, 50_000) {
		var was, is []string
		for i := range 1 + r.IntN(6) {
			was = append(was, fmt.Sprintf("  [[t.l]]\n    id = %d\n    n = %d\n    s = \"x\"\n    [t.l.u]\n      b = %d\n", r.IntN(1+2*i), r.IntN(3), r.IntN(2)))
		}
		is = slices.Clone(was)
		for range r.IntN(4) {
			i, j := r.IntN(len(is)), r.IntN(len(is))
			switch r.IntN(6) {
			case 0:
				is[i], is[j] = is[j], is[i]
			case 1:
				is[i] = strings.Replace(is[i], "id = ", "id = 1", 1)
			case 2:
				is = append(is, is[i])
			case 3:
				if len(is) > 1 {
					is = is[1:]
				}
			default:
				is[i] = strings.Replace(is[i], []string{"n =", "b =", "s ="}[r.IntN(3)], "n = 9\n    m =", 1)
			}
		}
		left += edittest.CheckComparison(t, Grammar, "[t]\n"+strings.Join(was, ""), "[t]\n"+strings.Join(is, ""))
	}
	if left == 0 {
		t.Error("nothing was left out")
	}
}

func TestComparisonOfRealFilesIsThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	left := 0
	files := edittest.Corpus(t, "real/*.toml")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var v map[string]any
		if err := toml.Unmarshal(files[name], &v); err != nil {
			t.Fatal(name, err)
		}
		enc, err := toml.Marshal(v)
		if err != nil {
			t.Fatal(name, err)
		}
		lines := strings.SplitAfter(string(enc), "\n")
		for range effort.Of(60, 300, 300) {
			i := r.IntN(len(lines))
			changed := []string{"", "changed = 1\n", "[changed]\n", strings.Replace(lines[i], " = ", "x = ", 1)}[r.IntN(4)]
			left += edittest.CheckComparison(t, Grammar, string(enc), strings.Join(lines[:i], "")+changed+strings.Join(lines[i+1:], ""))
		}
	}
	if left == 0 {
		t.Error("nothing was left out")
	}
}

func TestComparisonRefusesWhatIsNoTOML(t *testing.T) {
	good := []byte("a = 1\n")
	for _, bad := range []string{"a = nonsense\n", "a = [1, [nonsense]]\n", "a = \n"} {
		if _, _, err := Grammar.Compare(good, []byte(bad)); err == nil {
			t.Errorf("%q is an encoding", bad)
		}
	}
	if _, _, err := Grammar.Compare([]byte("a.b = 1\n[a]\nc = 1\n"), good); err != nil {
		t.Errorf("what the scanner can't follow: %v", err)
	}
}
