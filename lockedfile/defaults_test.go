package lockedfile_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// app is a configuration with a field of every kind.
type app struct {
	Name    string             `json:"name" yaml:"name" toml:"name"`
	Debug   bool               `json:"debug,omitempty" yaml:"debug,omitempty" toml:"debug,omitempty"`
	Server  place              `json:"server" yaml:"server" toml:"server"`
	Backup  *place             `json:"backup" yaml:"backup" toml:"backup"`
	List    []place            `json:"list" yaml:"list" toml:"list"`
	Tags    []string           `json:"tags" yaml:"tags" toml:"tags"`
	Pair    [2]place           `json:"pair" yaml:"pair" toml:"pair"`
	Env     map[string]string  `json:"env" yaml:"env" toml:"env"`
	Sites   map[string]place   `json:"sites" yaml:"sites" toml:"sites"`
	Extra   map[string]any     `json:"extra" yaml:"extra" toml:"extra"`
	Since   time.Time          `json:"since" yaml:"since" toml:"since"`
	Wait    time.Duration      `json:"wait" yaml:"wait" toml:"wait"`
	Factors map[string]float64 `json:"factors,omitempty" yaml:"factors,omitempty" toml:"factors,omitempty"`
	Common  `yaml:",inline"`
}

type place struct {
	Host string `json:"host" yaml:"host" toml:"host"`
	Port int    `json:"port" yaml:"port" toml:"port"`
}

// Common is embedded.
type Common struct {
	Color string `json:"color" yaml:"color" toml:"color"`
	Width int    `json:"width" yaml:"width" toml:"width"`
}

// appDefaults is a variable, so that a test sees if a handle changes it.
var appDefaults = newAppDefaults()

func newAppDefaults() app {
	return app{
		Name: "app", Debug: true, Server: place{"localhost", 80}, Backup: &place{"spare", 81},
		List: []place{{"one", 1}, {"two", 2}}, Tags: []string{"x", "y"}, Pair: [2]place{{"left", 1}, {"right", 2}},
		Env:   map[string]string{"A": "1", "B": "2"},
		Sites: map[string]place{"dev": {"d", 1}, "prod": {"p", 2}},
		Extra: map[string]any{"ui": map[string]any{"theme": "dark", "font": "mono"}},
		Since: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), Wait: time.Minute,
		Common: Common{"blue", 7},
	}
}

func withApp() safefile.Option { return safefile.WithDefaults(func() app { return appDefaults }) }

// wantApp compares two values. A nil list or map is like an empty one.
func wantApp(t *testing.T, what string, got, want app) {
	t.Helper()
	for _, a := range []*app{&got, &want} {
		if len(a.List) == 0 {
			a.List = nil
		}
		if len(a.Tags) == 0 {
			a.Tags = nil
		}
		if len(a.Factors) == 0 {
			a.Factors = nil
		}
		a.Since = a.Since.UTC()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got\n%+v %+v\nwant\n%+v %+v", what, got, got.Backup, want, want.Backup)
	}
}

var appTexts = []struct {
	name   string
	texts  map[string]string
	change func(a *app) // what the text makes of the defaults
}{
	{"nothing", map[string]string{"yaml": "# all as it is\n", "toml": "# all as it is\n", "json": "{}\n", "jsonc": "{} // all as it is\n"},
		func(*app) {}},
	{"a scalar", map[string]string{"yaml": "name: mine\n", "toml": "name = 'mine'\n", "json": `{"name": "mine"}`},
		func(a *app) { a.Name = "mine" }},
	{"a zero", map[string]string{"yaml": "debug: false\nname: \"\"\nwait: 0s\n", "toml": "debug = false\nname = ''\nwait = 0\n", "json": `{"debug": false, "name": "", "wait": 0}`},
		func(a *app) { a.Debug, a.Name, a.Wait = false, "", 0 }},
	{"a key of a struct", map[string]string{"yaml": "server:\n  port: 8080\n", "toml": "server.port = 8080\n", "json": `{"server": {"port": 8080}}`},
		func(a *app) { a.Server.Port = 8080 }},
	{"an empty struct", map[string]string{"yaml": "server: {}\n", "toml": "[server]\n", "json": `{"server": {}}`},
		func(a *app) {}},
	{"a key behind a pointer", map[string]string{"yaml": "backup:\n  port: 8080\n", "toml": "[backup]\nport = 8080\n", "json": `{"backup": {"port": 8080}}`},
		func(a *app) { a.Backup.Port = 8080 }},
	{"a key of an embedded struct", map[string]string{"yaml": "width: 9\n", "toml": "width = 9\n", "json": `{"width": 9}`},
		func(a *app) { a.Width = 9 }},
	{"a list of structs", map[string]string{"yaml": "list:\n- host: a\n- port: 9\n", "toml": "[[list]]\nhost = 'a'\n[[list]]\nport = 9\n", "json": `{"list": [{"host": "a"}, {"port": 9}]}`},
		func(a *app) { a.List = []place{{Host: "a"}, {Port: 9}} }},
	{"a shorter list", map[string]string{"yaml": "list:\n- {}\ntags: [z]\n", "toml": "list = [{}]\ntags = ['z']\n", "json": `{"list": [{}], "tags": ["z"]}`},
		func(a *app) { a.List, a.Tags = []place{{}}, []string{"z"} }},
	{"an empty list", map[string]string{"yaml": "tags: []\nlist: []\n", "toml": "tags = []\nlist = []\n", "json": `{"tags": [], "list": []}`},
		func(a *app) { a.Tags, a.List = nil, nil }},
	{"an array", map[string]string{"yaml": "pair: [{host: a}, {port: 9}]\n", "toml": "pair = [{host = 'a'}, {port = 9}]\n", "json": `{"pair": [{"host": "a"}, {"port": 9}]}`},
		func(a *app) { a.Pair = [2]place{{Host: "a"}, {Port: 9}} }},
	{"a key of a map", map[string]string{"yaml": "env: {B: '3', C: '4'}\n", "toml": "env = {B = '3', C = '4'}\n", "json": `{"env": {"B": "3", "C": "4"}}`},
		func(a *app) { a.Env = map[string]string{"A": "1", "B": "3", "C": "4"} }},
	{"a value of a map", map[string]string{"yaml": "sites: {prod: {port: 9}, new: {host: n}}\n", "toml": "sites = {prod = {port = 9}, new = {host = 'n'}}\n", "json": `{"sites": {"prod": {"port": 9}, "new": {"host": "n"}}}`},
		func(a *app) { a.Sites = map[string]place{"dev": {"d", 1}, "prod": {Port: 9}, "new": {Host: "n"}} }},
	{"an empty map", map[string]string{"yaml": "env: {}\n", "toml": "env = {}\n", "json": `{"env": {}}`},
		func(a *app) {}},
	{"a section of an any", map[string]string{"yaml": "extra: {ui: {font: serif}}\n", "toml": "[extra.ui]\nfont = 'serif'\n", "json": `{"extra": {"ui": {"font": "serif"}}}`},
		func(a *app) { a.Extra["ui"].(map[string]any)["font"] = "serif" }},
	{"a time", map[string]string{"yaml": "since: 2026-05-06T07:08:09Z\n", "toml": "since = 2026-05-06T07:08:09Z\n", "json": `{"since": "2026-05-06T07:08:09Z"}`},
		func(a *app) { a.Since = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC) }},
	{"a null for a map", map[string]string{"yaml": "env: ~ # none\n", "json": `{"env": null}`},
		func(a *app) { a.Env = nil }},
	{"a null", map[string]string{"yaml": "backup: null\ntags:\nlist: null\nextra: {ui: null}\nname: null\nserver: null\n",
		"json": `{"backup": null, "tags": null, "list": null, "extra": {"ui": null}, "name": null, "server": null}`},
		func(a *app) {
			a.Backup, a.Tags, a.List, a.Extra["ui"] = nil, nil, nil, nil
		}},
}

// eachAppText calls f with a file for every text in every format.
func eachAppText(t *testing.T, f func(t *testing.T, path string, want app)) {
	for _, c := range appTexts {
		for ext, text := range c.texts {
			exts := []string{ext}
			if _, own := c.texts["jsonc"]; ext == "json" && !own {
				exts = append(exts, "jsonc")
			}
			for _, ext := range exts {
				t.Run(c.name+" "+ext, func(t *testing.T) {
					want := newAppDefaults()
					c.change(&want)
					path := filepath.Join(testkit.Memory(t), "app."+ext)
					testkit.Put(t, path, text)
					f(t, path, want)
				})
			}
		}
	}
}

func TestAKeyThatTheFileLacksKeepsItsDefault(t *testing.T) {
	eachAppText(t, func(t *testing.T, path string, want app) {
		got, err := safefile.New[app](path, withApp()).Read()
		testkit.Must(t, err)
		wantApp(t, "Read", got, want)
		wantApp(t, "the defaults afterwards", appDefaults, newAppDefaults())

		got.Sites["leak"] = place{}
		if got.Backup != nil {
			got.Backup.Host = "leak"
		}
		wantApp(t, "the defaults after the value has changed", appDefaults, newAppDefaults())
	})
}

func TestAnUpdateThatChangesNothingLeavesTheTextAlone(t *testing.T) {
	eachAppText(t, func(t *testing.T, path string, want app) {
		before := testkit.Content(t, path)
		var same app
		testkit.Must(t, lockedfile.New[app](path, withApp()).Update(func(a *app) error {
			same = *a
			wantApp(t, "Update", *a, want)
			return nil
		}))
		testkit.WantContent(t, path, before)
		testkit.Must(t, safefile.New[app](path, withApp()).Write(same))
		testkit.WantContent(t, path, before)
	})
}

// appChanges are changes of a place or two.
var appChanges = []struct {
	name   string
	change func(a *app)
}{
	{"a scalar", func(a *app) { a.Name = "changed" }},
	{"a zero that omitempty leaves out", func(a *app) { a.Debug = !a.Debug }},
	{"a key of a struct", func(a *app) { a.Server.Port = 4711 }},
	{"a key behind a pointer", func(a *app) {
		if a.Backup == nil {
			a.Backup = &place{}
		}
		a.Backup.Host = "changed"
	}},
	{"a key of an embedded struct", func(a *app) { a.Color = "red" }},
	{"a new element", func(a *app) { a.List = append(a.List, place{"three", 3}) }},
	{"an element that goes", func(a *app) { a.Tags = nil }},
	{"an element of an array", func(a *app) { a.Pair[1].Port = 4711 }},
	{"a key of a map", func(a *app) {
		if a.Env == nil {
			a.Env = map[string]string{}
		}
		a.Env["A"] = "changed"
	}},
	{"a value of a map", func(a *app) { a.Sites["dev"] = place{"d", 4711} }},
	{"a section of an any", func(a *app) {
		if ui, ok := a.Extra["ui"].(map[string]any); ok {
			ui["theme"] = "light"
		}
	}},
	{"a time", func(a *app) { a.Since = a.Since.AddDate(1, 0, 0) }},
	{"two places", func(a *app) { a.Server.Host = "changed"; a.Sites["prod"] = place{"p", 4711} }},
}

func TestWhatWasWrittenOverDefaultsIsRead(t *testing.T) {
	eachAppText(t, func(t *testing.T, path string, made app) {
		if made.Env == nil {
			return // a map that is written in place of a null reads with the keys of its default
		}
		before := testkit.Content(t, path)
		for _, c := range appChanges {
			for _, whole := range []bool{false, true} {
				testkit.Put(t, path, before)
				var want app
				var err error
				f := lockedfile.New[app](path, withApp())
				if whole {
					want, err = f.Read()
					testkit.Must(t, err)
					c.change(&want)
					err = f.Write(want)
				} else {
					err = f.Update(func(a *app) error { c.change(a); want = *a; return nil })
				}
				testkit.WantNil(t, c.name, err)
				got, err := f.Read()
				testkit.Must(t, err)
				wantApp(t, c.name+" in\n"+before+"\nis\n"+testkit.Content(t, path), got, want)
			}
		}
	})
}

func TestAWriteAddsOnlyWhatDiffersFromTheDefaults(t *testing.T) {
	texts := map[string]string{
		"yaml":  "# ours\nname: mine # so\n",
		"toml":  "# ours\nname = 'mine' # so\n",
		"json":  "{\n    \"name\": \"mine\"\n}\n",
		"jsonc": "// ours\n{\n    \"name\": \"mine\", // so\n}\n",
	}
	for _, c := range []struct {
		name   string
		change func(a *app)
		want   map[string]string
	}{
		{"a key of a section", func(a *app) { a.Server.Port = 8080 }, map[string]string{
			"yaml":  "# ours\nname: mine # so\nserver:\n  port: 8080\n",
			"toml":  "# ours\nname = 'mine' # so\n\n[server]\nport = 8080\n",
			"json":  "{\n    \"name\": \"mine\",\n    \"server\": {\n        \"port\": 8080\n    }\n}\n",
			"jsonc": "// ours\n{\n    \"name\": \"mine\", // so\n    \"server\": {\n        \"port\": 8080,\n    },\n}\n",
		}},
		{"a value that becomes its default", func(a *app) { a.Name = "app" }, map[string]string{
			"yaml":  "# ours\nname: app # so\n",
			"toml":  "# ours\nname = 'app' # so\n",
			"json":  "{\n    \"name\": \"app\"\n}\n",
			"jsonc": "// ours\n{\n    \"name\": \"app\", // so\n}\n",
		}},
		{"a zero that omitempty leaves out", func(a *app) { a.Debug = false }, map[string]string{
			"yaml":  "# ours\nname: mine # so\ndebug: false\n",
			"toml":  "# ours\nname = 'mine' # so\ndebug = false\n",
			"json":  "{\n    \"name\": \"mine\",\n    \"debug\": false\n}\n",
			"jsonc": "// ours\n{\n    \"name\": \"mine\", // so\n    \"debug\": false,\n}\n",
		}},
		{"a value of a map, whole, and a key of a struct", func(a *app) {
			a.Sites["prod"] = place{"p", 9}
			a.Server.Port = 8080
		}, map[string]string{
			"yaml":  "# ours\nname: mine # so\nserver:\n  port: 8080\nsites:\n  prod:\n    host: p\n    port: 9\n",
			"toml":  "# ours\nname = 'mine' # so\n\n[server]\nport = 8080\n\n[sites]\n\n[sites.prod]\nhost = \"p\"\nport = 9\n",
			"json":  "{\n    \"name\": \"mine\",\n    \"server\": {\n        \"port\": 8080\n    },\n    \"sites\": {\n        \"prod\": {\n            \"host\": \"p\",\n            \"port\": 9\n        }\n    }\n}\n",
			"jsonc": "// ours\n{\n    \"name\": \"mine\", // so\n    \"server\": {\n        \"port\": 8080,\n    },\n    \"sites\": {\n        \"prod\": {\n            \"host\": \"p\",\n            \"port\": 9,\n        },\n    },\n}\n",
		}},
	} {
		for ext, text := range texts {
			t.Run(c.name+" "+ext, func(t *testing.T) {
				path := testkit.File(t, "app."+ext, text)
				testkit.Must(t, lockedfile.New[app](path, withApp()).Update(func(a *app) error { c.change(a); return nil }))
				testkit.WantContent(t, path, c.want[ext])
			})
		}
	}
}

func TestWrappedCodecsWriteOverDefaultsToo(t *testing.T) {
	check := func(a app) error {
		if a.Server.Port == 0 || a.Name == "" {
			return errOwn
		}
		return nil
	}
	for name, c := range map[string]codec.Codec{
		"Validate":      codec.Validate(codec.YAML(), check),
		"Gzip":          codec.Gzip(codec.YAML()),
		"Validate Gzip": codec.Validate(codec.Gzip(codec.YAML()), check),
		"Gzip Validate": codec.Gzip(codec.Validate(codec.YAML(), check)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app")
			plain := safefile.New[map[string]any](path, safefile.WithCodec(codec.YAML()))
			if strings.Contains(name, "Gzip") {
				plain = safefile.New[map[string]any](path, safefile.WithCodec(codec.Gzip(codec.YAML())))
			}
			testkit.Must(t, plain.Write(map[string]any{"name": "mine"}))
			f := lockedfile.New[app](path, withApp(), safefile.WithCodec(c))
			_, err := f.Read()
			testkit.WantNil(t, "Read of a value that only its defaults make valid", err)
			testkit.Must(t, f.Update(func(a *app) error { a.Server.Host, a.Debug = "h", false; return nil }))
			got, err := plain.Read()
			testkit.Must(t, err)
			if want := map[string]any{"name": "mine", "debug": false, "server": map[string]any{"host": "h"}}; !reflect.DeepEqual(got, want) {
				t.Errorf("the file holds %v, want %v", got, want)
			}
			anyFile := lockedfile.New[any](path, safefile.WithDefaults(func() any { return appDefaults }), safefile.WithCodec(c))
			if strings.Contains(name, "Validate") {
				v, err := anyFile.Read()
				testkit.Must(t, err)
				if a, ok := v.(app); !ok || a.Server != (place{"h", 80}) {
					t.Errorf("a handle of type any reads %v", v)
				}
			}
		})
	}
}

func TestAMissingFileReadsAsTheDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.yaml")
	def, ctx := newAppDefaults(), context.Background()
	safe, locked, contexts := safefile.New[app](path, withApp()), lockedfile.New[app](path, withApp()), lockedfile.NewContext[app](path, withApp())
	mine := app{Name: "mine"}
	reads := map[string]func() (app, error){
		"SafeFile.Read":    safe.Read,
		"LockedFile.Read":  locked.Read,
		"ContextFile.Read": func() (app, error) { return contexts.Read(ctx) },
		"ReadVersion": func() (app, error) {
			v, seen, err := safe.ReadVersion()
			if seen != (safefile.Version{}) {
				t.Errorf("a missing file has the version %v", seen)
			}
			return v, err
		},
		"Tx.Read": func() (v app, err error) {
			err = locked.Locked(func(tx *lockedfile.Tx[app]) (err error) { v, err = tx.Read(); return err })
			return v, err
		},
		"Tx.ReadVersion": func() (v app, err error) {
			err = locked.Locked(func(tx *lockedfile.Tx[app]) (err error) { v, _, err = tx.ReadVersion(); return err })
			return v, err
		},
		"Read in a transaction": func() (v app, err error) {
			err = contexts.Locked(ctx, func(ctx context.Context, _ *lockedfile.Tx[app]) (err error) { v, err = contexts.Read(ctx); return err })
			return v, err
		},
	}
	for name, read := range reads {
		v, err := read()
		testkit.WantNil(t, name, err)
		wantApp(t, name, v, def)
	}
	for name, read := range map[string]func() (app, error){
		"ReadOr":             func() (app, error) { return safe.ReadOr(mine) },
		"ContextFile.ReadOr": func() (app, error) { return contexts.ReadOr(ctx, mine) },
		"Tx.ReadOr": func() (v app, err error) {
			err = locked.Locked(func(tx *lockedfile.Tx[app]) (err error) { v, err = tx.ReadOr(mine); return err })
			return v, err
		},
		"ReadOr in a transaction": func() (v app, err error) {
			err = contexts.Locked(ctx, func(ctx context.Context, _ *lockedfile.Tx[app]) (err error) {
				v, err = contexts.ReadOr(ctx, mine)
				return err
			})
			return v, err
		},
	} {
		v, err := read()
		testkit.WantNil(t, name, err)
		wantApp(t, name, v, mine)
	}
	_, err := safe.ReadBytes()
	testkit.WantIs(t, "ReadBytes", err, fs.ErrNotExist)
	testkit.WantNone(t, filepath.Dir(path), "app.yaml")

	testkit.Must(t, locked.Update(func(a *app) error {
		wantApp(t, "Update", *a, def)
		a.Debug = false
		return nil
	}))
	def.Debug = false
	text := testkit.Content(t, path)
	got, err := safefile.New[app](path).Read() // without defaults, so a new file has all keys
	testkit.Must(t, err)
	wantApp(t, "the new file", got, def)
	got, err = safe.Read()
	testkit.Must(t, err)
	wantApp(t, "the new file over the defaults", got, def)
	if !strings.Contains(text, "debug: false") {
		t.Errorf("the new file lacks a zero that it needs:\n%s", text)
	}
}

func TestMergeStartsWithTheDefaults(t *testing.T) {
	def := safefile.WithDefaults(func() counters { return counters{"a": 1, "b": 2} })
	path := filepath.Join(t.TempDir(), "counters.yaml")
	f := lockedfile.New[counters](path, def)
	testkit.Must(t, f.Merge(counters{"b": 3}))
	testkit.WantContent(t, path, "a: 1\nb: 3\n")
	testkit.Put(t, path, "c: 5 # five\n")
	testkit.Must(t, f.Merge(counters{"b": 3, "d": 4}))
	got, err := f.Read()
	testkit.Must(t, err)
	if want := (counters{"a": 1, "b": 3, "c": 5, "d": 4}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if text := testkit.Content(t, path); strings.Contains(text, "a:") || !strings.Contains(text, "c: 5 # five\n") {
		t.Errorf("Merge wrote\n%s", text)
	}
	testkit.Must(t, f.Update(func(c *counters) error { delete(*c, "b"); delete(*c, "c"); return nil }))
	testkit.WantContent(t, path, "d: 4\n")
	testkit.Must(t, f.Remove())
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
		testkit.Must(t, tx.Merge(counters{"x": 1}))
		got, err := tx.Read()
		if want := (counters{"a": 1, "b": 2, "x": 1}); !reflect.DeepEqual(got, want) {
			t.Errorf("in the transaction: %v", got)
		}
		return err
	}))
}

func TestATransactionReadsWhatItHasWrittenOverDefaults(t *testing.T) {
	for ext, text := range map[string]string{"yaml": "name: mine # so\n", "toml": "name = 'mine' # so\n", "jsonc": "{\"name\": \"mine\"} // so\n", "json": "{\"name\": \"mine\"}\n", "": ""} {
		path := filepath.Join(t.TempDir(), "new.yaml")
		if ext != "" {
			path = testkit.File(t, "app."+ext, text)
		}
		f := lockedfile.New[app](path, withApp())
		var want app
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[app]) error {
			v, err := tx.Read()
			testkit.Must(t, err)
			v.Debug, v.Tags, v.Server.Port = false, nil, 0
			testkit.Must(t, tx.Write(v))
			got, err := tx.Read()
			testkit.Must(t, err)
			wantApp(t, "Tx.Read after Tx.Write", got, v)
			v.Sites["dev"] = place{"d", 0}
			want = v
			return tx.Write(v)
		}))
		got, err := f.Read()
		testkit.Must(t, err)
		wantApp(t, "after the commit, "+ext, got, want)
	}
}

func TestDefaultsOfAnotherTypeAreRefused(t *testing.T) {
	path := testkit.File(t, "app.yaml", "name: mine\n")
	check := func(what string, err error) {
		t.Helper()
		testkit.WantIs(t, what, err, fs.ErrInvalid)
		for _, name := range []string{"lockedfile_test.app", "lockedfile_test.counters"} {
			if err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v does not name %s", what, err, name)
			}
		}
	}
	_, err := safefile.New[counters](path, withApp()).Read()
	check("SafeFile", err)
	check("LockedFile", lockedfile.New[counters](path, withApp()).Update(func(*counters) error { return nil }))
	check("ContextFile", lockedfile.NewContext[counters](path, withApp()).Write(context.Background(), nil))
	_, err = safefile.New[app](path, safefile.WithDefaults[app](nil)).Read()
	testkit.WantIs(t, "a nil function", err, fs.ErrInvalid)
}

func TestAPanicOfTheDefaultsGoesOnAndHoldsNoLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.json")
	broken := true
	f := lockedfile.New[counters](path, safefile.WithDefaults(func() counters {
		if broken {
			panic("own")
		}
		return counters{"a": 1}
	}), safefile.WithTimeout(0))
	for name, call := range map[string]func(){
		"Read":   func() { f.Read() },
		"Write":  func() { f.Write(nil) },
		"Merge":  func() { f.Merge(nil) },
		"Update": func() { f.Update(func(*counters) error { return nil }) },
		"Tx.Read": func() {
			f.Locked(func(tx *lockedfile.Tx[counters]) error { tx.Read(); return nil })
		},
	} {
		if p := testkit.Panic(call); p != "own" {
			t.Errorf("%s: the panic is %v", name, p)
		}
	}
	broken = false
	testkit.Must(t, f.Update(func(c *counters) error { (*c)["a"]++; return nil }))
	testkit.WantContent(t, path, "{\n  \"a\": 2\n}\n")
}

func TestAFailureToWriteAZeroOverItsDefaultIsAnError(t *testing.T) {
	type optional struct {
		Backup *place `toml:"backup"` // TOML has no null
		Debug  bool   `toml:"debug"`
	}
	path := testkit.File(t, "a.toml", "debug = true\n")
	f := lockedfile.New[optional](path, safefile.WithDefaults(func() optional { return optional{Backup: &place{"h", 1}} }))
	err := f.Update(func(o *optional) error { o.Backup = nil; return nil })
	testkit.WantIs(t, "Update", err, errors.ErrEncode)
	if err != nil && !strings.Contains(err.Error(), ".Backup") {
		t.Errorf("the error does not name the field: %v", err)
	}
	testkit.WantContent(t, path, "debug = true\n")
}

func TestACodecThatCannotEditWritesAllDefaults(t *testing.T) {
	path := testkit.File(t, "app.json", `{"name": "mine"}`)
	f := lockedfile.New[app](path, withApp(), safefile.WithCodec(codec.JSON(codec.Rewrite())))
	testkit.Must(t, f.Update(func(a *app) error { a.Debug = false; return nil }))
	want := newAppDefaults()
	want.Name, want.Debug = "mine", false
	got, err := safefile.New[app](path).Read()
	testkit.Must(t, err)
	wantApp(t, "the file", got, want)
	got, err = f.Read()
	testkit.Must(t, err)
	wantApp(t, "the file over the defaults", got, want)
	if !strings.Contains(testkit.Content(t, path), `"debug": false`) {
		t.Error("the zero is not in the file")
	}

	text := safefile.New[string](testkit.File(t, "a.txt", ""), safefile.WithDefaults(func() string { return "default" }))
	v, err := text.Read()
	if v != "" || err != nil {
		t.Errorf("an empty text reads as %q, %v", v, err)
	}
}

func TestUntypedHandlesHaveDefaults(t *testing.T) {
	def := func() map[string]any {
		return map[string]any{"name": "app", "list": []any{"x"}, "server": map[string]any{"host": "h", "deep": map[string]any{"a": "1", "b": "2"}}}
	}
	for ext, text := range map[string]string{
		"yaml":  "server:\n  deep:\n    b: \"3\" # three\n",
		"toml":  "[server.deep]\nb = \"3\" # three\n",
		"json":  "{\"server\": {\"deep\": {\"b\": \"3\"}}}\n",
		"jsonc": "{\"server\": {\"deep\": {\"b\": \"3\"}}} // three\n",
	} {
		path := testkit.File(t, "a."+ext, text)
		want := def()
		deep := want["server"].(map[string]any)["deep"].(map[string]any)
		deep["b"] = "3"
		f := lockedfile.New[map[string]any](path, safefile.WithDefaults(def))
		got, err := f.Read()
		testkit.Must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", ext, got, want)
		}
		v, err := lockedfile.New[any](path, safefile.WithDefaults(func() any { return def() })).Read()
		testkit.Must(t, err)
		if !reflect.DeepEqual(v, any(want)) {
			t.Errorf("%s: a handle of type any: got %v, want %v", ext, v, want)
		}
		testkit.Must(t, f.Update(func(v *map[string]any) error {
			(*v)["server"].(map[string]any)["deep"].(map[string]any)["a"] = "9"
			return nil
		}))
		deep["a"] = "9"
		got, err = f.Read()
		testkit.Must(t, err)
		now := testkit.Content(t, path)
		if !reflect.DeepEqual(got, want) || strings.Contains(now, "host") || strings.Contains(now, "list") || strings.Contains(now, "name") {
			t.Errorf("%s: got %v, want %v, from\n%s", ext, got, want, now)
		}
	}
}

func TestCommentsOfFieldsAreWrittenOverDefaults(t *testing.T) {
	type commented struct {
		Debug bool  `yaml:"debug,omitempty" comment:"say more"`
		Port  int   `yaml:"port" comment:"where to listen"`
		Other place `yaml:"other"`
	}
	def := safefile.WithDefaults(func() commented { return commented{Debug: true, Port: 80, Other: place{"h", 1}} })
	path := filepath.Join(t.TempDir(), "a.yaml")
	f := lockedfile.New[commented](path, def)
	off := func(c *commented) error { c.Debug = false; return nil }
	testkit.Must(t, f.Update(off))
	const text = "# say more\ndebug: false\n# where to listen\nport: 80\nother:\n  host: h\n  port: 1\n"
	if got := testkit.Content(t, path); len(got) != len(text) || !strings.Contains(got, "# say more\ndebug: false\n") || !strings.Contains(got, "# where to listen\nport: 80\n") {
		t.Errorf("the new file is\n%s", got)
	}
	testkit.Must(t, f.Update(func(c *commented) error { c.Port = 81; return nil }))
	if got := testkit.Content(t, path); strings.Count(got, "#") != 2 || !strings.Contains(got, "port: 81\n") {
		t.Errorf("after a change the file is\n%s", got)
	}
	testkit.Put(t, path, "other: {}\n")
	testkit.Must(t, f.Update(off))
	testkit.WantContent(t, path, "# say more\ndebug: false\nother: {}\n")
}

func TestAWatchYieldsTheDefaultsOfAMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.json")
	f := lockedfile.New[counters](path, safefile.WithDefaults(func() counters { return counters{"a": 1} }))
	var seen []counters
	for v, err := range f.Watch(t.Context()) {
		testkit.Must(t, err)
		switch seen = append(seen, v); len(seen) {
		case 1:
			testkit.Must(t, f.Merge(counters{"b": 2}))
		case 2:
			testkit.Must(t, f.Remove())
		}
		if len(seen) == 3 {
			break
		}
	}
	if want := []counters{{"a": 1}, {"a": 1, "b": 2}, {"a": 1}}; !reflect.DeepEqual(seen, want) {
		t.Errorf("yielded %v, want %v", seen, want)
	}
}

// spare has fields that an encoding leaves out, each in a way of its own.
type spare struct {
	Name   string            `json:"name,omitempty" yaml:"name,omitempty" toml:"name,omitempty"`
	Tags   []string          `json:"tags,omitempty" yaml:"tags,omitempty" toml:"tags,omitempty"`
	Key    []byte            `json:"key,omitempty" yaml:"-" toml:"-"`
	Since  time.Time         `json:"since,omitzero" yaml:"since,omitempty" toml:"since,omitempty"`
	Place  *place            `json:"place,omitempty" yaml:"place,omitempty" toml:"-"`
	Env    map[string]string `json:"env,omitempty" yaml:"env,omitempty" toml:"env,omitempty"`
	Cached string            `json:"-" yaml:"-" toml:"-"`
}

func withSpare() safefile.Option {
	return safefile.WithDefaults(func() spare {
		return spare{
			"name", []string{"x", "y"}, []byte("key"), time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC),
			&place{"spare", 81}, map[string]string{"A": "1"}, "cached",
		}
	})
}

// A list that is empty and not nil, a time and several values of different kinds at once read as their defaults,
// though they were written.
func TestAValueThatTheEncodingLeavesOutDoesNotReadAsItsDefault(t *testing.T) {
	changes := map[string]func(*spare){
		"an empty list":    func(s *spare) { s.Tags = []string{} },
		"empty bytes":      func(s *spare) { s.Key = []byte{} },
		"the zero time":    func(s *spare) { s.Since = time.Time{} },
		"a nil pointer":    func(s *spare) { s.Place = nil },
		"several at once":  func(s *spare) { s.Name, s.Tags, s.Place, s.Since = "", nil, nil, time.Time{} },
		"nothing":          func(*spare) {},
		"also a nil map":   func(s *spare) { s.Name, s.Env = "", nil },
		"a zero in no key": func(s *spare) { s.Cached = "" },
	}
	for name, change := range changes {
		for _, file := range []string{"a.json", "a.jsonc", "a.yaml", "a.toml"} {
			t.Run(name+" "+file, func(t *testing.T) {
				text := map[string]string{".yaml": "# mine\n", ".toml": "# mine\n"}[filepath.Ext(file)]
				if text == "" {
					text = "{}\n"
				}
				path := testkit.File(t, file, text)
				f := lockedfile.New[spare](path, withSpare())
				var want spare
				testkit.Must(t, f.Update(func(s *spare) error { change(s); want = *s; return nil }))
				got, err := f.Read()
				testkit.Must(t, err)
				if file == "a.toml" { // which does not write them
					want.Key, want.Place = got.Key, got.Place
				}
				if file == "a.yaml" {
					want.Key = got.Key
				}
				want.Env, want.Cached = got.Env, got.Cached // the keys of a map and a field without a key have their defaults
				if len(want.Tags)+len(got.Tags) == 0 {
					want.Tags = got.Tags
				}
				if len(want.Key)+len(got.Key) == 0 {
					want.Key = got.Key
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("it reads as %+v, not %+v:\n%s", got, want, testkit.Content(t, path))
				}
				if name == "nothing" || name == "a zero in no key" {
					testkit.WantContent(t, path, text)
				}
			})
		}
	}
}

// person has a field that leads back to its owner and is not encoded.
type person struct {
	Name   string  `json:"name,omitempty" yaml:"name,omitempty" toml:"name,omitempty"`
	Parent *person `json:"-" yaml:"-" toml:"-"`
}

func TestDefaultsMayHoldThemselves(t *testing.T) {
	for _, file := range []string{"a.json", "a.jsonc", "a.yaml", "a.toml"} {
		path := filepath.Join(t.TempDir(), file)
		f := lockedfile.New[person](path, safefile.WithDefaults(func() person {
			p := &person{Name: "parent"}
			p.Parent = p
			return person{"name", p}
		}))
		testkit.Must(t, f.Update(func(p *person) error { p.Name = ""; return nil }))
		got, err := f.Read()
		testkit.Must(t, err)
		if got.Name != "" || got.Parent == nil || got.Parent.Parent != got.Parent {
			t.Errorf("%s: it reads as %+v", file, got)
		}
	}
}
