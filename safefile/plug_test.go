package safefile_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAHandlesFSKeepsTheRulesOfFS(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "sub/b.txt", "sub/deep/c.txt"} {
		testkit.Must(t, safefile.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(name), safefile.WithChecksum(), safefile.WithParents(0o755)))
	}
	for _, opts := range [][]safefile.Option{nil, {safefile.WithMaxSize(100)}} {
		if err := fstest.TestFS(newCheckedFS(dir, opts...), "a.txt", "sub/b.txt", "sub/deep/c.txt"); err != nil {
			t.Error(err)
		}
	}
}

func TestAHandlesFSServesNoDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	testkit.Must(t, safefile.WriteFile(path, []byte("good"), safefile.WithChecksum()))
	testkit.Put(t, path, "evil")
	_, err := newCheckedFS(filepath.Dir(path), safefile.WithChecksum()).Open("a.txt")
	testkit.WantIs(t, "Open", err, errors.ErrChecksumMismatch)
}

func TestAFlagShowsTheDefaultOfItsHandle(t *testing.T) {
	var out strings.Builder
	flags := flag.NewFlagSet("app", flag.ContinueOnError)
	flags.SetOutput(&out)
	flags.Var(&fileFlag[int]{}, "none", "")
	flags.Var(&fileFlag[int]{safefile.New[int]("/etc/app.yaml")}, "config", "")
	flags.PrintDefaults()
	if text := out.String(); !strings.Contains(text, "(default /etc/app.yaml)") || strings.Contains(text, "panic") {
		t.Errorf("the flags are %s", text)
	}
	if err := flags.Parse([]string{"-config", "app.ini"}); err == nil || !strings.Contains(out.String(), ".ini") {
		t.Errorf("a format that nobody has registered: %v %s", err, out.String())
	}
}
