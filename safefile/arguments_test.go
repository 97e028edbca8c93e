package safefile_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAZeroHandleFailsAndSaysWhatMakesOne(t *testing.T) {
	var f safefile.SafeFile[counters]
	var r safefile.Reader
	var w safefile.Writer
	second := func(_ any, err error) error { return err }
	for want, calls := range map[string]map[string]error{
		"safefile.New": {
			"Read":       second(f.Read()),
			"ReadOr":     second(f.ReadOr(nil)),
			"ReadBytes":  second(f.ReadBytes()),
			"Write":      f.Write(nil),
			"WriteBytes": f.WriteBytes(nil),
			"Merge":      f.Merge(nil),
			"Append":     f.Append(""),
			"Remove":     f.Remove(),
			"Verify":     f.Verify(),
			"Open":       second(f.Open()),
			"Create":     second(f.Create()),
		},
		"Open gives one": {
			"Reader.Read":  second(r.Read(nil)),
			"Reader.Close": r.Close(),
		},
		"Create gives one": {
			"Writer.Write":  second(w.Write(nil)),
			"Writer.Commit": w.Commit(),
			"Writer.Close":  w.Close(),
		},
	} {
		for name, err := range calls {
			if _, wrapped := errors.AsType[*errors.Error](err); !wrapped || !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want one that says %q", name, err, want)
			}
		}
	}
	if f.Path() != "" {
		t.Error("a zero handle has a path")
	}
}

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
