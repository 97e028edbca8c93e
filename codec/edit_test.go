package codec_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// edited is old with v written into it by c.
func edited(t *testing.T, c codec.Codec, old string, v any) string {
	t.Helper()
	text, err := editedOrError(c, old, v)
	if err != nil {
		t.Fatalf("%v\n%s", err, old)
	}
	return text
}

func editedOrError(c codec.Codec, old string, v any) (string, error) {
	var out bytes.Buffer
	err := c.(codec.Editor).Edit(&out, []byte(old), v)
	return out.String(), err
}

// change loads old as a T, lets fn change that, and writes it into old.
func change[T any](t *testing.T, c codec.Codec, old string, fn func(*T)) string {
	t.Helper()
	v, err := loadAs[T](c, old)
	if err != nil {
		t.Fatalf("%v\n%s", err, old)
	}
	fn(&v)
	return edited(t, c, old, v)
}

// commented is one configuration, as a person keeps it in each format.
var commented = []struct {
	name  string
	codec codec.Codec
	text  string
}{
	{"YAML", codec.YAML(), `# the site
name:   "app"   # its name

server:
    port: 8080   # behind the proxy
    host: 'localhost'
    extra: {keep: me} # not ours
list:
    - name: one # first
      other: 0x10
    - name: two
unknown: [1, 2,   3]
`},
	{"TOML", codec.TOML(), `# the site
name   = 'app'   # its name
unknown = [1, 2,   3]

[server]
  port = 8_080   # behind the proxy
  host = "localhost"
  extra = {keep = "me"} # not ours

[[list]] # first
name = 'one'
other = 0x10
[[list]]
name = "two"
`},
	{"JSONC", codec.JSONC(), `// the site
{
	"name":   "app",   // its name
	"server": {
		"port": 8080,   /* behind the proxy */
		"host": "localhost",
		"extra": {"keep": "me"}, // not ours
	},
	"list": [
		{"name": "one", "other": 1.60e1}, // first
		{"name": "two"},
	],
	"unknown": [1, 2,   3]
}
`},
	{"JSON", codec.JSON(), `{
   "name":   "app",
   "server": {"port": 8080, "host": "\u006cocalhost", "extra": {"keep": "me"}},
   "list": [
      {"name": "one", "other": 1.60e1},
      {"name": "two"}
   ],
   "unknown": [1, 2,   3]
}
`},
}

// site knows fewer keys than the texts have, and some they have not.
type site struct {
	Name   string
	Server struct {
		Port    int
		Host    string
		Timeout int `yaml:",omitempty" toml:",omitzero" json:",omitempty"`
		Retries int
	}
	List  []element
	Debug bool
	Tags  []string
}

type element struct {
	Name  string
	Level int
}

func TestOnlyTheBytesOfAChangedValueDiffer(t *testing.T) {
	for _, c := range commented {
		t.Run(c.name, func(t *testing.T) {
			port := strings.NewReplacer("8080", "9090", "8_080", "9_090")
			for kind, got := range map[string]string{
				"struct":  change(t, c.codec, c.text, func(s *site) { s.Server.Port = 9090 }),
				"pointer": change(t, c.codec, c.text, func(s **site) { (*s).Server.Port = 9090 }),
				"map": change(t, c.codec, c.text, func(m *map[string]any) {
					(*m)["server"].(map[string]any)["port"] = 9090
				}),
			} {
				if want := port.Replace(c.text); got != want {
					t.Errorf("%s:\n%s\nwant:\n%s", kind, got, want)
				}
			}
			got := change(t, c.codec, c.text, func(s *site) { s.List[0].Name = "uno" })
			want := strings.NewReplacer(`"one"`, `"uno"`, `'one'`, `'uno'`, `: one`, `: uno`).Replace(c.text)
			if got != want {
				t.Errorf("in a list:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestWithoutAChangeTheTextIsTheSame(t *testing.T) {
	for _, c := range commented {
		if got := change(t, c.codec, c.text, func(*site) {}); got != c.text {
			t.Errorf("%s:\n%s", c.name, got)
		}
		if got := change(t, c.codec, c.text, func(*any) {}); got != c.text {
			t.Errorf("%s as any:\n%s", c.name, got)
		}
	}
}

func TestZeroValuesAndOmittedKeysAreNotWrittenIntoTheText(t *testing.T) {
	for _, c := range commented {
		got := change(t, c.codec, c.text, func(s *site) { s.Name = "b" })
		for _, key := range []string{"ebug", "evel", "etries", "imeout", "ags"} {
			if strings.Contains(got, key) {
				t.Errorf("%s: %q came into\n%s", c.name, key, got)
			}
		}
		got = change(t, c.codec, c.text, func(s *site) { s.Server.Timeout = 7 })
		v, err := loadAs[site](c.codec, got)
		if err != nil || v.Server.Timeout != 7 || strings.Contains(got, "etries") {
			t.Errorf("%s: %+v %v\n%s", c.name, v, err, got)
		}
		got = change(t, c.codec, got, func(s *site) { s.Server.Timeout = 0 })
		if got != c.text {
			t.Errorf("%s: set and set back:\n%s", c.name, got)
		}
	}
}

func TestElementsOfAListKeepTheirUnknownKeysWhereverTheyGo(t *testing.T) {
	for _, c := range commented {
		for name, fn := range map[string]func(l []element) []element{
			"moved":         func(l []element) []element { return append(l[1:], l[0], element{Name: "three"}) },
			"swapped":       func(l []element) []element { return []element{l[1], l[0]} },
			"one before":    func(l []element) []element { return slices.Insert(l, 0, element{Name: "zero"}) },
			"one gone":      func(l []element) []element { return l[:1] },
			"one changed":   func(l []element) []element { l[1].Level = 5; return l },
			"itself":        func(l []element) []element { l[0].Level = 5; return l },
			"turned around": func(l []element) []element { return []element{{Name: "x"}, l[1], {Name: "y"}, l[0]} },
		} {
			got := change(t, c.codec, c.text, func(s *site) { s.List = fn(s.List) })
			v, err := loadAs[struct{ List []struct{ Name, Other any } }](c.codec, got)
			testkit.Must(t, err)
			for _, e := range v.List {
				if has := e.Other != nil; has != (e.Name == "one") {
					t.Errorf("%s, %s: %v\n%s", c.name, name, e, got)
				}
			}
		}
	}
}

// The decoders of JSON and TOML find a key that differs in case.
func TestAKeyOfAnotherCaseIsTheKeyToChange(t *testing.T) {
	type config struct{ Port int }
	for _, c := range []struct {
		codec     codec.Codec
		old, want string
	}{
		{codec.JSON(), `{"pORT": 1, "other": 2}`, `{"pORT": 5, "other": 2}`},
		{codec.JSONC(), "{\"PORT\": 1, /* c */ \"other\": 2}", "{\"PORT\": 5, /* c */ \"other\": 2}"},
		{codec.TOML(), "port = 1 # c\nother = 2\n", "port = 5 # c\nother = 2\n"},
		{codec.JSON(), `{"Port": 1, "port": 3}`, `{"Port": 1, "port": 5}`}, // the last counts
	} {
		if got := change(t, c.codec, c.old, func(v *config) { v.Port = 5 }); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestAYAMLNodeIsEditedLikeAnyValue(t *testing.T) {
	c := commented[0]
	got := change(t, c.codec, c.text, func(n *yaml.Node) {
		port := n.Content[0].Content[3].Content[1]
		port.Value = "9090"
	})
	if want := strings.Replace(c.text, "8080", "9090", 1); got != want {
		t.Errorf("\n%s\nwant:\n%s", got, want)
	}
}

func TestACommentChangedInAYAMLNodeIsWritten(t *testing.T) {
	const old = "# one\na: 1\nb: 2\n"
	got := change(t, codec.YAML(), old, func(n *yaml.Node) { n.Content[0].Content[0].HeadComment = "# other" })
	if want := "# other\na: 1\nb: 2\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got = change(t, codec.YAML(), old, func(n *yaml.Node) {
		n.Content[0].Content[0].HeadComment = "# other"
		n.Content[0].Content[3].Value = "3"
	})
	if want := "# other\na: 1\nb: 3\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAnInterfaceIsEditedLikeWhatItHolds(t *testing.T) {
	for _, c := range commented {
		got := change(t, c.codec, c.text, func(v *any) { (*v).(map[string]any)["name"] = "b" })
		want := strings.NewReplacer(`"app"`, `"b"`, `'app'`, `'b'`).Replace(c.text)
		if got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, want)
		}
	}
	for _, c := range commented[2:] {
		if got := edited(t, c.codec, c.text, nil); strings.TrimSpace(strings.ReplaceAll(got, "// the site", "")) != "null" {
			t.Errorf("%s, nil:\n%s", c.name, got)
		}
	}
}

func TestTextThatDoesNotDecodeIsReplacedWhole(t *testing.T) {
	type config struct {
		Port int    `yaml:"port" toml:"port" json:"port"`
		Host string `yaml:"host" toml:"host" json:"host"`
	}
	v := config{Port: 1}
	for _, c := range []struct {
		codec codec.Codec
		old   []string
	}{
		{codec.YAML(), []string{"port: [", "# c\nport: many\n", "port: 1\n---\nport: 2\n", "\xff\xfe#\x00c\x00\n\x00"}},
		{codec.TOML(), []string{"port = ", "# c\nport = 'many'\n", "port = 1\nport = 2\n"}},
		{codec.JSON(), []string{"{", `{"port": "many"}`, "", "  \n", "{} {}"}},
		{codec.JSONC(), []string{"{ // c", `{"port": "many"} // c`, "", "// only\n", "/* no end"}},
	} {
		want, err := dumped(c.codec, v)
		testkit.Must(t, err)
		for _, old := range c.old {
			if got := edited(t, c.codec, old, v); got != want {
				t.Errorf("over %q: %q, want %q", old, got, want)
			}
		}
	}
}

func TestABlankTextTakesTheValue(t *testing.T) {
	type config struct {
		Port int    `yaml:"port" toml:"port" json:"port"`
		Host string `yaml:"host" toml:"host" json:"host"`
	}
	for _, c := range []struct {
		name    string
		codec   codec.Codec
		comment string
	}{
		{"YAML", codec.YAML(), "# c"}, {"TOML", codec.TOML(), "# c"},
		{"JSON", codec.JSON(codec.AllowEmpty()), ""}, {"JSONC", codec.JSONC(codec.AllowEmpty()), "// c"},
	} {
		for _, old := range []string{"", "\n", "\ufeff", c.comment, c.comment + "\n", "\n" + c.comment + "\r\n\r\n"} {
			got := edited(t, c.codec, old, config{Port: 5})
			v, err := loadAs[config](c.codec, got)
			if err != nil || v.Port != 5 || strings.Contains(old, c.comment) != strings.Contains(got, c.comment) || strings.HasPrefix(old, "\ufeff") != strings.HasPrefix(got, "\ufeff") {
				t.Errorf("%s over %q: %q %+v %v", c.name, old, got, v, err)
			}
			if got := edited(t, c.codec, old, config{}); got != old {
				t.Errorf("%s: nothing over %q: %q", c.name, old, got)
			}
		}
	}
}

// stretched loads as something else than was dumped.
type stretched int

func (s stretched) MarshalText() ([]byte, error) { return []byte(strings.Repeat("x", int(s))), nil }

func (s *stretched) UnmarshalText(text []byte) error { *s = stretched(2 * len(text)); return nil }

func TestAValueThatDoesNotSurviveItsFormatIsNotEdited(t *testing.T) {
	type config struct {
		S stretched `yaml:"s" toml:"s" json:"s"`
		N int       `yaml:"n" toml:"n" json:"n"`
	}
	for _, c := range []struct {
		codec codec.Codec
		old   string
	}{
		{codec.YAML(), "s: x # s\nn: 1 # n\n"},
		{codec.TOML(), "s = \"x\" # s\nn = 1 # n\n"},
		{codec.JSON(), `{"s": "x",  "n": 1}`},
		{codec.JSONC(), "{\"s\": \"x\",  \"n\": 1} // c"},
	} {
		got, err := editedOrError(c.codec, c.old, config{3, 2})
		if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "loads as another value") || got != "" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// reports collects what a codec tells.
type reports struct {
	mu   sync.Mutex
	list []codec.EditReport
}

func (r *reports) option() codec.Option {
	return codec.OnEdit(func(e codec.EditReport) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, e)
	})
}

func TestOnEditHearsHowEachTextWasEdited(t *testing.T) {
	for _, c := range []struct {
		name, old string
		value     any
		want      codec.EditReport
	}{
		{"nothing", "a: 1 # c\n", map[string]int{"a": 1}, codec.EditReport{How: "unchanged"}},
		{"a value", "a: 1 # c\n", map[string]int{"a": 2}, codec.EditReport{How: "spliced"}},
		{"through an alias", "a: &x 1 # c\nb: *x\n", map[string]int{"a": 1, "b": 2}, codec.EditReport{How: "localized"}},
		{"comments lost", "# head\na: # c\n  b: 1 # d\n", []int{1}, codec.EditReport{How: "replaced", Lost: []int{1, 2, 3}}},
		{"does not decode", "# head\na: x # c\n", map[string]int{"a": 2}, codec.EditReport{How: "replaced", Lost: []int{1, 2}}},
		{"does not parse", "# head\na: [ # c\n", map[string]int{"a": 2}, codec.EditReport{How: "replaced"}},
	} {
		var heard reports
		edited(t, codec.YAML(heard.option()), c.old, c.value)
		if !reflect.DeepEqual(heard.list, []codec.EditReport{c.want}) {
			t.Errorf("%s: %+v, want %+v", c.name, heard.list, c.want)
		}
	}
}

func TestKeepCommentsRefusesToLoseOneAndWritesNothing(t *testing.T) {
	type config struct{ A int }
	for _, c := range []struct {
		codec codec.Codec
		old   string
	}{
		{codec.YAML(codec.KeepComments()), "# head\na: x # does not decode\n"},
		{codec.YAML(codec.KeepComments()), "# head\na: [\n"},
		{codec.YAML(codec.KeepComments()), "# head\na: 1\n---\na: 2\n"},
		{codec.TOML(codec.KeepComments()), "# head\na = \n"},
		{codec.JSONC(codec.KeepComments()), "// head\n{\"A\": }"},
		{codec.JSON(codec.KeepComments()), "[1]"},
	} {
		var out bytes.Buffer
		err := c.codec.(codec.Editor).Edit(&out, []byte(c.old), config{2})
		if !errors.Is(err, errors.ErrEncode) || out.Len() > 0 {
			t.Errorf("%q: %v, wrote %q", c.old, err, out.String())
		}
	}
	var out bytes.Buffer
	err := codec.YAML(codec.KeepComments()).(codec.Editor).Edit(&out, []byte("a: # why\n  - 1\n"), []int{1})
	if !errors.Is(err, errors.ErrEncode) || out.Len() > 0 {
		t.Errorf("%v, wrote %q", err, out.String())
	}
}

func TestKeepCommentsAllowsWhatLosesNone(t *testing.T) {
	for _, c := range commented[:3] {
		keep := map[string]codec.Codec{"YAML": codec.YAML(codec.KeepComments()), "TOML": codec.TOML(codec.KeepComments()), "JSONC": codec.JSONC(codec.KeepComments())}[c.name]
		got := change(t, keep, c.text, func(m *map[string]any) { delete(*m, "name"); (*m)["new"] = true })
		if strings.Contains(got, "its name") || !strings.Contains(got, "behind the proxy") || !strings.Contains(got, "the site") {
			t.Errorf("%s:\n%s", c.name, got)
		}
	}
	for _, c := range []codec.Codec{codec.JSON(codec.KeepComments()), codec.JSONC(codec.KeepComments()), codec.YAML(codec.KeepComments()), codec.TOML(codec.KeepComments())} {
		for _, old := range []string{"", " \n"} {
			got := edited(t, c, old, map[string]int{"a": 1})
			if v, err := loadAs[map[string]int](c, got); err != nil || v["a"] != 1 {
				t.Errorf("over a blank text: %q %v", got, err)
			}
		}
	}
}

func TestRewriteSwitchesEditingOff(t *testing.T) {
	for name, c := range map[string]codec.Codec{
		"JSON": codec.JSON(codec.Rewrite()), "JSONC": codec.JSONC(codec.Rewrite()),
		"YAML": codec.YAML(codec.Rewrite()), "TOML": codec.TOML(codec.Rewrite()),
	} {
		if _, ok := c.(codec.Editor); ok {
			t.Errorf("%s is an Editor", name)
		}
	}
}

func TestEqualCodecsCompareEqual(t *testing.T) {
	hears := codec.OnEdit(func(codec.EditReport) {})
	for name, build := range map[string]func(...codec.Option) codec.Codec{
		"JSON": codec.JSON, "JSONC": codec.JSONC, "YAML": codec.YAML, "TOML": codec.TOML,
	} {
		for _, same := range [][2]codec.Codec{
			{build(), build()},
			{build(codec.Indent(4), codec.KeepComments()), build(codec.KeepComments(), codec.Indent(4))},
			{build(hears), build(hears)},
			{codec.Gzip(build()), codec.Gzip(build())},
		} {
			if same[0] != same[1] {
				t.Errorf("%s: %v and %v differ", name, same[0], same[1])
			}
		}
		if build() == build(codec.KeepComments()) || build() == build(codec.Strict()) || build() == codec.Gzip(build()) {
			t.Errorf("%s: different codecs are equal", name)
		}
		valid := codec.Validate(build(), func(any) error { return nil })
		if valid != valid || codec.Gzip(valid) != codec.Gzip(valid) {
			t.Errorf("%s: a validating codec differs from itself", name)
		}
	}
}

func TestWrappedCodecsEdit(t *testing.T) {
	c := commented[0]
	var heard reports
	inner := codec.YAML(heard.option())
	packed := codec.Gzip(codec.Validate(inner, func(s site) error {
		if s.Server.Port == 0 {
			return errTouchy
		}
		return nil
	}))
	var old bytes.Buffer
	testkit.Must(t, codec.Gzip(codec.Text()).Dump(&old, c.text))
	plain := change(t, packed, old.String(), func(s *site) { s.Server.Port = 9090 })
	got, err := loadAs[string](codec.Gzip(codec.Text()), plain)
	if want := strings.Replace(c.text, "8080", "9090", 1); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if len(heard.list) != 1 || heard.list[0].How != "spliced" {
		t.Errorf("heard %v", heard.list)
	}
	var out bytes.Buffer
	if err := packed.(codec.Editor).Edit(&out, old.Bytes(), site{}); !errors.Is(err, errTouchy) || !errors.Is(err, errors.ErrEncode) || out.Len() > 0 {
		t.Errorf("%v", err)
	}
}

// moody is encoded as what no TOML is, once the file holds "bad".
type moody struct{ bad bool }

func (m *moody) UnmarshalTOML(v any) error {
	m.bad = v == "bad"
	return nil
}

func (m moody) MarshalTOML() ([]byte, error) {
	if m.bad {
		return []byte("= ="), nil
	}
	return []byte(`"good"`), nil
}

func TestATextWhoseValueHasNoEncodingIsReplaced(t *testing.T) {
	type config struct {
		Mood moody `toml:"mood"`
	}
	const text = "# why\nmood = \"bad\"\n"
	var told codec.EditReport
	c := codec.TOML(codec.OnEdit(func(r codec.EditReport) { told = r })).(codec.Editor)
	var got bytes.Buffer
	if err := c.Edit(&got, []byte(text), config{}); err != nil || got.String() != "mood = \"good\"\n" {
		t.Errorf("%q, %v", got.String(), err)
	}
	if told.How != "replaced" || !slices.Equal(told.Lost, []int{1}) {
		t.Errorf("told of %+v", told)
	}
	testkit.WantIs(t, "with comments to keep", codec.TOML(codec.KeepComments()).(codec.Editor).Edit(&got, []byte(text), config{}), errors.ErrEncode)
}
