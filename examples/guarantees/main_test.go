package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestTheTourShowsEachGuaranteeAndItsBreach(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for _, want := range []string{
		`(?m)^AtomicVisibility +Guaranteed$`,
		`(?m)^the doctor has passed it, with \d\d checks$`,
		`(?m)^atomic and durable: state\.json$`,
		`(?m)\(the default\): state\.json state\.json\.lock$`,
		`(?m)^and damage is noticed: state\.json state\.json\.lock state\.json\.sha256$`,
		`(?m)^damaged content, ErrChecksumMismatch: true$`,
		`(?m)^the old content again: <nil>$`,
		`(?m)^no checksum, ErrNoChecksum: true$`,
		`(?m)^moved within the filesystem$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no line is like %s:\n%s", want, out)
		}
	}
	if strings.Contains(out, "moved to another one, ErrCrossDevice: false") {
		t.Errorf("a copy passed for a move:\n%s", out)
	}
}

func TestADirectoryOfOnesOwnKeepsTheFiles(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, stderr, status := testkit.RunProgram(t, dir); status != 0 || stderr != "" {
			t.Fatalf("exit status %d, %s", status, stderr)
		}
		testkit.WantNames(t, dir, "other.json", "other.json.lock", "state.json.lock")
	}
}

func TestAPlaceThatCannotTakeTheFileIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	for _, args := range [][]string{{dir}, {dir, dir}} {
		if _, stderr, status := testkit.RunProgram(t, args...); status != 1 || !strings.HasPrefix(stderr, "guarantees: ") {
			t.Errorf("%q: exit status %d, %q", args, status, stderr)
		}
	}
}
