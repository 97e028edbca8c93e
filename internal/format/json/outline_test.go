package json

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// texts are those of the corpus and those that are written here.
func texts(t *testing.T) map[string][]byte {
	all := maps.Clone(written)
	for _, pattern := range []string{"real/*.json", "real/*.jsonc", "json-test-suite/y_*.json"} {
		maps.Copy(all, edittest.Corpus(t, pattern))
	}
	all["comments with quotes and brackets"] = []byte("{\"a\": { // \" } {\n \"b\": [1, /* ] \" */ 2], // ]\n}, /* } */ \"c\": \"// }\", \"d\" : [ ], }")
	all["lone carriage returns"] = []byte("{\r// one\r\"a\": [/* two\r\r */ 1],\r// three\r\"b\": {\r\n\r// four\r\n}}")
	all["escapes"] = []byte(`{"a\"": "\\", "b": {"\u007d\\": "\"}"}, "c": ["\\\"]"]}`)
	return all
}

// randomLike asks for some of what a tree has, and leaves out the rest.
func randomLike(r *rand.Rand, n *edit.Node) *edit.Node {
	switch k := r.IntN(8); {
	case k == 0:
		return nil
	case k <= 2:
		return edit.NewScalar(edit.TypeSame, "")
	case k == 3:
		return &edit.Node{Kind: []edit.Kind{edit.Map, edit.List, edit.Scalar}[r.IntN(3)]}
	}
	like := &edit.Node{Kind: n.Kind, Type: edit.TypeString}
	for _, e := range n.Entries {
		switch {
		case e.Key == nil:
			like.Entries = append(like.Entries, edit.Entry{Value: randomLike(r, e.Value)})
		case r.IntN(3) > 0:
			key := e.Key.Value
			if r.IntN(4) == 0 {
				key = strings.ToUpper(key)
			}
			like.Entries = append(like.Entries, edit.Entry{Key: edit.NewScalar(edit.TypeString, key), Value: randomLike(r, e.Value)})
		}
	}
	if n.Kind == edit.Map {
		r.Shuffle(len(like.Entries), func(i, j int) { like.Entries[i], like.Entries[j] = like.Entries[j], like.Entries[i] })
	}
	return like
}

// outlined compares an outline with the whole.
type outlined struct {
	*testing.T
	whole, part *edit.Document
	left        []edit.Extent
}

func (o *outlined) check(want, got, like *edit.Node) {
	if got.Start != want.Start || got.End != want.End {
		o.Fatalf("a value is at %d:%d, want %d:%d", got.Start, got.End, want.Start, want.End)
	}
	if like != nil && like.Type == edit.TypeSame {
		if text := string(o.whole.Text[got.Start:got.End]); got.Kind != edit.Scalar || got.Type != edit.TypeSame || got.Value != text {
			o.Fatalf("left out is %+v, want %q", got, text)
		}
		o.left = append(o.left, edit.Extent{Start: got.Start, End: got.End})
		return
	}
	if like != nil && (like.Kind != want.Kind || like.Kind == edit.List && len(like.Entries) != len(want.Entries)) {
		like = nil
	}
	if got.Kind != want.Kind || got.Type != want.Type || got.Value != want.Value || got.Text != want.Text || len(got.Entries) != len(want.Entries) {
		o.Fatalf("read is %+v, want %+v", got, want)
	}
	for i, e := range want.Entries {
		var inner *edit.Node
		if e.Key != nil {
			o.check(e.Key, got.Entries[i].Key, nil)
		}
		switch {
		case like == nil:
		case e.Key == nil:
			inner = like.Entries[i].Value
		default:
			inner = asked(like, e.Key.Value)
		}
		o.check(e.Value, got.Entries[i].Value, inner)
	}
	if was, is := JSONC.Elements(o.whole, want), JSONC.Elements(o.part, got); want.Kind == edit.List && !slices.Equal(was, is) {
		o.Fatalf("the elements are at %v, want %v", is, was)
	}
}

func asked(like *edit.Node, key string) *edit.Node {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, e := range like.Entries {
			if same(e.Key.Value, key) {
				return e.Value
			}
		}
	}
	return edit.NewScalar(edit.TypeSame, "")
}

func TestOutlineReadsWhatIsAskedForAndNothingElse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	left := 0
	for name, text := range texts(t) {
		whole, err := JSONC.Parse(text)
		if err != nil {
			t.Fatal(name, err)
		}
		for range 30 {
			like := randomLike(r, whole.Root)
			part, err := JSONC.Outline(text, like)
			if err != nil {
				t.Fatal(name, err)
			}
			o := &outlined{T: t, whole: whole, part: part}
			if whole.Root.End > 0 && !whole.Indirect {
				o.check(whole.Root, part.Root, like)
			}
			comments := slices.DeleteFunc(slices.Clone(whole.Comments), func(c edit.Comment) bool {
				return slices.ContainsFunc(o.left, func(e edit.Extent) bool { return c.Start >= e.Start && c.End <= e.End })
			})
			if !whole.Indirect && !slices.Equal(comments, part.Comments) {
				t.Fatalf("%s: the comments are %v, want %v", name, part.Comments, comments)
			}
			left += len(o.left)
		}
	}
	if left == 0 {
		t.Error("nothing was left out")
	}
}

func TestOutlineForTheWholeIsParse(t *testing.T) {
	for name, text := range texts(t) {
		whole, err := JSONC.Parse(text)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, like := range []*edit.Node{nil, whole.Root} {
			part, err := JSONC.Outline(text, like)
			if err != nil || !edit.Equal(whole.Root, part.Root) || !slices.Equal(whole.Comments, part.Comments) || whole.Indirect != part.Indirect {
				t.Errorf("%s: %v, or something else", name, err)
			}
		}
	}
}

func TestOutlineSeesAKeyTwiceInWhatItOpens(t *testing.T) {
	text := []byte(`{"a": {"x": 1, "x": 2}, "b": 1}`)
	inside := &edit.Node{Kind: edit.Map}
	for want, like := range map[bool]*edit.Node{
		true:  {Kind: edit.Map, Entries: []edit.Entry{{Key: edit.NewScalar(edit.TypeString, "a"), Value: inside}}},
		false: {Kind: edit.Map},
	} {
		doc, err := JSON.Outline(text, like)
		if err != nil || doc.Indirect != want {
			t.Errorf("%v, want %v: %v", doc.Indirect, want, err)
		}
	}
}

// The text of a document may be none of the format, since its check comes last.
func TestOutlineEndsOnEveryText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, text := range texts(t) {
		whole, err := JSONC.Parse(text)
		testkit.Must(t, err)
		for range 100 {
			i := r.IntN(len(text) + 1)
			broken := slices.Concat(text[:i], [][]byte{nil, []byte("\""), []byte("{"), []byte("]"), []byte("/*"), []byte(","), []byte("\\"), []byte(":")}[r.IntN(8)], text[i+r.IntN(len(text)-i+1):])
			like := randomLike(r, whole.Root)
			for _, f := range []format.Grammar{JSON, JSONC} {
				doc, err := f.Outline(broken, like)
				if err == nil && like == nil {
					if _, err := f.Parse(broken); err != nil {
						t.Errorf("%q is read whole, and is no JSON: %v", broken, err)
					}
				}
				if err == nil && !bytes.Equal(doc.Text, broken) {
					t.Errorf("%q is the text of the document", doc.Text)
				}
			}
			_ = learn(broken, true)
		}
	}
	for _, deep := range []string{strings.Repeat("[", 2*maxDepth), strings.Repeat(`{"a":`, 2*maxDepth), strings.Repeat("[", 2*maxDepth) + strings.Repeat("]", 2*maxDepth)} {
		if _, err := JSON.Outline([]byte(deep), edit.NewScalar(edit.TypeString, "")); err == nil {
			t.Error("too many levels are read")
		}
		if doc, err := JSON.Outline([]byte(deep), edit.Nothing); err == nil && doc.Root.Value != deep {
			t.Error("something else is left out")
		}
		_ = learn([]byte(deep), false)
	}
}

// A neighbour that is left out shows how a new value is written as any other does.
func TestNewValuesAreWrittenLikeNeighboursThatAreLeftOut(t *testing.T) {
	for _, c := range []struct{ old, was, is, want string }{
		{
			"{\n  \"m\": {\n    \"x\": [1, 2], // one\n    \"y\": [{\"a\": 1}, {\"a\": 2}],\n  },\n  \"z\": 1,\n}\n",
			`{"m":{"x":[1,2],"y":[{"a":1},{"a":2}]},"z":1}`, `{"m":{"x":[1,2],"y":[{"a":1},{"a":2}],"n":[3]},"o":[{"a":1}],"z":1}`,
			"{\n  \"m\": {\n    \"x\": [1, 2], // one\n    \"y\": [{\"a\": 1}, {\"a\": 2}],\n    \"n\": [3],\n  },\n  \"z\": 1,\n  \"o\": [\n    {\n      \"a\": 1,\n    },\n  ],\n}\n",
		},
		{
			"[\n\t{ \"a\":1 },\n\t{ \"a\":2 }\n]\n", `[{"a":1},{"a":2}]`, `[{"a":1},{"a":2},{"a":3}]`,
			"[\n\t{ \"a\":1 },\n\t{ \"a\":2 },\n\t{ \"a\":3 }\n]\n",
		},
		{
			"{\n    \"a\": {\n      \"x\": {\n        \"y\": \"\\u00e9\"\n      }\n    }\n}\n", `{"a":{"x":{"y":"é"}}}`, `{"a":{"x":{"y":"é"}},"b":{"c":"ü"}}`,
			"{\n    \"a\": {\n      \"x\": {\n        \"y\": \"\\u00e9\"\n      }\n    },\n    \"b\": {\n      \"c\": \"\\u00fc\"\n    }\n}\n",
		},
	} {
		for _, f := range []edit.Format{JSONC, struct{ edit.Format }{JSONC}} {
			got, _, err := edit.Edit(f, []byte(c.old), []byte(c.was), []byte(c.is), edit.Options{})
			if err != nil || string(got) != c.want {
				t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
			}
		}
	}
}
