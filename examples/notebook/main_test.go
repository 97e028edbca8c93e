package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// running is a server in a process of its own.
type running struct {
	*testkit.Process
	t   *testing.T
	url string
	log strings.Builder
}

func start(t *testing.T, dir string) *running {
	t.Helper()
	s := &running{t: t}
	cmd := testkit.Program(t, "-addr", "127.0.0.1:0", "-dir", dir)
	cmd.Stderr = &s.log
	s.Process = testkit.Start(t, cmd)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	s.url, _, _ = strings.Cut(s.Expect("listening on "), ",")
	return s
}

// ask is one request; the condition is a header such as "If-Match: *".
func (s *running) ask(method, path, condition, body string) (code int, etag, answer string, err error) {
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", "", err
	}
	if name, value, ok := strings.Cut(condition, ": "); ok {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("ETag"), string(text), err
}

// must is a request that has to be answered with the code.
func (s *running) must(code int, method, path, condition, body string) (etag, answer string) {
	s.t.Helper()
	got, etag, answer, err := s.ask(method, path, condition, body)
	if err != nil || got != code {
		s.t.Errorf("%s %s %s %.60s: %d %s %v, want %d", method, path, condition, body, got, answer, err, code)
	}
	return etag, answer
}

const milk = `{"title": "Milk", "text": "two"}`

func TestTheTourShowsEachAnswer(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for want, times := range map[string]int{
		"\n  201 Created": 1, "\n  200 OK \"": 3, "\n  204 ": 3, "\n  304 ": 1, "\n  404 ": 1, "\n  412 ": 3, "\n  428 ": 1,
		"== the file on disk\ntitle: Milk\ntext: of oats\n": 1,
	} {
		if n := strings.Count(out, want); n != times {
			t.Errorf("%q is printed %d times, want %d:\n%s", want, n, times, out)
		}
	}
	if _, stderr, status := testkit.RunProgram(t, "nonsense"); status != 2 || !strings.Contains(stderr, "-addr") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
	if _, stderr, status := testkit.RunProgram(t, "-addr", "no address"); status != 1 || stderr == "" {
		t.Errorf("exit status %d, %s", status, stderr)
	}
}

func TestAnEditorAndAClientLoseNothingOfEachOther(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	path := filepath.Join(dir, "milk.yaml")
	s.must(http.StatusCreated, "PUT", "/notes/milk", "If-None-Match: *", milk)
	first, _ := s.must(http.StatusOK, "GET", "/notes/milk", "", "")
	testkit.Put(t, path, "# for the cake\n"+testkit.Content(t, path))
	s.must(http.StatusPreconditionFailed, "PUT", "/notes/milk", "If-Match: "+first, milk)
	s.must(http.StatusPreconditionFailed, "DELETE", "/notes/milk", "If-Match: "+first, "")
	s.must(http.StatusOK, "GET", "/notes/milk", "If-None-Match: "+first, "")
	second, _ := s.must(http.StatusOK, "GET", "/notes/milk", "", "")
	s.must(http.StatusNotModified, "GET", "/notes/milk", "If-None-Match: "+second, "")
	s.must(http.StatusNoContent, "PUT", "/notes/milk", "If-Match: "+second, `{"title": "Milk", "text": "three", "tags": ["shop"]}`)
	testkit.WantContent(t, path, "# for the cake\ntitle: Milk\ntext: three\ntags:\n  - shop\n")
}

func TestOfClientsWhoHaveSeenOneVersionOneWins(t *testing.T) {
	s := start(t, t.TempDir())
	for _, condition := range []string{"If-None-Match: *", "If-Match: "} {
		if condition == "If-Match: " {
			etag, _ := s.must(http.StatusOK, "GET", "/notes/milk", "", "")
			condition += etag
		}
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				code, _, answer, err := s.ask("PUT", "/notes/milk", condition, `{"title": "`+condition[:5]+string(rune('a'+i))+`", "text": ""}`)
				switch {
				case err == nil && (code == http.StatusCreated || code == http.StatusNoContent):
					won.Add(1)
				case err == nil && code == http.StatusPreconditionFailed:
					lost.Add(1)
				default:
					t.Errorf("%d %s %v", code, answer, err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 9 {
			t.Errorf("%s: %d have won and %d have lost", condition, won.Load(), lost.Load())
		}
	}
}

func TestARemovedNoteCanBeMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := start(t, filepath.Join(dir, "notes"))
	if _, answer := s.must(http.StatusOK, "GET", "/notes", "", ""); answer != "[]\n" {
		t.Errorf("no notes are %s", answer)
	}
	s.must(http.StatusCreated, "PUT", "/notes/b", "If-None-Match: *", milk)
	s.must(http.StatusCreated, "PUT", "/notes/a", "If-None-Match: *", milk)
	if _, answer := s.must(http.StatusOK, "GET", "/notes", "", ""); answer != `["a","b"]`+"\n" {
		t.Errorf("the notes are %s", answer)
	}
	etag, _ := s.must(http.StatusOK, "GET", "/notes/a", "", "")
	s.must(http.StatusNoContent, "DELETE", "/notes/a", "If-Match: "+etag, "")
	s.must(http.StatusNotFound, "DELETE", "/notes/a", "If-Match: "+etag, "")
	s.must(http.StatusPreconditionFailed, "PUT", "/notes/a", "If-Match: "+etag, milk)
	s.must(http.StatusCreated, "PUT", "/notes/a", "If-None-Match: *", milk)
}

func TestMistakesOfClientsChangeNothing(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	for _, test := range []struct {
		code                          int
		method, path, condition, body string
	}{
		{http.StatusPreconditionRequired, "PUT", "/notes/milk", "", milk},
		{http.StatusPreconditionRequired, "DELETE", "/notes/milk", "", ""},
		{http.StatusPreconditionFailed, "PUT", "/notes/milk", `If-Match: "nonsense"`, milk},
		{http.StatusPreconditionFailed, "PUT", "/notes/milk", `If-Match: "none"`, milk},
		{http.StatusBadRequest, "PUT", "/notes/milk", "If-None-Match: *", `{"title": `},
		{http.StatusBadRequest, "PUT", "/notes/milk", "If-None-Match: *", `{"text": "without a title"}`},
		{http.StatusBadRequest, "PUT", "/notes/milk", "If-None-Match: *", `{"title": "Milk", "unknown": 1}`},
		{http.StatusBadRequest, "PUT", "/notes/Milk", "If-None-Match: *", milk},
		{http.StatusBadRequest, "PUT", "/notes/..%2Fmilk", "If-None-Match: *", milk},
		{http.StatusRequestEntityTooLarge, "PUT", "/notes/milk", "If-None-Match: *", `{"title": "` + strings.Repeat("x", 1<<20) + `"}`},
		{http.StatusNotFound, "GET", "/notes/milk", "", ""},
		{http.StatusMethodNotAllowed, "POST", "/notes/milk", "", milk},
	} {
		s.must(test.code, test.method, test.path, test.condition, test.body)
	}
	testkit.WantNone(t, dir, "*.yaml")
}

func TestADamagedOrBusyNoteIsNoMistakeOfTheClient(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	testkit.Put(t, filepath.Join(dir, "milk.yaml"), "title: [\n")
	if _, answer := s.must(http.StatusInternalServerError, "GET", "/notes/milk", "", ""); strings.Contains(answer, dir) {
		t.Errorf("the answer tells a path: %s", answer)
	}
	lock, err := lockedfile.Acquire(t.Context(), filepath.Join(dir, "busy.yaml"))
	testkit.Must(t, err)
	s.must(http.StatusServiceUnavailable, "PUT", "/notes/busy", "If-None-Match: *", milk)
	testkit.Must(t, lock.Release())
	s.must(http.StatusCreated, "PUT", "/notes/busy", "If-None-Match: *", milk)
}

func TestTheServerEndsWhenItIsAskedTo(t *testing.T) {
	testkit.NeedUnix(t)
	s := start(t, t.TempDir())
	s.must(http.StatusOK, "GET", "/notes", "", "")
	testkit.Must(t, s.Cmd.Process.Signal(os.Interrupt))
	if err := testkit.InTime(t, "the server", s.Wait); err != nil {
		t.Errorf("the server ended with %v: %s", err, s.log.String())
	}
}
