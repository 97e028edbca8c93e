package torture

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// crew is the processes of one test and what they said.
type crew struct {
	t *testing.T
	*report
	all []*process
}

// process works until it is told to stop, which is when its standard input ends.
// So a worker never outlives its test.
type process struct {
	name   string
	cmd    *exec.Cmd
	input  io.Closer
	stderr bytes.Buffer
	doomed atomic.Bool   // it was killed on purpose
	gone   chan struct{} // closed when it has exited and that is in the report
}

// newCrew makes a crew without workers. Workers that are left at the end of the test are killed.
func newCrew(t *testing.T) *crew {
	t.Helper()
	c := &crew{t: t, report: newReport(t)}
	t.Cleanup(func() {
		for _, p := range c.all {
			p.kill()
		}
		c.pipe.Close()
	})
	return c
}

// start runs this test binary as a worker.
func (c *crew) start(j job) *process {
	c.t.Helper()
	text, err := json.Marshal(j)
	testkit.Must(c.t, err)
	cmd := testkit.Self(c.t, "worker", string(text))
	cmd.Stderr = nil // which run keeps
	return c.run(j.Name, cmd, j.Seam.KillAt > 0)
}

// run starts any program that says events on its standard output. A doomed one
// is expected to be killed.
func (c *crew) run(name string, cmd *exec.Cmd, doomed bool) *process {
	c.t.Helper()
	p := &process{name: name, cmd: cmd, gone: make(chan struct{})}
	p.doomed.Store(doomed) // before it runs, since it may kill itself at once
	input, err := cmd.StdinPipe()
	testkit.Must(c.t, err)
	p.input = input
	cmd.Stdout, cmd.Stderr = c.pipe, &p.stderr
	testkit.Must(c.t, cmd.Start())
	c.all = append(c.all, p)
	go p.watch(c.report)
	return p
}

// watch reports the process's end. Its own last words are in the pipe by then.
func (p *process) watch(r *report) {
	defer close(p.gone)
	err := p.cmd.Wait()
	note := ""
	if err != nil && !p.doomed.Load() {
		note = err.Error() + ": " + lastWords(p.stderr.String())
	}
	_ = say(r.pipe, event{From: p.name, What: exited, Note: note})
}

// lastWords keeps a line shorter than PIPE_BUF.
func lastWords(text string) string {
	const most = 1500
	return strings.TrimSpace(text[max(0, len(text)-most):])
}

// kill ends the process as kill -9 does, if it still runs, and waits for that.
func (p *process) kill() {
	select {
	case <-p.gone:
		return
	default:
	}
	p.doomed.Store(true)
	_ = p.cmd.Process.Kill() // if it has just gone by itself, so much the better
	<-p.gone
}

// stop tells the process to come to an end.
func (p *process) stop() { _ = p.input.Close() }

// join waits for processes that are coming to an end.
func (c *crew) join(all ...*process) {
	c.t.Helper()
	timeout := time.After(patience)
	for _, p := range all {
		select {
		case <-p.gone:
		case <-timeout:
			c.t.Fatalf("%s did not come to an end", p.name)
		}
	}
}

// dismiss stops all and gives what they said. A process that failed by itself,
// or saw what it should not, fails the test.
func (c *crew) dismiss() history {
	c.t.Helper()
	for _, p := range c.all {
		p.stop()
	}
	c.join(c.all...)
	said := c.end(c.t)
	for _, e := range said {
		if e.What == wrong || (e.What == exited && e.Note != "") {
			c.t.Errorf("%s %s: %s", e.From, e.What, e.Note)
		}
	}
	return said
}

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"worker": func(args []string) { os.Exit(serve(args[0])) }})
}

// patience is how long a test waits for what should come at once, before it
// takes it for a hang.
const patience = 2 * time.Minute
