package torture

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// A process is killed right after each of its filesystem operations in turn. The file that it leaves verifies
// and has the old content or the new one, and a flipped bit is noticed.
func TestAProcessKilledAfterAnyOperationLeavesContentThatVerifies(t *testing.T) {
	if !canStop {
		t.Skip("a process can't kill itself on this system")
	}
	for _, name := range []string{"sealed", "stream", "move"} {
		t.Run(name, func(t *testing.T) {
			dir, c := testkit.Memory(t), newCrew(t)
			load := workloads[name].(sealed)
			killed, step := 0, effort.Of(4, 1, 1)
			for n := 1; ; n += step {
				c.change(load, fmt.Sprint("between.", n), dir)
				p := c.start(job{Name: fmt.Sprint("killed", n), Workloads: []string{name}, Dir: dir,
					Goroutines: 1, Changes: 1, Seam: seamOptions{KillAt: n}})
				said := c.awaitExit(p)
				if err := load.verify(dir, said); err != nil {
					t.Fatalf("killed at operation %d: %v", n, err)
				}
				flippedBitsAreFound(t, load, dir)
				if said[len(said)-2].What == acked {
					break
				}
				killed++
			}
			if killed*step < 30 {
				t.Errorf("killed at %d operations only", killed)
			}
			c.change(load, "after.1", dir)
			if left := temps(t, dir); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			t.Logf("killed after each of %d operations, %d apart", killed, step)
		})
	}
}

// change makes one change in this process, as one that has just started.
func (c *crew) change(load workload, id, dir string) {
	c.t.Helper()
	name := load.(sealed).name
	testkit.Must(c.t, say(c.pipe, event{From: "test", What: begun, In: name, ID: id}))
	testkit.Must(c.t, load.open(dir, seamOptions{}.option(nil))(id))
	testkit.Must(c.t, say(c.pipe, event{From: "test", What: acked, In: name, ID: id}))
}

// awaitExit gives all that was said until a process was gone.
func (c *crew) awaitExit(p *process) history {
	c.t.Helper()
	n := 0
	c.await(c.t, p.name+" to exit", func(e event) bool {
		n++
		return e.What == exited && e.From == p.name
	})
	all, _ := c.since(0)
	return all[:n]
}

func flippedBitsAreFound(t *testing.T, load sealed, dir string) {
	t.Helper()
	files, err := load.files(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		damaged, err := copyOf(path, testkit.Memory(t))
		if err == nil {
			err = checksum.Verify(damaged)
		}
		if err == nil {
			err = flip(damaged)
		}
		testkit.Must(t, err)
		testkit.WantIs(t, fmt.Sprintf("a flipped bit in %s", filepath.Base(path)), checksum.Verify(damaged), errors.ErrChecksumMismatch)
	}
}

func TestWritersAndVerifyingReadersSeeNoMismatchButTheOneThatIsMade(t *testing.T) {
	dir, c := testkit.Memory(t), newCrew(t)
	var writers, readers []string
	for i := range 4 {
		w := job{Name: fmt.Sprint("writer", i), Workloads: []string{"sealed"}, Dir: dir, Goroutines: 2}
		r := job{Name: fmt.Sprint("reader", i), Workloads: []string{"sealed"}, Dir: dir, Watch: true}
		writers, readers = append(writers, w.Name), append(readers, r.Name)
		c.start(w)
		c.start(r)
	}
	c.awaitEach(t, acked, writers...)
	c.awaitEach(t, watching, readers...)
	path := filepath.Join(dir, "sealed.json")
	until := time.Now().Add(effort.Of(time.Second, 2*time.Second, 10*time.Second))
	checks := 0
	for ; time.Now().Before(until); checks++ {
		quietly(t, path, func() { agreesWithSha256sum(t, path) })
	}
	quietly(t, path, func() {
		c.none(t, wrong)
		testkit.Must(t, flip(path))
		testkit.WantIs(t, "after the flip", checksum.Verify(path), errors.ErrChecksumMismatch)
		c.awaitWrong(t, readers)
	})
	c.settle(t, path, checks)
}

// quietly does something while no write is in flight.
func quietly(t *testing.T, path string, do func()) {
	t.Helper()
	l, err := lockedfile.Acquire(t.Context(), path)
	testkit.Must(t, err)
	do()
	testkit.Must(t, l.Release())
}

func agreesWithSha256sum(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command("sha256sum", "--strict", "-c", filepath.Base(path)+".sha256")
	cmd.Dir = filepath.Dir(path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum -c: %s: %v", out, err)
	}
}

func (c *crew) none(t *testing.T, what string) {
	t.Helper()
	said, _ := c.since(0)
	for _, e := range said {
		if e.What == what {
			t.Errorf("%s %s: %s", e.From, e.What, e.Note)
		}
	}
}

// awaitWrong returns when each reader has reported the damage.
func (c *crew) awaitWrong(t *testing.T, readers []string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		said, more := c.since(0)
		if said.count(wrong) == len(readers) {
			return
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("%d of %d readers reported the damage", said.count(wrong), len(readers))
		}
	}
}

// settle ends the run and looks at what is left of it: all is well again after
// the next write, and no other damage was seen.
func (c *crew) settle(t *testing.T, path string, checks int) {
	t.Helper()
	for _, p := range c.all {
		p.stop()
	}
	c.join(c.all...)
	said := c.end(t)
	for _, e := range said {
		if e.What == failed || (e.What == exited && e.Note != "") {
			t.Errorf("%s %s: %s", e.From, e.What, e.Note)
		}
	}
	testkit.WantNil(t, "it", workloads["sealed"].verify(filepath.Dir(path), said))
	agreesWithSha256sum(t, path)
	t.Logf("%d changes, sha256sum agreed %d times, %d readers reported the flipped bit", said.count(acked), checks, said.count(wrong))
}

func TestPowerCutsLeaveContentThatVerifies(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			c := newCutting(t, kind, []string{"sealed", "stream", "move"})
			testkit.WantNil(t, "it", c.run(t, effort.Of(2, 5, 200)))
			if 2*c.inside < c.cuts {
				t.Error("less than half of the cuts hit a commit")
			}
			t.Log(c)
		})
	}
}

// If the fsyncs of the files are taken out, the same cuts must find the loss; otherwise they prove nothing.
// They can't find a missing fsync of the directory, since the fsync of the next sidecar also writes the
// journal that holds the rename. The tests of package safefile take it out on a simulated disk.
func TestPowerCutsFindAMissingFsyncUnderAChecksum(t *testing.T) {
	for kind, options := range map[string][]string{"ext4": {"noauto_da_alloc"}, "xfs": nil} {
		t.Run(kind, func(t *testing.T) {
			c := newCutting(t, kind, []string{"sealed", "stream", "move"}, options...)
			c.without = "file"
			err := c.run(t, 30)
			if err == nil {
				t.Errorf("%d cuts found nothing", c.cuts)
			}
			t.Logf("%v: %v", c, err)
		})
	}
}
