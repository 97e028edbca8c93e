package lockedfile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// appKeys are top-level keys of an app, each with a function that gives what a file says of it and what that makes
// of the defaults.
var appKeys = map[string]func(r *rand.Rand) (says any, apply func(a *app)){
	"name": func(r *rand.Rand) (any, func(*app)) {
		s := []string{"", "x", "app", "yes", "1"}[r.IntN(5)]
		return s, func(a *app) { a.Name = s }
	},
	"debug": func(r *rand.Rand) (any, func(*app)) {
		on := r.IntN(2) == 0
		return on, func(a *app) { a.Debug = on }
	},
	"server": func(r *rand.Rand) (any, func(*app)) {
		return somePlace(r, func(a *app) *place { return &a.Server })
	},
	"backup": func(r *rand.Rand) (any, func(*app)) { return somePlace(r, func(a *app) *place { return a.Backup }) },
	"list": func(r *rand.Rand) (any, func(*app)) {
		says, list := []any{}, []place{}
		for range r.IntN(4) {
			one, apply := somePlace(r, func(a *app) *place { return &a.Server })
			var a app
			apply(&a)
			says, list = append(says, one), append(list, a.Server)
		}
		return says, func(a *app) { a.List = list }
	},
	"tags": func(r *rand.Rand) (any, func(*app)) {
		tags := []string{"a", "b", "x"}[:r.IntN(4)]
		says := []any{}
		for _, s := range tags {
			says = append(says, s)
		}
		return says, func(a *app) { a.Tags = tags }
	},
	"env": func(r *rand.Rand) (any, func(*app)) {
		says := map[string]any{}
		for _, k := range []string{"A", "B", "C"}[r.IntN(3):] {
			says[k] = fmt.Sprint(r.IntN(3))
		}
		return says, func(a *app) {
			for k, v := range says {
				a.Env[k] = v.(string)
			}
		}
	},
	"sites": func(r *rand.Rand) (any, func(*app)) {
		one, apply := somePlace(r, func(a *app) *place { return &a.Server })
		name := []string{"dev", "prod", "test"}[r.IntN(3)]
		return map[string]any{name: one}, func(a *app) {
			var of app
			apply(&of)
			a.Sites[name] = of.Server
		}
	},
	"extra": func(r *rand.Rand) (any, func(*app)) {
		key, value := []string{"theme", "font", "size"}[r.IntN(3)], []string{"", "dark", "9"}[r.IntN(3)]
		return map[string]any{"ui": map[string]any{key: value}}, func(a *app) { a.Extra["ui"].(map[string]any)[key] = value }
	},
	"width": func(r *rand.Rand) (any, func(*app)) {
		n := r.IntN(3)
		return n, func(a *app) { a.Width = n }
	},
}

func somePlace(r *rand.Rand, of func(a *app) *place) (any, func(*app)) {
	says, host, port := map[string]any{}, r.IntN(3), r.IntN(3)
	if host > 0 {
		says["host"] = []string{"", "h"}[host-1]
	}
	if port > 0 {
		says["port"] = port - 1
	}
	return says, func(a *app) {
		p := of(a)
		if host > 0 {
			p.Host = []string{"", "h"}[host-1]
		}
		if port > 0 {
			p.Port = port - 1
		}
	}
}

// appOwners name the key of the file that an appChange touches.
var appOwners = map[string][]string{
	"a scalar": {"name"}, "a zero that omitempty leaves out": {"debug"}, "a key of a struct": {"server"},
	"a key behind a pointer": {"backup"}, "a key of an embedded struct": {"color"}, "a new element": {"list"},
	"an element that goes": {"tags"}, "an element of an array": {"pair"}, "a key of a map": {"env"},
	"a value of a map": {"sites"}, "a section of an any": {"extra"}, "a time": {"since"}, "two places": {"server", "sites"},
}

func TestRandomFilesOverDefaultsReadAndChangeOnlyWhereTheyShould(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 5
	}
	for _, ext := range []string{"yaml", "toml", "json", "jsonc"} {
		t.Run(ext, func(t *testing.T) {
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 1))
			path := filepath.Join(testkit.Memory(t), "app."+ext)
			raw, f := safefile.New[map[string]any](path), lockedfile.New[app](path, withApp())
			for range rounds {
				doc, want := map[string]any{}, newAppDefaults()
				for _, key := range slices.Sorted(maps.Keys(appKeys)) { // in one order, so that a seed says all
					if r.IntN(3) == 0 {
						says, apply := appKeys[key](r)
						doc[key] = says
						apply(&want)
					}
				}
				_ = os.Remove(path)
				testkit.Must(t, raw.Write(doc))
				before := testkit.Content(t, path)
				was, err := raw.Read()
				testkit.Must(t, err)
				got, err := f.Read()
				testkit.Must(t, err)
				wantApp(t, fmt.Sprintf("seed %d: Read of\n%s", seed, before), got, want)

				change := appChanges[r.IntN(len(appChanges))]
				testkit.Must(t, f.Update(func(a *app) error { change.change(a); got = *a; return nil }))
				after := testkit.Content(t, path)
				what := fmt.Sprintf("seed %d: %s in\n%s\nis\n%s", seed, change.name, before, after)
				now, err := f.Read()
				testkit.Must(t, err)
				wantApp(t, what, now, got)
				is, err := raw.Read()
				testkit.Must(t, err)
				for _, key := range appOwners[change.name] {
					delete(is, key)
					delete(was, key)
				}
				if !reflect.DeepEqual(is, was) {
					t.Errorf("%s: other keys hold %v, want %v", what, is, was)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

func TestCallersThatShareACommitKeepDefaultsOutOfTheFile(t *testing.T) {
	for ext, text := range map[string]string{"yaml": "name: mine # so\n", "toml": "name = 'mine' # so\n", "jsonc": "{\"name\": \"mine\"} // so\n", "json": "{\"name\": \"mine\"}\n"} {
		path := testkit.File(t, "app."+ext, text)
		f := lockedfile.New[app](path, withApp())
		same, plain := lockedfile.New[app](path, withApp()), lockedfile.New[map[string]any](path)
		var all sync.WaitGroup
		for i := range 8 {
			key := fmt.Sprint("K", i)
			all.Go(func() {
				testkit.WantNil(t, "Update", f.Update(func(a *app) error { a.Env[key] = key; return nil }))
			})
			all.Go(func() {
				testkit.WantNil(t, "Update by another handle", same.Update(func(a *app) error {
					a.Extra["ui"].(map[string]any)[key] = key
					return nil
				}))
			})
			all.Go(func() {
				testkit.WantNil(t, "Update without defaults", plain.Update(func(m *map[string]any) error { (*m)[key] = key; return nil }))
			})
			all.Go(func() {
				_, err := f.Read()
				testkit.WantNil(t, "Read", err)
			})
		}
		all.Wait()
		got, err := f.Read()
		testkit.Must(t, err)
		want := newAppDefaults()
		want.Name = "mine"
		for i := range 8 {
			key := fmt.Sprint("K", i)
			want.Env[key], want.Extra["ui"].(map[string]any)[key] = key, key
		}
		wantApp(t, ext, got, want)
		now := testkit.Content(t, path)
		for _, no := range []string{"server", "localhost", "theme", "debug", "list"} {
			if strings.Contains(now, no) {
				t.Errorf("%s: the file got %q:\n%s", ext, no, now)
			}
		}
		if strings.Count(now, "K") != 3*2*8 {
			t.Errorf("%s: the file lacks changes:\n%s", ext, now)
		}
	}
}
