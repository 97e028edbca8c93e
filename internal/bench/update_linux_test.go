package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"gopkg.in/yaml.v3"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// language is a format with its codec, and the functions that one would call instead.
type language struct {
	codec     codec.Codec
	unmarshal func([]byte, any) error
	marshal   func(any) ([]byte, error)
	comment   string // what begins a comment; "" if there is none
}

var languages = map[string]language{
	"json":  {codec.JSON(), json.Unmarshal, indentedJSON, ""},
	"jsonc": {codec.JSONC(), json.Unmarshal, indentedJSON, "// "},
	"toml":  {codec.TOML(), toml.Unmarshal, toml.Marshal, "# "},
	"yaml":  {codec.YAML(), yaml.Unmarshal, yaml.Marshal, "# "},
}

func indentedJSON(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }

// fleet is a configuration of any size.
type fleet struct {
	Version  int                `json:"version" yaml:"version" toml:"version"`
	Machines []machine          `json:"machines" yaml:"machines" toml:"machines"`
	Sites    map[string]machine `json:"sites" yaml:"sites" toml:"sites"`
}

type machine struct {
	ID     int            `json:"id" yaml:"id" toml:"id"`
	Name   string         `json:"name" yaml:"name" toml:"name"`
	Port   int            `json:"port" yaml:"port" toml:"port"`
	On     bool           `json:"on" yaml:"on" toml:"on"`
	Tags   []string       `json:"tags" yaml:"tags" toml:"tags"`
	Limits map[string]int `json:"limits" yaml:"limits" toml:"limits"`
}

// ofSize is the text of a fleet that is big enough.
func ofSize(b *testing.B, l language, enough func(text []byte) bool) []byte {
	v := fleet{Version: 1, Sites: make(map[string]machine)}
	for n := 0; ; {
		for range 1 + n/4 {
			m := machine{n, fmt.Sprintf("machine-%d.example.org", n), 1000 + n, n%3 != 0, []string{"blue", "eu-west"}, map[string]int{"connections": 100 * n}}
			if n++; n%2 == 0 {
				v.Machines = append(v.Machines, m)
			} else {
				v.Sites[fmt.Sprint("site", n)] = m
			}
		}
		var out bytes.Buffer
		testkit.Must(b, l.codec.Dump(&out, v))
		if n > 2 && enough(out.Bytes()) {
			return out.Bytes()
		}
	}
}

// commented puts a comment above every twelfth line; in JSON, a blank that the codec
// would not have put there, so that the text is somebody's too.
func commented(text []byte, mark string) []byte {
	if mark == "" {
		return bytes.Replace(text, []byte("{\n"), []byte("{ \n"), 1)
	}
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n%12 == 5 {
			fmt.Fprintf(&out, "%s%sabout line %d\n", line[:len(line)-len(bytes.TrimLeft(line, " "))], mark, n)
		}
		out.Write(line)
	}
	return out.Bytes()
}

// BenchmarkUpdateText is a whole Update of one value beside the same by hand: read,
// unmarshal, change, marshal, and replace durably under a lock, which keeps neither
// comments nor order nor unknown keys. The third contender is unmarshal and marshal
// alone. The text is the codec's own, or somebody's with comments.
func BenchmarkUpdateText(b *testing.B) {
	for _, size := range []struct {
		name   string
		enough func(text []byte) bool
	}{
		{"200 lines", func(text []byte) bool { return bytes.Count(text, []byte("\n")) >= 200 }},
		{"2000 lines", func(text []byte) bool { return bytes.Count(text, []byte("\n")) >= 2000 }},
		{"1 MiB", func(text []byte) bool { return len(text) >= 1<<20 }},
	} {
		for _, name := range []string{"json", "jsonc", "toml", "yaml"} {
			l := languages[name]
			text := ofSize(b, l, size.enough)
			for _, kind := range []string{"own", "commented"} {
				title := strings.Join([]string{size.name, name, kind}, "/")
				b.Run(title+"/struct", func(b *testing.B) {
					updateText(b, name, text, kind == "own", func(v *fleet, i int) { v.Machines[len(v.Machines)/2].Port = 5000 + i })
				})
				b.Run(title+"/map", func(b *testing.B) {
					updateText(b, name, text, kind == "own", func(v *map[string]any, i int) {
						(*v)["sites"].(map[string]any)["site1"].(map[string]any)["port"] = 5000 + i
					})
				})
			}
		}
	}
}

// recoded is what the codec writes for the T in a text, whose keys may come in another
// order than those of another type.
func recoded[T any](b *testing.B, l language, text []byte) []byte {
	var v T
	var out bytes.Buffer
	testkit.Must(b, l.codec.Load(bytes.NewReader(text), &v))
	testkit.Must(b, l.codec.Dump(&out, v))
	return out.Bytes()
}

// updateText runs in memory, so that no disk hides what the codecs cost.
func updateText[T any](b *testing.B, name string, text []byte, isOwn bool, change func(v *T, i int)) {
	l := languages[name]
	own := recoded[T](b, l, text)
	if text = own; !isOwn {
		text = commented(own, l.comment)
	}
	root := disktest.Tmpfs(b)
	write := func(dir string, text []byte) (path string) {
		path = filepath.Join(root, dir, "fleet."+name)
		testkit.Must(b, os.MkdirAll(filepath.Dir(path), 0o755))
		testkit.Must(b, os.WriteFile(path, text, 0o644))
		return path
	}
	ours := lockedfile.New[T](write("holdfast", text))
	hand := write("hand", own)
	testkit.Must(b, os.WriteFile(hand+".lock", nil, 0o644))
	recode := func(text []byte, i int) ([]byte, error) {
		var v T
		if err := l.unmarshal(text, &v); err != nil {
			return nil, err
		}
		change(&v, i)
		return l.marshal(v)
	}
	contest{1, nil, []contender{
		{"holdfast", func(i int) error { return ours.Update(func(v *T) error { change(v, i); return nil }) }},
		{"by-hand", func(i int) error {
			old, err := os.ReadFile(hand)
			if err != nil {
				return err
			}
			text, err := recode(old, i)
			if err != nil {
				return err
			}
			return bareWrite(filepath.Dir(hand), filepath.Base(hand), text)
		}},
		{"unmarshal+marshal", func(i int) error { _, err := recode(own, i); return err }},
	}}.run(b)
}
