package codec_test

import (
	"reflect"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
)

func TestARenamedKeyKeepsWhatIsBelowIt(t *testing.T) {
	for _, c := range []struct {
		name      string
		codec     func(...codec.Option) codec.Codec
		old, want string
	}{
		{"YAML", codec.YAML,
			"s:\n  # about web\n  web: # c\n    # the image\n    image: x # pinned\n    ports: [1, 2] # two\n  db:\n    image: y\n",
			"s:\n  # about web\n  www: # c\n    # the image\n    image: x # pinned\n    ports: [1, 2] # two\n  db:\n    image: y\n"},
		{"YAML in brackets", codec.YAML,
			"s: {\"web\": {image: x}, db: {image: y}} # c\n",
			"s: {\"www\": {image: x}, db: {image: y}} # c\n"},
		{"TOML", codec.TOML,
			"[s.web] # c\n# the image\nimage = \"x\" # pinned\n\n[s.web.sub]\nz.web = 1 # sub\n\n[[s.web.list]]\na = 1 # one\n\n[s.db]\nimage = \"y\"\n",
			"[s.www] # c\n# the image\nimage = \"x\" # pinned\n\n[s.www.sub]\nz.web = 1 # sub\n\n[[s.www.list]]\na = 1 # one\n\n[s.db]\nimage = \"y\"\n"},
		{"TOML, dotted", codec.TOML,
			"[s]\nweb.image = \"x\" # pinned\nweb.z.k = 1 # z\n[s.db]\nimage = \"y\"\n",
			"[s]\nwww.image = \"x\" # pinned\nwww.z.k = 1 # z\n[s.db]\nimage = \"y\"\n"},
		{"TOML, in braces", codec.TOML,
			"s = {web = {image = \"x\"}, db = {image = \"y\"}} # c\n",
			"s = {www = {image = \"x\"}, db = {image = \"y\"}} # c\n"},
		{"JSONC", codec.JSONC,
			"{\"s\": {\n  // about web\n  \"web\": { // c\n    \"image\": \"x\" // pinned\n  },\n  \"db\": {\"image\": \"y\"}\n}}\n",
			"{\"s\": {\n  // about web\n  \"www\": { // c\n    \"image\": \"x\" // pinned\n  },\n  \"db\": {\"image\": \"y\"}\n}}\n"},
	} {
		var heard reports
		got := change(t, c.codec(heard.option(), codec.KeepComments()), c.old, func(v *document) {
			s := (*v)["s"].(document)
			s["www"] = s["web"]
			delete(s, "web")
		})
		if got != c.want || len(heard.list[0].Lost) > 0 {
			t.Errorf("%s: %v, got:\n%s\nwant:\n%s", c.name, heard.list, got, c.want)
		}
	}
}

// A key that went while another came with the same value may be that one, renamed or moved.
func TestTheCommentOfAKeyThatMayBeAnotherOneIsReported(t *testing.T) {
	for _, c := range []struct {
		name, old string
		change    func(v document)
		lost      []int
	}{
		{"renamed", "a: 5 # c\nb: 6 # d\n", func(v document) { v["z"] = v["a"]; delete(v, "a") }, []int{1}},
		{"only deleted", "a: 5 # c\nb: 6 # d\n", func(v document) { delete(v, "a") }, nil},
		{"another value", "a: 5 # c\nb: 6 # d\n", func(v document) { delete(v, "a"); v["z"] = 1 }, nil},
		{"renamed and changed", "s:\n  web:\n    image: x # c\n    n: 1\n    m: 2\n", func(v document) {
			v["s"].(document)["www"] = document{"image": "x", "n": 7, "m": 2}
			delete(v["s"].(document), "web")
		}, []int{3}},
		{"renamed and changed below", "s:\n  web:\n    image: {name: x, tag: 1} # c\n    env:\n      a: 1 # a\n      b: 2\n", func(v document) {
			s := v["s"].(document)
			s["www"] = s["web"]
			delete(s, "web")
			s["www"].(document)["env"].(document)["b"] = 3
			s["www"].(document)["env"].(document)["c"] = 3
		}, []int{3, 5}},
		{"renamed, and a list in it changed", "s:\n  web:\n    list:\n    - n: 1 # c\n      k: x\n    - n: 2\n      k: y\n", func(v document) {
			s := v["s"].(document)
			s["www"] = s["web"]
			delete(s, "web")
			s["www"].(document)["list"].([]any)[1].(document)["k"] = "z"
		}, []int{4}},
		{"moved", "x:\n  s:\n    k: 1 # c\n  t: 1\ny:\n  u: 1\n", func(v document) {
			v["y"].(document)["s"] = v["x"].(document)["s"]
			delete(v["x"].(document), "s")
		}, []int{3}},
	} {
		var heard reports
		change(t, codec.YAML(heard.option()), c.old, func(v *document) { c.change(*v) })
		if len(heard.list) != 1 || !reflect.DeepEqual(heard.list[0].Lost, c.lost) {
			t.Errorf("%s: %+v, want lines %v", c.name, heard.list, c.lost)
		}
	}
}
