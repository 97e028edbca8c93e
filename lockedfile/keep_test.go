package lockedfile_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
	"gopkg.in/yaml.v3"
)

// kept are files as people keep them, with a port and a name to change.
var kept = map[string]string{
	"a.yaml":  "# the site\nname:   \"app\"   # its name\n\nserver:\n    port: 8080   # behind the proxy\n    extra: {keep: me} # not ours\nlist:\n    - name: one # first\n      other: 0x10\n    - name: two\n",
	"a.toml":  "# the site\nname   = 'app'   # its name\n\n[server]\n  port = 8080   # behind the proxy\n  extra = {keep = \"me\"} # not ours\n\n[[list]] # first\nname = 'one'\nother = 0x10\n[[list]]\nname = \"two\"\n",
	"a.jsonc": "// the site\n{\n\t\"name\":   \"app\",   // its name\n\t\"server\": {\n\t\t\"port\": 8080,   /* behind the proxy */\n\t\t\"extra\": {\"keep\": \"me\"}, // not ours\n\t},\n\t\"list\": [\n\t\t{\"name\": \"one\", \"other\": 1.60e1}, // first\n\t\t{\"name\": \"two\"},\n\t]\n}\n",
	"a.json":  "{\n   \"name\":   \"app\",\n   \"server\": {\"port\": 8080, \"extra\": {\"keep\": \"m\\u0065\"}},\n   \"list\": [\n      {\"name\": \"one\", \"other\": 1.60e1},\n      {\"name\": \"two\"}\n   ]\n}\n",
}

type site struct {
	Name   string `yaml:"name" toml:"name" json:"name"`
	Server server `yaml:"server" toml:"server" json:"server"`
	List   []struct {
		Name  string `yaml:"name" toml:"name" json:"name"`
		Level int    `yaml:"level" toml:"level" json:"level"`
	} `yaml:"list" toml:"list" json:"list"`
	Debug bool `yaml:"debug" toml:"debug" json:"debug"`
}

type server struct {
	Port    int `yaml:"port" toml:"port" json:"port"`
	Timeout int `yaml:"timeout" toml:"timeout" json:"timeout"`
}

// forms are the texts again with other line ends, marks and ends.
func forms(text string) map[string]string {
	return map[string]string{
		"as it is":         text,
		"CRLF":             strings.ReplaceAll(text, "\n", "\r\n"),
		"byte order mark":  "\ufeff" + text,
		"no final newline": strings.TrimSuffix(text, "\n"),
		"more at the end":  text + "\n\n",
	}
}

func TestEveryWayToWriteChangesTheBytesOfTheValueOnly(t *testing.T) {
	port := func(s *site) error { s.Server.Port = 9090; return nil }
	ways := map[string]func(path string) error{
		"Write": func(path string) error {
			f := safefile.New[site](path)
			s, err := f.Read()
			if err == nil {
				port(&s)
				err = f.Write(s)
			}
			return err
		},
		"Update": func(path string) error { return lockedfile.New[site](path).Update(port) },
		"Locked": func(path string) error {
			return lockedfile.New[site](path).Locked(func(tx *lockedfile.Tx[site]) error {
				s, err := tx.Read()
				if err != nil {
					return err
				}
				port(&s)
				return tx.Write(s)
			})
		},
		"Update of a pointer": func(path string) error {
			return lockedfile.New[*site](path).Update(func(s **site) error { return port(*s) })
		},
		"Update of a map": func(path string) error {
			return lockedfile.New[map[string]any](path).Update(func(m *map[string]any) error {
				(*m)["server"].(map[string]any)["port"] = 9090
				return nil
			})
		},
		"Update of any": func(path string) error {
			return lockedfile.New[any](path).Update(func(v *any) error {
				(*v).(map[string]any)["server"].(map[string]any)["port"] = 9090
				return nil
			})
		},
	}
	for name, text := range kept {
		for form, text := range forms(text) {
			for way, write := range ways {
				path := testkit.File(t, name, text)
				if err := write(path); err != nil {
					t.Errorf("%s, %s, %s: %v", name, form, way, err)
					continue
				}
				t.Log(form, way)
				testkit.WantContent(t, path, strings.Replace(text, "8080", "9090", 1))
			}
		}
	}
}

func TestMergeChangesTheKeysOfThePatchOnly(t *testing.T) {
	for name, text := range kept {
		for _, text := range forms(text) {
			path := testkit.File(t, name, text)
			testkit.Must(t, lockedfile.New[map[string]any](path).Merge(map[string]any{"name": "b"}))
			testkit.WantContent(t, path, strings.NewReplacer(`"app"`, `"b"`, `'app'`, `'b'`).Replace(text))
		}
	}
}

func TestAYAMLNodeIsKeptLikeAnyValue(t *testing.T) {
	text := kept["a.yaml"]
	path := testkit.File(t, "a.yaml", text)
	testkit.Must(t, lockedfile.New[yaml.Node](path).Update(func(n *yaml.Node) error {
		n.Content[0].Content[1].Value = "b"
		return nil
	}))
	testkit.WantContent(t, path, strings.Replace(text, "app", "b", 1))
}

func TestAFileThatDoesNotDecodeIsReplacedByWriteAndRefusedByUpdateAndMerge(t *testing.T) {
	for name, text := range map[string]string{"a.yaml": "# c\nname: [\n", "b.yaml": "# c\nserver: many\n", "a.toml": "# c\nname = \n", "a.json": "{", "a.jsonc": "// c\n", "b.json": ""} {
		path := testkit.File(t, name, text)
		f := lockedfile.New[site](path, quiet)
		if err := f.Update(func(*site) error { return nil }); !errors.Is(err, errors.ErrDecode) {
			t.Errorf("%s: Update: %v", name, err)
		}
		if err := lockedfile.New[map[string]site](path, quiet).Merge(map[string]site{"a": {}}); !errors.Is(err, errors.ErrDecode) {
			t.Errorf("%s: Merge: %v", name, err)
		}
		testkit.WantContent(t, path, text)
		testkit.Must(t, f.Write(site{Name: "new"}))
		if s, err := f.Read(); err != nil || s.Name != "new" {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
}

var quiet = safefile.WithLogger(slog.New(slog.DiscardHandler))

func TestBlankFilesAndFilesOfCommentsTakeAValue(t *testing.T) {
	for name, comment := range map[string]string{"a.yaml": "# c", "a.toml": "# c", "a.jsonc": "// c"} {
		for _, text := range []string{"", "\n", comment, comment + "\n", comment + "\r\n\r\n", "\ufeff" + comment + "\n"} {
			path := testkit.File(t, name, text)
			f := lockedfile.New[map[string]int](path, safefile.WithCodec(map[string]codec.Codec{
				".yaml": codec.YAML(), ".toml": codec.TOML(), ".jsonc": codec.JSONC(codec.AllowEmpty())}[filepath.Ext(name)]))
			testkit.Must(t, f.Update(func(m *map[string]int) error { (*m)["a"] = 1; return nil }))
			got, _ := os.ReadFile(path)
			m, err := f.Read()
			if err != nil || m["a"] != 1 || !strings.HasPrefix(string(got), strings.TrimRight(text, "\r\n")) {
				t.Errorf("%s %q: %q %v", name, text, got, err)
			}
		}
	}
}

func TestTwentyOperationsInOneUpdate(t *testing.T) {
	for name, comment := range map[string]string{"a.yaml": "k%d: %d # about %[1]d\n", "a.toml": "k%d = %d # about %[1]d\n", "a.jsonc": "  \"k%d\": %d, // about %[1]d\n"} {
		var old, changed strings.Builder
		for i := range 60 {
			fmt.Fprintf(&old, comment, i, i)
			switch i % 6 {
			case 0:
				fmt.Fprintf(&changed, comment, i, -i-1)
			case 1: // deleted
			default:
				fmt.Fprintf(&changed, comment, i, i)
			}
		}
		open, end := "", ""
		if name == "a.jsonc" {
			open, end = "{\n", "}\n"
		}
		path := testkit.File(t, name, open+old.String()+end)
		testkit.Must(t, lockedfile.New[map[string]int](path).Update(func(m *map[string]int) error {
			for i := 0; i < 60; i += 6 {
				(*m)[fmt.Sprint("k", i)] = -i - 1
				delete(*m, fmt.Sprint("k", i+1))
			}
			return nil
		}))
		testkit.WantContent(t, path, open+changed.String()+end)
	}
}

func TestBytesAndValuesMixInOneTransaction(t *testing.T) {
	path := testkit.File(t, "a.yaml", kept["a.yaml"])
	f := lockedfile.New[site](path)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[site]) error {
		set := func(port int) {
			s, err := tx.Read()
			testkit.Must(t, err)
			s.Server.Port = port
			testkit.Must(t, tx.Write(s))
		}
		set(1)
		text, err := tx.ReadBytes()
		testkit.Must(t, err)
		if got := strings.Replace(kept["a.yaml"], "8080", "1", 1); string(text) != got {
			t.Errorf("the staged text is\n%s", text)
		}
		testkit.Must(t, tx.WriteBytes(append(text, "# by bytes\n"...)))
		set(2)
		testkit.Must(t, tx.Append("# appended\n"))
		testkit.Must(t, tx.Append("more: 1 # too\n"))
		set(3)
		set(4)
		return nil
	}))
	testkit.WantContent(t, path, strings.Replace(kept["a.yaml"], "8080", "4", 1)+"# by bytes\n# appended\nmore: 1 # too\n")
}

func TestAFunctionThatFailsLeavesNoEdit(t *testing.T) {
	path := testkit.File(t, "a.yaml", kept["a.yaml"])
	stop := errors.New("stop")
	f := lockedfile.New[site](path)
	err := f.Locked(func(tx *lockedfile.Tx[site]) error {
		testkit.Must(t, tx.Write(site{}))
		_, err := tx.ReadBytes()
		testkit.Must(t, err)
		return stop
	})
	if err != stop {
		t.Error(err)
	}
	testkit.WantContent(t, path, kept["a.yaml"])
}

// Handles of different types on one file each change what they know.
func TestHandlesOfDifferentTypesKeepEachOthersKeys(t *testing.T) {
	for name, text := range kept {
		path := testkit.File(t, name, text)
		type named struct {
			Name string `yaml:"name" toml:"name" json:"name"`
		}
		type served struct {
			Server struct {
				Port int `yaml:"port" toml:"port" json:"port"`
			} `yaml:"server" toml:"server" json:"server"`
		}
		names, ports, all := lockedfile.New[named](path), lockedfile.New[served](path), lockedfile.New[map[string]any](path)
		const rounds = 20
		var wait sync.WaitGroup
		for i := range rounds {
			wait.Go(func() {
				testkit.Must(t, names.Update(func(n *named) error { n.Name += "x"; return nil }))
			})
			wait.Go(func() {
				testkit.Must(t, ports.Update(func(s *served) error { s.Server.Port++; return nil }))
			})
			wait.Go(func() {
				testkit.Must(t, all.Update(func(m *map[string]any) error { (*m)[fmt.Sprintf("new%02d", i)] = i; return nil }))
			})
		}
		wait.Wait()
		got, err := os.ReadFile(path)
		testkit.Must(t, err)
		for i := range rounds {
			if key := fmt.Sprintf("new%02d", i); strings.Count(string(got), key) != 1 {
				t.Errorf("%s: %s was lost\n%s", name, key, got)
			}
		}
		was := strings.NewReplacer("app", "app"+strings.Repeat("x", rounds), "8080", fmt.Sprint(8080+rounds)).Replace(text)
		for _, line := range strings.Split(strings.TrimSpace(was), "\n") {
			if line = strings.TrimRight(line, "]}"); !strings.Contains(string(got), line) {
				t.Errorf("%s: the line %q was lost\n%s", name, line, got)
			}
		}
	}
}

func TestManyWritersOfOneFileLoseNeitherKeysNorComments(t *testing.T) {
	const writers, rounds = 32, 10
	var old, changed strings.Builder
	for i := range writers {
		fmt.Fprintf(&old, "# above %d\nkey%02d: 0   # beside %[1]d\n\n", i, i)
		fmt.Fprintf(&changed, "# above %d\nkey%02d: %d   # beside %[1]d\n\n", i, i, rounds)
	}
	path := testkit.File(t, "a.yaml", old.String())
	shared := lockedfile.New[map[string]int](path)
	var wait sync.WaitGroup
	for i := range writers {
		f := shared
		if i%2 == 0 {
			f = lockedfile.New[map[string]int](path)
		}
		wait.Go(func() {
			for range rounds {
				if err := f.Update(func(m *map[string]int) error { (*m)[fmt.Sprintf("key%02d", i)]++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	testkit.WantContent(t, path, changed.String())
}

func TestAnEditedFileKeepsItsChecksum(t *testing.T) {
	for name, text := range kept {
		path := testkit.File(t, name, text)
		testkit.Must(t, checksum.Write(path))
		f := lockedfile.New[site](path, safefile.WithChecksum(), quiet)
		testkit.Must(t, f.Update(func(s *site) error { s.Server.Port = 9090; return nil }))
		testkit.Must(t, f.Write(site{Name: "app", Server: server{Port: 7}}))
		testkit.Must(t, checksum.Verify(path))
	}
}

func TestADamagedFileIsNotEdited(t *testing.T) {
	path := testkit.File(t, "a.yaml", kept["a.yaml"])
	testkit.Must(t, checksum.Write(path))
	testkit.Put(t, path, "# other\nname: x\n")
	f := lockedfile.New[site](path, safefile.WithChecksum(), quiet)
	testkit.WantIs(t, "Update", f.Update(func(*site) error { return nil }), errors.ErrChecksumMismatch)
	testkit.Must(t, f.Write(site{Name: "new"}))
	testkit.Must(t, checksum.Verify(path))
	if got, _ := os.ReadFile(path); strings.Contains(string(got), "other") {
		t.Errorf("the damage is still there:\n%s", got)
	}
}

// lines is a codec of a user's own that edits: it keeps the lines after "--".
type lines struct{ codec.Codec }

func (c lines) Edit(w io.Writer, old []byte, v any) error {
	_, rest, found := strings.Cut(string(old), "--\n")
	if !found {
		return c.Dump(w, v)
	}
	if l, ok := w.(interface{ Edited(codec.EditReport) }); ok {
		l.Edited(codec.EditReport{How: "by hand", Lost: []int{7}})
	}
	_, err := fmt.Fprintf(w, "%s--\n%s", v, rest)
	return err
}

func TestAUsersOwnEditorEdits(t *testing.T) {
	load := func(r io.Reader) (string, error) {
		text, err := io.ReadAll(r)
		value, _, _ := strings.Cut(string(text), "--\n")
		return value, err
	}
	dump := func(w io.Writer, s string) error { _, err := io.WriteString(w, s); return err }
	path := testkit.File(t, "a.notes", "one\n--\nkeep this\n")
	var log testkit.Log
	f := lockedfile.New[string](path, safefile.WithCodec(lines{codec.Pair(load, dump)}), safefile.WithLogger(log.Logger()))
	testkit.Must(t, f.Update(func(s *string) error { *s += "two\n"; return nil }))
	testkit.WantContent(t, path, "one\ntwo\n--\nkeep this\n")
	if strings.Count(log.String(), "[7]") != 1 {
		t.Errorf("logged %q", log.String())
	}
}

// lossy is a text that can't take another value for its list without its comment.
const lossy = "# head\nlist: [1, # why\n  2]\n"

// A loss is no error by default, but somebody is told: once, of what was written.
func TestALossIsLoggedOncePerWrite(t *testing.T) {
	path := testkit.File(t, "a.yaml", lossy)
	var log testkit.Log
	f := lockedfile.New[map[string]any](path, safefile.WithLogger(log.Logger()))
	told := func(n int) {
		t.Helper()
		if got := strings.Count(log.String(), "level=WARN"); got != n || n > 0 && (!strings.Contains(log.String(), "path="+path) || !strings.Contains(log.String(), `lines=[2]`)) {
			t.Errorf("%d records, want %d of line 2:\n%s", got, n, log.String())
		}
		log.Reset()
	}
	set := func(tx *lockedfile.Tx[map[string]any], n int) {
		testkit.Must(t, tx.Write(map[string]any{"list": n}))
		_, err := tx.ReadBytes()
		testkit.Must(t, err)
	}
	f.Locked(func(tx *lockedfile.Tx[map[string]any]) error {
		set(tx, 1)
		return errors.New("no")
	})
	told(0)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[map[string]any]) error {
		set(tx, 1)
		set(tx, 2)
		return tx.Append("# end\n")
	}))
	told(1)
	testkit.Must(t, f.Write(map[string]any{"list": 3}))
	told(0)
	testkit.Put(t, path, lossy)
	testkit.Must(t, f.Write(map[string]any{"list": 4}))
	told(1)
}

func TestKeepCommentsLeavesTheFileAsItWas(t *testing.T) {
	path := testkit.File(t, "a.yaml", lossy)
	f := lockedfile.New[map[string]any](path, safefile.WithCodec(codec.YAML(codec.KeepComments())))
	if err := f.Write(map[string]any{"list": 1}); !errors.Is(err, errors.ErrEncode) || !errors.Is(err, errors.ErrWrite) {
		t.Error(err)
	}
	testkit.WantContent(t, path, lossy)
	testkit.Must(t, f.Update(func(m *map[string]any) error { (*m)["more"] = 1; return nil }))
	testkit.WantContent(t, path, lossy+"more: 1\n")
	testkit.Must(t, lockedfile.New[any](path, safefile.WithCodec(codec.YAML(codec.Rewrite()))).Write([]int{1}))
	testkit.WantContent(t, path, "- 1\n")
}

func TestAValidatingCompressedFileIsEdited(t *testing.T) {
	c := codec.Gzip(codec.Validate(codec.YAML(), func(s site) error { return nil }))
	path := filepath.Join(t.TempDir(), "a.yaml.gz")
	testkit.Must(t, safefile.New[string](path, safefile.WithCodec(codec.Gzip(codec.Text()))).Write(kept["a.yaml"]))
	f := lockedfile.New[site](path, safefile.WithCodec(c))
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[site]) error {
		for port := range 3 {
			s, err := tx.Read()
			testkit.Must(t, err)
			s.Server.Port = port
			testkit.Must(t, tx.Write(s))
		}
		return nil
	}))
	got, err := safefile.New[string](path, safefile.WithCodec(codec.Gzip(codec.Text()))).Read()
	if w := strings.Replace(kept["a.yaml"], "8080", "2", 1); err != nil || got != w {
		t.Errorf("%v\n%s", err, got)
	}
}

// shown can be written but not read.
type shown struct{ err error }

func (s shown) MarshalText() ([]byte, error) { return []byte(s.err.Error()), nil }

func (s *shown) UnmarshalText([]byte) error { return errors.New("not to be read") }

func TestAValueThatNobodyCanReadIsWrittenAllTheSame(t *testing.T) {
	type report struct {
		Last shown `yaml:"last" toml:"last" json:"last"`
	}
	for _, name := range []string{"a.yaml", "a.toml", "a.json"} {
		path := filepath.Join(t.TempDir(), name)
		f := safefile.New[report](path, quiet)
		for _, text := range []string{"one", "two"} {
			testkit.Must(t, f.Write(report{shown{errors.New(text)}}))
			if got, _ := os.ReadFile(path); !strings.Contains(string(got), text) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func TestAFileOverTheLimitIsNotEdited(t *testing.T) {
	text := kept["a.yaml"]
	path := testkit.File(t, "a.yaml", text)
	f := safefile.New[site](path, safefile.WithMaxSize(int64(len(text)-1)))
	if err := f.Write(site{}); !errors.Is(err, errors.ErrTooLarge) {
		t.Error(err)
	}
	testkit.WantContent(t, path, text)
	testkit.Must(t, f.WriteBytes([]byte("name: x\n")))
	testkit.Must(t, f.Write(site{Name: "z"}))
	testkit.WantContent(t, path, "name: z\n")
}
