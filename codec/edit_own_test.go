package codec_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
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

// What nobody but the codec has written is not edited into something that it
// would write otherwise: a list does not stay on the line where it began empty.
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
				if err != nil {
					t.Fatal(err)
				}
				want, err := dumped(editor, v)
				if err != nil {
					t.Fatal(err)
				}
				how := "spliced"
				if old == want {
					how = "unchanged"
				}
				if got := edited(t, editor, old, v); got != want || !reflect.DeepEqual(told, codec.EditReport{How: how}) {
					t.Fatalf("%+v\n%s\nbecame\n%s\nand is written as\n%s", told, old, got, want)
				}
			}
		})
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
		if err != nil {
			t.Fatal(err)
		}
		want, err := dumped(c.codec, point{1, 3})
		if err != nil {
			t.Fatal(err)
		}
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
	if err := yaml.Unmarshal([]byte(old), &root); err != nil {
		t.Fatal(err)
	}
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
