package yaml

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
)

// randomLike makes an outline of n at random, some of it of another shape.
func randomLike(r *rand.Rand, n *edit.Node) *edit.Node {
	switch r.IntN(6) {
	case 0:
		return nil
	case 1, 2:
		return edit.NewScalar(edit.TypeSame, "")
	}
	like := &edit.Node{Kind: n.Kind, Type: n.Type}
	switch n.Kind {
	case edit.Map:
		for _, e := range n.Entries {
			if r.IntN(3) > 0 {
				key := randomCase(r, e.Key)
				if !slices.ContainsFunc(like.Entries, func(x edit.Entry) bool { return edit.Equal(x.Key, key) }) {
					like.Entries = append(like.Entries, edit.Entry{Key: key, Value: randomLike(r, e.Value)})
				}
			}
		}
		if r.IntN(4) == 0 {
			r.Shuffle(len(like.Entries), func(i, j int) { like.Entries[i], like.Entries[j] = like.Entries[j], like.Entries[i] })
		}
		if r.IntN(4) == 0 {
			key := edit.NewScalar(edit.TypeString, "not there")
			like.Entries = slices.Insert(like.Entries, r.IntN(len(like.Entries)+1), edit.Entry{Key: key, Value: key})
		}
	case edit.List:
		for _, e := range n.Entries {
			like.Entries = append(like.Entries, edit.Entry{Value: randomLike(r, e.Value)})
		}
		if r.IntN(10) == 0 {
			like.Entries = append(like.Entries, edit.Entry{Value: edit.NewScalar(edit.TypeNull, "null")})
		}
	default:
		return edit.NewScalar(edit.TypeString, "x")
	}
	return like
}

func randomCase(r *rand.Rand, key *edit.Node) *edit.Node {
	if key.Kind != edit.Scalar || r.IntN(8) > 0 {
		return key
	}
	return edit.NewScalar(edit.TypeString, strings.ToUpper(key.Text))
}

// outlineCheck compares an outline with what Parse gives.
type outlineCheck struct {
	*testing.T
	text    []byte
	outline *edit.Document
	whole   *edit.Document
	left    []edit.Extent
}

// node compares n with w, which like stands for.
func (c *outlineCheck) node(n, w, like *edit.Node) {
	if n.Start != w.Start || n.End != w.End {
		c.Errorf("bytes %d to %d, want %d to %d", n.Start, n.End, w.Start, w.End)
		return
	}
	if edit.IsLeftOut(like) && len(w.Entries) > 0 {
		if !leftOut(n) || !edit.IsLeftOut(n) || n.Value != string(c.text[w.Start:w.End]) {
			c.Errorf("%+v is not left out", n)
		}
		if lastLeaf(n).End != lastLeaf(w).End && dataOf(lastLeaf(w)).blockScalar() || dataOf(lastLeaf(n)).blockScalar() != dataOf(lastLeaf(w)).blockScalar() || blockCollection(n) != blockCollection(w) {
			c.Errorf("%q: another last value", n.Value)
		}
		if p, q := *dataOf(n), *dataOf(w); p.lead != q.lead || p.mark != q.mark || p.comma != q.comma || p.column != q.column || p.style != q.style || p.inner != q.inner || p.props != q.props {
			c.Errorf("the place %+v, want %+v", p, q)
		}
		c.left = append(c.left, edit.Extent{Start: n.Start, End: n.End})
		return
	}
	if n.Kind != w.Kind || n.Type != w.Type || n.Value != w.Value || n.Anchor != w.Anchor || len(n.Entries) != len(w.Entries) {
		c.Errorf("%+v, want %+v", n, w)
		return
	}
	if n.Kind == edit.List && !slices.Equal(Grammar.Elements(c.outline, n), Grammar.Elements(c.whole, w)) {
		c.Errorf("elements %v, want %v", Grammar.Elements(c.outline, n), Grammar.Elements(c.whole, w))
	}
	for i, e := range n.Entries {
		x := w.Entries[i]
		if x.Key != nil {
			c.node(e.Key, x.Key, nil)
		}
		c.node(e.Value, x.Value, said(like, n, x.Key, i))
	}
}

// said is what an outline says of an entry, found in the plainest way.
func said(like, n, key *edit.Node, i int) *edit.Node {
	switch {
	case like == nil || like.Kind != n.Kind:
		return nil
	case like.Kind == edit.List:
		if len(like.Entries) != len(n.Entries) {
			return nil
		}
		return like.Entries[i].Value
	}
	for _, e := range like.Entries {
		if edit.Equal(e.Key, key) {
			return e.Value
		}
	}
	for _, e := range slices.Backward(like.Entries) {
		if e.Key.Kind == edit.Scalar && key.Kind == edit.Scalar && strings.EqualFold(e.Key.Text, key.Text) {
			return e.Value
		}
	}
	return edit.Nothing
}

// checkOutlines fails if an outline of a text at random is not what Parse gives. It
// reports how much was left out.
func checkOutlines(t *testing.T, r *rand.Rand, name string, text []byte, rounds int) (left int) {
	t.Helper()
	whole, err := Grammar.Parse(text)
	if err != nil || whole.Data.(*layout).lost {
		return 0
	}
	full, err := grammar{}.Outline(text, nil)
	if err != nil || !edit.Equal(full.Root, whole.Root) || !slices.Equal(full.Comments, whole.Comments) {
		t.Fatalf("%s: an outline of everything: %v", name, err)
	}
	for range rounds {
		like := randomLike(r, whole.Root)
		doc, err := grammar{}.Outline(text, like)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if doc.Indirect && !whole.Indirect || whole.Indirect && !doc.Indirect && bytes.ContainsAny(text, "*<") {
			t.Fatalf("%s: indirect %v, want %v\n%s", name, doc.Indirect, whole.Indirect, text)
		}
		if doc.Indirect {
			continue
		}
		c := &outlineCheck{T: t, text: text, outline: doc, whole: whole}
		c.node(doc.Root, whole.Root, like)
		comments := slices.Clone(whole.Comments)
		for _, e := range c.left {
			comments = slices.DeleteFunc(comments, func(c edit.Comment) bool { return c.Start >= e.Start && c.End <= e.End })
		}
		if !slices.Equal(doc.Comments, comments) {
			t.Errorf("%s: comments %v, want %v", name, doc.Comments, comments)
		}
		if a, b := doc.Data.(*layout), whole.Data.(*layout); a.step != b.step || a.dash != b.dash || a.gap != b.gap || a.quote != b.quote || a.newline != b.newline {
			t.Errorf("%s: the layout %+v, want %+v", name, a, b)
		}
		if t.Failed() {
			t.Fatalf("%s\n%s", name, text)
		}
		left += len(c.left)
	}
	return left
}

func TestAnOutlineIsTheTreeWithoutWhatIsLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	left := 0
	for _, pattern := range []string{"real/*.yml", "yaml-test-suite/*.yaml"} {
		files := edittest.Corpus(t, pattern)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			left += checkOutlines(t, r, name, files[name], 12)
		}
	}
	for _, text := range []string{
		"a: # one\n  # two\n  b: 1 # three\n  # four\n# five\nc:\n  - x: |\n      text\n\n      more\n  # six\n  - [1, {y: 2}, # seven\n     3] # eight\n",
		"- - a: 1 # x\n    b: >-\n      text\n  - c\n-\n  # above\n  - d # behind\n",
		"? {a: b, # in the key\n   c: d}\n: # of the value\n  e: f\ng: !t # after the tag\n  h: i\nj: &x\n  - k\n",
		"A: {b: 1}\na: {b: 2}\nB: {c: {d: 1}}\n",
		"a: [b: c, {}, [ ], [[d]]]\ne: {f, g: {h: }}\n",
		"# head\n\na:\n    b:\n        - c:\n            d: 'x'\n",
		"- |\n text\n- - |\n  text\n- a:\n    ? |\n     key\n",
	} {
		left += checkOutlines(t, r, "own", []byte(text), 200)
	}
	if left < 1000 {
		t.Errorf("only %d collections were left out", left)
	}
}

func TestAnOutlineTellsOfAliasesInWhatIsLeftOut(t *testing.T) {
	for _, text := range []string{"a:\n  b: &x 1\n  c: *x\n", "a:\n  b: &x {c: 1}\n  d: {<<: *x}\n", "a:\n  <<: {b: 1}\n"} {
		doc, err := grammar{}.Outline([]byte(text), edit.NewScalar(edit.TypeSame, ""))
		if err != nil || !doc.Indirect {
			t.Errorf("%q: %v, %+v", text, err, doc)
		}
	}
}

// A tag of the file's owner must not be taken for what is left out.
func TestAnOutlineIsNotMadeOfATextWithTheTagOfWhatIsLeftOut(t *testing.T) {
	like := &edit.Node{Kind: edit.Map}
	like.Entries = []edit.Entry{{Key: edit.NewScalar(edit.TypeString, "a")}}
	for _, tag := range []string{"!same", "!sam%65", "!<!same>"} {
		if _, err := (grammar{}).Outline([]byte("a: "+tag+" x\nb: [1]\n"), like); err == nil {
			t.Errorf("%s: an outline is made", tag)
		}
	}
}
