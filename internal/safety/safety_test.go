package safety

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

var errWhy = errors.New("no such thing here")

// logged is a logger and what it was told, line by line.
func logged() (*slog.Logger, func() []string) {
	var buf bytes.Buffer
	return slog.New(slog.NewTextHandler(&buf, nil)), func() []string {
		return strings.FieldsFunc(buf.String(), func(r rune) bool { return r == '\n' })
	}
}

func TestStrictRefusesAndSaysNothing(t *testing.T) {
	logger, lines := logged()
	p := Policy{Level: Strict, Log: &Log{Path: "a", Logger: logger}}
	err := p.Weaken("the owner can't be kept", errWhy)
	if !errors.Is(err, errWhy) || err.Error() != "the owner can't be kept: no such thing here" {
		t.Errorf("got %v", err)
	}
	if got := lines(); len(got) != 0 {
		t.Errorf("logged %q", got)
	}
}

func TestWarnGoesOnAndLogsEachCauseOnce(t *testing.T) {
	logger, lines := logged()
	p := Policy{Level: Warn, Log: &Log{Path: "some/file", Logger: logger}}
	for range 3 {
		for _, what := range []string{"one", "two"} {
			if err := p.Weaken(what, errWhy); err != nil {
				t.Errorf("stopped by %v", err)
			}
		}
	}
	got := lines()
	if len(got) != 2 || !strings.Contains(got[0], "some/file") || !strings.Contains(got[0], "what=one") || !strings.Contains(got[0], errWhy.Error()) {
		t.Errorf("logged %q", got)
	}
}

func TestBestEffortGoesOnWithoutAWord(t *testing.T) {
	logger, lines := logged()
	p := Policy{Level: BestEffort, Log: &Log{Logger: logger}}
	if err := p.Weaken("one", errWhy); err != nil || len(lines()) != 0 {
		t.Errorf("got %v, logged %q", err, lines())
	}
}

func TestAReportStopsNobodyNotEvenUnderStrict(t *testing.T) {
	logger, lines := logged()
	Policy{Level: Strict, Log: &Log{Logger: logger}}.Report("the group can't be kept", errWhy)
	if len(lines()) != 1 {
		t.Errorf("logged %q", lines())
	}
}

func TestWithoutALogTheDefaultLoggerIsTold(t *testing.T) {
	logger, lines := logged()
	before := slog.Default()
	slog.SetDefault(logger)
	defer slog.SetDefault(before)
	p := Policy{Level: Warn}
	p.Report("one", errWhy)
	p.Report("one", errWhy)
	(&Log{}).Warn("look here", "path", "x")
	if got := lines(); len(got) != 3 || !strings.Contains(got[2], "look here") {
		t.Errorf("logged %q", got)
	}
}

func TestOneCommitServesTwoWritersOfTheSameCare(t *testing.T) {
	logger, _ := logged()
	mine := Policy{Warn, &Log{Path: "a", Logger: logger}}
	for _, c := range []struct {
		other Policy
		same  bool
	}{
		{Policy{Warn, &Log{Path: "b", Logger: logger}}, true},
		{Policy{Strict, &Log{Logger: logger}}, false},
		{Policy{Warn, nil}, false},
	} {
		if got := mine.Same(c.other); got != c.same {
			t.Errorf("Same(%v) is %v", c.other.Level, got)
		}
	}
	if !(Policy{}).Same(Policy{Log: &Log{}}) {
		t.Error("two that log to the default logger differ")
	}
}
