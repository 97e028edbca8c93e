package safefile_test

import (
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/safefile"
)

func TestPoliciesPrintTheNamesOfTheirConstants(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"Strict": safefile.Strict, "Warn": safefile.Warn, "BestEffort": safefile.BestEffort, "Safety(3)": safefile.Safety(3),
		"Follow": safefile.Follow, "Refuse": safefile.Refuse, "Replace": safefile.Replace, "Symlinks(3)": safefile.Symlinks(3),
	} {
		if got.String() != want {
			t.Errorf("%s prints %q", want, got)
		}
	}
	var s safefile.Safety
	var l safefile.Symlinks
	if s != safefile.Strict || l != safefile.Follow {
		t.Error("the zero values are not the defaults")
	}
}
