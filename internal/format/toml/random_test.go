package toml_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/toml/tomlsuite"
)

// The rates of the random operations, short form:
//
//	go test -run Random -v ./internal/format/toml
//
// and with HOLDFAST_LONG=1 every position of every file, three times.
func TestRandomOperationsAreSpliced(t *testing.T) {
	stride, seeds := edittest.Sample(7) // odd, or every turn would be a deletion
	for _, c := range []struct {
		name  string
		files map[string][]byte
	}{
		{"real", edittest.Corpus(t, "real/*.toml")},
		{"written here", tomlsuite.Written},
	} {
		tally := edittest.Tally{}
		for _, name := range slices.Sorted(maps.Keys(c.files)) {
			for seed := range seeds {
				tomlsuite.TOML.Run(t, name, c.files[name], seed, stride, tally)
				tomlsuite.TOML.RunMany(t, name, c.files[name], seed, 70/stride, tally)
			}
		}
		t.Logf("%s, %d files:\n%v", c.name, len(c.files), tally)
		least := maps.Clone(tomlsuite.Thresholds)
		if least[edittest.Undone] = 0.99; c.name != "real" {
			least[edittest.SetList] = 0.9 // a list of tables that becomes an array parts its elements from their comments
		}
		tally.Require(t, least)
	}
}

// FuzzEdit tries random operations on any text:
//
//	go test -fuzz FuzzEdit ./internal/format/toml
func FuzzEdit(f *testing.F) {
	for _, text := range tomlsuite.Written {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		if _, err := toml.Grammar.Parse(text); err != nil || len(text) > 2000 {
			return
		}
		tomlsuite.TOML.Run(t, "fuzzed", text, seed, 1+len(text)/20, edittest.Tally{})
	})
}

func TestASectionBetweenTheStatementsOfAnotherTableIsSpliced(t *testing.T) {
	text := tomlsuite.Written["dotted and more"]
	was := "[fruit.apple]\ncolor = 1\ntaste.sweet = true\ntexture.smooth = true\n"
	is := "[fruit.an]\nripe = true\n" + was
	got, report, err := edit.Edit(toml.Grammar, text, []byte(was), []byte(is), edit.Options{})
	want := "[fruit]\napple.color = 1\napple.taste.sweet = true\n\n[fruit.an]\nripe = true\n\n[fruit.apple.texture]\nsmooth = true\n"
	if err != nil || report.Rung != edit.Spliced || string(got) != want {
		t.Errorf("%v, %v, got:\n%s\nwant:\n%s", err, report.Rung, got, want)
	}
}
