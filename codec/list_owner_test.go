package codec_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// named is an element that T knows by its name.
type named struct {
	Name string `json:"name" yaml:"name" toml:"name"`
	V    int    `json:"v" yaml:"v" toml:"v"`
}

type namedItems struct {
	Items []named `json:"items" yaml:"items" toml:"items"`
}

// rotate drops the first, changes the others and adds one.
func rotate(v *namedItems) {
	v.Items = v.Items[1:]
	for i := range v.Items {
		v.Items[i].V += 10
	}
	v.Items = append(v.Items, named{"d", 1})
}

func swap(i, j int) func(list []any) []any {
	return func(list []any) []any {
		list[i], list[j] = list[j], list[i]
		return list
	}
}

func lastToFirst(list []any) []any {
	return append([]any{list[len(list)-1]}, list[:len(list)-1]...)
}

func without(i int) func(list []any) []any {
	return func(list []any) []any { return slices.Delete(list, i, i+1) }
}

func TestElementsKeepTheKeysThatTheTypeDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		name      string
		codec     codec.Codec
		old, want string
	}{
		{"YAML", codec.YAML(),
			"items:\n  - name: a\n    v: 1 # va\n    secret: s-a\n  - name: b\n    v: 2 # vb\n    secret: s-b\n  - name: c\n    v: 3 # vc\n    secret: s-c\n",
			"items:\n  - name: b\n    v: 12 # vb\n    secret: s-b\n  - name: c\n    v: 13 # vc\n    secret: s-c\n  - name: d\n    v: 1\n"},
		{"YAML in brackets", codec.YAML(),
			"items: [{name: a, v: 1, secret: s-a}, {name: b, v: 2, secret: s-b}, {name: c, v: 3, secret: s-c}] # all\n",
			"items: [{name: b, v: 12, secret: s-b}, {name: c, v: 13, secret: s-c}, {name: d, v: 1}] # all\n"},
		{"TOML tables", codec.TOML(),
			"[[items]]\nname = \"a\"\nv = 1 # va\nsecret = \"s-a\"\n\n[[items]]\nname = \"b\"\nv = 2 # vb\nsecret = \"s-b\"\n[items.sub]\nof = \"b\"\n\n# the third\n[[items]]\nname = \"c\"\nv = 3 # vc\nsecret = \"s-c\"\n",
			"[[items]]\nname = \"b\"\nv = 12 # vb\nsecret = \"s-b\"\n[items.sub]\nof = \"b\"\n\n# the third\n[[items]]\nname = \"c\"\nv = 13 # vc\nsecret = \"s-c\"\n\n[[items]]\nname = \"d\"\nv = 1\n"},
		{"TOML array", codec.TOML(),
			"items = [\n  {name = \"a\", v = 1, secret = \"s-a\"}, # ia\n  {name = \"b\", v = 2, secret = \"s-b\"}, # ib\n]\n",
			"items = [\n  {name = \"b\", v = 12, secret = \"s-b\"}, # ib\n  {name = \"d\", v = 1},\n]\n"},
		{"JSON", codec.JSON(),
			"{\"items\": [{\"name\": \"a\", \"v\": 1, \"secret\": \"s-a\"}, {\"name\": \"b\", \"v\": 2, \"secret\": \"s-b\"}]}\n",
			"{\"items\": [{\"name\": \"b\", \"v\": 12, \"secret\": \"s-b\"}, {\"name\": \"d\", \"v\": 1}]}\n"},
		{"JSONC", codec.JSONC(),
			"{\n  \"items\": [\n    // about a\n    {\"name\": \"a\", \"v\": 1, \"secret\": \"s-a\"}, // ia\n    // about b\n    {\"name\": \"b\", \"v\": 2, \"secret\": \"s-b\"} // ib\n  ]\n}\n",
			"{\n  \"items\": [\n    // about b\n    {\"name\": \"b\", \"v\": 12, \"secret\": \"s-b\"}, // ib\n    {\"name\": \"d\", \"v\": 1}\n  ]\n}\n"},
	} {
		if got := change(t, c.codec, c.old, rotate); got != c.want {
			t.Errorf("%s, got:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

func TestElementsKeepTheirCommentsAndTags(t *testing.T) {
	for _, c := range []struct {
		name      string
		codec     func(...codec.Option) codec.Codec
		key       string
		change    func([]any) []any
		old, want string
	}{
		{"YAML, last to first", codec.YAML, "f", lastToFirst,
			"f:\n  - a # A\n  - b # B\n  - c # C\n", "f:\n  - c # C\n  - a # A\n  - b # B\n"},
		{"YAML, swap", codec.YAML, "f", swap(0, 2),
			"f:\n  - a # A\n  # above b\n  - b # B\n  - c # C\n", "f:\n  - c # C\n  # above b\n  - b # B\n  - a # A\n"},
		{"YAML, comments above", codec.YAML, "f", swap(0, 1),
			"f:\n  # above a\n  - a\n\n  # above b\n  # and more\n  - b\n", "f:\n  # above b\n  # and more\n  - b\n\n  # above a\n  - a\n"},
		{"YAML, one that belongs to none stays", codec.YAML, "f", swap(0, 1),
			"f:\n  # all\n\n  - a # A\n  - b # B\n", "f:\n  # all\n\n  - b # B\n  - a # A\n"},
		{"YAML, tags", codec.YAML, "a", swap(1, 2),
			"a: !If\n  - C\n  - !Ref A # ra\n  - B\n", "a: !If\n  - C\n  - B\n  - !Ref A # ra\n"},
		{"YAML, tags in brackets", codec.YAML, "a", swap(1, 2),
			"a: !If [C, !Ref A, B] # c\n", "a: !If [C, B, !Ref A] # c\n"},
		{"YAML, anchors", codec.YAML, "a", swap(0, 1),
			"a:\n  - &x {k: 1} # cx\n  - {k: 2}\n  - *x\n", "a:\n  - {k: 2}\n  - &x {k: 1} # cx\n  - *x\n"},
		{"YAML, lists in lists", codec.YAML, "a", swap(0, 1),
			"a:\n  - - x # X\n    - y # Y\n  # above\n  - - z # Z\n", "a:\n  # above\n  - - z # Z\n  - - x # X\n    - y # Y\n"},
		{"YAML, over lines in brackets", codec.YAML, "a", swap(0, 1),
			"a: [\n  x, # X\n  y # Y\n]\n", "a: [\n  y, # Y\n  x # X\n]\n"},
		{"YAML, a list in an element that moves", codec.YAML, "f", func(l []any) []any {
			inner := l[0].([]any)
			inner[0], inner[1] = inner[1], inner[0]
			return swap(0, 1)(l)
		},
			"f: [[{a: \"1\"}, {b: \"2\"}], [3]] # c\n", "f: [[3], [{b: \"2\"}, {a: \"1\"}]] # c\n"},
		{"YAML, one that goes", codec.YAML, "f", without(1),
			"f:\n  - a # A\n  # above b\n  - b # B\n  # above c\n  - c # C\n", "f:\n  - a # A\n  # above c\n  - c # C\n"},
		{"TOML tables, swap", codec.TOML, "f", swap(0, 1),
			"[[f]]\nname = \"a\" # A\n\n[[f]]\nname = \"b\" # B\n", "[[f]]\nname = \"b\" # B\n\n[[f]]\nname = \"a\" # A\n"},
		{"TOML tables, last to first", codec.TOML, "f", lastToFirst,
			"k = 1\n\n# a\n[[f]]\nname = \"a\"\n\n# b\n[[f]]\nname = \"b\"\n[f.s]\nx = 1 # bx\n\n# c\n[[f]]\nname = \"c\"\n\n[z]\n",
			"k = 1\n\n# c\n[[f]]\nname = \"c\"\n\n# a\n[[f]]\nname = \"a\"\n\n# b\n[[f]]\nname = \"b\"\n[f.s]\nx = 1 # bx\n\n[z]\n"},
		{"TOML array", codec.TOML, "f", lastToFirst,
			"f = [\n  # above a\n  \"a\",\n  \"b\", # B\n]\n", "f = [\n  \"b\", # B\n  # above a\n  \"a\",\n]\n"},
		{"JSONC, comments before", codec.JSONC, "f", swap(0, 1),
			"{\"f\": [/* A */ \"a\", /* B */ \"b\" /* b */]}\n", "{\"f\": [/* B */ \"b\" /* b */, /* A */ \"a\"]}\n"},
		{"JSONC, a comment to the line's end within a line", codec.JSONC, "f", swap(0, 1),
			"{\"f\": [\"a\", \"b\" // B\n]}\n", "{\"f\": [\"b\", // B\n \"a\"\n]}\n"},
		{"JSONC, comma first", codec.JSONC, "f", swap(0, 1),
			"{\"f\": [\n    \"a\" // A\n  , \"b\" // B\n]}\n", "{\"f\": [\n    \"b\" // B\n  , \"a\" // A\n]}\n"},
		{"JSONC, the comment of the next stays", codec.JSONC, "f", without(0),
			"{\"f\": [\"a\", /* B */ \"b\"]}\n", "{\"f\": [/* B */ \"b\"]}\n"},
	} {
		var heard reports
		got := change(t, c.codec(heard.option(), codec.KeepComments()), c.old, func(v *map[string]any) {
			list := (*v)[c.key]
			if tables, ok := list.([]map[string]any); ok {
				var all []any
				for _, e := range tables {
					all = append(all, e)
				}
				list = all
			}
			(*v)[c.key] = c.change(list.([]any))
		})
		if got != c.want {
			t.Errorf("%s: %v, got:\n%s\nwant:\n%s", c.name, heard.list, got, c.want)
		}
		if len(heard.list) == 1 && (len(heard.list[0].Lost) > 0 || heard.list[0].How != "spliced") {
			t.Errorf("%s: %+v", c.name, heard.list[0])
		}
	}
}

// The first element goes, which has nothing that the others are known by, and another
// one comes while the others change.
func TestElementsThatAreKnownByAKeyThatNotAllHaveKeepTheirComments(t *testing.T) {
	for _, c := range []struct {
		codec     codec.Codec
		old, want string
	}{
		{codec.YAML(),
			"f:\n- ref: x\n- arg: a\n  n: 1\n  type: str # of a\n- arg: b\n  n: 1 # of b\n  type: int\n- arg: c\n  n: 2\n  type: int\n",
			"f:\n- arg: a\n  n: 9\n  type: str # of a\n- arg: b\n  n: 9 # of b\n  type: int\n- arg: c\n  n: 9\n  type: int\n- ref: z\n"},
		{codec.JSONC(),
			"{\n  \"f\": [\n    {\"ref\": \"x\"},\n    {\"arg\": \"a\", \"n\": 1}, // of a\n    {\"arg\": \"b\", \"n\": 1}, // of b\n    {\"arg\": \"c\", \"n\": 2}\n  ]\n}\n",
			"{\n  \"f\": [\n    {\"arg\": \"a\", \"n\": 9}, // of a\n    {\"arg\": \"b\", \"n\": 9}, // of b\n    {\"arg\": \"c\", \"n\": 9},\n    {\"ref\": \"z\"}\n  ]\n}\n"},
		{codec.TOML(),
			"[[f]]\nref = \"x\"\n\n[[f]]\narg = \"a\"\nn = 1 # of a\n\n[[f]]\narg = \"b\"\nn = 1 # of b\n\n[[f]]\narg = \"c\"\nn = 2\n",
			"[[f]]\narg = \"a\"\nn = 9 # of a\n\n[[f]]\narg = \"b\"\nn = 9 # of b\n\n[[f]]\narg = \"c\"\nn = 9\n\n[[f]]\nref = \"z\"\n"},
	} {
		got := change(t, c.codec, c.old, func(v *struct {
			F []map[string]any `json:"f" yaml:"f" toml:"f"`
		}) {
			v.F = append(v.F[1:], map[string]any{"ref": "z"})
			for _, e := range v.F[:3] {
				e["n"] = 9
			}
		})
		if got != c.want {
			t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
		}
	}
}

func TestAnElementWithLinesOfOtherTablesBetweenItsOwnIsDeleted(t *testing.T) {
	old := "[[f]]\nn = 1 # 1\n\n[z]\nk = 1 # k\n\n[f.s]\na = 1\n\n# two\n[[f]]\nn = 2 # 2\n"
	var heard reports
	got := change(t, codec.TOML(heard.option(), codec.KeepComments()), old, func(v *document) { (*v)["f"] = (*v)["f"].([]map[string]any)[1:] })
	if want := "[z]\nk = 1 # k\n\n# two\n[[f]]\nn = 2 # 2\n"; got != want || heard.list[0].How != "spliced" {
		t.Errorf("%v, got:\n%s\nwant:\n%s", heard.list, got, want)
	}
}

func TestAnElementThatComesAndGoesLeavesNoTrace(t *testing.T) {
	for _, c := range []struct {
		codec codec.Codec
		old   string
	}{
		{codec.TOML(), "f = [\n  # {id = \"an example\"},\n]\n"},
		{codec.JSONC(), "{\"f\": [ // open\n  // an example\n]}\n"},
		{codec.YAML(), "f: [\n  # an example\n  ]\n"},
		{codec.YAML(), "f:\n  - a # A\n\n  # above b\n  - b\n\nz: 1\n"},
		{codec.YAML(), "f:\n- - a\n  # above b\n  - b\n-\n  # above c\n  - c\n"},
		{codec.TOML(), "f = [\"a\", \"b\"] # c\n"},
		{codec.JSON(), "{\"f\": [\n    1\n]}\n"},
	} {
		for at := range 3 {
			text := change(t, c.codec, c.old, func(v *document) {
				list := (*v)["f"].([]any)
				(*v)["f"] = slices.Insert(slices.Clone(list), min(at, len(list)), any("new"))
			})
			back := change(t, c.codec, text, func(v *document) {
				(*v)["f"] = slices.DeleteFunc((*v)["f"].([]any), func(e any) bool { return e == "new" })
			})
			if back != c.old {
				t.Errorf("at %d, from:\n%s\nthen:\n%s\nthen:\n%s", at, c.old, text, back)
			}
		}
	}
}

func TestAnElementTakesNoCommentThatWasThereBefore(t *testing.T) {
	got := change(t, codec.JSONC(), "{\"f\": [ /* none */ ]}\n", func(v *document) { (*v)["f"] = []any{1} })
	if want := "{\"f\": [ /* none */\n  1\n]}\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	got = change(t, codec.JSONC(codec.KeepComments()), got, func(v *document) { (*v)["f"] = []any{} })
	if want := "{\"f\": [ /* none */\n]}\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// The lists of the files were found wrong once: their last element moves to the front.
func TestListsOfFieldFilesKeepTheirComments(t *testing.T) {
	got := change(t, codec.JSONC(), "[\n  \"a\", // A\n  \"b\", // B\n  \"c\" // C\n]\n", func(v *[]any) { *v = lastToFirst(*v) })
	if want := "[\n  \"c\", // C\n  \"a\", // A\n  \"b\" // B\n]\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// If an element goes while others come, it may have become one of these, so the loss of
// its comments and unknown keys is reported.
func TestWhatBelongsToAnElementThatCantBePairedIsReported(t *testing.T) {
	for _, c := range []struct {
		name, old string
		change    func(v *namedItems)
		lost      []int
	}{
		{"a comment and a key", "items:\n  # above\n  - name: a\n    secret: s # c\n  - name: b\n", func(v *namedItems) {
			v.Items = []named{{"x", 7}, {"b", 0}, {"y", 8}}
		}, []int{2, 4}},
		{"nothing came", "items:\n  # above\n  - name: a\n    secret: s\n  - name: b\n", func(v *namedItems) {
			v.Items = v.Items[1:]
		}, nil},
		{"another name only", "items:\n  # above\n  - name: a\n    secret: s\n  - name: b\n", func(v *namedItems) {
			v.Items[0].Name = "x"
		}, nil},
		{"of two equal ones the poorer goes", "items:\n  - name: a\n  - name: a # c\n    secret: s\n", func(v *namedItems) {
			v.Items = v.Items[1:]
		}, nil},
		{"of two equal ones that both have something", "items:\n  - name: a # d\n  - name: a # c\n    secret: s\n", func(v *namedItems) {
			v.Items = v.Items[:1]
		}, []int{2}},
	} {
		var heard reports
		change(t, codec.YAML(heard.option()), c.old, c.change)
		if len(heard.list) != 1 || !reflect.DeepEqual(heard.list[0].Lost, c.lost) {
			t.Errorf("%s: %+v, want lines %v", c.name, heard.list, c.lost)
		}
		keep := codec.YAML(codec.KeepComments())
		v, err := loadAs[namedItems](keep, c.old)
		testkit.Must(t, err)
		c.change(&v)
		var out bytes.Buffer
		if err := keep.(codec.Editor).Edit(&out, []byte(c.old), v); errors.Is(err, errors.ErrEncode) != (c.lost != nil) {
			t.Errorf("%s, with KeepComments: %v", c.name, err)
		}
	}
}
