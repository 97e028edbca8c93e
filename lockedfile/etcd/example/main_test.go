package main

import (
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestThreeProgramsCountTogether(t *testing.T) {
	testkit.OwnTemp(t)
	stdout, stderr, status := testkit.RunProgram(t)
	if want := "3 programs have counted 150 requests\n"; stdout != want || status != 0 {
		t.Errorf("status %d, printed %q and %q, want %q", status, stdout, stderr, want)
	}
}

func TestTheREADMEShowsALineOfThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	testkit.Must(t, err)
	program, err := os.ReadFile("main.go")
	testkit.Must(t, err)
	_, diff, _ := strings.Cut(string(readme), "```diff\n-")
	local, rest, _ := strings.Cut(diff, "\n+")
	cluster, _, ok := strings.Cut(rest, "\n```")
	if !ok || !strings.Contains(string(readme), "```go\n"+local+"\n") || !strings.Contains(string(program), "\t"+cluster) {
		t.Errorf("the README shows %q and %q", local, cluster)
	}
}
