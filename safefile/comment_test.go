package safefile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

type commented struct {
	Port  int    `yaml:"port" json:"port" toml:"port" comment:"From 1 to 65535."`
	Debug bool   `yaml:"debug,omitempty" json:"debug,omitempty" toml:"debug,omitempty" comment:"Print more."`
	Name  string `yaml:"name" json:"name" toml:"name"`
}

func TestANewFileHasTheCommentsOfItsTypeAndKeepsThem(t *testing.T) {
	dir := testkit.Memory(t)
	for name, want := range map[string]string{
		"a.yaml":  "# From 1 to 65535.\nport: 80\nname: x\n",
		"a.toml":  "# From 1 to 65535.\nport = 80\nname = \"x\"\n",
		"a.jsonc": "{\n  // From 1 to 65535.\n  \"port\": 80,\n  \"name\": \"x\"\n}\n",
		"a.json":  "{\n  \"port\": 80,\n  \"name\": \"x\"\n}\n",
	} {
		path := filepath.Join(dir, name)
		for what, write := range map[string]func() error{
			"Write":  func() error { return safefile.New[commented](path).Write(commented{Port: 80, Name: "x"}) },
			"Update": func() error { return lockedfile.New[commented](path).Update(setTo(commented{Port: 80, Name: "x"})) },
			"steps": func() error {
				return lockedfile.New[commented](path).Locked(func(tx *lockedfile.Tx[commented]) error {
					testkit.Must(t, tx.Write(commented{Port: 80, Debug: true}))
					return tx.Write(commented{Port: 80, Name: "x"})
				})
			},
			"with a checksum": func() error {
				return safefile.New[commented](path, safefile.WithChecksum()).Write(commented{Port: 80, Name: "x"})
			},
		} {
			testkit.Must(t, write())
			t.Log(name, what)
			testkit.WantContent(t, path, want)
			f := safefile.New[commented](path)
			testkit.Must(t, f.Write(commented{Port: 81, Debug: true, Name: "x"}))
			testkit.Must(t, f.Write(commented{Port: 80, Name: "x"}))
			testkit.Must(t, f.Write(commented{Port: 80, Name: "x"}))
			testkit.WantContent(t, path, want)
			testkit.Must(t, f.Remove())
		}
	}
}

func setTo[T any](v T) func(*T) error { return func(p *T) error { *p = v; return nil } }

// The handle that has written the file knows that nobody else has, and takes shorter ways.
func TestAHandleKeepsTheCommentsOfItsOwnText(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.toml", "a.jsonc"} {
		path := filepath.Join(testkit.Memory(t), name)
		f := lockedfile.New[commented](path)
		testkit.Must(t, f.Write(commented{Port: 1}))
		first := testkit.Content(t, path)
		for range 3 {
			for _, debug := range []bool{true, true, false, false} {
				testkit.Must(t, f.Update(func(v *commented) error { v.Debug = debug; return nil }))
			}
		}
		testkit.WantContent(t, path, first)
		// A file that was made without comments is in the codec's own style. It gets comments for new keys only.
		testkit.Must(t, f.Remove())
		type same struct {
			Port  int    `yaml:"port" json:"port" toml:"port"`
			Debug bool   `yaml:"debug,omitempty" json:"debug,omitempty" toml:"debug,omitempty"`
			Name  string `yaml:"name" json:"name" toml:"name"`
		}
		testkit.Must(t, safefile.New[same](path).Write(same{Port: 1}))
		bare := testkit.Content(t, path)
		for i, debug := range []bool{false, true, true, false} {
			testkit.Must(t, f.Update(func(v *commented) error { v.Port++; v.Debug = debug; return nil }))
			testkit.Must(t, f.Update(func(v *commented) error { v.Port = 1; return nil }))
			if now := testkit.Content(t, path); (now == bare) == debug {
				t.Errorf("after %d:\n%s", i, now)
			}
		}
	}
}

func TestAnExistingFileWithoutKeysGetsThemWithComments(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.yaml")
	testkit.Put(t, path, "# mine\n")
	testkit.Must(t, safefile.New[commented](path).Write(commented{Port: 80, Name: "x"}))
	testkit.WantContent(t, path, "# mine\n# From 1 to 65535.\nport: 80\nname: x\n")
}

func TestADamagedFileIsReplacedByOneWithComments(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.yaml")
	f := safefile.New[commented](path, safefile.WithChecksum())
	testkit.Must(t, f.Write(commented{Port: 80}))
	testkit.Put(t, path, "port: 7\n")
	testkit.Must(t, f.Write(commented{Port: 80, Name: "x"}))
	testkit.WantContent(t, path, "# From 1 to 65535.\nport: 80\nname: x\n")
}

func TestACompressedFileHasComments(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.yaml.gz")
	f := safefile.New[commented](path, safefile.WithCodec(codec.Gzip(codec.YAML())))
	testkit.Must(t, f.Write(commented{Port: 80, Name: "x"}))
	testkit.Must(t, f.Write(commented{Port: 80, Debug: true, Name: "x"}))
	text, err := safefile.New[string](path, safefile.WithCodec(codec.Gzip(codec.Text()))).Read()
	if want := "# From 1 to 65535.\nport: 80\n# Print more.\ndebug: true\nname: x\n"; text != want || err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	testkit.Put(t, path, "no gzip")
	testkit.Must(t, f.Write(commented{Port: 80, Name: "x"}))
	text, err = safefile.New[string](path, safefile.WithCodec(codec.Gzip(codec.Text()))).Read()
	if want := "# From 1 to 65535.\nport: 80\nname: x\n"; text != want || err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// wrapping is a codec of somebody else around one of the library.
type wrapping struct{ codec.Editor }

func TestACodecAroundOneOfTheLibraryWritesComments(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "a.conf")
	f := safefile.New[commented](path, safefile.WithCodec(wrapping{codec.YAML().(codec.Editor)}))
	testkit.Must(t, f.Write(commented{Port: 80}))
	testkit.Must(t, f.Write(commented{Port: 80, Debug: true}))
	testkit.Must(t, f.Write(commented{Port: 81, Debug: true}))
	testkit.WantContent(t, path, "# From 1 to 65535.\nport: 81\n# Print more.\ndebug: true\nname: \"\"\n")
}
