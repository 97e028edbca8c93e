package toml

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// A hostile file could be made of any construct that the estimate does not see.
func TestBoundEstimatesNoLessThanTheDecoderAllocates(t *testing.T) {
	const size = 64 << 10
	times := func(s string) string { return strings.Repeat(s, size/len(s)) }
	counted := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	key := func(parts int) string { return strings.Repeat("a.", parts-1) + "a" }
	long := strings.Repeat("x", 200)
	for name, text := range map[string]string{
		"keys":                             counted("k%d = 1\n"),
		"strings":                          counted("k%d = \"\"\n"),
		"quoted keys":                      counted("\"k %d\" = 1\n"),
		"times":                            counted("k%d = 07:32:00\n"),
		"array":                            "a = [" + times("1,") + "]",
		"array of long numbers":            "a = [" + times("111111,") + "]",
		"array of strings":                 "a = [" + times("'',") + "]",
		"array of arrays":                  "a = [" + times("[],") + "]",
		"array of tables":                  "a = [" + times("{},") + "]",
		"array of tables with keys":        "a = [" + times("{a=1},") + "]",
		"array of tables with tables":      "a = [" + times("{a={}},") + "]",
		"array of arrays of tables":        "a = [" + times("[{a=1}],") + "]",
		"inline table":                     "a = {" + strings.TrimSuffix(counted("k%d=1,"), ",") + "}",
		"headers":                          counted("[k%d]\n"),
		"lists of tables":                  times("[[a]]\n"),
		"lists of tables with keys":        times("[[a]]\nb=1\n"),
		"headers of 8 parts":               counted("[a.b.c.d.e.f.g.k%d]\n"),
		"headers of 100 parts":             counted("[" + key(100) + ".k%d]\n"),
		"headers of 100 parts, all new":    counted("[k%d." + key(100) + "]\n"),
		"keys below a header of 100 parts": "[" + key(100) + "]\n" + counted("k%d = 1\n"),
		"keys below a long header":         "[" + long + "." + long + "]\n" + counted("k%d = 1\n"),
		"arrays below a long header":       "[" + long + "." + long + "]\na = [" + times("[],") + "]",
		"tables below a long header":       "[" + long + "." + long + "]\na = [" + times("{a={}},") + "]",
		"dotted keys":                      counted("a.b.c.d.e.f.g.k%d=1\n"),
		"dotted keys of 16 parts, new":     counted("k%d." + key(16) + "=1\n"),
		"dotted keys of 100 parts, new":    counted("k%d." + key(100) + "=1\n"),
		"dotted keys of long parts":        counted("k%d." + long + "." + long + "=1\n"),
		"dotted keys in inline tables":     "a = [" + times("{a.b.c.d=1},") + "]",
		"dotted keys below a header":       "[" + key(50) + "]\n" + counted("k%d.a.b.c = 1\n"),
		"nested inline tables":             counted("k%d = " + strings.Repeat("{a = ", 100) + "1" + strings.Repeat("}", 100) + "\n"),
		"nested arrays":                    counted("k%d = " + strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100) + "\n"),
	} {
		b := &bounder{text: []byte(text)}
		testkit.WantNil(t, name, b.document())
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var v any
		if _, err := toml.Decode(text, &v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if got := int64(after.TotalAlloc - before.TotalAlloc); got > b.cost*11/10 {
			t.Errorf("%s: the decoder allocates %d KiB, estimated were %d KiB", name, got>>10, b.cost>>10)
		} else if testing.Verbose() {
			t.Logf("%-40s %3d%%", name, got*100/b.cost)
		}
	}
}

// A key that the scan takes for a part of a string or a comment would not count.
func TestBoundSeesTheKeysThatTheDecoderSees(t *testing.T) {
	texts := edittest.Corpus(t, "real/*.toml")
	for i, text := range []string{
		"a = '''x'''''\nb = 1", "a = \"\"\"x\\\"\"\"\"\"\nb = 1", "a = \"\\\\\"\nb = 1", "a = '\\'\nb = 1", "# '''\na = 1\n'#' = 2\n\"[\".'='.b = {'}' = 1, \"\\\"\" = [']', # ]\n\"]\"]}\n",
		"a = 1979-05-27 07:32:00 # x\nb = [1979-05-27 07:32:00, 2]\r\nc = {}\r\n[d . \"e\"] # [f]\r\n[[g]]\n", "\ufeffa = 1", "a = \"\"\"\"\"\"\nb = ''''''\nc = \"\"\"\n[d]\n\"\"\"\n", "a = [\n  [1], # x = 1\n  {b = 1, c = [{d = 1}]},\n]\n",
	} {
		texts[fmt.Sprint("text ", i)] = []byte(text)
	}
	for name, text := range texts {
		var v any
		meta, err := toml.Decode(string(text), &v)
		if err != nil {
			t.Fatal(name, err)
		}
		b := &bounder{text: text, at: mark(text)}
		testkit.WantNil(t, name, b.document())
		if b.keys != len(meta.Keys()) {
			t.Errorf("%s: %d keys, the decoder has %d", name, b.keys, len(meta.Keys()))
		}
	}
}
