package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func nested(open, inner, close string, levels int) string {
	return strings.Repeat(open, levels) + inner + strings.Repeat(close, levels)
}

// aliasChain is YAML in which every line has one collection more around than the line before.
func aliasChain(length int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i < length; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return b.String()
}

func lines(format string, count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

var treeCodecs = map[string]codec.Codec{
	"json": codec.JSON(), "jsonc": codec.JSONC(), "yaml": codec.YAML(), "toml": codec.TOML(),
	"strict json": codec.JSON(codec.Strict()), "strict yaml": codec.YAML(codec.Strict()), "strict toml": codec.TOML(codec.Strict()),
	"json on a line": codec.JSON(codec.Indent(0)), "jsonc on a line": codec.JSONC(codec.Indent(0)),
}

// Without a bound the first of these overflow the stack, which ends the process, and
// the others take minutes and gigabytes.
func TestInputThatWouldExhaustAParserIsRefused(t *testing.T) {
	for _, c := range []struct{ name, format, text, want string }{
		{"toml arrays", "toml", "a = 1\nb = " + strings.Repeat("[", 1_500_000), "line 2, column 1005: it is nested more than 1000 levels deep"},
		{"toml inline tables", "toml", "a = " + nested("{a = ", "1", "}", 10_000), "more than 1000 levels"},
		{"toml arrays and inline tables", "toml", "a = " + nested("[{a = ", "1", "}]", 10_000), "more than 1000 levels"},
		{"toml key", "toml", strings.Repeat("a.", 3_000_000) + "a = 1", "line 1, column 1: it is nested"},
		{"toml key of 8,000 parts", "toml", strings.Repeat("a.", 8_000) + "a = 1", "more than 1000 levels"},
		{"toml quoted key", "toml", strings.Repeat(`"[".`, 8_000) + "a = 1", "more than 1000 levels"},
		{"toml header", "toml", "[" + strings.Repeat("a.", 8_000) + "a]", "more than 1000 levels"},
		{"toml header of a list", "toml", "[[" + strings.Repeat("a.", 8_000) + "a]]", "more than 1000 levels"},
		{"toml header and key", "toml", "[" + strings.Repeat("a.", 600) + "a]\n" + strings.Repeat("a.", 600) + "a = 1", "line 2, column 1: it is nested"},
		{"toml key in an inline table", "toml", "a = {" + strings.Repeat("a.", 8_000) + "a = 1}", "more than 1000 levels"},
		{"toml headers", "toml", lines("[k%d."+strings.Repeat("a.", 400)+"a]\n", 2000), "more than 384 MiB"},
		{"toml dotted keys", "toml", lines("k%d."+strings.Repeat("a.", 400)+"a = 1\n", 2000), "more than 384 MiB"},
		{"toml keys below a long header", "toml", "[" + strings.Repeat("a.", 900) + "a]\n" + lines("k%d = 1\n", 100_000), "more than 384 MiB"},
		{"toml comments", "toml", strings.Repeat("#\n", 20_000_000), "more than 384 MiB"},
		{"strict toml arrays", "strict toml", "a = " + strings.Repeat("[", 1_500_000), "more than 1000 levels"},
		{"json arrays", "json", strings.Repeat("[", 1_500_000), "max depth"},
		{"json objects", "json", nested(`{"a":`, "1", "}", 10_001), "max depth"},
		{"jsonc arrays", "jsonc", strings.Repeat("[ /**/", 1_500_000), "max depth"},
		{"strict json arrays", "strict json", strings.Repeat("[", 1_500_000), "max depth"},
		{"yaml flow lists", "yaml", strings.Repeat("[", 1_500_000), "max depth"},
		{"yaml flow maps", "yaml", nested("{a: ", "1", "}", 10_001), "max depth"},
		{"yaml blocks", "yaml", strings.Repeat("- ", 1_500_000), "max depth"},
		{"yaml blocks and flow", "yaml", strings.Repeat("- ", 6000) + nested("[", "1", "]", 6000), "more than 10000 levels"},
		{"yaml aliases", "yaml", aliasChain(11_000), "line 9999: it is nested more than 10000 levels"},
		{"yaml keys of a map", "yaml", lines("%d: x\n", 100_000), "too long to compare its 100000 keys"},
		{"yaml equal keys", "yaml", strings.Repeat("a: 1\n", 5000), `the key "a" comes more than once`},
		{"strict yaml equal keys", "strict yaml", strings.Repeat("a: 1\n", 5000), `the key "a" comes more than once`},
		{"strict yaml aliases", "strict yaml", aliasChain(11_000), "more than 10000 levels"},
		{"yaml tag handles", "yaml", lines("%%TAG !e%d! tag:example.com,2000:\n", 20_000) + "---\na: 1\n", "line 10001: there are more than 10000 %TAG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v any
			err := treeCodecs[c.format].Load(codec.NewSource([]byte(c.text), 0), &v)
			if !errors.Is(err, errors.ErrDecode) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("loaded: %.200v, want %q", err, c.want)
			}
			// The text is the old one of a write now. It does not decode, so it is replaced,
			// or refused where it can be seen to hold keys that would be lost.
			var out bytes.Buffer
			err = treeCodecs[c.format].(codec.Editor).Edit(&out, []byte(c.text), map[string]any{"n": "x"})
			if err != nil && !errors.Is(err, errors.ErrEncode) || out.Len() > 100 || len(fmt.Sprint(err)) > 1000 {
				t.Errorf("edited: %d bytes, %.200v", out.Len(), err)
			}
		})
	}
}

func TestNestingUpToTheLimitIsKept(t *testing.T) {
	levels := effort.Of(300, 1000, 1000) // the race detector makes a minute of TOML's limit
	for _, c := range []struct{ name, format, text string }{
		{"toml arrays", "toml", "a = " + nested("[", "1", "]", levels)},
		{"toml inline tables", "toml", "a = " + nested("{a = ", "1", "}", levels)},
		{"toml key", "toml", strings.Repeat("a.", levels) + "a = 1"},
		{"toml header", "toml", "[" + strings.Repeat("a.", levels-1) + "a]\na = 1"},
		{"toml brackets in strings", "toml", "a = \"" + strings.Repeat("[", 5000) + "\\\"[\"\nb = '''" + strings.Repeat("[{''", 5000) + "'''\nc = \"\"\"" + strings.Repeat("[\\\"\"\"", 5000) + "\"\"\"\n"},
		{"toml brackets in comments", "toml", "# " + strings.Repeat("[", 5000) + "\na = [ # " + strings.Repeat("[", 5000) + "\n1]\n"},
		{"toml dots in a quoted key", "toml", "\"" + strings.Repeat("a.", 5000) + "\" = 1\n['b" + strings.Repeat("a.", 5000) + "']\n"},
		{"json", "json on a line", nested("[", "1", "]", 10_000)},
		{"jsonc", "jsonc on a line", nested(`{"a": /*[*/`, "1", "}", 10_000)},
		{"yaml", "yaml", nested("[", "1", "]", 9_999)},
		{"yaml keys", "yaml", lines("%d: x\n", 5_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v any
			testkit.Must(t, treeCodecs[c.format].Load(codec.NewSource([]byte(c.text), 0), &v))
			var out bytes.Buffer
			testkit.Must(t, treeCodecs[c.format].Dump(&out, v))
			var again any
			testkit.WantNil(t, "what was written does not load", treeCodecs[c.format].Load(&out, &again))
		})
	}
}

// A value of 10,000 levels takes 200 MB of blanks, and a file may hold many of them.
func TestIndentationThatExplodesIsRefused(t *testing.T) {
	for format, one := range map[string]string{"json": nested(`{"a":`, "1", "}", 9000), "yaml": nested("{a: ", "1", "}", 9000)} {
		var v any
		text := "[" + one + strings.Repeat(","+one, 19) + "]"
		if err := treeCodecs[format].Load(strings.NewReader(text), &v); err != nil {
			t.Fatal(format, err)
		}
		err := treeCodecs[format].Dump(io.Discard, v)
		if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "more than 512 MiB") {
			t.Errorf("%s: %.300v", format, err)
		}
	}
}

func TestIndentedJSONIsThatOfEncodingJSON(t *testing.T) {
	for _, v := range []any{
		nil, 1, "x", []any{}, map[string]any{}, []any{map[string]any{}, []any{[]any{}}}, "a\"b\\", "\\", []string{"{", "]", ",", ":", "\\\"", ""},
		map[string]any{"a:": []any{1, -2.5e10, true, nil}, "b\\": map[string]any{"": "\u2028\n\t<&>"}}, json.RawMessage(" { \"a\" : [ ] } "), struct{ A, B []int }{nil, []int{1}},
	} {
		for _, unit := range []int{1, 2, 16} {
			var got, want bytes.Buffer
			e := json.NewEncoder(&want)
			e.SetEscapeHTML(false)
			e.SetIndent("", strings.Repeat(" ", unit))
			testkit.Must(t, e.Encode(v))
			if err := codec.JSON(codec.Indent(unit)).Dump(&got, v); err != nil || got.String() != want.String() {
				t.Errorf("%#v: %v\n%s\nwant\n%s", v, err, &got, &want)
			}
		}
	}
}

type chain struct {
	Next *chain `json:"next,omitempty" yaml:"next,omitempty" toml:"next,omitempty"`
}

// An encoder that is recursive overflows the stack at some millions of levels.
func TestDeepValuesAreRefusedBeforeAnEncoderSeesThem(t *testing.T) {
	values := make(map[string]any)
	linked := new(chain)
	for range 3_000_000 {
		linked = &chain{linked}
	}
	values["struct"] = map[string]any{"a": linked}
	var maps, lists any = "x", "x"
	for range 3_000_000 {
		maps, lists = map[string]any{"a": maps}, []any{lists}
	}
	values["maps"] = maps
	values["lists"] = map[string]any{"a": lists}
	for _, format := range []string{"json", "jsonc", "yaml", "toml"} {
		for name, v := range values {
			for what, write := range map[string]func() error{
				"dump": func() error { return treeCodecs[format].Dump(io.Discard, v) },
				"edit": func() error { return treeCodecs[format].(codec.Editor).Edit(io.Discard, []byte("{}"), v) },
			} {
				err := write()
				if !errors.Is(err, errors.ErrEncode) || !strings.Contains(err.Error(), "levels deep") || len(err.Error()) > 1500 {
					t.Errorf("%s of %s as %s: %.300v", what, name, format, err)
				}
			}
		}
	}
}

func TestErrorsDoNotQuoteTheWholeFile(t *testing.T) {
	for format, text := range map[string]string{
		"toml": "a = " + strings.Repeat("1", 1<<20) + "_",
		"json": `{"n": ` + strings.Repeat("1", 1<<20) + "}",
		"yaml": "n: [" + strings.Repeat("x, ", 10_000) + "]\n",
	} {
		var v struct {
			N []int
			A int
		}
		err := treeCodecs[format].Load(strings.NewReader(text), &v)
		if !errors.Is(err, errors.ErrDecode) || len(err.Error()) > 1500 {
			t.Errorf("%s: an error of %d bytes: %.100v", format, len(err.Error()), err)
		}
	}
}
