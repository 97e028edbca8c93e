package yaml

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// update does what a codec does: it decodes text, lets change have the value, and edits.
func update[T any](t *testing.T, text string, change func(v *T)) (string, edit.Report) {
	t.Helper()
	var v T
	testkit.Must(t, yaml.Unmarshal([]byte(text), &v))
	old, err := yaml.Marshal(&v)
	testkit.Must(t, err)
	change(&v)
	new, err := yaml.Marshal(&v)
	testkit.Must(t, err)
	got, report, err := edit.Edit(Grammar, []byte(text), old, new, edit.Options{Check: func(doc *edit.Document) error {
		var again T
		if err := decodeDocument(doc, &again, false); err != nil {
			return err
		}
		if encoded, err := yaml.Marshal(&again); err != nil || !bytes.Equal(encoded, new) {
			return errors.New("it decodes to another value")
		}
		return nil
	}})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(got), report
}

type limits struct {
	CPU int `yaml:"cpu,omitempty"`
	Mem int `yaml:"mem,omitempty"`
}

type unit struct {
	Image  string  `yaml:"image,omitempty"`
	Limits *limits `yaml:"limits,omitempty"`
	Tags   []string
	Since  time.Time `yaml:"since,omitempty"`
	Port   int       `yaml:"port"`
}

type system struct {
	Base, Web, Job unit `yaml:",omitempty"`
}

const anchored = `base: &base # shared
  image: a
  limits: &limits {cpu: 1, mem: 2}
  unknown: kept
web:
  <<: *base
  port: 80
job:
  limits: *limits # the same
`

func TestValuesThatComeThroughAnAliasOrAMerge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *system)
		want   []string // replacements in anchored
	}{
		{"a merged value becomes local", func(s *system) { s.Web.Image = "b" }, []string{"<<: *base\n", "<<: *base\n  image: b\n"}},
		{"a value below a merged one becomes local", func(s *system) { s.Web.Limits.CPU = 9 },
			[]string{"<<: *base\n", "<<: *base\n  limits:\n    cpu: 9\n    mem: 2\n"}},
		{"a value below an alias becomes local", func(s *system) { s.Job.Limits.CPU = 9 }, []string{"limits: *limits #", "limits: # ", "the same\n", "the same\n    cpu: 9\n    mem: 2\n"}},
		{"an anchored value changes for itself alone", func(s *system) { s.Base.Image = "b" }, []string{"image: a", "image: b", "port: 80\n", "port: 80\n  image: a\n"}},
		{"an anchored value changes for all", func(s *system) { s.Base.Image, s.Web.Image = "b", "b" }, []string{"image: a", "image: b"}},
		{"the zero of a merged value is written out", func(s *system) { s.Web.Image = "" }, []string{"<<: *base\n", "<<: *base\n  image: \"\"\n"}},
		{"the nil of a merged value is written out", func(s *system) { s.Web.Limits = nil }, []string{"<<: *base\n", "<<: *base\n  limits: null\n"}},
		{"an unknown key is no change", func(s *system) { s.Web.Port = 81 }, []string{"port: 80", "port: 81"}},
	} {
		got, report := update(t, anchored, c.change)
		want := anchored
		for i := 0; i < len(c.want); i += 2 {
			want = strings.Replace(want, c.want[i], c.want[i+1], 1)
		}
		want = strings.Replace(want, "limits: #  ", "limits: # ", 1)
		if got != want || len(report.Lost) > 0 {
			t.Errorf("%s: %+v\ngot:\n%s\nwant:\n%s", c.name, report, got, want)
		}
	}
}

func TestAMapWithoutAMergedKeyTakesTheMergeApart(t *testing.T) {
	text := "x: &x {a: 1, b: 2} # c\ny:\n  <<: *x\n  d: 3\n"
	got, _ := update(t, text, func(v *map[string]map[string]int) { delete((*v)["y"], "a") })
	if want := "x: &x {a: 1, b: 2} # c\ny:\n  b: 2\n  d: 3\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestDeletingAnAnchorKeepsWhatItsAliasesMean(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"value", "x: &x {a: 1} # c\ny: *x # d\n", "y:  # d\n  a: 1\n"},
		{"scalar", "x: &x 1\ny: *x # d\nz: [*x]\n", "y: 1 # d\nz: [1]\n"},
		{"key", "x: &x k\ny:\n  *x : 1\n", "y:\n  k: 1\n"},
		{"merge", "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n", "y:\n  <<:\n    a: 1\n  b: 2\n"},
	} {
		got, report := update(t, c.text, func(v *map[string]any) { delete(*v, "x") })
		if want := strings.Replace(c.want, "y:  # d", "y: # d", 1); got != want || report.Rung != edit.Localized {
			t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s", c.name, report, got, want)
		}
	}
}

func TestKeysUnknownToTheTypeStay(t *testing.T) {
	text := "base:\n  limits:\n    cpu: 1\n    gpu: 2 # not ours\n  image: a\nother: {x: 1}\n"
	got, _ := update(t, text, func(s *system) { s.Base.Limits.CPU = 0 })
	if want := strings.Replace(text, "    cpu: 1\n", "", 1); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	got, _ = update(t, text, func(s *system) { s.Base = unit{} })
	if !strings.Contains(got, "other: {x: 1}") {
		t.Errorf("got:\n%s", got)
	}
	type outer struct {
		In struct {
			A int `yaml:"a,omitempty"`
		} `yaml:"in,omitempty"`
	}
	got, _ = update(t, "in:\n  a: 1\n  b: 2\n", func(o *outer) { o.In.A = 0 })
	if want := "in:\n  b: 2\n"; got != want {
		t.Errorf("a zero struct: got:\n%s\nwant:\n%s", got, want)
	}
	got, _ = update(t, "in:\n  b: 2\n", func(o *outer) { o.In.A = 1 })
	if want := "in:\n  a: 1\n  b: 2\n"; got != want && got != "in:\n  b: 2\n  a: 1\n" {
		t.Errorf("a struct that was zero: got:\n%s", got)
	}
}

func TestNilAndEmptyAndTimeZonesAreNoChange(t *testing.T) {
	text := "base:\n  tags: []\n  since: 2001-12-14t21:59:43.10-05:00\nweb: {port: 0x50}\n"
	got, report := update(t, text, func(s *system) { s.Base.Since = s.Base.Since.Round(0) })
	if got != text || report.Rung != edit.Unchanged {
		t.Errorf("%v: got:\n%s", report, got)
	}
	got, _ = update(t, text, func(s *system) { s.Web.Port = 81 })
	if want := strings.Replace(text, "0x50", "0x51", 1); got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestTwentyOperationsInOneEdit(t *testing.T) {
	text := string(services(25))
	got, report := update(t, text, func(v *site) {
		for i := range 5 {
			name := func(k int) string { return fmt.Sprintf("service%d", 5*i+k) }
			s := v.Services[name(0)]
			s.Replicas, s.Ports = 1000, append(s.Ports, 1)
			v.Services[name(0)] = s
			delete(v.Services, name(1))
			v.Services[fmt.Sprintf("new%d", i)] = service{Image: "x"}
		}
	})
	if report.Rung != edit.Spliced || len(report.Lost) > 0 {
		t.Errorf("%+v", report)
	}
	if n, m := strings.Count(got, "#"), strings.Count(text, "#"); n != m-5 {
		t.Errorf("%d comments of %d are left, 5 ended a line of a deleted entry", n, m)
	}
}

func TestGenericValuesGetTheSameCare(t *testing.T) {
	text := "# head\na: 1 # c\nb: [x, y]\n"
	got, _ := update(t, text, func(v *map[string]any) { (*v)["a"], (*v)["c"] = 2, "new" })
	if want := "# head\na: 2 # c\nb: [x, y]\nc: new\n"; got != want {
		t.Errorf("map: got:\n%s", got)
	}
	got, _ = update(t, text, func(n *yaml.Node) { n.Content[0].Content[1].Value = "2" })
	if want := "# head\na: 2 # c\nb: [x, y]\n"; got != want {
		t.Errorf("node: got:\n%s", got)
	}
}

// celsius is written as a number and a unit; it is read from either.
type celsius float64

func (c celsius) MarshalYAML() (any, error) {
	return map[string]any{"value": float64(c), "unit": "C"}, nil
}

func (c *celsius) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode((*float64)(c))
	}
	var v struct{ Value float64 }
	err := n.Decode(&v)
	*c = celsius(v.Value)
	return err
}

func TestATextOfAnotherShapeThanTheEncodingIsSetWhole(t *testing.T) {
	text := "# head\nroom: 20.5 # c\nother: 1\n"
	got, _ := update(t, text, func(v *struct{ Room celsius }) { v.Room = 21 })
	if want := "# head\nroom: # c\n  unit: C\n  value: 21\nother: 1\n"; got != want {
		t.Errorf("got:\n%s", got)
	}
}
