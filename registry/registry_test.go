package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/registry"
)

// named is a codec that can be told apart.
type named string

func (named) Load(io.Reader, any) error { return nil }
func (named) Dump(io.Writer, any) error { return nil }

func (n *named) String() string { return string(*n) }

func TestTheLongestSuffixOfTheLastElementWins(t *testing.T) {
	r := registry.New()
	for _, ext := range []string{".users.json", "JSON.gz", "csv", ".é", "tar"} {
		r.Register(ext, named(strings.ToLower("."+strings.TrimPrefix(ext, "."))))
	}
	r.Register("json", named(".json"))
	for path, want := range map[string]string{
		"a.json":                              ".json",
		"a.users.json":                        ".users.json",
		"A.Users.JSON":                        ".users.json",
		"users.json":                          ".json",
		".users.json":                         ".json",
		"..users.json":                        ".json",
		"b.a.users.json":                      ".users.json",
		"a.json.gz":                           ".json.gz",
		"a.users.json.gz":                     ".json.gz",
		"dir.csv/a.json":                      ".json",
		"/x/.eslintrc.json":                   ".json",
		"a..json":                             ".json",
		"a.b.c.d.csv":                         ".csv",
		"a.É":                                 ".é",
		"a b.csv":                             ".csv",
		"./a.csv":                             ".csv",
		"../a.csv":                            ".csv",
		"....csv.json":                        ".json",
		"a.tar.csv":                           ".csv",
		"a.unknown.json":                      ".json",
		filepath.Join("x.json", "y", "z.csv"): ".csv",
	} {
		c, err := r.Lookup(path)
		if err != nil || c != named(want) {
			t.Errorf("Lookup(%q) = %v, %v; want %s", path, c, err, want)
		}
	}
}

func TestNamesWithoutAFormatAreErrUnknownFormat(t *testing.T) {
	r := registry.New()
	r.Register("users.json", named("x"))
	for path, want := range map[string]string{
		"":              "names no file",
		"dir/":          "names no file",
		"a.json/":       "names no file",
		"README":        "no extension",
		".npmrc":        "no extension",
		".json":         "no extension",
		"..json":        "no extension",
		"..":            "no extension",
		"dir.json/file": "no extension",
		"a.xyz":         `registry.RegisterPair(".xyz", load, dump)`,
		"a.json.bak":    ".bak",
		"a.yaml.gz":     `registry.Register(".yaml.gz", codec.Gzip(codec.YAML()))`,
		"a.gz":          `registry.Register(".json.gz", codec.Gzip(codec.JSON()))`,
	} {
		_, err := r.Lookup(path)
		if !errors.Is(err, errors.ErrUnknownFormat) {
			t.Errorf("Lookup(%q): %v", path, err)
			continue
		}
		for _, part := range []string{want, ".json .jsonc .toml .txt .users.json .yaml .yml"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Lookup(%q) does not say %q: %v", path, part, err)
			}
		}
	}
}

func TestTrailingDotsAndSpacesAreAsTheSystemTakesThem(t *testing.T) {
	r := registry.New()
	for _, path := range []string{"a.json.", "a.json ", "a.json. ."} {
		_, err := r.Lookup(path)
		if ignored := err == nil; ignored != (runtime.GOOS == "windows") {
			t.Errorf("Lookup(%q): %v", path, err)
		}
	}
}

func TestBackslashSeparatesOnWindowsOnly(t *testing.T) {
	r := registry.New()
	_, err := r.Lookup(`dir\.json`)
	if hidden := err != nil; hidden != (runtime.GOOS == "windows") {
		t.Errorf("%v", err)
	}
}

func TestAnEmptyRegistryWorks(t *testing.T) {
	var r registry.Registry
	if _, err := r.Lookup("a.json"); !errors.Is(err, errors.ErrUnknownFormat) || !strings.Contains(err.Error(), "nothing is registered") {
		t.Errorf("%v", err)
	}
	if len(r.Formats()) != 0 || r.Source("json") != "" {
		t.Error("it is not empty")
	}
	r.Register("x", named("x"))
	if c, err := r.Lookup("a.x"); err != nil || c != named("x") {
		t.Errorf("%v, %v", c, err)
	}
}

func TestFormatsAreSortedAndNewHoldsTheBuiltIns(t *testing.T) {
	want := []string{".json", ".jsonc", ".toml", ".txt", ".yaml", ".yml"}
	if got := registry.New().Formats(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	r := registry.New()
	r.Register("CSV", named("1"))
	r.Register(".csv", named("2"))
	if got := r.Formats(); !slices.Equal(got, append([]string{".csv"}, want...)) {
		t.Errorf("%v", got)
	}
	if c, _ := r.Lookup("a.csv"); c != named("2") {
		t.Errorf("the second did not replace the first: %v", c)
	}
}

func TestMisusePanicsWithAQualifiedName(t *testing.T) {
	load := func(io.Reader) (int, error) { return 0, nil }
	dump := func(io.Writer, int) error { return nil }
	r := registry.New()
	var typedNil *named
	for want, call := range map[string]func(){
		`registry.Register: nil codec for "csv"`:                     func() { r.Register("csv", nil) },
		`registry.Register: nil codec for "tsv"`:                     func() { registry.Register("tsv", typedNil) },
		`registry.Register: empty extension`:                         func() { r.Register("", named("")) },
		`registry.RegisterPair: empty extension`:                     func() { registry.RegisterPair(".", load, dump) },
		`registry.Register: the extension "a/b" holds a separator`:   func() { r.Register("a/b", named("")) },
		`registry.Register: the extension ".a\\b" holds a separator`: func() { r.Register(`.a\b`, named("")) },
		`registry.Register: no name ends in the extension "a."`:      func() { r.Register("a.", named("")) },
		`registry.Register: no name ends in the extension "..a"`:     func() { r.Register("..a", named("")) },
		`registry.Register: no name ends in the extension "a "`:      func() { r.Register("a ", named("")) },
		`codec.Pair: nil load`:                                       func() { registry.RegisterPair("refused", nil, dump) },
		`codec.Pair: nil dump`:                                       func() { registry.RegisterPair("refused", load, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %s", got, want)
				}
			}()
			call()
		}()
	}
	if slices.Contains(registry.Formats(), ".refused") || slices.Contains(registry.Formats(), ".tsv") {
		t.Error("a refused format was registered")
	}
}

func TestSourceIsThePackageThatCalled(t *testing.T) {
	const here = "github.com/holdfast-go/holdfast/registry_test"
	r := registry.New()
	r.Register("direct", named(""))
	func() { r.Register("closure", named("")) }()
	registry.RegisterPair(".pair-source", func(io.Reader) (fmt.Stringer, error) { return nil, nil }, func(io.Writer, fmt.Stringer) error { return nil })
	registry.Register("package-source", named(""))
	method := r.Register
	method("method-value", named(""))
	var wg sync.WaitGroup
	wg.Go(func() { r.Register("goroutine", named("")) })
	wg.Wait()
	generic[map[string]int](r)
	r.Register("yaml", named(""))
	for ext, want := range map[string]string{
		"direct": here, ".CLOSURE": here, "method-value": here, "goroutine": here, "generic": here, "yaml": here,
		"json": "github.com/holdfast-go/holdfast/codec", "": "", "unknown": "",
	} {
		if got := r.Source(ext); got != want {
			t.Errorf("Source(%q) = %q, want %q", ext, got, want)
		}
	}
	for _, ext := range []string{"pair-source", "package-source", "var-source", "init-source"} {
		if got := registry.Default().Source(ext); got != here {
			t.Errorf("Source(%q) = %q", ext, got)
		}
	}
}

func generic[T any](r *registry.Registry) {
	r.Register("generic", codec.Pair(func(io.Reader) (v T, err error) { return v, nil }, func(io.Writer, T) error { return nil }))
}

var _ = func() bool { registry.Register("var-source", named("")); return true }()

func init() { registry.Register("init-source", named("")) }

func TestPackageFunctionsActOnDefault(t *testing.T) {
	registry.RegisterPair("default-test", func(r io.Reader) (string, error) {
		b, err := io.ReadAll(r)
		return string(b), err
	}, func(w io.Writer, s string) error {
		_, err := io.WriteString(w, s)
		return err
	})
	c, err := registry.Lookup("a.default-test")
	testkit.Must(t, err)
	if d, _ := registry.Default().Lookup("b.Default-Test"); d == nil {
		t.Error("Default does not have it")
	}
	var text bytes.Buffer
	if err := c.Dump(&text, "x"); err != nil || text.String() != "x" {
		t.Errorf("%q, %v", text.String(), err)
	}
	if !slices.Contains(registry.Formats(), ".default-test") {
		t.Error("Formats lacks it")
	}
}

func TestReadersNeverSeeAHalfWrittenTable(t *testing.T) {
	r := registry.New()
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for seen := 0; ; {
				n := len(r.Formats())
				if n < seen {
					t.Errorf("the registry shrank from %d to %d", seen, n)
				}
				seen = n
				if _, err := r.Lookup("a.json"); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for g := range 4 {
		writers.Go(func() {
			for i := range 100 {
				r.Register(fmt.Sprintf("x%d-%d", g, i), named(""))
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if n := len(r.Formats()); n != 406 {
		t.Errorf("%d formats, so a registration was lost", n)
	}
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"a.json", ".json", "..", "a/b.c/", "a.json.", `C:\x.yaml`} {
		f.Add(s)
	}
	r := registry.New()
	f.Fuzz(func(t *testing.T, path string) {
		if _, err := r.Lookup(path); err != nil {
			if !errors.Is(err, errors.ErrUnknownFormat) {
				t.Fatal(err)
			}
			return
		}
		name := strings.ToLower(path)
		for _, ext := range r.Formats() {
			if stem, ok := strings.CutSuffix(strings.TrimRight(name, ". "), ext); ok && strings.Trim(filepath.Base(stem), ".") != "" {
				return
			}
		}
		t.Fatalf("%q has a format", path)
	})
}
