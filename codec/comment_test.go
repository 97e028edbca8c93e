package codec_test

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// noted is a type with comments.
type noted struct {
	notedBase `yaml:",inline"`
	Name      string               `json:"name" yaml:"name" toml:"name" comment:"The name."`
	Debug     bool                 `json:"debug,omitempty" yaml:"debug,omitempty" toml:"debug,omitempty" comment:"Print more.\nMuch more."`
	Plain     string               `json:"plain" yaml:"plain" toml:"plain" comment:""`
	Server    *notedServer         `json:"server,omitempty" yaml:"server,omitempty" toml:"server,omitempty" comment:"Where it listens."`
	Users     []notedUser          `json:"users,omitempty" yaml:"users,omitempty" toml:"users,omitempty" comment:"Who may log in."`
	Hosts     map[string]notedUser `json:"hosts,omitempty" yaml:"hosts,omitempty" toml:"hosts,omitempty"`
}

type notedBase = NotedBase

type NotedBase struct {
	ID int `json:"id" yaml:"id" toml:"id" comment:"Do not change."`
}

type notedServer struct {
	Port int `json:"port" yaml:"port" toml:"port" comment:"From 1 to 65535."`
}

type notedUser struct {
	Name  string `json:"name" yaml:"name" toml:"name" comment:"Of the user."`
	Admin bool   `json:"admin,omitempty" yaml:"admin,omitempty" toml:"admin,omitempty" comment:"May do everything."`
}

// commentingCodecs are the codecs that write comments, and their names.
var commentingCodecs = []struct {
	name string
	make func(...codec.Option) codec.Codec
}{{"yaml", codec.YAML}, {"toml", codec.TOML}, {"jsonc", codec.JSONC}}

// editedTo is old after an edit to v, and how that was done.
func editedTo(t *testing.T, makeCodec func(...codec.Option) codec.Codec, old string, v any) (string, codec.EditReport) {
	t.Helper()
	var told codec.EditReport
	c := makeCodec(codec.OnEdit(func(r codec.EditReport) { told = r })).(codec.Editor)
	var out bytes.Buffer
	testkit.Must(t, c.Edit(&out, []byte(old), v))
	got := reflect.New(reflect.TypeOf(v))
	testkit.Must(t, c.Load(bytes.NewReader(out.Bytes()), got.Interface()))
	if !reflect.DeepEqual(got.Elem().Interface(), v) {
		t.Errorf("it holds %+v instead of %+v\n%s", got.Elem(), v, out.String())
	}
	return out.String(), told
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

// full is a value with everything.
func full() noted {
	return noted{notedBase: NotedBase{1}, Name: "app", Server: &notedServer{80}, Users: []notedUser{{Name: "ada"}, {Name: "bob", Admin: true}},
		Hosts: map[string]notedUser{"h": {Name: "x"}}}
}

var fullTexts = map[string]string{
	"yaml": `# Do not change.
id: 1
# The name.
name: app
plain: ""
# Where it listens.
server:
  # From 1 to 65535.
  port: 80
# Who may log in.
users:
  # Of the user.
  - name: ada
  - name: bob
    admin: true
hosts:
  h:
    # Of the user.
    name: x
`,
	"toml": `# Do not change.
id = 1
# The name.
name = "app"
plain = ""

# Where it listens.
[server]
  # From 1 to 65535.
  port = 80

# Who may log in.
[[users]]
  # Of the user.
  name = "ada"

[[users]]
  name = "bob"
  admin = true

[hosts]
  [hosts.h]
    # Of the user.
    name = "x"
`,
	"jsonc": `{
  // Do not change.
  "id": 1,
  // The name.
  "name": "app",
  "plain": "",
  // Where it listens.
  "server": {
    // From 1 to 65535.
    "port": 80
  },
  // Who may log in.
  "users": [
    {
      // Of the user.
      "name": "ada"
    },
    {
      "name": "bob",
      "admin": true
    }
  ],
  "hosts": {
    "h": {
      // Of the user.
      "name": "x"
    }
  }
}
`,
}

func TestANewTextHasTheCommentsOfTheFields(t *testing.T) {
	for _, c := range commentingCodecs {
		text, err := dumped(c.make(), full())
		testkit.Must(t, err)
		wantText(t, c.name, text, fullTexts[c.name])
		whole, err := dumped(c.make(codec.Rewrite()), full())
		testkit.Must(t, err)
		wantText(t, c.name+" with Rewrite", whole, fullTexts[c.name])
		broken, _ := editedTo(t, c.make, "{", full())
		wantText(t, c.name+" in place of what does not decode", broken, fullTexts[c.name])
		pointer, err := dumped(c.make(), ptr(ptr(full())))
		testkit.Must(t, err)
		wantText(t, c.name+" of a pointer", pointer, fullTexts[c.name])
	}
}

func TestJSONHasNoComments(t *testing.T) {
	text, err := dumped(codec.JSON(), full())
	testkit.Must(t, err)
	if strings.Contains(text, "//") || strings.Contains(text, "#") {
		t.Errorf("the text is\n%s", text)
	}
	v := full()
	v.Debug = true
	edited, _ := editedTo(t, codec.JSON, text, v)
	if strings.Contains(edited, "Print") {
		t.Errorf("the text is\n%s", edited)
	}
}

func TestTheSameValueChangesNoByteOfACommentedText(t *testing.T) {
	for _, c := range commentingCodecs {
		text, report := editedTo(t, c.make, fullTexts[c.name], full())
		wantText(t, c.name, text, fullTexts[c.name])
		if report.How != codec.EditUnchanged {
			t.Errorf("%s: %v", c.name, report)
		}
	}
}

func TestAKeyThatIsAddedBringsItsComment(t *testing.T) {
	for _, c := range commentingCodecs {
		old := noted{Name: "app"}
		was, err := dumped(c.make(), old)
		testkit.Must(t, err)
		v := old
		v.Debug, v.Server, v.Users = true, &notedServer{80}, []notedUser{{Name: "ada", Admin: true}}
		want, err := dumped(c.make(), v)
		testkit.Must(t, err)
		text, report := editedTo(t, c.make, was, v)
		wantText(t, c.name, text, want)
		if report.How != codec.EditSpliced || len(report.Lost) > 0 {
			t.Errorf("%s: %v", c.name, report)
		}
		back, report := editedTo(t, c.make, text, old)
		wantText(t, c.name+", with the keys gone again", back, was)
		if len(report.Lost) > 0 {
			t.Errorf("%s: %v", c.name, report)
		}
		// Again and again nothing heaps up.
		for range 3 {
			text, _ = editedTo(t, c.make, back, v)
			back, _ = editedTo(t, c.make, text, old)
		}
		wantText(t, c.name+", after some rounds", back, was)
	}
}

func TestCommentsThatAreThereAreNotTouched(t *testing.T) {
	type small struct {
		A int `json:"a" yaml:"a" toml:"a" comment:"About a."`
		B int `json:"b,omitempty" yaml:"b,omitempty" toml:"b,omitempty" comment:"About b."`
		C int `json:"c" yaml:"c" toml:"c" comment:"About c."`
	}
	for _, test := range []struct {
		name, old string
		v         small
		want      string
	}{
		{"yaml", "# mine\na: 1\n\n# b: 2 is commented out\nc: 3 # about c\n", small{5, 2, 3}, "# mine\na: 5\n# About b.\nb: 2\n\n# b: 2 is commented out\nc: 3 # about c\n"},
		{"yaml", "a: 1\nb: 2\nc: 3\n", small{1, 9, 4}, "a: 1\nb: 9\nc: 4\n"},                                             // it was taken away by hand
		{"yaml", "a: 1\n# About b, as I see it.\nb: 2\nc: 3\n", small{1, 0, 3}, "a: 1\n# About b, as I see it.\nc: 3\n"}, // it was changed by hand
		{"yaml", "a: 1\n# note\n# About b.\nb: 2\nc: 3\n", small{1, 0, 3}, "a: 1\n# note\nc: 3\n"},
		{"toml", "# mine\na = 1 # one\nc = 3\n# end\n", small{5, 2, 3}, "# mine\na = 5 # one\n# About b.\nb = 2\nc = 3\n# end\n"},
		{"toml", "a = 1\r\nc = 3\r\n", small{1, 2, 3}, "a = 1\r\n# About b.\r\nb = 2\r\nc = 3\r\n"},
		{"yaml", "\ufeffc: 3\r\n", small{1, 2, 3}, "\ufeff# About a.\r\na: 1\r\n# About b.\r\nb: 2\r\nc: 3\r\n"},
		{"jsonc", "{\n\t\"a\": 1, // mine\n\t/* about c */\n\t\"c\": 3\n}", small{5, 2, 3}, "{\n\t\"a\": 5, // mine\n\t/* about c */\n\t\"c\": 3,\n\t// About b.\n\t\"b\": 2\n}"},
		// Where no comment can stand there is none.
		{"yaml", "{a: 1, c: 3}\n", small{1, 2, 3}, "{a: 1, b: 2, c: 3}\n"},
		{"jsonc", `{"a": 1, "c": 3}`, small{1, 2, 3}, `{"a": 1, "c": 3, "b": 2}`},
	} {
		for _, c := range commentingCodecs {
			if c.name == test.name {
				text, report := editedTo(t, c.make, test.old, test.v)
				wantText(t, test.name, text, test.want)
				if len(report.Lost) > 0 {
					t.Errorf("%s: %v", test.old, report)
				}
			}
		}
	}
}

func TestAKeyInAnotherCaseIsNotNew(t *testing.T) {
	type small struct {
		Port int               `toml:"port" json:"port" comment:"About it."`
		TLS  map[string]string `toml:"tls,omitempty" json:"tls,omitempty" comment:"More."`
	}
	text, _ := editedTo(t, codec.TOML, "Port = 1\n[TLS]\na = 'x'\n", small{2, map[string]string{"a": "x", "b": "y"}})
	wantText(t, "toml", text, "Port = 2\n[TLS]\na = 'x'\nb = 'y'\n")
	text, _ = editedTo(t, codec.JSONC, "{\n  \"PORT\": 1\n}\n", small{Port: 2})
	wantText(t, "jsonc", text, "{\n  \"PORT\": 2\n}\n")
}

func TestKeysThatDifferInCaseAreNotTakenForEachOther(t *testing.T) {
	same := map[string][]notedUser{"NAME": {}, "Name": {{Name: "x"}}, "name": {}}
	text := "{\n  \"NAME\": [],\n  \"Name\": [\n    {\n      \"name\": \"x\"\n    }\n  ],\n  \"name\": []\n}\n"
	got, told := editedTo(t, codec.JSONC, text, same)
	wantText(t, "the same value", got, text)
	if told.How != codec.EditUnchanged {
		t.Errorf("the edit is %s", told.How)
	}
}

func TestAMapThatIsEmptiedKeepsNoLineOfItsComments(t *testing.T) {
	type hosts struct {
		Hosts map[string]notedUser `json:"hosts" comment:"By name."`
	}
	text := "// mine\n{\n  // By name.\n  \"hosts\": {\n    \"h\": {\n      // Of the user.\n      \"name\": \"x\"\n    }\n  }\n}\n"
	got, _ := editedTo(t, codec.JSONC, text, hosts{map[string]notedUser{}})
	wantText(t, "emptied", got, "// mine\n{\n  // By name.\n  \"hosts\": {}\n}\n")
	withOther := strings.Replace(text, "{\n      // Of", "{\n      // a person's\n      // Of", 1)
	got, _ = editedTo(t, codec.JSONC, withOther, hosts{map[string]notedUser{}})
	wantText(t, "emptied beside a person's comment", got, "// mine\n{\n  // By name.\n  \"hosts\": {\n      // a person's\n  }\n}\n")
}

func TestOfAListTheFirstElementHasCommentsIfTheListIsNew(t *testing.T) {
	v := full()
	v.Users = append([]notedUser{{Name: "eve"}}, v.Users...)
	v.Users[1].Admin = true
	for _, c := range commentingCodecs {
		text, _ := editedTo(t, c.make, fullTexts[c.name], v)
		if n := strings.Count(text, "Of the user."); n != 2 { // one of them is in the map
			t.Errorf("%s: %d times\n%s", c.name, n, text)
		}
		if strings.Contains(text, "May do") {
			t.Errorf("%s: an element that was there has a new comment\n%s", c.name, text)
		}
	}
}

func TestAnEntryOfAMapThatIsRenamedKeepsWhatItHas(t *testing.T) {
	v := full()
	v.Hosts = map[string]notedUser{"other": v.Hosts["h"]}
	for _, c := range commentingCodecs {
		text, _ := editedTo(t, c.make, fullTexts[c.name], v)
		want := strings.NewReplacer("\n  h:", "\n  other:", "hosts.h", "hosts.other", `"h"`, `"other"`).Replace(fullTexts[c.name])
		wantText(t, c.name, text, want)
	}
	type two struct {
		A string `yaml:"a,omitempty" comment:"About a."`
		B string `yaml:"b,omitempty" comment:"About b."`
	}
	text, _ := editedTo(t, codec.YAML, "# About a.\na: x\n", two{B: "x"})
	wantText(t, "a field that takes the value of another", text, "# About b.\nb: x\n")
}

func TestACommentCanHoldNoSyntax(t *testing.T) {
	type wild struct {
		A int `json:"a" yaml:"a" toml:"a" comment:"one\rb: 2\u2028c: 3\u0085d: 4\x00\x1b[31m\ufeff */ }\n\ttab\n\n--- # \n"`
		Z int `json:"z" yaml:"z" toml:"z" comment:"\n"`
	}
	for _, c := range commentingCodecs {
		text, err := dumped(c.make(codec.Strict()), wild{1, 2})
		testkit.Must(t, err)
		var back wild
		testkit.Must(t, c.make(codec.Strict()).Load(strings.NewReader(text), &back))
		if back != (wild{1, 2}) || strings.ContainsAny(text, "\r\u2028\u0085\x00\x1b\ufeff\t") {
			t.Errorf("%s: %+v\n%q", c.name, back, text)
		}
		if n := strings.Count(text, "\n") - strings.Count(withoutComments(text), "\n"); n != 4 {
			t.Errorf("%s: %d lines of comments\n%s", c.name, n, text)
		}
	}
}

func TestATextInTheCodecsOwnStyleStaysInItAndGetsItsComments(t *testing.T) {
	for _, c := range commentingCodecs {
		v := full()
		v.Server = nil
		old, err := dumped(c.make(), v)
		testkit.Must(t, err)
		text, report := editedTo(t, c.make, withoutComments(old), full())
		if withoutComments(text) != withoutComments(fullTexts[c.name]) || report.How != codec.EditSpliced {
			t.Errorf("%s, %v:\n%s", c.name, report, text)
		}
		if strings.Count(text, "Where it listens.")+strings.Count(text, "From 1 to") != 2 || strings.Contains(text, "The name.") {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}

// withoutComments leaves out the lines that are comments.
func withoutComments(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if l := strings.TrimSpace(line); !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "//") {
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestWrappedCodecsWriteComments(t *testing.T) {
	checked := codec.Validate(codec.YAML(), func(v noted) error { return nil })
	text, err := dumped(checked, full())
	testkit.Must(t, err)
	wantText(t, "Validate", text, fullTexts["yaml"])
	zipped, err := dumped(codec.Gzip(checked), full())
	testkit.Must(t, err)
	var plain string
	testkit.Must(t, codec.Gzip(codec.Text()).Load(strings.NewReader(zipped), &plain))
	wantText(t, "Gzip", plain, fullTexts["yaml"])
}

func TestKeepCommentsAllowsThatAKeyTakesItsCommentAlong(t *testing.T) {
	for _, c := range commentingCodecs {
		editor := c.make(codec.KeepComments()).(codec.Editor)
		v := full()
		v.Server = nil
		var out bytes.Buffer
		testkit.Must(t, editor.Edit(&out, []byte(fullTexts[c.name]), v))
		if strings.Contains(out.String(), "listens") || strings.Contains(out.String(), "65535") {
			t.Errorf("%s:\n%s", c.name, out.String())
		}
	}
}

// selfMade encodes itself, so nobody knows what its keys are.
type selfMade struct {
	A int `yaml:"a" comment:"About a."`
}

func (selfMade) MarshalYAML() (any, error) { return map[string]int{"a": 1}, nil }

func TestTypesThatEncodeThemselvesHaveNoComments(t *testing.T) {
	text, err := dumped(codec.YAML(), struct {
		S selfMade `comment:"Of its own."`
	}{})
	testkit.Must(t, err)
	wantText(t, "it", text, "# Of its own.\ns:\n  a: 1\n")
	if err := codec.YAML().Dump(io.Discard, nil); errors.Is(err, errors.ErrDecode) {
		t.Error(err)
	}
}
