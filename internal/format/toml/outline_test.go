package toml

import (
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

// outlineTexts are forms of which the corpus has few.
var outlineTexts = []string{
	"", "# c\n", "a = 1 # c\n",
	"# top\n\n# of a\n[a] # a\nx = 1 # x\n# in\ny = [ # y\n  1, # one\n  2,\n]\n# after\n\n# of a.b\n[a.b]\nz = {p = 1, q.r = 2, q.s = [3]}\n# end\n",
	"[[r]]\nn = 1\n# of x\n[x]\nk = 2 # k\n# of r.s\n[r.s]\nt = 1\n# below\n\n# of two\n[[r]] # two\nn = 2\n# below two\n\n[y]\n[[r]]\n[r.s]\nt = [[1, 2], [3]]\n[x.y]\nz = 1\n",
	"a.b = 1 # b\n# c\na.c = [1,\n # in\n 2]\nx = 2\na.d.e = {f = 1}\n[t]\nu.v = 1\nu.w = 'x'\n# y\ny = \"\"\"\n# no comment\n\"\"\" # y\n[t.u2]\n[t.u2.q.r]\ns = 1979-05-27 07:32:00\n",
	"l = [{a = 1}, {a = [{b = 2}]}, {}]\nm = [[], [{c = 1}]]\n[[p.q]]\n[[p.q.r]]\nk = 1\n[[p.q.r]]\nk = 2\n[[p.q]]\n[[p.q.r]]\nk = 3\n[p.q.s]\nK = 1\nk = 2\n",
	"\uFEFF# mark\r\n[a]\r\n  b = 1\r\n\r\n  [a.c]\r\n    d = 2\r\n",
	"a = {b = {c = 1}, d = [ {e = 1}, {e = 2} ]}\n[b]\n'q.r' = 1\n\"q\\u0041\" = {}\n",
}

// randomLike asks for parts of n at random, and sometimes for what is not there.
func randomLike(rng *rand.Rand, n *edit.Node, depth int) *edit.Node {
	switch r := rng.IntN(12); {
	case depth == 0:
	case r == 0:
		return nil
	case r == 1:
		return edit.NewScalar(edit.TypeInt, "1")
	case r < 5 || n.Kind == edit.Scalar:
		return edit.NewScalar(edit.TypeSame, "other")
	}
	like := &edit.Node{Kind: n.Kind}
	if rng.IntN(20) == 0 {
		like.Kind = edit.List
	}
	for _, e := range n.Entries {
		if like.Kind == edit.Map && rng.IntN(3) == 0 || rng.IntN(60) == 0 {
			continue
		}
		entry := edit.Entry{Value: randomLike(rng, e.Value, depth+1)}
		if like.Kind == edit.Map && e.Key != nil {
			entry.Key = edit.NewScalar(edit.TypeString, e.Key.Value)
			if rng.IntN(6) == 0 {
				entry.Key = edit.NewScalar(edit.TypeString, strings.ToUpper(e.Key.Value))
			}
		} else if like.Kind == edit.Map {
			entry.Key = edit.NewScalar(edit.TypeString, "none")
		}
		like.Entries = append(like.Entries, entry)
	}
	return like
}

// outlined compares an outline of a text with the whole of it.
type outlined struct {
	t          *testing.T
	all, some  *edit.Document
	statements []*statement // of the whole text, in order
	gone       []extent     // what is left out
	opened     int
}

func (o *outlined) compare(n, got, like *edit.Node, path string) {
	o.t.Helper()
	if like != nil && !edit.IsLeftOut(like) && (like.Kind != n.Kind || n.Kind == edit.List && len(like.Entries) != len(n.Entries)) {
		like = nil
	}
	if t := dataOf(n).table; t != nil && t.dotted() && t.scope.body != nil {
		like = nil
	}
	if n.Kind == edit.Scalar || like == nil {
		o.whole(n, got, path)
		return
	}
	if edit.IsLeftOut(like) {
		o.left(n, got, path)
		return
	}
	o.opened++
	if got.Kind != n.Kind || len(got.Entries) != len(n.Entries) || got.Start != n.Start || got.End != n.End {
		o.t.Errorf("%s: %v with %d entries at %d-%d, want %v, %d, %d-%d", path, got.Kind, len(got.Entries), got.Start, got.End, n.Kind, len(n.Entries), n.Start, n.End)
		return
	}
	for i, e := range n.Entries {
		if n.Kind == edit.List {
			o.compare(e.Value, got.Entries[i].Value, like.Entries[i].Value, path+"[]")
			continue
		}
		o.whole(e.Key, got.Entries[i].Key, path+"."+e.Key.Value)
		o.compare(e.Value, got.Entries[i].Value, entryLike(like, e.Key.Value), path+"."+e.Key.Value)
	}
	if n.Kind == edit.List {
		if was, is := (grammar{}).Elements(o.all, n), (grammar{}).Elements(o.some, got); !slices.Equal(was, is) {
			o.t.Errorf("%s: elements %v, want %v", path, is, was)
		}
	}
}

// entryLike finds an entry as [edit.Outliner] says.
func entryLike(like *edit.Node, key string) *edit.Node {
	for _, equal := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, e := range like.Entries {
			if equal(e.Key.Value, key) {
				return e.Value
			}
		}
	}
	return edit.Nothing
}

func (o *outlined) whole(n, got *edit.Node, path string) {
	o.t.Helper()
	if !edit.Equal(n, got) || n.Start != got.Start || n.End != got.End || n.Text != got.Text {
		o.t.Errorf("%s: %+v, want %+v", path, got, n)
		return
	}
	for i := range n.Entries {
		o.whole(n.Entries[i].Value, got.Entries[i].Value, path)
	}
}

func (o *outlined) left(n, got *edit.Node, path string) {
	o.t.Helper()
	text := o.all.Text
	var want []string
	if dataOf(n).items != nil {
		o.gone = append(o.gone, extent{start: n.Start, end: n.End})
		want = append(want, string(text[n.Start:n.End]))
		if got.Start != n.Start || got.End != n.End {
			o.t.Errorf("%s: at %d-%d, want %d-%d", path, got.Start, got.End, n.Start, n.End)
		}
	} else {
		last := -2
		for _, st := range statements(n) {
			at := slices.Index(o.statements, st)
			if at == last+1 {
				o.gone[len(o.gone)-1].end = st.end
			} else {
				o.gone = append(o.gone, extent{start: st.start, end: st.end})
				want = append(want, "")
			}
			e := o.gone[len(o.gone)-1]
			want[len(want)-1] = string(text[e.start:e.end])
			last = at
		}
	}
	if !edit.IsLeftOut(got) || got.Value != strings.Join(want, "\x00") {
		o.t.Errorf("%s: %q, want what is left out of %q", path, got.Value, want)
	}
}

func TestAnOutlineIsTheTextButForWhatIsLeftOut(t *testing.T) {
	texts := edittest.Corpus(t, "real/*.toml")
	for i, text := range outlineTexts {
		texts["written "+string(rune('a'+i))] = []byte(text)
	}
	opened := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		all, err := Grammar.Parse(text)
		if err != nil {
			t.Fatal(name, err)
		}
		if all.Data.(*layout).lost {
			continue
		}
		for seed := range effort.Of[uint64](20, 100, 1000) {
			like := randomLike(rand.New(rand.NewPCG(seed, uint64(len(text)))), all.Root, 0)
			some, err := grammar{}.Outline(text, like)
			if err != nil {
				t.Fatal(name, err)
			}
			o := &outlined{t: t, all: all, some: some, statements: dataOf(all.Root).table.extent}
			o.compare(all.Root, some.Root, like, name)
			o.comments()
			was, is := *all.Data.(*layout), *some.Data.(*layout)
			was.parsed, was.head, was.headers, is.parsed, is.head, is.headers = nil, nil, nil, nil, nil, nil
			was.text, is.text = nil, nil
			if !sameLayout(&was, &is) {
				t.Errorf("%s: the layout is %+v, want %+v", name, is, was)
			}
			if opened += o.opened; t.Failed() {
				t.Fatalf("%s, seed %d", name, seed)
			}
		}
	}
	if opened < 300 {
		t.Errorf("only %d collections were opened", opened)
	}
}

func sameLayout(a, b *layout) bool {
	return a.brk == b.brk && a.spaced == b.spaced && a.pairs == b.pairs && a.nested == b.nested && a.equals == b.equals && a.pad == b.pad &&
		a.gap == b.gap && a.unit == b.unit && a.rows == b.rows && a.columns == b.columns && a.trails == b.trails && a.trailing == b.trailing && a.lost == b.lost
}

func (o *outlined) comments() {
	o.t.Helper()
	var want []edit.Comment
	for _, c := range o.all.Comments {
		if !slices.ContainsFunc(o.gone, func(e extent) bool { return c.Start >= e.start && c.End <= e.end }) {
			want = append(want, c)
		}
	}
	if !slices.Equal(o.some.Comments, want) {
		o.t.Errorf("comments %v, want %v", o.some.Comments, want)
	}
}

// A list that is longer or shorter than the outline's list is read whole, since its elements can't be
// matched.
func TestAListOfAnotherLengthIsReadWhole(t *testing.T) {
	same := edit.NewScalar(edit.TypeSame, "")
	for _, text := range []string{"a = [[1], [2]]\n", "[[a]]\nb = {}\n[[a]]\nb = {}\n"} {
		for n := range 4 {
			list := &edit.Node{Kind: edit.List}
			for range n {
				list.Entries = append(list.Entries, edit.Entry{Value: same})
			}
			like := &edit.Node{Kind: edit.Map, Entries: []edit.Entry{{Key: edit.NewScalar(edit.TypeString, "a"), Value: list}}}
			doc, err := grammar{}.Outline([]byte(text), like)
			testkit.Must(t, err)
			for _, e := range doc.Root.Entries[0].Value.Entries {
				if edit.IsLeftOut(e.Value) != (n == 2) {
					t.Errorf("%q as a list of %d: %+v", text, n, e.Value)
				}
			}
		}
	}
}
