package testkit

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// Roles are what a test binary does when one of its tests has started it as
// another process, by name. A role gets the arguments of [Self].
type Roles map[string]func(args []string)

// RoleVariable is the environment variable that tells a process its role.
const RoleVariable = "HOLDFAST_TEST_ROLE"

// Main is for TestMain: it runs the tests, or the role that the process was started for.
func Main(m *testing.M, roles Roles) {
	if role, is := os.LookupEnv(RoleVariable); is {
		roles[role](os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// InRole reports whether this process was started to play a role. It is for
// what must happen before TestMain.
func InRole() bool { return os.Getenv(RoleVariable) != "" }

// Self is the test binary, ready to play a role.
func Self(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	Must(t, err)
	cmd := exec.Command(self, args...)
	// The race detector would sleep for a second at the end of each process.
	cmd.Env = append(os.Environ(), RoleVariable+"="+role, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// MainProgram is for the TestMain of a program's own tests: the test binary is
// the program as well, for [Program] and for the copies of itself that it starts.
func MainProgram(m *testing.M, main func()) {
	Main(m, Roles{"program": func([]string) { main() }})
}

// Program is the program that is tested, to be run from outside and not for ever.
func Program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	self := Self(t, "program", args...)
	cmd := exec.CommandContext(ctx, self.Path, args...)
	cmd.Env = self.Env
	return cmd
}

// RunProgram runs the program that is tested to its end.
func RunProgram(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return Run(t, Program(t, args...))
}

// Run runs a program to its end.
func Run(t testing.TB, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var out, bad strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), bad.String(), cmd.ProcessState.ExitCode()
}

// Output is what a program that must succeed writes to its standard output.
func Output(t testing.TB, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return out
}

// NeedProgram gives where a program is, and skips the test if it is not installed.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// Process is another process at work. It says what happens line by line on its
// standard output, and each line that it is given on its standard input tells
// it to go on.
type Process struct {
	t   testing.TB
	Cmd *exec.Cmd
	in  io.WriteCloser
	Out *bufio.Reader
}

// Start starts a process, which is killed at the latest when the test ends.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	Must(t, errors.Join(inErr, outErr))
	Must(t, cmd.Start())
	p := &Process{t, cmd, in, bufio.NewReader(out)}
	t.Cleanup(p.Kill)
	return p
}

// Expect waits for a line that begins so, and gives the rest of it.
func (p *Process) Expect(prefix string) string {
	p.t.Helper()
	line, err := p.Out.ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix)
	if err != nil || !ok {
		p.t.Fatalf("the other process said %q (%v), want %q", line, err, prefix)
	}
	return strings.TrimSpace(rest)
}

// Lines reads n lines, or fewer if the process ends.
func (p *Process) Lines(n int) (lines []string) {
	for len(lines) < n {
		line, err := p.Out.ReadString('\n')
		if err != nil {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// Tell gives the process a line, which lets it go on.
func (p *Process) Tell(words ...string) {
	p.t.Helper()
	_, err := io.WriteString(p.in, strings.Join(words, " ")+"\n")
	Must(p.t, err)
}

// Wait waits for the process's end, and gives how it ended.
func (p *Process) Wait() error { return p.Cmd.Wait() }

// Kill ends the process with SIGKILL, if it runs, and waits until it is gone.
func (p *Process) Kill() {
	if p.Cmd.ProcessState == nil {
		_ = p.Cmd.Process.Kill()
		_ = p.Cmd.Wait()
	}
}

// Say is for roles: it writes a line to the test.
func Say(words ...string) {
	if _, err := io.WriteString(os.Stdout, strings.Join(words, " ")+"\n"); err != nil {
		os.Exit(3) // the test is gone
	}
}

// Told is for roles: it is closed when the test says something, or is gone.
func Told() <-chan struct{} {
	heard := make(chan struct{})
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		close(heard)
	}()
	return heard
}

// Check is for roles: it ends the process if there is an error.
func Check(err error) {
	if err != nil {
		Say("error", err.Error())
		os.Exit(1)
	}
}

// Strace lets strace(1) run a command, with options like those of its command
// line, and gives the name of the file that the calls are written to.
func Strace(t testing.TB, cmd *exec.Cmd, options ...string) (log string) {
	t.Helper()
	strace := NeedProgram(t, "strace")
	if refusal := straceRefusal(); refusal != "" {
		t.Skip("strace may trace nothing here: " + refusal)
	}
	log = filepath.Join(t.TempDir(), "trace")
	cmd.Args = slices.Concat([]string{strace, "-f", "-qq", "-o", log, "-e", "signal=none"}, options, []string{cmd.Path}, cmd.Args[1:])
	cmd.Path = strace
	return log
}

// straceRefusal is what strace(1) says if it may trace nothing on this machine.
var straceRefusal = sync.OnceValue(func() string {
	out, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput()
	if err != nil {
		return err.Error() + ": " + string(out)
	}
	return ""
})
