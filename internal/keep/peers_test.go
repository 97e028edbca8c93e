package keep

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/holdfast-go/holdfast/lockedfile"
	pelletier "github.com/pelletier/go-toml/v2"
	"github.com/spf13/viper"
	"github.com/tailscale/hujson"
	"github.com/tidwall/sjson"
	"gopkg.in/yaml.v3"
)

// contender is one way to set a value in a file, as its documentation shows it.
type contender struct {
	name    string
	formats string // the file name endings it is for
	set     func(file string, path []string, value any) error
}

var contenders = []contender{
	{"Holdfast", ".yml .toml .json .jsonc", setHoldfast},
	{"yaml.v3 3.0.1, Node", ".yml", onText(setYAMLNode)},
	{"goccy/go-yaml 1.19.2, AST", ".yml", onText(setGoccy)},
	{"viper 1.21.0, WriteConfig", ".yml .toml .json .jsonc", setViper},
	{"pelletier/go-toml 2.4.3, map", ".toml", onText(setPelletier)},
	{"tailscale/hujson, Patch", ".json .jsonc", onText(setHujson)},
	{"tidwall/sjson 1.2.5", ".json .jsonc", onText(setSjson)},
}

func setHoldfast(file string, path []string, value any) error {
	return lockedfile.New[map[string]any](file).Update(func(m *map[string]any) error {
		put(*m, path, value)
		return nil
	})
}

// put sets a value in nested maps.
func put(m map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		m = m[key].(map[string]any)
	}
	m[path[len(path)-1]] = value
}

// onText makes a contender of what changes a text.
func onText(edit func(text []byte, path []string, value any) ([]byte, error)) func(string, []string, any) error {
	return func(file string, path []string, value any) error {
		return rewrite(file, func(text []byte) ([]byte, error) { return edit(text, path, value) })
	}
}

// rewrite puts a changed text in place of a file's.
func rewrite(file string, edit func(text []byte) ([]byte, error)) error {
	text, err := os.ReadFile(file)
	if err == nil {
		text, err = edit(text)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// opened is a file that viper has read.
func opened(file string) (*viper.Viper, error) {
	v := viper.New()
	v.SetConfigFile(file)
	if filepath.Ext(file) == ".jsonc" {
		v.SetConfigType("json")
	}
	return v, v.ReadInConfig()
}

func setYAMLNode(text []byte, path []string, value any) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	n := root.Content[0]
	for _, key := range path {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				n = n.Content[i+1]
				break
			}
		}
	}
	var is yaml.Node
	if err := is.Encode(value); err != nil {
		return nil, err
	}
	n.Value, n.Tag = is.Value, is.Tag
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2) // as all of the files are
	err := e.Encode(&root)
	return out.Bytes(), err
}

func setGoccy(text []byte, path []string, value any) ([]byte, error) {
	file, err := parser.ParseBytes(text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	b := (&goccy.PathBuilder{}).Root()
	for _, key := range path {
		b = b.Child(key)
	}
	is, err := goccy.Marshal(value)
	if err != nil {
		return nil, err
	}
	if err := b.Build().ReplaceWithReader(file, bytes.NewReader(is)); err != nil {
		return nil, err
	}
	return []byte(file.String()), nil
}

func setViper(file string, path []string, value any) error {
	v, err := opened(file)
	if err != nil {
		return err
	}
	v.Set(strings.Join(path, "."), value)
	return v.WriteConfig()
}

func setPelletier(text []byte, path []string, value any) ([]byte, error) {
	var m map[string]any
	if err := pelletier.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	put(m, path, value)
	return pelletier.Marshal(m)
}

func setHujson(text []byte, path []string, value any) ([]byte, error) {
	v, err := hujson.Parse(text)
	if err != nil {
		return nil, err
	}
	patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/" + strings.Join(path, "/"), "value": value}})
	if err != nil {
		return nil, err
	}
	err = v.Patch(patch)
	return v.Pack(), err
}

func setSjson(text []byte, path []string, value any) ([]byte, error) {
	return sjson.SetBytes(text, strings.Join(path, "."), value)
}
