package codec_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// renamed takes the key old_name for its name, and leaves an empty name out.
type renamed struct {
	Name string
	N    int
}

func (r *renamed) UnmarshalYAML(n *yaml.Node) error {
	var keys struct {
		Name string `yaml:"name"`
		Old  string `yaml:"old_name"`
		N    int    `yaml:"n"`
	}
	if err := n.Decode(&keys); err != nil {
		return err
	}
	*r = renamed{keys.Name + keys.Old, keys.N}
	return nil
}

func (r renamed) MarshalYAML() (any, error) {
	return struct {
		Name string `yaml:"name,omitempty"`
		N    int    `yaml:"n"`
	}{r.Name, r.N}, nil
}

func TestATextIsNotReplacedWhereKeysWouldBeLostThatTheTypeDoesNotKnow(t *testing.T) {
	old := "# head\nold_name: x # xc\nn: 1 # nc\nunknown: keep # uc\n"
	v, err := loadAs[renamed](codec.YAML(), old)
	testkit.Must(t, err)
	v.Name = ""
	if got, err := editedOrError(codec.YAML(), old, v); !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "[2 4]") || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := dumped(codec.YAML(codec.Rewrite()), v); err != nil || got != "\"n\": 1\n" {
		t.Errorf("%q, %v", got, err)
	}

	type config struct {
		Port int `json:"port" yaml:"port" toml:"port"`
	}
	for _, c := range []struct {
		codec codec.Codec
		old   string // which does not decode
	}{
		{codec.YAML(), "port: http\nunknown: keep\n"},
		{codec.TOML(), "port = \"http\"\nunknown = \"keep\"\n"},
		{codec.JSON(), "{\"port\": \"http\", \"unknown\": \"keep\"}"},
		{codec.JSONC(), "{\"port\": \"http\", \"unknown\": \"keep\"} // c"},
	} {
		if got, err := editedOrError(c.codec, c.old, config{80}); !errors.Is(err, errors.ErrEncode) || got != "" {
			t.Errorf("%q: %q, %v", c.old, got, err)
		}
	}
}

func TestANaNOfEitherSignIsSpliced(t *testing.T) {
	type config struct {
		A float64 `toml:"a" yaml:"a"`
	}
	nan := math.Copysign(math.NaN(), -1)
	for _, c := range []struct {
		codec     codec.Codec
		old, want string
	}{
		{codec.TOML(), "# c\na = 1.0 # ca\nu = 1 # unknown to T\n", "nan"},
		{codec.YAML(), "# c\na: 1.0 # ca\nu: 1 # unknown to T\n", ".nan"},
	} {
		for range 2 { // the second writes NaN over NaN
			got, err := editedOrError(c.codec, c.old, config{nan})
			if err != nil || strings.ReplaceAll(got, "-nan", "nan") != strings.Replace(c.old, "1.0", c.want, 1) {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
}

func TestLostNamesTheUnknownKeysOfWhatAPointerNoLongerHolds(t *testing.T) {
	type inner struct {
		A int `json:"a" yaml:"a" toml:"a"`
	}
	type config struct {
		In *inner `json:"in" yaml:"in" toml:"in"`
		N  int    `json:"n" yaml:"n" toml:"n"`
	}
	for _, c := range []struct {
		make func(...codec.Option) codec.Codec
		old  string
		lost []int
	}{
		{codec.YAML, "n: 1\nin:\n  a: 1\n  u: 2\n", []int{4}},
		{codec.JSON, "{\n   \"n\": 1,\n   \"in\": {\n     \"a\": 1,\n     \"u\": 2\n   }\n}\n", []int{5}},
		{codec.TOML, "n = 1\n\n[in]\na = 1\nu = 2\n", []int{5}},
		{codec.JSONC, "{\n   \"n\": 1,\n   \"in\": {\n     \"a\": 1,\n     \"u\": 2 // c\n   }\n}\n", []int{5}},
	} {
		var report codec.EditReport
		got := edited(t, c.make(codec.OnEdit(func(r codec.EditReport) { report = r })), c.old, config{nil, 1})
		if !slices.Equal(report.Lost, c.lost) {
			t.Errorf("%v: %s", report, got)
		}
		if _, err := editedOrError(c.make(codec.KeepComments()), c.old, config{nil, 1}); !errors.Is(err, errors.ErrEncode) {
			t.Errorf("KeepComments: %v", err)
		}
	}
}

// enabled loads the elements that are enabled, and no others.
type enabled []struct {
	Name string
	Off  bool `yaml:"off,omitempty"`
}

func (e *enabled) UnmarshalYAML(n *yaml.Node) error {
	type plain enabled
	var all plain
	if err := n.Decode(&all); err != nil {
		return err
	}
	*e = nil
	for _, x := range all {
		if !x.Off {
			*e = append(*e, x)
		}
	}
	return nil
}

func TestLostNamesTheUnknownKeysOfAListWhoseElementsCannotBeToldApart(t *testing.T) {
	type config struct{ Items enabled }
	old := "items:\n  - name: a\n    u: 1\n  - name: b\n    off: true\n  - name: c\n    w: 2\n"
	var report codec.EditReport
	v, err := loadAs[config](codec.YAML(), old)
	testkit.Must(t, err)
	v.Items[0].Name = "d"
	got := edited(t, codec.YAML(codec.OnEdit(func(r codec.EditReport) { report = r })), old, v)
	if strings.Contains(got, "u: 1") || !slices.Contains(report.Lost, 3) || !slices.Contains(report.Lost, 7) {
		t.Errorf("%v\n%s", report, got)
	}
	if _, err := editedOrError(codec.YAML(codec.KeepComments()), old, v); !errors.Is(err, errors.ErrEncode) {
		t.Errorf("KeepComments: %v", err)
	}
}

func TestLostNamesTheUnknownKeysOfAListThatTheEncodingLeftOut(t *testing.T) {
	type inner struct {
		A int `json:"a"`
	}
	type config struct {
		Pair [2]inner `json:"pair,omitzero"`
	}
	for _, c := range []struct {
		make func(...codec.Option) codec.Codec
		old  string
		lost []int
	}{
		{codec.JSON, "{\n  \"pair\": [\n    {\"a\": 0},\n    {\"u\": 1}\n  ]\n}\n", []int{4}},
		{codec.JSONC, "{\n  \"pair\": [\n    {\"a\": 0},\n    {\"u\": 1}\n  ]\n}\n", []int{4}},
	} {
		var report codec.EditReport
		set := config{[2]inner{{5}, {6}}}
		got := edited(t, c.make(codec.OnEdit(func(r codec.EditReport) { report = r })), c.old, set)
		if !slices.Equal(report.Lost, c.lost) {
			t.Errorf("%v: %s", report, got)
		}
		if _, err := editedOrError(c.make(codec.KeepComments()), c.old, set); !errors.Is(err, errors.ErrEncode) {
			t.Errorf("KeepComments: %v", err)
		}
	}
}
