package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"gopkg.in/yaml.v3"
)

// A proof decodes what is parsed already, which must be what Load would give.
func TestADocumentLoadsAsItsTextDoes(t *testing.T) {
	type config struct {
		Name, Version string
		Port          uint
		Services      map[string]struct{ Image string }
	}
	same := 0
	for _, c := range []struct {
		codec    Codec
		patterns []string
	}{
		{YAML(), []string{"real/*.yml", "yaml-test-suite/*.yaml"}}, {YAML(Strict()), []string{"real/*.yml"}},
		{TOML(), []string{"real/*.toml"}}, {TOML(Strict()), []string{"real/*.toml"}},
		{JSON(), []string{"real/*.json", "json-test-suite/*.json"}}, {JSONC(), []string{"real/*.jsonc"}},
	} {
		e := c.codec.(editor)
		texts := map[string][]byte{"blank": nil, "comment": []byte("# c\n"), "negative": []byte("Port = -1\n"), "mark": []byte("\ufeffname: x\n")}
		for _, pattern := range c.patterns {
			for name, text := range edittest.Corpus(t, pattern) {
				texts[name] = text
			}
		}
		for name, text := range texts {
			doc, err := e.text.Parse(text)
			if err != nil {
				continue
			}
			for _, make := range []func() any{func() any { return new(any) }, func() any { return new(map[string]any) }, func() any { return new(*config) }, func() any { return new(yaml.Node) }} {
				a, b := make(), make()
				loaded, taken := e.Load(bytes.NewReader(text), a), e.loadDocument(doc, b)
				if (loaded == nil) != (taken == nil) || loaded != nil && stripped(loaded) != stripped(taken) {
					t.Errorf("%s, %s, %T: Load says %v, and the document %v", e.format, name, a, loaded, taken)
				}
				if loaded != nil || taken != nil {
					continue
				}
				x, errX := e.encode(a)
				y, errY := e.encode(b)
				if same++; !bytes.Equal(x, y) || (errX == nil) != (errY == nil) {
					t.Errorf("%s, %s, %T: Load gives\n%s%v\nthe document\n%s%v", e.format, name, a, x, errX, y, errY)
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
