package torture

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() { workloads["count"] = counting{"count", "count.json"} }

// counting counts up in a JSON file, each time in one transaction.
type counting struct{ name, file string }

func (c counting) open(dir string, opts ...safefile.Option) func(id string) error {
	f := lockedfile.New[map[string]int](filepath.Join(dir, c.file), opts...)
	return func(string) error {
		return f.Update(func(value *map[string]int) error {
			(*value)["count"]++
			return nil
		})
	}
}

// verify: each acknowledged change has counted, and none twice.
func (c counting) verify(dir string, said history) error {
	least := 0
	changes := said.changes(c.name)
	for _, change := range changes {
		if change.acked {
			least++
		}
	}
	value, err := safefile.New[map[string]int](filepath.Join(dir, c.file)).ReadOr(nil)
	switch got := value["count"]; {
	case err != nil:
		return err
	case got < least:
		return fmt.Errorf("%w: %s says %d, and %d were acknowledged", errLost, c.file, got, least)
	case got > len(changes):
		return fmt.Errorf("%w: %s says %d, and only %d were begun", errAlien, c.file, got, len(changes))
	}
	return nil
}

func TestPythonProcessesAndGoProcessesExcludeEachOther(t *testing.T) {
	python := findPython(t)
	dir, c := t.TempDir(), newCrew(t)
	script, err := filepath.Abs(filepath.Join("testdata", "counter.py"))
	testkit.Must(t, err)
	var names []string
	for i := range 2 {
		name := "python" + strconv.Itoa(i)
		c.run(name, exec.Command(python, script, filepath.Join(dir, "count.json"), name, "count"), false)
		goName := "go" + strconv.Itoa(i)
		c.start(job{Name: goName, Workloads: []string{"count"}, Dir: dir, Goroutines: 2})
		names = append(names, name, goName)
	}
	c.awaitEach(t, acked, names...)
	c.awaitTurns(effort.Of(20, 50, 1000))

	said := c.dismiss()
	if n := said.count(begun) - said.count(acked); n != 0 {
		t.Errorf("%d changes were not acknowledged", n)
	}
	testkit.WantNil(t, "it", workloads["count"].verify(dir, said))
	testkit.WantNames(t, dir, "count.json", "count.json.lock")
	t.Logf("%d counted by 2 Python processes and %d by 2 Go processes of 2 goroutines", said.countBy("python"), said.countBy("go"))
}

// awaitTurns waits until the two languages have come after each other n times.
func (c *crew) awaitTurns(n int) {
	c.t.Helper()
	last := ""
	c.await(c.t, "turns of both languages", func(e event) bool {
		if e.What == acked {
			if language := e.From[:2]; language != last {
				last = language
				n--
			}
		}
		return n <= 0
	})
}

// countBy is how many changes were acknowledged to processes with such names.
func (h history) countBy(prefix string) int {
	n := 0
	for _, e := range h {
		if e.What == acked && strings.HasPrefix(e.From, prefix) {
			n++
		}
	}
	return n
}

// findPython finds an interpreter that has py-filelock.
func findPython(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import filelock").Run() == nil {
			return python
		}
	}
	t.Skip("no python3 with filelock here")
	return ""
}
