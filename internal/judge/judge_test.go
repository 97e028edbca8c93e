package judge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// operation is one change of a value, as a judge is told of it.
type operation struct {
	Format string `json:"format"`
	Old    string `json:"old"`
	New    string `json:"new"`
	Kind   string `json:"kind"` // set, add a key, insert into a list, or delete
	Path   []any  `json:"path"`
	Value  any    `json:"value"`
	name   string // of the file
}

// verdict is what a judge says of one.
type verdict struct {
	Skip string `json:"skip"` // the judge does not read the old text as Go does
	OK   bool   `json:"ok"`
	Why  string `json:"why"`
}

func TestOtherParsersSeeTheEditThatWasMade(t *testing.T) {
	judges := []struct {
		name, formats string
		command       []string
	}{{"Python's yaml and tomllib", "yaml toml", []string{"python3", "testdata/judge.py"}}}
	if effort.Of(false, false, true) {
		judges = append(judges, struct {
			name, formats string
			command       []string
		}{"npm's yaml and jsonc-parser", "yaml json jsonc", []string{"node", "testdata/judge.mjs"}})
	}
	cases := edits(t)
	for _, j := range judges {
		t.Run(j.name, func(t *testing.T) {
			var own []operation
			for _, c := range cases {
				if slices.Contains(strings.Fields(j.formats), c.Format) {
					own = append(own, c)
				}
			}
			skipped, judged := 0, 0
			for i, v := range ask(t, j.command, own) {
				switch c := own[i]; {
				case v.Skip != "":
					skipped++
				case !v.OK:
					t.Errorf("%s: %s %v %v: %s\nold:\n%s\nnew:\n%s", c.name, c.Kind, c.Path, c.Value, v.Why, c.Old, c.New)
				default:
					judged++
				}
			}
			t.Logf("%d edits were judged right; of %d the judge does not read the old text as Go does", judged, skipped)
			if judged < 4*skipped {
				t.Error("too few could be judged")
			}
		})
	}
}

// TestAJudgeSeesAWrongEdit shows that the judges can fail.
func TestAJudgeSeesAWrongEdit(t *testing.T) {
	op := operation{Format: "toml", Old: "a = 1\nb = 1\n", New: "a = 2\nb = 1\n", Kind: "set", Path: []any{"a"}, Value: 2}
	wrong := op
	wrong.New = "a = 2\nb = 2\n"
	got := ask(t, []string{"python3", "testdata/judge.py"}, []operation{op, wrong})
	if !got[0].OK || got[1].OK || got[1].Skip != "" {
		t.Errorf("%+v", got)
	}
}

// ask starts a judge and has it judge all.
func ask(t *testing.T, command []string, ops []operation) []verdict {
	t.Helper()
	if command[0] == "python3" {
		if out, err := exec.Command("python3", "-c", "import yaml, tomllib").CombinedOutput(); err != nil {
			t.Skipf("no python3 with yaml and tomllib: %v\n%s", err, out)
		}
	}
	cmd := exec.Command(command[0], command[1:]...)
	in, err := cmd.StdinPipe()
	testkit.Must(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	testkit.Must(t, err)
	testkit.Must(t, cmd.Start())
	go func() {
		defer in.Close()
		encoder := json.NewEncoder(in)
		for _, op := range ops {
			if encoder.Encode(op) != nil {
				return // the judge has ended, and says why
			}
		}
	}()
	verdicts := make([]verdict, 0, len(ops))
	lines := bufio.NewReader(out)
	for range ops {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		var v verdict
		if json.Unmarshal(line, &v) != nil {
			break
		}
		verdicts = append(verdicts, v)
	}
	if err := cmd.Wait(); err != nil || len(verdicts) != len(ops) {
		t.Fatalf("%d of %d verdicts, %v\n%s", len(verdicts), len(ops), err, stderr.Bytes())
	}
	return verdicts
}

// quiet keeps the log free of comments that an edit lost.
var quiet = codec.OnEdit(func(codec.EditReport) {})

// disputed are texts that the parsers read differently: a set, whose keys may have no
// values; a block scalar that the text ends with and whose last line is blank and has
// no line break, which YAML 1.2 adds and libyaml's family does not; the tag "!", after
// which 12 is a number to YAML 1.1 and a string to YAML 1.2.
var disputed = map[string]bool{"2XXW.yaml": true, "JEF9-02.yaml": true, "L24T-01.yaml": true, "S4JQ.yaml": true}

// edits makes random edits of the corpus.
func edits(t *testing.T) []operation {
	t.Helper()
	formats := map[string]struct {
		name  string
		codec codec.Codec
	}{
		".yml": {"yaml", codec.YAML(quiet)}, ".yaml": {"yaml", codec.YAML(quiet)}, ".toml": {"toml", codec.TOML(quiet)},
		".json": {"json", codec.JSON(quiet)}, ".jsonc": {"jsonc", codec.JSONC(quiet)},
	}
	files := map[string][]byte{}
	for _, pattern := range []string{"real/*", "yaml-test-suite/*.yaml", "json-test-suite/y_*.json"} {
		maps.Copy(files, edittest.Corpus(t, pattern))
	}
	rounds := effort.Of(1, 3, 100)
	var ops []operation
	refused := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, ok := formats[path.Ext(name)]
		if !ok || !utf8.Valid(files[name]) || disputed[path.Base(name)] {
			continue
		}
		edits := rounds
		if path.Dir(name) == "real" {
			edits = 11 * rounds
		}
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		for range edits {
			op := operation{Format: f.name, Old: string(files[name]), name: name}
			made, err := try(f.codec, &op, r)
			if err != nil {
				refused++
				t.Logf("%s: %s %v %v: %v", name, op.Kind, op.Path, op.Value, err)
			}
			if made {
				ops = append(ops, op)
			}
		}
	}
	t.Logf("%d edits were made, %d refused", len(ops), refused)
	if len(ops) == 0 || 100*refused > len(ops) {
		t.Error("too few could be made")
	}
	return ops
}

// try makes one random edit, if the text can be loaded and changed. An error is that
// the edit is refused.
func try(c codec.Codec, op *operation, r *rand.Rand) (made bool, refused error) {
	var v any
	if c.Load(strings.NewReader(op.Old), &v) != nil || !change(&v, op, r) {
		return false, nil
	}
	var out bytes.Buffer
	if err := c.(codec.Editor).Edit(&out, []byte(op.Old), v); err != nil {
		return false, err
	}
	op.New = out.String()
	return true, nil
}

// change makes a random change in v, and says in op which.
func change(v *any, op *operation, r *rand.Rand) bool {
	switch c := (*v).(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(c))
		if len(keys) == 0 || r.IntN(6) == 0 {
			key := fmt.Sprint("judged", r.IntN(100))
			op.Kind, op.Path, op.Value = "add", append(op.Path, key), value(r)
			c[key] = op.Value
			return true
		}
		key := keys[r.IntN(len(keys))]
		op.Path = append(op.Path, key)
		inner := c[key]
		if deeper(inner, r) {
			ok := change(&inner, op, r)
			c[key] = inner
			return ok
		}
		if r.IntN(3) == 0 {
			op.Kind = "delete"
			delete(c, key)
			return true
		}
		op.Kind, op.Value = "set", value(r)
		c[key] = op.Value
		return true
	case []any:
		return changeList(v, c, op, r)
	case []map[string]any: // a list of tables
		if len(c) == 0 {
			return false
		}
		i := r.IntN(len(c))
		op.Path = append(op.Path, i)
		var inner any = c[i]
		return change(&inner, op, r)
	}
	return false
}

func changeList(v *any, c []any, op *operation, r *rand.Rand) bool {
	i := r.IntN(len(c) + 1)
	op.Path = append(op.Path, i)
	switch {
	case i == len(c) || r.IntN(4) == 0:
		op.Kind, op.Value = "insert", value(r)
		*v = slices.Insert(c, i, op.Value)
	case deeper(c[i], r):
		return change(&c[i], op, r)
	case r.IntN(2) == 0:
		op.Kind = "delete"
		*v = slices.Delete(c, i, i+1)
	default:
		op.Kind, op.Value = "set", value(r)
		c[i] = op.Value
	}
	return true
}

// deeper reports whether v is a collection that the change is to happen in.
func deeper(v any, r *rand.Rand) bool {
	switch v.(type) {
	case map[string]any, []any, []map[string]any:
		return r.IntN(5) > 0
	}
	return false
}

// value gives one that all formats and parsers read alike.
func value(r *rand.Rand) any {
	return []any{"judged text", "two\nlines\n", "# no comment", "it's \"quoted\"", 4711, true, "1.20", "", "- x: {y}"}[r.IntN(9)]
}
