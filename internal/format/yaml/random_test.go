package yaml

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"gopkg.in/yaml.v3"
)

var suite = edittest.Suite{Format: Grammar, Encode: encode, Scalar: words.Scalar, Key: words.Key}

// encode is what the codec makes of a tree, or, where yaml.v3 can't read what it
// wrote itself, one line of it.
func encode(n *edit.Node) ([]byte, error) {
	text, err := yaml.Marshal(yamlNode(n))
	if err == nil {
		if doc, err := Grammar.Parse(text); err == nil && edit.Same(doc.Root, n) {
			return text, nil
		}
	}
	w := &writer{layout: newLayout(nil), style: edit.Robust}
	return []byte(w.value(n, setting{column: -1, single: true, flow: true}).head), nil
}

func yamlNode(n *edit.Node) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: n.Type, Value: n.Text}
	switch n.Kind {
	case edit.Scalar:
		if n.Type == edit.TypeString || n.Type == edit.TypeNull { // equal values are encoded the same
			y.Value = n.Value
		}
		if strings.HasPrefix(n.Type, "!") && !strings.HasPrefix(n.Type, "!!") || n.Type == "!!merge" {
			y.Style = yaml.TaggedStyle
		}
	case edit.Map:
		y.Kind = yaml.MappingNode
		for _, e := range n.Entries {
			y.Content = append(y.Content, yamlNode(e.Key), yamlNode(e.Value))
		}
	case edit.List:
		y.Kind = yaml.SequenceNode
		for _, e := range n.Entries {
			y.Content = append(y.Content, yamlNode(e.Value))
		}
	}
	if y.Kind != yaml.ScalarNode && n.Type != "" {
		y.Style = yaml.TaggedStyle
	}
	return y
}

var words = edittest.Words{Strange: []string{
	"", " ", "a b", "x", "yes", "NO", "null", "~", "12", "0x1F", "1e3", ".inf", "2001-01-02", "12:30:45", "<<", "=",
	"a: b", "a:b", "- a", "-a", "? a", "#a", "a #b", "a#b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "{a", "}a", "[a]", "a,b", ",a",
	"it's", `say "hi"`, `back\slash`, "tab\there", "two\nlines", "two\nlines\n", "three\n\nlines\n\n", "\nfirst empty", " lead\nline", "trail \nline",
	"line\n \nline", "---", "--- a", "...", "é", "😀", "a\u2028b", "\u0085", "\ufeff", "\x00\x01", "a\r\nb", "C:\\dir", "http://x.y/z?a=b&c=d#e", "a:", ":a", "-", "key: value\nother: value\n",
	"a very long line of text that goes on and on, so that whoever wraps lines at eighty columns will want to wrap it somewhere in the middle",
}, Others: []*edit.Node{edit.NewScalar(edit.TypeFloat, "0.5"), edit.NewScalar(edit.TypeNull, "null")}}

// The rates of the random operations, short form:
//
//	go test -run Random -v ./internal/format/yaml
//
// and with HOLDFAST_LONG=1 every position of every file, three times.
func TestRandomOperationsAreSpliced(t *testing.T) {
	files := edittest.Corpus(t, "real/*.yml")
	for name, text := range edittest.Corpus(t, "yaml-test-suite/*.yaml") {
		if _, err := Grammar.Parse(text); err == nil && !strings.HasSuffix(name, ".error.yaml") {
			files[name] = text
		}
	}
	stride, seeds := edittest.Sample(11)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	real, suites := edittest.Tally{}, edittest.Tally{}
	for _, name := range names {
		tally := suites
		if strings.HasPrefix(name, "real/") {
			tally = real
		}
		for seed := range seeds {
			suite.Run(t, name, files[name], seed, stride, tally)
			suite.RunMany(t, name, files[name], seed, 77/stride, tally)
		}
	}
	t.Logf("%d files; real ones:\n%v\nyaml-test-suite:\n%v", len(files), real, suites)
	least := map[edittest.Class]float64{
		edittest.SetScalar: 0.999, edittest.SetList: 0.999, edittest.InsertKey: 0.99, edittest.Append: 0.99, edittest.Insert: 0.99, edittest.Delete: 0.97,
	}
	suites.Require(t, least)
	least[edittest.Swap], least[edittest.Move] = 0.99, 0.99
	if edittest.HasPublicCorpus() { // in the few texts of our own, a map that is merged elsewhere counts for much
		least[edittest.Undone] = 0.99
	}
	real.Require(t, least)
}
