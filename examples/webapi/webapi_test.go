package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func TestUploadIsAnalysedAndCounted(t *testing.T) {
	s := start(t, t.TempDir())
	var a accepted
	s.must(http.StatusAccepted, "POST", "/analyze?name=mine", `{"values": [1, 2, 3.0], "ok": true, "none": null}`, &a)
	s.finished()
	var got task
	s.must(http.StatusOK, "GET", "/status/"+a.ID, "", &got)
	want := &report{
		Numbers: &figures{Count: 3, Sum: 6, Average: 2, Min: 1, Max: 3, Variance: 2.0 / 3},
		Types:   map[string]int{"object": 1, "array": 1, "number": 3, "bool": 1, "null": 1},
	}
	if got.Status != completed || got.Name != "mine" || !reflect.DeepEqual(got.Results, want) || got.Finished.Before(got.Started) {
		t.Errorf("the task is %+v, want %+v", got, want)
	}
	if all := s.analytics(); all.Completed != 1 || all.Average <= 0 || len(all.Days) == 0 {
		t.Errorf("the analytics are %+v", all)
	}
	s.must(http.StatusOK, "GET", "/health", "", nil)
}

func TestMistakesOfClientsAreTheirs(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	id := s.upload("{}")
	s.finished()
	large := `"` + strings.Repeat("x", int(usual.MaxUpload)) + `"`
	for _, test := range []struct {
		code               int
		method, path, body string
	}{
		{http.StatusBadRequest, "POST", "/analyze", `{"cut off": `},
		{http.StatusBadRequest, "POST", "/analyze", ""},
		{http.StatusBadRequest, "POST", "/analyze", "1 2"},
		{http.StatusBadRequest, "POST", "/analyze", "\"\xff\""},
		{http.StatusBadRequest, "POST", "/analyze?name=" + strings.Repeat("x", usual.MaxName+1), "{}"},
		{http.StatusRequestEntityTooLarge, "POST", "/analyze", large},
		{http.StatusNotFound, "GET", "/status/" + strings.Repeat("A", 26), ""},
		{http.StatusNotFound, "GET", "/status/" + strings.ToLower(id), ""},
		{http.StatusNotFound, "GET", "/status/..%2Ftasks%2F" + id, ""}, // leads to a result if taken as a path
		{http.StatusNotFound, "GET", "/nowhere", ""},
		{http.StatusMethodNotAllowed, "GET", "/analyze", ""},
	} {
		if code, err := s.ask(test.method, test.path, test.body, nil); err != nil || code != test.code {
			t.Errorf("%s %.40s %.40q: %d, %v, want %d", test.method, test.path, test.body, code, err, test.code)
		}
	}
	if tasks, _ := os.ReadDir(filepath.Join(dir, "tasks")); len(tasks) != 1 {
		t.Errorf("what was refused has left %v", tasks)
	}
}

func TestFullQueueIsUnavailable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir, "-slow", "1h")
	const clients = 10
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range queueLimit / clients {
				if code, err := s.ask("POST", "/analyze", "[1]", nil); err != nil || code != http.StatusAccepted {
					t.Errorf("an upload with room for it: %d, %v", code, err)
				}
			}
		})
	}
	all.Wait()
	s.must(http.StatusServiceUnavailable, "POST", "/analyze", "[1]", nil)
	if tasks, _ := os.ReadDir(filepath.Join(dir, "tasks")); len(tasks) != queueLimit {
		t.Errorf("%d tasks have directories", len(tasks))
	}
}

func TestLockedLedgerIsUnavailableForUploadsOnly(t *testing.T) {
	t.Parallel() // most of it is waiting
	dir := t.TempDir()
	s := start(t, dir)
	id := s.upload("[1]")
	s.finished()
	lock, err := lockedfile.Acquire(t.Context(), filepath.Join(dir, "ledger.json"))
	testkit.Must(t, err)
	answer, err := http.Post(s.url+"/analyze", "application/json", strings.NewReader("[2]"))
	testkit.Must(t, err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || uploads(dir) != 1 {
		t.Errorf("an upload in vain: %v, %d uploads", answer, uploads(dir))
	}
	for _, path := range []string{"/health", "/analytics", "/status/" + id} {
		s.must(http.StatusOK, "GET", path, "", nil)
	}
	testkit.Must(t, lock.Release())
	s.upload("[3]")
	s.finished()
	if all := s.analytics(); all.Completed != 2 {
		t.Errorf("%+v", all)
	}
}

func TestClientWhoHasGoneWaitsNoLonger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	lock, err := lockedfile.Acquire(t.Context(), filepath.Join(dir, "ledger.json"))
	testkit.Must(t, err)
	defer lock.Release()
	impatient, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, _, err := fetch(impatient, "POST", s.url+"/analyze", "[1]")
		gone <- err
	}()
	testkit.Until(t, "the upload waits for the ledger", func() bool { return uploads(dir) == 1 })
	cancel()
	from := time.Now()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	testkit.Until(t, "the upload is withdrawn", func() bool { return uploads(dir) == 0 })
	if waited := time.Since(from); waited > patience-time.Second {
		t.Errorf("it waited %v more", waited)
	}
}

func TestDamagedLedgerIsAnInternalErrorWithoutDetails(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	testkit.Put(t, filepath.Join(dir, "ledger.json"), "[]")
	for _, path := range []string{"/health", "/analytics", "/status/" + strings.Repeat("A", 26)} {
		var said map[string]string
		s.must(http.StatusInternalServerError, "GET", path, "", &said)
		if said["error"] != http.StatusText(http.StatusInternalServerError) {
			t.Errorf("%s: %v", path, said)
		}
	}
	s.must(http.StatusInternalServerError, "POST", "/analyze", "{}", nil)
}

func TestEachErrorHasItsStatus(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{&errors.TimeoutError{Path: "x"}, 503}, {errors.ErrChanged, 503}, {errFull, 503}, {context.Canceled, 503},
		{errUnknown, 404}, {errOutdated, 412}, {errUnconditional, 428}, {errBadRequest, 400}, {&http.MaxBytesError{Limit: 1}, 413},
		{errors.ErrNotDurable, 500}, {errors.ErrDecode, 500}, {errors.New("anything"), 500},
	} {
		if code := statusOf(fmt.Errorf("wrapped: %w", test.err)); code != test.code {
			t.Errorf("%v is %d, want %d", test.err, code, test.code)
		}
	}
}

func TestNumbersThatJSONCouldNotHoldAreAFailure(t *testing.T) {
	for _, text := range []string{`[1e308, 1e308]`, `[1e308, -1e308]`, `{"x": [1e999]}`} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var document any
		testkit.Must(t, d.Decode(&document))
		if found, err := analyse(document); !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %+v, %v", text, found, err)
		}
	}
	if found, err := analyse(map[string]any{"a": "b"}); err != nil || found.Numbers != nil {
		t.Errorf("no numbers: %+v, %v", found, err)
	}
}

func TestDemoShowsEachAnswerAndLeavesNothingBehind(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t, "-demo")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for want, times := range map[string]int{
		"  202 ": 4, `"status":"completed"`: 3, `"status":"failed"`: 1, "  400 ": 1, "  404 ": 1,
		`"completed":3,"failed":1`: 1, "listening on http://127.0.0.1:": 1,
	} {
		if n := strings.Count(out, want); n != times {
			t.Errorf("%q is printed %d times, want %d:\n%s", want, n, times, out)
		}
	}
	if _, stderr, status := testkit.RunProgram(t, "nonsense"); status != 2 || !strings.Contains(stderr, "-addr") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
}
