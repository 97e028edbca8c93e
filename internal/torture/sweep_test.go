package torture

import (
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// siblings are names of which each begins like another, so that a sweep that
// went by prefixes would take the wrong one's temp.
var siblings = []string{"a", "a.b", "a.json"}

func init() {
	for _, name := range append(siblings, "b") {
		workloads[name] = write{name, name}
	}
}

func TestASweepBySiblingsTakesNothingFromAStoppedWriter(t *testing.T) {
	for _, stopped := range siblings {
		t.Run(stopped, func(t *testing.T) {
			dir, c := t.TempDir(), newCrew(t)
			p := c.startStopping(stopped, dir)
			before := temps(t, dir)
			for _, other := range siblings {
				if other != stopped {
					c.write(other, dir)
				}
			}
			c.continueAndVerify(dir, before, p)
		})
	}
}

func TestASweepTakesNothingFromSeveralStoppedWriters(t *testing.T) {
	dir, c := t.TempDir(), newCrew(t)
	var stopped []*process
	for _, name := range siblings {
		stopped = append(stopped, c.startStopping(name, dir))
	}
	before := temps(t, dir)
	c.write("b", dir)
	c.continueAndVerify(dir, before, stopped...)
}

func TestTheLeftoverOfAKilledWriterIsSweptByASibling(t *testing.T) {
	for _, killed := range siblings {
		for _, other := range siblings {
			t.Run(killed+" swept by "+other, func(t *testing.T) {
				dir, c := t.TempDir(), newCrew(t)
				c.startStopping(killed, dir).kill()
				if n := len(temps(t, dir)); n != 1 {
					t.Fatalf("the killed writer left %d temps", n)
				}
				c.write(other, dir)
				want := slices.Compact(slices.Sorted(slices.Values([]string{killed + ".lock", other, other + ".lock"})))
				testkit.WantNames(t, dir, want...)
				c.verifyAll(dir, c.dismiss())
				t.Log("1 leftover, 1 sweep")
			})
		}
	}
}

// startStopping starts a writer and returns when it stands still between the
// creation of its temp and the rename.
func (c *crew) startStopping(name, dir string) *process {
	c.t.Helper()
	if !canStop {
		c.t.Skip("processes can't be stopped on this system")
	}
	p := c.start(job{Name: "stopped " + name, Workloads: []string{name}, Dir: dir, Goroutines: 1, Changes: 1,
		Seam: seamOptions{StopAtRename: true}})
	c.awaitEach(c.t, stopping, p.name)
	p.awaitStopped(c.t)
	return p
}

// write lets a fresh process write once, which sweeps.
func (c *crew) write(name, dir string) {
	c.t.Helper()
	p := c.start(job{Name: "fresh " + name, Workloads: []string{name}, Dir: dir, Goroutines: 1, Changes: 1})
	c.join(p)
}

// continueAndVerify lets the stopped writers go on. Each still has its temp.
func (c *crew) continueAndVerify(dir string, before []string, stopped ...*process) {
	c.t.Helper()
	if len(before) != len(stopped) {
		c.t.Fatalf("%d writers were stopped with %d temps", len(stopped), len(before))
	}
	if after := temps(c.t, dir); !slices.Equal(before, after) {
		c.t.Errorf("of the temps %q only %q are left", before, after)
	}
	for _, p := range stopped {
		p.resume(c.t)
	}
	c.join(stopped...)
	said := c.dismiss()
	if n := said.count(failed); n > 0 {
		c.t.Errorf("%d of %d writers failed", n, len(c.all))
	}
	c.verifyAll(dir, said)
	if left := temps(c.t, dir); len(left) > 0 {
		c.t.Errorf("left behind: %q", left)
	}
	c.t.Logf("%d stopped writers beside %d fresh ones; %d changes acknowledged", len(stopped), len(c.all)-len(stopped), said.count(acked))
}

func (c *crew) verifyAll(dir string, said history) {
	c.t.Helper()
	for _, name := range append(siblings, "b") {
		if err := workloads[name].verify(dir, said); err != nil {
			c.t.Error(err)
		}
	}
}

// temps are the entries that writers have begun.
func temps(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(testkit.Names(t, dir), func(name string) bool {
		_, isTemp := replace.ParseName(name)
		return !isTemp
	})
}
