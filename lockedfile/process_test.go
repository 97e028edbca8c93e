package lockedfile_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The test binary runs itself as another process; roles are what it then does.
// It says what happens line by line on standard output, and each line that it
// is given on standard input tells it to go on.
var roles = map[string]func(args []string){}

const roleVariable = "HOLDFAST_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		roles[role](os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process is another process.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	done bool
}

func start(t *testing.T, role string, args ...string) *process {
	t.Helper()
	return startUnder(t, nil, role, args...)
}

// startUnder has another program, with its arguments, start the process.
func startUnder(t *testing.T, program []string, role string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	line := slices.Concat(program, []string{self}, args)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return run(t, cmd)
}

func run(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	p := &process{t, cmd, in, bufio.NewReader(out), false}
	t.Cleanup(p.kill)
	return p
}

// expect waits for a line that begins so, and gives the rest of it.
func (p *process) expect(prefix string) string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix)
	if err != nil || !ok {
		p.t.Fatalf("the other process said %q (%v), want %q", line, err, prefix)
	}
	return strings.TrimSpace(rest)
}

func (p *process) goOn() {
	p.t.Helper()
	_, err := io.WriteString(p.in, "\n")
	must(p.t, err)
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	if p.done {
		return
	}
	p.done = true
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// say and pause are for the roles.
func say(words ...string) {
	if _, err := io.WriteString(os.Stdout, strings.Join(words, " ")+"\n"); err != nil {
		os.Exit(3) // the test is gone
	}
}

// told is closed when the test says something, or is gone.
func told() <-chan struct{} {
	heard := make(chan struct{})
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		close(heard)
	}()
	return heard
}

func pause() { <-told() }

func check(err error) {
	if err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
}
