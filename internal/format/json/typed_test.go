package json_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

type config struct {
	Name    string            `json:"name"`
	Port    int               `json:"port"`
	Debug   bool              `json:"debug,omitempty"`
	Tags    []string          `json:"tags"`
	Labels  map[string]string `json:"labels,omitempty"`
	Main    *server           `json:"main"`
	Servers []server          `json:"servers,omitempty"`
}

type server struct {
	Host string  `json:"host"`
	Rate float64 `json:"rate"`
	Any  any     `json:"any,omitempty"`
}

const typed = `// the site
{
    "name": "site", // shown
    "Port": 80,
    "port": 81, // the last one counts
    "unknown": [1, 2], // not ours
    "debug": true, // for now
    "tags": null,
    "main": {"host": "a", "color": "red", "rate": 1e3},
    "servers": [
        {
            // the first
            "host": "b",
            "rate": 1.50,
        },
        {
            "host": "c",
            "any": {"big": 12345678901234567890.0},
        },
    ],
}
`

func TestATypedValueIsWrittenAndTheRestStays(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(v *config)
		want   []string // what is replaced by what
	}{
		{"nothing", func(*config) {}, nil},
		{"one value of each kind", func(v *config) { v.Name, v.Port, v.Main.Rate = "my site", 82, 2 }, []string{`"site"`, `"my site"`, "81", "82", "1e3", "2"}},
		{"a zero that is left out", func(v *config) { v.Debug = false }, []string{"    \"debug\": true, // for now\n", ""}},
		{"a list in place of null", func(v *config) { v.Tags = []string{"x", "y"} }, []string{`"tags": null`, `"tags": ["x", "y"]`}},
		{"null in place of a map", func(v *config) { v.Main = nil }, []string{`{"host": "a", "color": "red", "rate": 1e3}`, "null"}},
		{"a first map", func(v *config) { v.Labels = map[string]string{"a": "1"} }, []string{"\"tags\": null,\n", "\"tags\": null,\n    \"labels\": {\"a\": \"1\"},\n"}},
		{"a default that the text leaves out", func(v *config) { v.Servers[1].Rate = 3 }, []string{"\"c\",\n", "\"c\",\n            \"rate\": 3,\n"}},
		{"in an interface", func(v *config) { v.Servers[1].Any.(map[string]any)["x"] = nil }, []string{"567890.0}", "567890.0, \"x\": null}"}},
		{"an element", func(v *config) { v.Servers = append(v.Servers, server{Host: "d"}) },
			[]string{"        },\n    ],", "        },\n        {\n            \"host\": \"d\",\n            \"rate\": 0,\n        },\n    ],"}},
		{"the first element deleted", func(v *config) { v.Servers = v.Servers[1:] },
			[]string{"        {\n            // the first\n            \"host\": \"b\",\n            \"rate\": 1.50,\n        },\n", ""}},
	} {
		var v config
		testkit.Must(t, codec.JSONC().Load(strings.NewReader(typed), &v))
		was := dump(t, v)
		c.change(&v)
		is := dump(t, v)
		want := typed
		for i := 0; i < len(c.want); i += 2 {
			want = strings.Replace(want, c.want[i], c.want[i+1], 1)
		}
		got, report, err := edit.Edit(json.JSONC, []byte(typed), was, is, edit.Options{Check: func(doc *edit.Document) error {
			var v config
			if err := codec.JSONC().Load(bytes.NewReader(doc.Text), &v); err != nil {
				return err
			}
			if !bytes.Equal(dump(t, v), is) {
				return errors.New("it decodes to something else")
			}
			return nil
		}})
		if err != nil || string(got) != want || report.Rung > edit.Spliced {
			t.Errorf("%s: %+v, %v\ngot:\n%s\nwant:\n%s", c.name, report, err, got, want)
		}
	}
}

func dump(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	testkit.Must(t, codec.JSONC().Dump(&b, v))
	return b.Bytes()
}
