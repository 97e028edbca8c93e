package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// batch is n jobs as arguments, and what must come out for each.
func batch(n int) (args []string, sums map[string]int) {
	sums = map[string]int{}
	for i := range n {
		args = append(args, fmt.Sprintf("%d,%d,-3", i, i*i))
		sums[identify([]int{i, i * i, -3})] = i + i*i - 3
	}
	return args, sums
}

// mustBeThrough fails unless every job is in the results once, with its sum, and
// none is active.
func mustBeThrough(t *testing.T, dir string, sums map[string]int) {
	t.Helper()
	p := open(dir, time.Second)
	jobs, err := p.active.Read(t.Context())
	if err != nil || len(jobs) != 0 {
		t.Errorf("still active: %v, %v", jobs, err)
	}
	r, err := p.results.Read(t.Context())
	if err != nil || r.Total != len(sums) {
		t.Errorf("%d of %d jobs were counted, %v", r.Total, len(sums), err)
	}
	got := map[string]int{}
	for id, found := range r.Jobs {
		got[id] = found.Sum
	}
	if !reflect.DeepEqual(got, sums) {
		t.Errorf("the results are %v, want %v", got, sums)
	}
}

func TestTourPrintsEachStepAndLeavesNothingBehind(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for word, times := range map[string]int{" submitted: ": 5, " validated by ": 4, " rejected by ": 1, " computed by ": 4, " finalised by ": 5} {
		if n := strings.Count(out, word); n != times {
			t.Errorf("%q is printed %d times, want %d:\n%s", word, n, times, out)
		}
	}
	for _, want := range []string{
		"e4242a454fdd: 1 to 5, sum 15, of the squares 55, average 3\n",
		" was rejected: no numbers\n", "0 jobs active, 5 through\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not printed:\n%s", want, out)
		}
	}
}

// order is how far the word of a printed step says that a job has come.
var order = []stage{submitted, validated, computed, finalised}

// journal is what a program has told of each job, over several runs.
type journal struct {
	reached map[string]stage
	finals  map[string]int
}

func (j *journal) note(lines []string) {
	for _, line := range lines {
		fields := strings.Fields(line + " - -")
		id, word := fields[0], stage(strings.TrimSuffix(fields[1], ":"))
		if slices.Index(order, word) > slices.Index(order, j.reached[id]) {
			j.reached[id] = word
		}
		if word == finalised {
			j.finals[id]++
		}
	}
}

// mustHold fails if a job is behind what was told of it.
func (j *journal) mustHold(t *testing.T, dir string) {
	t.Helper()
	jobs, through, err := open(dir, time.Second).status(t.Context())
	testkit.Must(t, err)
	for id, reached := range j.reached {
		now := jobs[id].Stage
		if _, done := through.Jobs[id]; done {
			now = finalised
		}
		if slices.Index(order, now) < slices.Index(order, reached) {
			t.Errorf("%s was printed as %s and is %q", id, reached, now)
		}
	}
	for id, times := range j.finals {
		if times > 1 {
			t.Errorf("%s was finalised %d times", id, times)
		}
	}
}

const all = 1 << 20 // lines

func TestKilledRunGoesOnWhereItStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by the first run")
	jobs, sums := batch(12)
	told := &journal{map[string]stage{}, map[string]int{}}
	kills := 0
	for at := 7; ; at += 3 { // the first dies while it submits, the later ones further on
		s := testkit.Start(t, testkit.Program(t, append([]string{"-slow", "20ms", dir}, jobs...)...))
		told.note(s.Lines(at))
		_ = s.Cmd.Process.Kill()
		told.note(s.Lines(all))
		died := s.Wait() != nil
		told.mustHold(t, dir)
		if !died {
			break
		}
		kills++
	}
	t.Logf("%d runs were killed", kills)
	if kills < 3 {
		t.Errorf("only %d runs were killed at work", kills)
	}
	mustBeThrough(t, dir, sums)
}

func TestRunsAtOnceCountEachJobOnce(t *testing.T) {
	dir := t.TempDir()
	jobs, sums := batch(10)
	var runs sync.WaitGroup
	for range 3 {
		runs.Go(func() {
			if _, stderr, status := testkit.RunProgram(t, append([]string{dir}, jobs...)...); status != 0 {
				t.Errorf("exit status %d, %s", status, stderr)
			}
		})
	}
	runs.Wait()
	mustBeThrough(t, dir, sums)
}

func TestAJobIsAlwaysInOneOfTheFilesAndNeverInBoth(t *testing.T) {
	dir := t.TempDir()
	p := open(dir, patience)
	numbers := [][]int{{1}, {2}, {3}, {4}, {5}, {6}}
	for _, n := range numbers {
		_, _, err := p.submit(t.Context(), n)
		testkit.Must(t, err)
	}
	done := make(chan error, 1)
	go func() { done <- open(dir, patience).run(t.Context(), numbers) }()
	for through := 0; through < len(numbers); {
		active, finished, err := p.status(t.Context())
		testkit.Must(t, err)
		for id := range finished.Jobs {
			if _, both := active[id]; both {
				t.Errorf("job %s is in both files", id)
			}
		}
		if through = len(finished.Jobs); len(active)+through != len(numbers) || finished.Total != through {
			t.Fatalf("%d active and %d finished jobs, %d counted", len(active), through, finished.Total)
		}
	}
	testkit.WantNil(t, "the run", <-done)
}

func TestFinaliseThatFailsHalfwayLosesNoJob(t *testing.T) {
	dir := t.TempDir()
	hasty, p := open(dir, 10*time.Millisecond), open(dir, patience)
	id := identify([]int{1})
	for _, path := range []string{p.results.Path(), p.active.Path()} {
		testkit.Must(t, p.active.Write(t.Context(), map[string]job{id: {Numbers: []int{1}, Stage: computed}}))
		lock, err := lockedfile.Acquire(t.Context(), path)
		testkit.Must(t, err)
		testkit.WantIs(t, fmt.Sprintf("%s is locked", path), hasty.finalise(t.Context(), id, outcome{Sum: 1}), errors.ErrTimeout)
		testkit.Must(t, lock.Release())
		if active, through, err := p.status(t.Context()); err != nil || len(active) != 1 || len(through.Jobs) != 0 {
			t.Errorf("%s was locked: active %v, through %v, %v", path, active, through, err)
		}
	}
	testkit.WantNil(t, "it", p.finalise(t.Context(), id, outcome{Sum: 1}))
	mustBeThrough(t, dir, map[string]int{id: 1})
}

func TestInterruptedRunSaysSoAndGoesOnLater(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals between processes here")
	}
	dir := t.TempDir()
	jobs, sums := batch(6)
	cmd := testkit.Program(t, append([]string{"-slow", "1h", dir}, jobs...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	s := testkit.Start(t, cmd)
	for line := s.Lines(1); line != nil && !strings.Contains(line[0], " validated by "); line = s.Lines(1) {
	}
	testkit.Must(t, s.Cmd.Process.Signal(os.Interrupt))
	rest := s.Lines(all)
	if s.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("%v: %s", cmd.ProcessState, stderr.String())
	}
	if len(rest) == 0 || rest[len(rest)-1] != "6 jobs active, 0 through" {
		t.Errorf("an interrupted run does not say how things stand: %q", rest)
	}
	if _, stderr, status := testkit.RunProgram(t, append([]string{dir}, jobs...)...); status != 0 {
		t.Errorf("exit status %d, %s", status, stderr)
	}
	mustBeThrough(t, dir, sums)
}
