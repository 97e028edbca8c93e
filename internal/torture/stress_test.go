package torture

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestManyWritersAndReadersOfOneFileLoseNothingAndSeeNothingPartial(t *testing.T) {
	dir, c := t.TempDir(), newCrew(t)
	var writers []string
	for i := range 8 {
		j := job{Name: "writer" + strconv.Itoa(i), Workloads: []string{"merge"}, Dir: dir, Goroutines: 4}
		writers = append(writers, j.Name)
		c.start(j)
	}
	c.awaitEach(t, watching, c.startReaders(8, dir)...)
	c.awaitEach(t, acked, writers...)
	time.Sleep(effort.Of(time.Second, 2*time.Second, 10*time.Second)) // this is how long they work

	said := c.dismiss()
	if n := said.count(failed); n > 0 {
		t.Errorf("%d changes failed", n)
	}
	testkit.WantNil(t, "it", workloads["merge"].verify(dir, said))
	testkit.WantNames(t, dir, "merged.json", "merged.json.lock")
	t.Logf("%d keys by 8 processes of 4 goroutines (%s); %d looks by 8 readers", said.count(acked), said.shares(), said.looks(t))
}

// startReaders starts processes that watch the merged file and gives their names.
func (c *crew) startReaders(n int, dir string) []string {
	var names []string
	for i := range n {
		j := job{Name: "reader" + strconv.Itoa(i), Workloads: []string{"merge"}, Dir: dir, Watch: true}
		names = append(names, j.Name)
		c.start(j)
	}
	return names
}

// looks gives the number of reads of all readers. A reader that has not reported its number fails the
// test.
func (h history) looks(t *testing.T) int {
	t.Helper()
	sum, readers := 0, 0
	for _, e := range h {
		switch e.What {
		case watching:
			readers++
		case seen:
			readers--
			n, err := strconv.Atoi(e.Note)
			testkit.WantNil(t, "it", err)
			sum += n
		}
	}
	if readers != 0 {
		t.Errorf("%d readers did not come to their end", readers)
	}
	return sum
}

// shares tells how evenly the processes got their turns.
func (h history) shares() string {
	by := map[string]int{}
	for _, e := range h {
		if e.What == acked {
			by[e.From]++
		}
	}
	least, most := -1, 0
	for _, n := range by {
		if least < 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return fmt.Sprintf("each from %d to %d", least, most)
}

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
	testkit.WantNil(t, "it", workloads["merge"].verify(dir, said))
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
