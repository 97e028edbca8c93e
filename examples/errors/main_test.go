package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestEachErrorIsHandledAsItsPatternSays(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for _, want := range []string{
		"== updateConfig: the file is missing\nsaved\n",
		"failed to read the config, see line 1: update ",
		"failed to save the config: update ",
		"gave up after 50ms; ",
		"no time left, nothing was written: update ",
		"the lock can't be used, nothing was written: update ",
		"the library failed to read ",
		"the program refused: the order is paid already\n",
		"going on with map[port:8080]\n",
		`written by attempt 2, nobody's change is lost: {"n": 2, "by": 2}` + "\n",
		"order 17 is not saved: write ", "still ErrEncode: true\n",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("the program does not print %q once:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "== "); n != len(situations) {
		t.Errorf("%d of %d situations are printed", n, len(situations))
	}
}

func TestAHandledErrorLeavesTheFileAsItWas(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, status := testkit.RunProgram(t, dir); status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	changed := map[string]string{"a.json": "{\n  \"port\": 8080\n}\n", "j.json": `{"n": 2, "by": 2}`}
	for _, s := range situations {
		want := s.text
		if text, ok := changed[s.file]; ok {
			want = text
		}
		testkit.WantContent(t, filepath.Join(dir, s.file), want)
	}
	testkit.WantNone(t, dir, ".holdfast-*")
	if _, stderr, status := testkit.RunProgram(t, filepath.Join(dir, "missing")); status != 1 || stderr == "" {
		t.Errorf("in a missing directory: exit status %d, %q", status, stderr)
	}
}

func TestWithoutAnErrorEachPatternDoesItsWork(t *testing.T) {
	path := testkit.File(t, "state.json", `{"n": 1}`)
	nothing := func() error { return nil }
	for _, step := range []struct {
		want string
		do   func() (string, error)
	}{
		{"done", func() (string, error) { return processWithTimeout(path, time.Minute) }},
		{"done", func() (string, error) { return processWithContext(t.Context(), path) }},
		{"going on with map[n:3]", func() (string, error) { return readOrDefaults(path) }},
		{`written by attempt 1, nobody's change is lost: {"n": 4}`, func() (string, error) { return incrementWithRetry(path, nothing) }},
		{"saved", func() (string, error) { return updateConfig(path, map[string]any{"m": 1}) }},
		{"no error", func() (string, error) { return describe(nil), save(path, map[string]any{"n": 1}) }},
		{"going on with map[port:8080]", func() (string, error) { return readOrDefaults(path + ".none.json") }},
	} {
		if got, err := step.do(); err != nil || got != step.want {
			t.Errorf("%q, %v, want %q", got, err, step.want)
		}
	}
}

func TestErrorsThatAreNotTheLibrarysAreTold(t *testing.T) {
	if got := describe(os.ErrDeadlineExceeded); !strings.HasPrefix(got, "an unexpected error: ") {
		t.Error(got)
	}
	path := testkit.File(t, "state.json", `{"n": 1}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := processWithContext(ctx, path); err != nil || got != "the client has gone" {
		t.Errorf("%q, %v", got, err)
	}
	hopeless := func() error { return os.WriteFile(path, fmt.Appendf(nil, `{"n": %d}`, time.Now().UnixNano()), 0o644) }
	if _, err := incrementWithRetry(path, hopeless); !errors.Is(err, errors.ErrChanged) {
		t.Errorf("a file that changes at each attempt: %v", err)
	}
}
