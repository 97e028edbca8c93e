package codec_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// job is of the kind that programs keep for themselves.
type job struct {
	Name  string         `json:"name" yaml:"name" toml:"name"`
	Steps []int          `json:"steps" yaml:"steps" toml:"steps"`
	Env   map[string]any `json:"env,omitempty" yaml:"env,omitempty" toml:"env,omitempty"`
	Note  string         `json:"note,omitempty" yaml:"note,omitempty" toml:"note,omitempty"`
}

func randomJobs(r *rand.Rand) map[string]job {
	words := []string{"", "a", "b c", "x: y", "two\nlines\n", "true", "# no comment", "&a", "*b"}
	jobs := map[string]job{}
	for range r.IntN(4) {
		j := job{Name: words[r.IntN(len(words))], Note: words[r.IntN(len(words))]}
		for range r.IntN(3) {
			j.Steps = append(j.Steps, r.IntN(3))
		}
		if r.IntN(2) == 0 {
			j.Env = map[string]any{}
			for range r.IntN(3) {
				j.Env[fmt.Sprint("e", r.IntN(3))] = words[r.IntN(len(words))]
			}
		}
		jobs[fmt.Sprint("k", r.IntN(4))] = j
	}
	return jobs
}

// A text that only the codec has written stays as the codec would write it: a list does not
// stay on the line where it was empty.
func TestATextThatOnlyTheCodecWroteStaysAsItWrites(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(...codec.Option) codec.Codec
	}{{"JSON", codec.JSON}, {"JSONC", codec.JSONC}, {"YAML", codec.YAML}, {"TOML", codec.TOML}} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var told codec.EditReport
			editor := c.make(codec.Indent(3), codec.OnEdit(func(e codec.EditReport) { told = e }))
			for range 500 {
				v := randomJobs(r)
				old, err := dumped(editor, randomJobs(r))
				testkit.Must(t, err)
				want, err := dumped(editor, v)
				testkit.Must(t, err)
				how := codec.EditSpliced
				if old == want {
					how = codec.EditUnchanged
				}
				if got := edited(t, editor, old, v); got != want || !reflect.DeepEqual(told, codec.EditReport{How: how}) {
					t.Fatalf("%+v\n%s\nbecame\n%s\nand is written as\n%s", told, old, got, want)
				}
			}
		})
	}
}

// twofold writes a key twice, which does not load.
type twofold struct{ A int }

func (v *twofold) UnmarshalYAML(*yaml.Node) error { return nil }

func (v twofold) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "a"}, {Kind: yaml.ScalarNode, Value: fmt.Sprint(v.A)},
	}}
	if v.A > 0 {
		n.Content = append(n.Content, n.Content...)
	}
	return n, nil
}

// The codec's own text is not trusted more than an edit is.
func TestATextThatDoesNotLoadIsNotWrittenOverOneThatDoes(t *testing.T) {
	dangling := yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "a"}, {Kind: yaml.AliasNode, Value: "nowhere"},
	}}
	for name, c := range map[string]struct {
		old string
		v   any
	}{"an alias of nothing": {"a: 1\n", dangling}, "a key twice": {"a: 0\n", twofold{1}}} {
		var out bytes.Buffer
		if err := codec.YAML().(codec.Editor).Edit(&out, []byte(c.old), c.v); err != nil {
			continue
		}
		if _, err := loadAs[any](codec.YAML(), out.String()); err != nil {
			t.Errorf("%s: %q does not load: %v", name, out.String(), err)
		}
	}
}

// One comment, or one blank that the codec would not have put there, and the text
// is somebody's.
func TestATextThatSomebodyTouchedIsEdited(t *testing.T) {
	type point struct{ X, Y int }
	for _, c := range []struct {
		codec codec.Codec
		note  string
	}{{codec.JSON(), "  \n"}, {codec.JSONC(), "// mine\n"}, {codec.YAML(), "# mine\n"}, {codec.TOML(), "# mine\n"}} {
		old, err := dumped(c.codec, point{1, 2})
		testkit.Must(t, err)
		want, err := dumped(c.codec, point{1, 3})
		testkit.Must(t, err)
		if got := edited(t, c.codec, c.note+old, point{1, 3}); got != c.note+want {
			t.Errorf("%q became %q", c.note+old, got)
		}
	}
}

// A tree with its comments writes itself as it was, and still one that goes with
// the entry below it does not go without a word.
func TestCommentsOfATreeAreNotTakenForTheCodecsOwn(t *testing.T) {
	const old = "# about a\na: 1\n# about b\nb: 2\n"
	var root yaml.Node
	testkit.Must(t, yaml.Unmarshal([]byte(old), &root))
	if text, err := dumped(codec.YAML(), &root); err != nil || text != old {
		t.Fatalf("%q, %v", text, err)
	}
	root.Content[0].Content = root.Content[0].Content[:2]
	var told codec.EditReport
	hears := codec.YAML(codec.OnEdit(func(r codec.EditReport) { told = r }))
	if got := edited(t, hears, old, root); got != "# about a\na: 1\n" || !slices.Equal(told.Lost, []int{3}) {
		t.Errorf("%q, %+v", got, told)
	}
}
