package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestTheTourNamesThePackageOfEachFormat(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for _, want := range []string{
		`(?m)^\.cjson +github\.com/holdfast-go/holdfast/examples/plugin/cjson$`,
		`(?m)^\.json\.gz +github\.com/holdfast-go/holdfast/examples/plugin/cjson$`,
		`(?m)^\.json +github\.com/holdfast-go/holdfast/codec$`,
		`(?m)^large\.json +507832 bytes, 10001 records$`,
		`(?m)^large\.json\.gz +\d{5} bytes, 10001 records$`,
		`(?m)^large\.cjson +\d{5} bytes, 10001 records$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no line is like %s:\n%s", want, out)
		}
	}
}

func TestNamesWithAndWithoutAFormatAreTold(t *testing.T) {
	out, stderr, status := testkit.RunProgram(t, "a.CJSON", "b.json.gz", "c.csv")
	if out != "a.CJSON has a format\nb.json.gz has a format\n" || status != 1 || !regexp.MustCompile(`\.csv.*registered are \.cjson`).MatchString(stderr) {
		t.Errorf("exit status %d, %q, %q", status, out, stderr)
	}
}

func TestACompressedFileIsPlainJSONForOtherPrograms(t *testing.T) {
	for _, name := range []string{"a.json.gz", "a.cjson"} {
		path := filepath.Join(t.TempDir(), name)
		testkit.Must(t, lockedfile.New[map[string]int](path).Write(map[string]int{"one": 1}))
		file, err := os.Open(path)
		testkit.Must(t, err)
		defer file.Close()
		plain, err := gzip.NewReader(file)
		testkit.Must(t, err)
		text, err := io.ReadAll(plain)
		if err != nil || string(text) != "{\n  \"one\": 1\n}\n" {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
}

func TestOnlyTheImportRegistersTheFormat(t *testing.T) {
	if source := registry.New().Source(".cjson"); source != "" {
		t.Errorf("%s has registered .cjson in every registry", source)
	}
	if source := registry.Default().Source("cjson"); source != "github.com/holdfast-go/holdfast/examples/plugin/cjson" {
		t.Errorf("%q has registered .cjson", source)
	}
}
