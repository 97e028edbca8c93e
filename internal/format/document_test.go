package format_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	yamlformat "github.com/holdfast-go/holdfast/internal/format/yaml"
	"gopkg.in/yaml.v3"
)

func settings(name string) format.Settings { return format.Settings{Format: name, Indent: 2} }

func strict(name string) format.Settings {
	s := settings(name)
	s.Strict = true
	return s
}

// A proof decodes what is parsed already, which must be what Load would give.
func TestADocumentLoadsAsItsTextDoes(t *testing.T) {
	type config struct {
		Name, Version string
		Port          uint
		Services      map[string]struct{ Image string }
	}
	same := 0
	for _, c := range []struct {
		format   format.Format
		patterns []string
	}{
		{yamlformat.New(settings("yaml")), []string{"real/*.yml", "yaml-test-suite/*.yaml"}}, {yamlformat.New(strict("yaml")), []string{"real/*.yml"}},
		{toml.New(settings("toml")), []string{"real/*.toml"}}, {toml.New(strict("toml")), []string{"real/*.toml"}},
		{json.New(settings("json")), []string{"real/*.json", "json-test-suite/*.json"}}, {json.NewWithComments(settings("jsonc")), []string{"real/*.jsonc"}},
	} {
		name := c.format.Settings.Format
		texts := map[string][]byte{"blank": nil, "comment": []byte("# c\n"), "negative": []byte("Port = -1\n"), "mark": []byte("\ufeffname: x\n")}
		for _, pattern := range c.patterns {
			for file, text := range edittest.Corpus(t, pattern) {
				texts[file] = text
			}
		}
		for file, text := range texts {
			doc, err := c.format.Grammar.Parse(text)
			if err != nil {
				continue
			}
			for _, make := range []func() any{func() any { return new(any) }, func() any { return new(map[string]any) }, func() any { return new(*config) }, func() any { return new(yaml.Node) }} {
				a, b := make(), make()
				loaded, taken := c.format.Codec.Load(text, a), c.format.Codec.LoadDocument(doc, b)
				if (loaded == nil) != (taken == nil) || loaded != nil && stripped(loaded) != stripped(taken) {
					t.Errorf("%s, %s, %T: Load says %v, and the document %v", name, file, a, loaded, taken)
				}
				if loaded != nil || taken != nil {
					continue
				}
				x, errX := c.format.Codec.Encode(a)
				y, errY := c.format.Codec.Encode(b)
				if same++; !bytes.Equal(x, y) || (errX == nil) != (errY == nil) {
					t.Errorf("%s, %s, %T: Load gives\n%s%v\nthe document\n%s%v", name, file, a, x, errX, y, errY)
				}
			}
		}
	}
	t.Logf("%d values are the same", same)
}

// stripped leaves out where in a map an error was met, which depends on its order.
func stripped(err error) string {
	text, _, _ := strings.Cut(err.Error(), ":")
	return text
}
