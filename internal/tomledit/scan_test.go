package tomledit

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/textedit"
	"github.com/holdfast-go/holdfast/internal/textedit/edittest"
)

func TestScannerGivesUpOnWhatIsNoTOML(t *testing.T) {
	for _, text := range []string{
		"a", "a = ", "a = \"x", "a = '''x''", "a = \"x\\", "a = [1 2]", "a = [1,", "a = {b = 1", "a = {b = 1]", "[a", "[[a]", "a b = 1",
		"a = 1\na = 2", "a = 1\na.b = 2", "a = 1\n[a]", "a = 1\n[a.b]", "a = []\n[[a]]", "[[a]]\n[a]", "a = [1]\n[a.b]\nx = 1", "a = ,",
	} {
		s := newScanner([]byte(text))
		if s.document(); !s.lost {
			t.Errorf("%q is read as if it were TOML", text)
		}
	}
}

func TestScannerEndsOnEveryText(t *testing.T) {
	for name, text := range edittest.Corpus(t, "real/*.toml") {
		for n := 0; n < len(text); n += 7 {
			s := newScanner(text[:n])
			if s.document(); s.at > n {
				t.Fatalf("%s: read to %d of %d bytes", name, s.at, n)
			}
			s = newScanner(text[n:])
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
		s := newScanner([]byte(text))
		if s.document(); fill(s.root, like(c.change)) != c.same {
			t.Errorf("%s: not %v", c.name, c.same)
		}
	}
}

func TestEncodingsAreReadAsTextsAre(t *testing.T) {
	for name, text := range edittest.Corpus(t, "real/*.toml") {
		doc, err := Format.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if n := read(text); n == nil || !textedit.Same(n, doc.Root) {
			t.Errorf("%s: read as something else", name)
		}
	}
}

func TestComparisonFindsWhatDiffers(t *testing.T) {
	const text = "a = 1\nl = [1, 2]\n\n[t]\n  x = 1\n  [t.u]\n    y = 1\n\n[[p]]\n  n = 1\n\n[[p]]\n  n = 2\n\n[\"q r\"]\n"
	for _, c := range []struct{ from, to string }{
		{"", ""}, {"a = 1", "a = 2"}, {"l = [1, 2]", "l = [1, 2, 3]"}, {"y = 1", "y = 2"}, {"n = 2", "n = 3\n\n[[p]]\n"}, {"[\"q r\"]\n", ""},
		{"[[p]]\n  n = 1\n", "[new]\n  x = 1\n"}, {"l = [1, 2]", "l = [\n1,\n[2]\n]"}, {"a = 1", "a = '''\n[t]'''"}, {text, ""}, {"[t]", "[z]\n[t]"},
		{"[t.u]", "[z]"}, {"[t]", "['t']"}, {"\n[t]\n", "\n[p.a]\n\n[t]\n"},
	} {
		was, is := text, strings.Replace(text, c.from, c.to, 1)
		a, b, err := Format.Compare([]byte(was), []byte(is))
		x, fine := Format.Parse([]byte(was))
		y, errNew := Format.Parse([]byte(is))
		if err != nil || fine != nil || errNew != nil {
			if errNew == nil {
				t.Errorf("%q for %q: %v, %v", c.to, c.from, err, fine)
			}
			continue
		}
		got, want := textedit.Diff(a, b), textedit.Diff(x.Root, y.Root)
		if len(got) != len(want) {
			t.Errorf("%q for %q: %d operations, want %d", c.to, c.from, len(got), len(want))
			continue
		}
		for i := range got {
			if got[i].Kind != want[i].Kind || len(got[i].Path) != len(want[i].Path) || got[i].Value != nil && !textedit.Same(got[i].Value, want[i].Value) {
				t.Errorf("%q for %q: operation %d is %v, want %v", c.to, c.from, i, got[i].Kind, want[i].Kind)
			}
		}
	}
}

func TestComparisonRefusesWhatIsNoTOML(t *testing.T) {
	good := []byte("a = 1\n")
	for _, bad := range []string{"a = nonsense\n", "a = [1, [nonsense]]\n", "a = \n"} {
		if _, _, err := Format.Compare(good, []byte(bad)); err == nil {
			t.Errorf("%q is an encoding", bad)
		}
	}
	if _, _, err := Format.Compare([]byte("a.b = 1\n[a]\nc = 1\n"), good); err != nil {
		t.Errorf("what the scanner can't follow: %v", err)
	}
}
