package codec_test

import (
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
)

type document = map[string]any

// day is a date as the YAML decoder gives one.
func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestAnEditDisturbsNothingButWhatChanged(t *testing.T) {
	for _, c := range []struct {
		name      string
		codec     codec.Codec
		old, want string
		change    func(d document)
	}{
		{
			"the lines of the last key go, and a block scalar above keeps its line break", codec.YAML(),
			"a: # ca\n  - z # cz\n  - |\n    x\n    y\nb: 1",
			"a: # ca\n  - z # cz\n  - |\n    x\n    y\n",
			func(d document) { delete(d, "b") },
		}, {
			"a verbatim tag stays", codec.YAML(),
			"a: !<tag:example.org,2000:foo> v # ca\nb: 1 # cb\n",
			"a: !<tag:example.org,2000:foo> z # ca\nb: 1 # cb\n",
			func(d document) { d["a"] = "z" },
		}, {
			"a table that becomes a scalar gets a line of its own", codec.TOML(),
			"\n[a] # ca\nx = 1\n\n# about b\n[b] # cb\ny = 1\n",
			"a = false # ca\n\n# about b\n[b] # cb\ny = 1\n",
			func(d document) { d["a"] = false },
		}, {
			"a block scalar keeps its indent", codec.YAML(),
			"steps:\n  - run: |\n        a\n        b\n        c\n    z: 1\n",
			"steps:\n  - run: |\n        a\n        B\n        c\n    z: 1\n",
			func(d document) { d["steps"].([]any)[0].(document)["run"] = "a\nB\nc\n" },
		}, {
			"a folded scalar keeps the line breaks of paragraphs that stay", codec.YAML(),
			"t: >-\n    one\n    two\n\n    three\n    four\nz: 1\n",
			"t: >-\n    one\n    two\n\n    3 4\nz: 1\n",
			func(d document) { d["t"] = "one two\n3 4" },
		}, {
			"the only key is replaced by another", codec.YAML(),
			"job1: running # started by hand\n",
			"job2: queued\n",
			func(d document) { clear(d); d["job2"] = "queued" },
		}, {
			"an octal number stays octal", codec.YAML(),
			"mode: 0755 # m\nother: 0o644\nhex: 0xFF\nbin: 0b101\n",
			"mode: 0700 # m\nother: 0o600\nhex: 0x1F\nbin: 0b110\n",
			func(d document) { d["mode"], d["other"], d["hex"], d["bin"] = 0o700, 0o600, 0x1f, 6 },
		}, {
			"a date stays a date", codec.YAML(),
			"d: 2024-01-01 # d\nds: [2024-01-01, 2024-02-01] # c\n",
			"d: 2024-01-02 # d\nds: [2024-01-01, 2024-02-01, 2024-01-02] # c\n",
			func(d document) {
				d["d"] = day(2024, 1, 2)
				d["ds"] = append(d["ds"].([]any), day(2024, 1, 2))
			},
		}, {
			"an empty collection that is filled becomes a block", codec.YAML(),
			"# -- Affinity\naffinity: {}\n# -- cfg\nconfig: {} # cc\ntolerations: [] # t\n",
			"# -- Affinity\naffinity:\n  node:\n    zone: a\n# -- cfg\nconfig: # cc\n  script: |\n    one\n    two\ntolerations: # t\n  - key: k\n    op: In\n",
			func(d document) {
				d["affinity"] = document{"node": document{"zone": "a"}}
				d["config"] = document{"script": "one\ntwo\n"}
				d["tolerations"] = []any{document{"key": "k", "op": "In"}}
			},
		}, {
			"a key goes above the comment of the key below", codec.YAML(),
			"# about b\nb: 1\nc: 1\n",
			"a: 1\n# about b\nb: 1\nc: 1\n",
			func(d document) { d["a"] = 1 },
		}, {
			"a head comment stays the head", codec.YAML(),
			"# head\n\nb: 1\n",
			"# head\n\na: 1\nb: 1\n",
			func(d document) { d["a"] = 1 },
		}, {
			"a nested key goes above the comment of the key below", codec.YAML(),
			"spec:\n  # about b\n  b: 1\n",
			"spec:\n  a: 1\n  # about b\n  b: 1\n",
			func(d document) { d["spec"].(document)["a"] = 1 },
		}, {
			"a text of YAML 1.2 is editable", codec.YAML(),
			"%YAML 1.2\n---\na: 1 # c\n",
			"%YAML 1.2\n---\na: 2 # c\n",
			func(d document) { d["a"] = 2 },
		}, {
			"the text ends with a line break still", codec.TOML(),
			"[a]\nx = [\n  # own\n  1,\n]\n",
			"  # own\n",
			func(d document) { delete(d, "a") },
		}, {
			"an entry goes between the lines of two, above the comment that stands before one", codec.JSONC(),
			"{\"k\": [\n  \"a\", // c2\n  /* c4 */ \"b\" // c5\n]}\n",
			"{\"k\": [\n  \"a\", // c2\n  \"n\",\n  /* c4 */ \"b\" // c5\n]}\n",
			func(d document) { d["k"] = []any{"a", "n", "b"} },
		}, {
			"a blank behind the entry that goes disturbs no comment, JSONC", codec.JSONC(),
			"{ // c15\n  \"a\": 1, \n  \"b\": 2\n}\n",
			"{ // c15\n  \"b\": 2\n}\n",
			func(d document) { delete(d, "a") },
		}, {
			"a blank behind the entry that goes disturbs no comment, TOML", codec.TOML(),
			"k = [ # c15\n  \"a\", \n  \"b\"\n]\n",
			"k = [ # c15\n  \"b\"\n]\n",
			func(d document) { d["k"] = []any{"b"} },
		}, {
			"a bracket is not left in the first column", codec.YAML(),
			"k: {a: 1, c: {\n    # c\n    b: 1\n  }}\nz: 1\n",
			"k: {a: 1\n    # c\n  }\nz: 1\n",
			func(d document) { delete(d["k"].(document), "c") },
		}, {
			"a comment in an element goes with it", codec.YAML(),
			"k: [a, [\n    # c\n    b\n  ]]\nz: 1\n",
			"k: [a]\nz: 1\n",
			func(d document) { d["k"] = []any{"a"} },
		}, {
			"the octal number of TOML stays octal", codec.TOML(),
			"mode = 0o755 # m\nhex = 0xFF\n",
			"mode = 0o700 # m\nhex = 0x1F\n",
			func(d document) { d["mode"], d["hex"] = 0o700, 0x1f },
		}, {
			"new keys of a JSON object go to its end", codec.JSON(),
			"{\n   \"b\": 1,\n   \"c\": 1\n}\n",
			"{\n   \"b\": 1,\n   \"c\": 1,\n   \"a\": 1\n}\n",
			func(d document) { d["a"] = 1 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := change(t, c.codec, c.old, func(d *document) { c.change(*d) }); got != c.want {
				t.Errorf("from:\n%s\ngot:\n%s\nwant:\n%s", c.old, got, c.want)
			}
		})
	}
}

func TestAKeyThatComesAndGoesLeavesNoTrace(t *testing.T) {
	for _, c := range []struct {
		name, old string
		codec     codec.Codec
	}{
		{"TOML with a head comment", "# Colors\n\n[a]\nx = 1\n", codec.TOML()},
		{"TOML without", "[a]\nx = 1\n", codec.TOML()},
		{"TOML with a key", "y = 1\n\n[a]\nx = 1\n", codec.TOML()},
		{"YAML", "# Colors\n\na:\n  x: 1\n", codec.YAML()},
		{"JSON", "{\n  \"a\": {\"x\": 1}\n}\n", codec.JSON()},
		{"JSONC", "// Colors\n{\n  \"a\": {\"x\": 1} // last\n}\n", codec.JSONC()},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.old
			for range 4 {
				text = change(t, c.codec, text, func(d *document) { (*d)["k"] = 1 })
				text = change(t, c.codec, text, func(d *document) { delete(*d, "k") })
			}
			if text != c.old {
				t.Errorf("got:\n%s\nwant:\n%s", text, c.old)
			}
		})
	}
}

func TestALocalDateOfTOMLStaysLocal(t *testing.T) {
	type times struct{ D, DT, Off time.Time }
	old := "D = 2024-01-01 # d\nDT = 2024-01-01T10:00:00 # dt\nOff = 2024-01-01T10:00:00+02:00\n"
	got := change(t, codec.TOML(), old, func(v *times) {
		v.D = v.D.AddDate(0, 0, 1)
		v.DT = v.DT.Add(90 * time.Minute)
		v.Off = v.Off.Add(time.Hour)
	})
	if want := "D = 2024-01-02 # d\nDT = 2024-01-01T11:30:00 # dt\nOff = 2024-01-01T11:00:00+02:00\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	got = change(t, codec.TOML(), old, func(v *times) { v.D = v.D.Add(time.Hour) })
	if v, err := loadAs[times](codec.TOML(), got); err != nil || v.D.Hour() != 1 {
		t.Errorf("a date that is no midnight any more: %v, %v\n%s", v.D, err, got)
	}
}

func TestAnEmptyCollectionBecomesAnotherValueInPlace(t *testing.T) {
	for _, c := range []struct {
		codec              func(...codec.Option) codec.Codec
		before, after, end string
		list, dict         string
	}{
		{codec.JSONC, "{\n    \"a\": ", ", // about a\n    \"b\": 1", "\n}\n", "[]", "{}"},
		{codec.JSON, "{\n    \"a\": ", ",\n\n    \"b\": 1", "\n}\n", "[]", "{}"},
		{codec.YAML, "a: ", " # about a\nb: 1", "\n", "[]", "{}"},
		{codec.TOML, "a = ", " # about a\nb = 1", "\n", "[]", "{}"},
	} {
		for _, empty := range []string{c.list, c.dict} {
			var heard reports
			got := change(t, c.codec(heard.option(), codec.KeepComments()), c.before+empty+c.after+c.end, func(v *document) { (*v)["a"] = true })
			if want := c.before + "true" + c.after + c.end; got != want || heard.list[0].How != "spliced" {
				t.Errorf("%v, got:\n%s\nwant:\n%s", heard.list, got, want)
			}
		}
	}
}

func TestCommentsOfTOMLTablesGoWithTheTableTheySpeakOf(t *testing.T) {
	for _, c := range []struct {
		name, old, want string
		change          func(v *document)
	}{
		{"the last table in a table goes", "k = 1\n\n[p.f] # of f\nx = 1 # of x\n\n[z]\ny = 1\n", "k = 1\n\n[p]\n\n[z]\ny = 1\n",
			func(v *document) { delete((*v)["p"].(document), "f") }},
		{"the last dotted key goes", "p.x = 1 # of x\nz = 2 # of z\n", "p = {}\nz = 2 # of z\n",
			func(v *document) { delete((*v)["p"].(document), "x") }},
		{"a table becomes a value", "k = 1\n\n[a] # of a\nx = 1 # of x\n\n[z]\ny = 1\n", "k = 1\na = \"s\" # of a\n\n[z]\ny = 1\n",
			func(v *document) { (*v)["a"] = "s" }},
		{"a table in one without a header becomes a value", "[t.a] # of a\nx = 1\n\n[t.b]\ny = 1\n", "[t]\na = 5 # of a\n\n[t.b]\ny = 1\n",
			func(v *document) { (*v)["t"].(document)["a"] = 5 }},
		{"dotted keys become a value", "a.x = 1 # of x\na.y = 2 # of y\nz = 2 # of z\n", "a = \"s\"\nz = 2 # of z\n",
			func(v *document) { (*v)["a"] = "s" }},
	} {
		var heard reports
		got := change(t, codec.TOML(heard.option(), codec.KeepComments()), c.old, c.change)
		if got != c.want || heard.list[0].How != "spliced" || heard.list[0].Lost != nil {
			t.Errorf("%s: %v, got:\n%s\nwant:\n%s", c.name, heard.list, got, c.want)
		}
	}
}

func TestAHeaderOfTOMLThatStoodAloneStaysWhenAKeyComesAndGoes(t *testing.T) {
	for _, old := range []string{
		"k = 1\n\n[h.r]\n  [h.r.one]\n  x = 1\n\n[z]\ny = 1\n",
		"[h.r]\n  [h.r.one]\n    x = 1\n  [h.r.two]\n    x = 1\n",
		"[h.r.one]\nx = 1\n[h.r.two]\nx = 1\n",
		"k = 1\n\n[h.r.one]\nx = 1\n\n[z]\ny = 1\n",
	} {
		text := change(t, codec.TOML(), old, func(v *document) { (*v)["h"].(document)["r"].(document)["new"] = 1 })
		back := change(t, codec.TOML(), text, func(v *document) { delete((*v)["h"].(document)["r"].(document), "new") })
		if back != old {
			t.Errorf("from:\n%s\nthen:\n%s\nthen:\n%s", old, text, back)
		}
	}
}
