package plugins

import (
	"context"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/knadh/koanf/parsers/json"
	"github.com/knadh/koanf/v2"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// A handle of a map is a Provider as it is.
var (
	_ koanf.Provider = (*safefile.SafeFile[map[string]any])(nil)
	_ koanf.Provider = (*lockedfile.LockedFile[map[string]any])(nil)
)

// provider is a koanf.Provider with the Watch of koanf's own providers.
type provider struct {
	*lockedfile.LockedFile[map[string]any] // has Read and ReadBytes
	ctx                                    context.Context
}

// Watch calls changed with the current value, and then after each change, until the context ends.
func (p provider) Watch(changed func(event any, err error)) error {
	go func() {
		for value, err := range p.LockedFile.Watch(p.ctx) {
			changed(value, err)
		}
	}()
	return nil
}

func withKoanf(ctx context.Context, current *atomic.Pointer[koanf.Koanf]) error {
	file := provider{lockedfile.New[map[string]any]("app.yaml"), ctx}
	k := koanf.New(".")
	if err := k.Load(file, nil); err != nil { // needs no parser: the handle decodes
		return err
	}
	_ = k.Set("server.port", 9090)
	if err := file.Write(k.Raw()); err != nil { // changes one line; comments stay
		return err
	}

	return file.Watch(func(_ any, err error) {
		fresh := koanf.New(".") // a key that was removed from the file is not in it
		if err == nil {
			err = fresh.Load(file, nil)
		}
		if err != nil {
			log.Print(err) // the program goes on with what it has
			return
		}
		current.Store(fresh)
	})
}

// documents have the same content in each format.
var documents = map[string]string{
	"app.json":  `{"server": {"host": "a.example", "port": 80, "load": 1.5}, "debug": true, "tags": ["a", "b"]}`,
	"app.jsonc": "{\n  // where\n  \"server\": {\"host\": \"a.example\", \"port\": 80, \"load\": 1.5,},\n  \"debug\": true, \"tags\": [\"a\", \"b\"]\n}",
	"app.yaml":  "# where\nserver:\n  host: a.example\n  port: 80\n  load: 1.5\ndebug: true\ntags: [a, b]\n",
	"app.toml":  "debug = true\ntags = ['a', 'b']\n\n# where\n[server]\nhost = \"a.example\"\nport = 80\nload = 1.5\n",
}

type settings struct {
	Server struct {
		Host string
		Port int
		Load float64
	}
	Debug bool
	Tags  []string
}

var want = func() (s settings) {
	s.Server.Host, s.Server.Port, s.Server.Load = "a.example", 80, 1.5
	s.Debug, s.Tags = true, []string{"a", "b"}
	return s
}()

func wantSettings(t *testing.T, name string, got settings) {
	t.Helper()
	if got.Server != want.Server || !got.Debug || strings.Join(got.Tags, " ") != "a b" {
		t.Errorf("%s: the settings are %+v, want %+v", name, got, want)
	}
}

func TestKoanfLoadsEveryFormatFromAHandle(t *testing.T) {
	for name, text := range documents {
		k := koanf.New(".")
		testkit.Must(t, k.Load(safefile.New[map[string]any](testkit.File(t, name, text)), nil))
		if port, load, host := k.Int("server.port"), k.Float64("server.load"), k.String("server.host"); port != 80 || load != 1.5 || host != "a.example" {
			t.Errorf("%s: koanf has %d, %v, %q", name, port, load, host)
		}
		var got settings
		testkit.Must(t, k.Unmarshal("", &got))
		wantSettings(t, name, got)
	}
}

func TestKoanfsParserReadsTheBytesOfAHandle(t *testing.T) {
	k := koanf.New(".")
	testkit.Must(t, k.Load(safefile.New[map[string]any](testkit.File(t, "app.json", documents["app.json"])), json.Parser()))
	if port := k.Int("server.port"); port != 80 {
		t.Errorf("koanf has %d", port)
	}
}

func TestKoanfGetsTheErrorsOfTheHandle(t *testing.T) {
	dir := t.TempDir()
	k := koanf.New(".")
	err := k.Load(safefile.New[map[string]any](filepath.Join(dir, "none.yaml")), nil)
	testkit.WantIs(t, "a missing file", err, fs.ErrNotExist, errors.ErrRead)
	testkit.Put(t, filepath.Join(dir, "bad.yaml"), "a: [\n")
	err = k.Load(safefile.New[map[string]any](filepath.Join(dir, "bad.yaml")), nil)
	testkit.WantIs(t, "a damaged file", err, errors.ErrDecode)
	defaults := func() map[string]any { return map[string]any{"port": 8080} }
	testkit.Must(t, k.Load(safefile.New[map[string]any](filepath.Join(dir, "none.yaml"), safefile.WithDefaults(defaults)), nil))
	if port := k.Int("port"); port != 8080 {
		t.Errorf("the default is %d", port)
	}
}

func TestKoanfChangesOneLineAndWatches(t *testing.T) {
	t.Chdir(t.TempDir())
	silence(t)
	testkit.Put(t, "app.yaml", documents["app.yaml"])
	ctx, cancel := context.WithCancel(t.Context())
	var current atomic.Pointer[koanf.Koanf]
	testkit.Must(t, withKoanf(ctx, &current))
	testkit.WantContent(t, "app.yaml", strings.Replace(documents["app.yaml"], "port: 80", "port: 9090", 1))
	port := func(want int) func() bool {
		return func() bool { k := current.Load(); return k != nil && k.Int("server.port") == want }
	}
	testkit.Until(t, "the current value", port(9090))

	testkit.Put(t, "app.yaml.new", "server:\n  port: 1\n")
	testkit.Must(t, os.Rename("app.yaml.new", "app.yaml"))
	testkit.Until(t, "a rename", port(1))
	if current.Load().Exists("debug") {
		t.Error("a key that was removed is still there")
	}
	testkit.Put(t, "app.yaml", "server: [\n") // damaged, and removed for a moment: koanf's own watch ends there
	testkit.Must(t, os.Remove("app.yaml"))
	testkit.Put(t, "app.yaml", "server:\n  port: 2\n")
	testkit.Until(t, "a file that comes back", port(2))
	cancel()
	wantNoWatch(t)
}

// wantNoWatch waits until no goroutine of a Watch is left.
func wantNoWatch(t *testing.T) {
	t.Helper()
	testkit.Until(t, "the watch has ended", func() bool {
		stacks := make([]byte, 1<<20)
		return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "provider.Watch")
	})
}

// silence discards what is logged while the test runs.
func silence(t *testing.T) {
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

func TestTheWatchOfAProviderEndsWithItsContext(t *testing.T) {
	path := testkit.File(t, "app.yaml", "a: 1\n")
	ctx, cancel := context.WithCancel(t.Context())
	file := provider{lockedfile.New[map[string]any](path), ctx}
	called := make(chan any, 10)
	testkit.Must(t, file.Watch(func(event any, err error) { called <- event }))
	<-called
	cancel()
	wantNoWatch(t)
	testkit.Must(t, file.Write(map[string]any{"a": 2}))
	if len(called) > 0 {
		t.Errorf("after its end the watch calls with %v", <-called)
	}
}
