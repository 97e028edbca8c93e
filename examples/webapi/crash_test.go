package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// receipts are the acknowledged uploads, each of one number.
type receipts struct {
	sync.Mutex
	numbers map[string]float64
}

// flood uploads numbers from several clients until the service is gone, and
// kills it after so many acknowledgements.
func (r *receipts) flood(s *running, killAfter int) {
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for i := range 100 {
				number := float64(c*1000 + i)
				var a accepted
				code, err := s.ask("POST", "/analyze", fmt.Sprintf("[%g]", number), &a)
				if err != nil {
					return // it is dead
				}
				if code != http.StatusAccepted {
					continue // the queue is full
				}
				r.Lock()
				r.numbers[a.ID] = number
				if killAfter--; killAfter == 0 {
					_ = s.Cmd.Process.Kill()
				}
				r.Unlock()
			}
		})
	}
	clients.Wait()
	_ = s.Wait()
}

func TestKilledServiceLosesNothingAcknowledged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	acknowledged := receipts{numbers: map[string]float64{}}
	for round := range 4 {
		before := maps.Clone(acknowledged.numbers)
		s := start(t, dir, "-slow", "5ms")
		acknowledged.flood(s, 10+4*round)
		if s.Cmd.ProcessState.Success() || len(acknowledged.numbers) < len(before)+10 {
			t.Fatalf("the service was to be killed at work: %v, %d uploads", s.Cmd.ProcessState, len(acknowledged.numbers))
		}
	}
	s := start(t, dir)
	s.finished()
	for id, number := range acknowledged.numbers {
		var got task
		s.must(http.StatusOK, "GET", "/status/"+id, "", &got)
		if got.Status != completed || got.Results.Numbers.Sum != number {
			t.Errorf("the task of %g: %+v", number, got)
		}
	}
	// An upload that was not acknowledged may have been done. No upload was counted twice.
	results, _ := filepath.Glob(filepath.Join(dir, "tasks", "*", "result.json"))
	if all := s.analytics(); all.Completed != len(results) || all.Failed != 0 || len(results) < len(acknowledged.numbers) {
		t.Errorf("%d acknowledged, %d results, %+v", len(acknowledged.numbers), len(results), all)
	}
	if tasks, _ := os.ReadDir(filepath.Join(dir, "tasks")); len(tasks) != len(results) {
		t.Errorf("%d tasks have directories, %d have results", len(tasks), len(results))
	}
	t.Logf("%d uploads acknowledged by services that were killed, %d done", len(acknowledged.numbers), len(results))
}

func TestTerminatedServiceAnswersWhatIsUnderWayAndKeepsTheRest(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals between processes here")
	}
	dir := t.TempDir()
	s := start(t, dir, "-slow", "1h")
	ids := map[string]float64{}
	for i := range 7 {
		ids[s.upload(fmt.Sprintf("[%d]", i))] = float64(i)
	}
	testkit.Until(t, "the analysts are at work", func() bool { return s.analytics().Processing == analysts })

	// One more upload waits for the ledger while the signal comes.
	lock, err := lockedfile.Acquire(t.Context(), filepath.Join(dir, "ledger.json"))
	testkit.Must(t, err)
	answered := make(chan error, 1)
	var last accepted
	go func() {
		code, err := s.ask("POST", "/analyze", "[7]", &last)
		if err == nil && code != http.StatusAccepted {
			err = fmt.Errorf("status %d", code)
		}
		answered <- err
	}()
	testkit.Until(t, "the last upload is on disk", func() bool { return uploads(dir) == 8 })
	s.terminate()
	testkit.Must(t, lock.Release())
	testkit.WantNil(t, "the upload that was under way", <-answered)
	ids[last.ID] = 7
	if err := s.Wait(); err != nil {
		t.Errorf("%v: %s", err, s.stderr.String())
	}
	mustComplete(t, start(t, dir), ids)
}

// uploads counts those that are on disk.
func uploads(dir string) int {
	found, _ := filepath.Glob(filepath.Join(dir, "tasks", "*", "upload.json"))
	return len(found)
}

// terminate asks the service to end, and returns when it takes no new connection.
func (s *running) terminate() {
	s.t.Helper()
	testkit.Must(s.t, s.Cmd.Process.Signal(syscall.SIGTERM))
	testkit.Until(s.t, "no new connection is taken", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// mustComplete fails unless the service does these tasks, and no others.
func mustComplete(t *testing.T, s *running, numbers map[string]float64) {
	t.Helper()
	s.finished()
	for id, number := range numbers {
		var got task
		s.must(http.StatusOK, "GET", "/status/"+id, "", &got)
		if got.Status != completed || got.Results.Numbers.Sum != number {
			t.Errorf("the task of %g: %+v", number, got)
		}
	}
	if all := s.analytics(); all.Completed != len(numbers) || all.Failed != 0 {
		t.Errorf("%d tasks: %+v", len(numbers), all)
	}
}

// crafted makes what a crash can leave of one task.
func crafted(t *testing.T, dir, id string, waits bool, upload, result string) {
	t.Helper()
	s, ctx := newStore(dir), t.Context()
	var err error
	if upload != "" {
		err = s.upload(id).WriteBytes(ctx, []byte(upload))
	}
	if result != "" {
		err = errors.Join(err, s.result(id).WriteBytes(ctx, []byte(result)))
	}
	if waits {
		added := task{Status: pending, Created: time.Now()}
		err = errors.Join(err, s.change(ctx, func(l *ledger) error { return l.add(id, added) }))
	}
	testkit.Must(t, err)
}

func TestNextServiceTidiesUpAfterACrashAtAnyPoint(t *testing.T) {
	dir := t.TempDir()
	id := func(letter string) string { return strings.Repeat(letter, 26) }
	over := `{"name": "", "status": "completed", "created_at": "2026-01-02T03:04:05Z"}`
	crafted(t, dir, id("A"), false, "[1]", "")  // not in the ledger yet: nobody was told
	crafted(t, dir, id("B"), true, "[2]", "")   // not begun
	crafted(t, dir, id("C"), true, "[3]", over) // the result is there, not counted
	crafted(t, dir, id("D"), false, "[4]", over)
	crafted(t, dir, id("E"), true, "", "") // somebody has deleted the upload
	foreign := filepath.Join(dir, "tasks", "notes")
	testkit.Must(t, os.MkdirAll(foreign, 0o777))
	s := start(t, dir)
	s.finished()
	for letter, want := range map[string]status{"B": completed, "C": completed, "D": completed, "E": failed} {
		var got task
		s.must(http.StatusOK, "GET", "/status/"+id(letter), "", &got)
		if got.Status != want || (want == failed) != (got.Error == "the upload is missing or damaged") {
			t.Errorf("%s: %+v", letter, got)
		}
	}
	s.must(http.StatusNotFound, "GET", "/status/"+id("A"), "", nil)
	if all := s.analytics(); all.Completed != 2 || all.Failed != 1 {
		t.Errorf("counted %+v", all)
	}
	if _, err := os.Stat(filepath.Join(dir, "tasks", id("A"))); err == nil {
		t.Error("the upload of nobody is still there")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody else's directory: %v", err)
	}
}

func TestFinishThatFailsHalfwayLosesNoTask(t *testing.T) {
	s, id := newStore(t.TempDir()), strings.Repeat("A", 26)
	crafted(t, s.dir, id, true, "[1]", "")
	for _, path := range []string{s.result(id).Path(), s.ledger.Path()} {
		lock, err := lockedfile.Acquire(t.Context(), path)
		testkit.Must(t, err)
		hasty, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		testkit.WantIs(t, fmt.Sprintf("%s is locked", path), s.finish(hasty, id, &report{}, ""), errors.ErrTimeout)
		cancel()
		if got, err := s.task(t.Context(), id); err != nil || got.Status != pending {
			t.Errorf("%s is locked: %+v, %v", path, got, err)
		}
		testkit.Must(t, lock.Release())
	}
	for range 2 { // the second time, as after an answer that got lost, does nothing
		testkit.Must(t, s.finish(t.Context(), id, &report{}, ""))
	}
	l, err := s.ledger.Read(t.Context())
	if err != nil || len(l.Waiting) != 0 || l.Analytics.Completed != 1 {
		t.Errorf("the ledger is %+v, %v", l, err)
	}
}

func TestSecondServiceAndDamagedLedgerAreRefused(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	if _, stderr, status := testkit.RunProgram(t, "-addr", "127.0.0.1:0", "-dir", dir); status != 1 || !strings.Contains(stderr, "another service works in") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
	first.Kill()
	path := filepath.Join(dir, "ledger.json")
	testkit.Put(t, path, `{"waiting": `)
	if _, stderr, status := testkit.RunProgram(t, "-addr", "127.0.0.1:0", "-dir", dir); status != 1 || !strings.Contains(stderr, "not valid json, line 1") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
	testkit.WantContent(t, path, `{"waiting": `)
	if _, stderr, status := testkit.RunProgram(t, "-addr", "127.0.0.1:bad", "-dir", t.TempDir()); status != 1 || !strings.Contains(stderr, "bad") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
}
