// Package corpustest tries the text surgery of TOML on the valid files of
// toml-test. It is a module of its own, since nothing else needs that one.
package corpustest

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/toml/tomlsuite"
	"github.com/holdfast-go/holdfast/internal/testkit"
	tomltest "github.com/toml-lang/toml-test/v2"
)

// The rates of the random operations, each on every position of every file:
//
//	cd internal/format/toml/corpustest && go test -v .
//
// and with HOLDFAST_LONG=1 three times.
func TestRandomOperationsOnTOMLTestAreSpliced(t *testing.T) {
	_, seeds := edittest.Sample(1)
	tally, files := edittest.Tally{}, 0
	err := fs.WalkDir(tomltest.TestCases(), "valid", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".toml") {
			return err
		}
		text, err := fs.ReadFile(tomltest.TestCases(), path)
		if err != nil {
			return err
		}
		if _, err := toml.Grammar.Parse(text); err != nil {
			t.Logf("%s: not tried, the decoder refuses it: %v", path, err)
			return nil
		}
		files++
		for seed := range seeds {
			tomlsuite.TOML.Run(t, path, text, seed, 1, tally)
			tomlsuite.TOML.RunMany(t, path, text, seed, 10, tally)
		}
		return nil
	})
	testkit.Must(t, err)
	t.Logf("%d files:\n%v", files, tally)
	tally.Require(t, tomlsuite.Thresholds)
}
