package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// asProgram makes this test binary the program.
const asProgram = "HOLDFAST_EXAMPLE_WEBAPI"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command is the program, to be run from outside and not for ever.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return c
}

// program runs the program to its end.
func program(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	c := command(t, args...)
	var out, bad strings.Builder
	c.Stdout, c.Stderr = &out, &bad
	if err := c.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), bad.String(), c.ProcessState.ExitCode()
}

// running is a service in a process of its own.
type running struct {
	*exec.Cmd
	t      *testing.T
	url    string
	stderr strings.Builder
}

// start starts a service, and returns when it listens.
func start(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	s := &running{Cmd: command(t, append([]string{"-addr", "127.0.0.1:0", "-dir", dir}, args...)...), t: t}
	s.Stderr = &s.stderr
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	line, _ := bufio.NewReader(out).ReadString('\n')
	rest, found := strings.CutPrefix(line, "listening on ")
	if !found {
		s.kill()
		t.Fatalf("the service says %q, %s", line, s.stderr.String())
	}
	s.url, _, _ = strings.Cut(rest, ",")
	return s
}

// kill ends the service as a crash would, if it has not ended yet.
func (s *running) kill() {
	if s.ProcessState == nil {
		_ = s.Process.Kill()
		_ = s.Wait()
	}
	http.DefaultClient.CloseIdleConnections()
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
	until(s.t, "all tasks are over", func() bool {
		all := s.analytics()
		return all.Pending+all.Processing == 0
	})
}

// until waits for a condition, and fails the test if it does not come.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !condition() {
		if wait(ctx, 5*time.Millisecond) != nil {
			t.Fatalf("in vain waited until %s", what)
		}
	}
}
