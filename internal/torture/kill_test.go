package torture

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestKilledWritersLoseNothingAcknowledgedAndTheirLeftoversAreSwept(t *testing.T) {
	const writers = 4
	least := effort.Of(3, 8, 50)
	dir, c := t.TempDir(), newCrew(t)
	c.awaitEach(t, watching, c.startReaders(8, dir)...)
	rounds, leftovers := 0, 0
	// Some must be hit inside a commit, or this proves little.
	for ; rounds < least || (leftovers == 0 && rounds < 10*least); rounds++ {
		c.killInTurn(c.startWriters(writers, fmt.Sprintf("round%d.", rounds), dir))
		leftovers += len(temps(t, dir))
		c.writeOnce(fmt.Sprintf("after%d", rounds), dir)
		testkit.WantNames(t, dir, "merged.json", "merged.json.lock")
	}
	said := c.dismiss()
	if err := workloads["merge"].verify(dir, said); err != nil {
		t.Error(err)
	}
	if leftovers == 0 {
		t.Error("no writer was killed inside a commit")
	}
	t.Logf("%d writers killed, %d of them left a temp; %d keys acknowledged, %d cut off; %d looks by 8 readers",
		rounds*writers, leftovers, said.count(acked), said.count(begun)-said.count(acked), said.looks(t))
}

// startWriters returns when all of them have a change acknowledged.
func (c *crew) startWriters(n int, prefix, dir string) []*process {
	c.t.Helper()
	var all []*process
	var names []string
	for i := range n {
		j := job{Name: prefix + fmt.Sprint(i), Workloads: []string{"merge"}, Dir: dir, Goroutines: 4}
		names = append(names, j.Name)
		all = append(all, c.start(j))
	}
	c.awaitEach(c.t, acked, names...)
	return all
}

// killInTurn kills each at a moment of its own.
func (c *crew) killInTurn(all []*process) {
	for _, p := range all {
		time.Sleep(rand.N(10 * time.Millisecond))
		p.kill()
	}
}

// writeOnce is a process that makes one change and goes.
func (c *crew) writeOnce(name, dir string) {
	c.t.Helper()
	c.join(c.start(job{Name: name, Workloads: []string{"merge"}, Dir: dir, Goroutines: 1, Changes: 1}))
}
