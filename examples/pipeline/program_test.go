package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// asProgram makes this test binary the program.
const asProgram = "HOLDFAST_EXAMPLE_PIPELINE"

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

// started is the program at work, with the lines that it prints.
type started struct {
	*exec.Cmd
	lines  *bufio.Scanner
	stderr strings.Builder
}

func start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{Cmd: command(t, args...)}
	s.Stderr = &s.stderr
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.lines = bufio.NewScanner(out)
	return s
}

// printed reads n lines, or fewer if the program ends.
func (s *started) printed(n int) (lines []string) {
	for len(lines) < n && s.lines.Scan() {
		lines = append(lines, s.lines.Text())
	}
	return lines
}

const all = 1 << 20 // lines
