package codec_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"gopkg.in/yaml.v3"
)

var loads int

// counted counts how often it is decoded.
type counted struct{ N int }

func (c *counted) UnmarshalJSON(text []byte) error {
	loads++
	type plain counted
	return json.Unmarshal(text, (*plain)(c))
}

func (c *counted) UnmarshalYAML(n *yaml.Node) error {
	loads++
	type plain counted
	return n.Decode((*plain)(c))
}

func (c *counted) UnmarshalTOML(v any) error {
	loads++
	c.N = int(v.(map[string]any)["N"].(int64))
	return nil
}

// In a large file every reading of it takes as long as the user's whole change.
func TestAnUpdateDecodesNoOftenerThanItMust(t *testing.T) {
	for format, c := range map[string]codec.Codec{"json": codec.JSON(), "jsonc": codec.JSONC(), "yaml": codec.YAML(), "toml": codec.TOML(), "validated": codec.Validate(codec.JSON(), func(map[string]counted) error { return nil })} {
		var own bytes.Buffer
		if err := c.Dump(&own, map[string]counted{"a": {1}}); err != nil {
			t.Fatal(err)
		}
		for kind, text := range map[string]string{"own": own.String(), "edited": ""} {
			want := 1
			if kind == "edited" {
				text, want = strings.Replace(own.String(), "1", "1 ", 1), 2 // once for the function, once for the proof
			}
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f := lockedfile.New[map[string]counted](path, safefile.WithCodec(c))
			loads = 0
			if err := f.Update(func(v *map[string]counted) error { (*v)["a"] = counted{2}; return nil }); err != nil {
				t.Fatal(err)
			}
			if loads != want {
				t.Errorf("%s, %s: decoded %d times, want %d", format, kind, loads, want)
			}
			if got, err := f.Read(); err != nil || got["a"].N != 2 {
				t.Errorf("%s, %s: %v, %v", format, kind, got, err)
			}
			loads = 0
			if err := f.Update(func(v *map[string]counted) error { return nil }); err != nil || loads != 1 {
				t.Errorf("%s, %s, nothing changed: decoded %d times, %v", format, kind, loads, err)
			}
		}
	}
}

// The value that a function changes may not be part of what its edit is made from.
func TestWhatAFunctionChangesIsComparedWithWhatWasThere(t *testing.T) {
	for name, text := range map[string]string{
		"a.yaml": "# c\na: {b: [1, 2], c: x}\nd: &d [1]\ne: *d\n", "a.toml": "# c\na = {b = [1, 2], c = 'x'} # d\n[[t]]\nb = [[1], [2]]\n", "a.jsonc": "// c\n{\"a\": {\"b\": [1, 2], \"c\": \"x\"}}\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f := lockedfile.New[any](path)
		if err := f.Update(func(v *any) error {
			a := (*v).(map[string]any)["a"].(map[string]any)
			a["b"].([]any)[0] = 7
			a["c"] = "z"
			return nil
		}); err != nil {
			t.Fatal(name, err)
		}
		got, err := os.ReadFile(path)
		want := strings.NewReplacer("[1, 2], c", "[7, 2], c", "[1, 2], \"c", "[7, 2], \"c", "x}", "z}", "'x'", "'z'", "\"x\"", "\"z\"").Replace(text)
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}
