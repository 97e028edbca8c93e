package toml_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

type server struct {
	Host  string
	Port  int
	Tags  []string       `toml:",omitempty"`
	Limit *limit         `toml:"limit,omitempty"`
	Extra map[string]any `toml:"extra,omitempty"`
}

type limit struct{ Rate float64 }

type config struct {
	Title   string
	Since   time.Time
	Debug   bool              `toml:"debug,omitempty"`
	Level   int               `toml:"level"`
	Mode    int64             `toml:"mode"`
	Labels  map[string]string `toml:"labels"`
	Servers []server          `toml:"servers"`
	Main    server            `toml:"main"`
}

const typed = `# the site
title = 'Site' # shown
since = 2020-01-02 03:04:05Z
mode = 0o644
unknown = [1, 2] # not ours
debug = true # for now

[Main] # the one
host = "a"
port = 80
color = "red" # not ours
limit.rate = 1.5

# all of them
[[servers]]
host = "b"
port = 81
tags = [
  "x", # first
  "y",
]

[[servers]]
host = "c"
port = 82
extra = { k = 1 }

[other]
z = 1
`

func TestATypedValueIsWrittenAndTheRestStays(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(v *config)
		want   func(text string) string
	}{
		{"nothing", func(*config) {}, func(s string) string { return s }},
		{"one value of each kind", func(v *config) {
			v.Title, v.Mode, v.Main.Port, v.Since = "My site", 0o600, 8080, v.Since.Add(time.Hour)
		}, replaced("'Site'", "'My site'", "0o644", "0o600", "port = 80", "port = 8080", "03:04:05", "04:04:05")},
		{"a default that the text leaves out", func(v *config) { v.Level = 3 },
			replaced("# for now\n", "# for now\nlevel = 3\n")},
		{"a zero that is left out", func(v *config) { v.Debug = false },
			replaced("debug = true # for now\n", "")},
		{"a pointer to nothing", func(v *config) { v.Main.Limit = nil },
			replaced("limit.rate = 1.5\n", "")},
		{"a first map", func(v *config) { v.Labels = map[string]string{"a": "1"} },
			replaced("\n[Main]", "\n[labels]\na = \"1\"\n\n[Main]")},
		{"an element of a list of tables", func(v *config) { v.Servers = append(v.Servers, server{Host: "d"}) },
			replaced("extra = { k = 1 }\n", "extra = { k = 1 }\n\n[[servers]]\nHost = \"d\"\nPort = 0\n")},
		{"the first element deleted", func(v *config) { v.Servers = v.Servers[1:] },
			replaced("# all of them\n[[servers]]\nhost = \"b\"\nport = 81\ntags = [\n  \"x\", # first\n  \"y\",\n]\n\n", "")},
		{"in the elements", func(v *config) { v.Servers[0].Tags = []string{"x", "w", "y"}; v.Servers[1].Extra["l"] = true },
			replaced("# first\n", "# first\n  \"w\",\n", "{ k = 1 }", "{ k = 1, l = true }")},
	} {
		var v config
		load(t, typed, &v)
		was := dump(t, v)
		c.change(&v)
		is := dump(t, v)
		got, report, err := edit.Edit(toml.Grammar, []byte(typed), was, is, edit.Options{Check: survives(is)})
		if want := c.want(typed); err != nil || string(got) != want || report.Rung > edit.Spliced {
			t.Errorf("%s: %+v, %v\ngot:\n%s\nwant:\n%s", c.name, report, err, got, want)
		}
	}
}

func load(t *testing.T, text string, v any) {
	t.Helper()
	testkit.Must(t, codec.TOML().Load(bytes.NewReader([]byte(text)), v))
}

func dump(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	testkit.Must(t, codec.TOML().Dump(&b, v))
	return b.Bytes()
}

// survives demands that the text decodes to what has the encoding is.
func survives(is []byte) func(*edit.Document) error {
	return func(doc *edit.Document) error {
		var v config
		if err := codec.TOML().Load(bytes.NewReader(doc.Text), &v); err != nil {
			return err
		}
		var b bytes.Buffer
		if err := codec.TOML().Dump(&b, v); err != nil {
			return err
		}
		if !bytes.Equal(b.Bytes(), is) {
			return errors.New("it decodes to something else")
		}
		return nil
	}
}

// replaced puts each second string in place of the first one before it.
func replaced(pairs ...string) func(string) string {
	return func(text string) string {
		for i := 0; i < len(pairs); i += 2 {
			text = string(bytes.Replace([]byte(text), []byte(pairs[i]), []byte(pairs[i+1]), 1))
		}
		return text
	}
}
