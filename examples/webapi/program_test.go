package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// running is a service in a process of its own.
type running struct {
	*testkit.Process
	t      *testing.T
	url    string
	stderr strings.Builder
}

// start starts a service, and returns when it listens.
func start(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	cmd, s := testkit.Program(t, append([]string{"-addr", "127.0.0.1:0", "-dir", dir}, args...)...), &running{t: t}
	cmd.Stderr = &s.stderr
	s.Process = testkit.Start(t, cmd)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	s.url, _, _ = strings.Cut(s.Expect("listening on "), ",")
	return s
}

// ask is one request; it returns what errors there are, for use by goroutines.
func (s *running) ask(method, path, body string, into any) (int, error) {
	code, answer, err := fetch(s.t.Context(), method, s.url+path, body)
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return code, err
}

// must is one request that has to be answered with the code.
func (s *running) must(code int, method, path, body string, into any) {
	s.t.Helper()
	got, err := s.ask(method, path, body, into)
	if err != nil || got != code {
		s.t.Fatalf("%s %s: %d, %v, want %d; %s", method, path, got, err, code, s.stderr.String())
	}
}

// upload uploads what has to be accepted.
func (s *running) upload(body string) (id string) {
	s.t.Helper()
	var a accepted
	s.must(http.StatusAccepted, "POST", "/analyze", body, &a)
	return a.ID
}

func (s *running) analytics() (all summary) {
	s.t.Helper()
	s.must(http.StatusOK, "GET", "/analytics", "", &all)
	return all
}

// finished waits until no task is left to do.
func (s *running) finished() {
	s.t.Helper()
	testkit.Until(s.t, "all tasks are over", func() bool {
		all := s.analytics()
		return all.Pending+all.Processing == 0
	})
}
