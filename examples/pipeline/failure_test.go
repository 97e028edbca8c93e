package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func TestFilesThatStayLockedAreATimeoutAndNoLoss(t *testing.T) {
	dir := t.TempDir()
	hasty, p := open(dir, 10*time.Millisecond), open(dir, patience)
	numbers := [][]int{{1, 2}, {3}}
	id, _, err := p.submit(t.Context(), numbers[0])
	testkit.Must(t, err)
	for _, path := range []string{p.active.Path(), p.results.Path()} {
		lock, err := lockedfile.Acquire(t.Context(), path)
		testkit.Must(t, err)
		testkit.WantIs(t, fmt.Sprintf("%s is locked", path), hasty.run(t.Context(), numbers), errors.ErrTimeout)
		if jobs, err := p.active.Read(t.Context()); err != nil || jobs[id].Stage != submitted {
			t.Errorf("the file holds %v, %v", jobs, err)
		}
		testkit.Must(t, lock.Release())
	}
	testkit.WantNil(t, "it", p.run(t.Context(), numbers))
	mustBeThrough(t, dir, map[string]int{id: 3, identify([]int{3}): 3})
}

func TestChangeSavedByHandDuringATransactionIsKept(t *testing.T) {
	p := open(t.TempDir(), time.Second)
	mine, tries := job{Numbers: []int{1}, Stage: submitted}, 0
	byHand := `{"theirs": {"numbers": [2], "stage": "submitted"}}`
	testkit.Must(t, p.active.WriteBytes(t.Context(), []byte("{}")))
	err := persist(func() error {
		return p.active.Update(t.Context(), func(jobs *map[string]job) error {
			if tries++; tries == 1 {
				if err := os.WriteFile(p.active.Path(), []byte(byHand), 0o666); err != nil {
					return err
				}
			}
			(*jobs)["mine"] = mine
			return nil
		})
	})
	jobs, readErr := p.active.Read(t.Context())
	if err != nil || readErr != nil || tries != 2 || len(jobs) != 2 || !reflect.DeepEqual(jobs["mine"], mine) {
		t.Errorf("after %d tries: %v, %v, %v", tries, jobs, err, readErr)
	}
	tries = 0
	if err := persist(func() error { tries++; return errors.ErrChanged }); !errors.Is(err, errors.ErrChanged) || tries != attempts {
		t.Errorf("gave up after %d tries: %v", tries, err)
	}
}

func TestFailuresSayWhatIsWrongAndChangeNothing(t *testing.T) {
	for _, test := range []struct {
		name, text string
		args       []string
		status     int
		says       string
	}{
		{"active.json", `{"x": `, nil, 1, "not valid json, line 1"},
		{"results.json", `[]`, nil, 1, "not valid json"},
		{"active.json", `{"x": {"numbers": [1], "stage": "boiled"}}`, nil, 1, `no stage "boiled"`},
		{"active.json", "{}", []string{"1,two"}, 1, `"1,two" is no list`},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, test.name)
		testkit.Put(t, path, test.text)
		_, stderr, status := testkit.RunProgram(t, append([]string{dir}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.says) {
			t.Errorf("%s %q: exit status %d, %q", test.name, test.text, status, stderr)
		}
		if text, _ := os.ReadFile(path); !strings.Contains(string(text), strings.Trim(test.text, "{}")) {
			t.Errorf("%s %q became %q", test.name, test.text, text)
		}
	}
	for _, args := range [][]string{{"-fast"}, {"-h"}} {
		if _, stderr, status := testkit.RunProgram(t, args...); status != 2 || !strings.HasPrefix(stderr, "usage: pipeline") {
			t.Errorf("%q: exit status %d, %q", args, status, stderr)
		}
	}
}

func TestValidationRefusesWhatTheComputationCouldNotHold(t *testing.T) {
	for _, test := range []struct {
		numbers []int
		want    stage
	}{
		{[]int{limit, -limit}, validated}, {[]int{limit + 1}, rejected}, {[]int{0, -limit - 1}, rejected}, {nil, rejected},
	} {
		j := job{Numbers: test.numbers, Stage: submitted}
		if j.validate(); j.Stage != test.want || (j.Rejected != "") != (test.want == rejected) {
			t.Errorf("%v is %s, %q", test.numbers, j.Stage, j.Rejected)
		}
	}
	if got := list(slices.Repeat([]int{7}, 12)); got != "7 7 7 7 7 7 7 7 7 7 and 2 more" {
		t.Errorf("twelve numbers are shown as %q", got)
	}
}
