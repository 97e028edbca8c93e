package powercut

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// errFound is what a cut has shown to be wrong with the library.
var errFound = errors.New("after the cut")

func owner(info os.FileInfo) [2]uint32 {
	st := info.Sys().(*syscall.Stat_t)
	return [2]uint32{st.Uid, st.Gid}
}

// A trial is a disk whose power is cut again and again while a worker process works on it.
type trial struct {
	*disk
	names   []string
	without string // the verb that is left out
	lanes   map[string][]lane
	done    map[string][]int // the change that each lane is known to be at
	seed    uint64

	cuts, acked, underWay, survived int
}

func newTrial(t *testing.T, s system, names []string) *trial {
	t.Helper()
	return &trial{disk: newSystem(t, s), names: names, seed: rand.Uint64()}
}

func (c *trial) String() string {
	return fmt.Sprintf("%s: %d cuts after %d writes and %d flushes; of %d blocks in the cache %d did not get their newest content; %d changes acknowledged, %d under way at a cut, of which %d were complete",
		c.name, c.cuts, c.total.Writes, c.total.Flushes, c.total.Unflushed, c.total.Older, c.acked, c.underWay, c.survived)
}

// sameFiles is how many cuts in a row hit the same files, so that what has survived one must survive the
// next. Then the disk is a new one, so that creation is hit too.
const sameFiles = 4

// run cuts the power n times, unless it finds something wrong before.
func (c *trial) run(n int) error {
	c.t.Helper()
	for i := range n {
		if i%sameFiles == 0 {
			c.start()
		}
		// The number of requests, rather than a time: so a cut hits the same kinds of moments on a slow machine.
		requests := 1 + rand.New(rand.NewPCG(c.seed, uint64(i))).IntN(2000)
		if err := c.cut(requests, c.seed+uint64(i)); err != nil {
			return fmt.Errorf("cut %d, %d requests after the start, seed %d: %w", i+1, requests, c.seed+uint64(i), err)
		}
	}
	return nil
}

// start makes the files of all lanes on a new disk.
func (c *trial) start() {
	c.t.Helper()
	c.fresh()
	c.lanes, c.done = map[string][]lane{}, map[string][]int{}
	for _, name := range c.names {
		dir := filepath.Join(c.dir(), name)
		testkit.Must(c.t, os.Mkdir(dir, 0o755))
		c.lanes[name] = workloads[name](dir)
		c.done[name] = make([]int, len(c.lanes[name]))
		for _, l := range c.lanes[name] {
			if l.setup == nil {
				continue
			}
			testkit.Must(c.t, l.setup())
		}
	}
	c.settle()
}

// cut lets a worker work, cuts the power after so many requests, brings the disk back and holds the files against
// what the worker said.
func (c *trial) cut(requests int, seed uint64) error {
	c.t.Helper()
	c.cutAfter(requests)
	worker := fusekit.Start(c.t, "worker", workerJob{Dir: c.dir(), Done: c.done, Without: c.without})
	c.awaitCut()
	c.cuts++
	changes, err := c.listen(worker)
	if err != nil {
		return err
	}
	c.back(seed)
	return c.compare(changes)
}

// notSwept are the workloads whose temps may be left. A temp is told by the device number of its lock
// directory, which is another one after a cut. In a directory of several files, the sweep that comes with a process's first
// write takes away the temps of those files whose lock file is there, and a cut may take a lock file that was not synced.
var notSwept = []string{"write lock dir", "many", "lock all", "locked several"}

// tidy makes two more changes in every lane, with the power on, and looks for what the cuts have left behind. The
// temps of writers without a lock are left, since nobody sweeps them.
func (c *trial) tidy() error {
	c.t.Helper()
	changes, err := c.listen(fusekit.Start(c.t, "worker", workerJob{Dir: c.dir(), Done: c.done, Last: true}))
	if err == nil {
		err = c.compare(changes)
	}
	if err != nil {
		return err
	}
	return filepath.WalkDir(c.dir(), func(path string, _ os.DirEntry, err error) error {
		owner, temp := replace.ParseName(filepath.Base(path))
		if err == nil && temp && owner != replace.NoOwner && !slices.Contains(notSwept, filepath.Base(filepath.Dir(path))) {
			err = fmt.Errorf("%w: %s was not swept", errFound, path)
		}
		return err
	})
}

// extent is what was said of one lane: its last acknowledged change, and the last that was begun.
type extent struct{ acked, begun int }

// listen takes what a worker has said until its end.
func (c *trial) listen(worker *fusekit.Process) (map[string][]extent, error) {
	c.t.Helper()
	worker.Join(c.t)
	changes := map[string][]extent{}
	for name, done := range c.done {
		for _, n := range done {
			changes[name] = append(changes[name], extent{n, n})
		}
	}
	var all []error
	for text := range worker.Lines {
		var s said
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			c.t.Fatalf("%v: %s", err, text)
		}
		e := &changes[s.In][s.Lane]
		switch s.What {
		case begun:
			e.begun = s.Change
		case acked:
			e.acked = s.Change
			c.acked++
		case wrong:
			all = append(all, fmt.Errorf("%s, lane %d, change %d failed, and not as on a disk without power: %s", s.In, s.Lane, s.Change, s.Err))
		}
	}
	return changes, errors.Join(all...)
}

// compare finds each lane at its last acknowledged change or at the one that was under way.
func (c *trial) compare(changes map[string][]extent) error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		for i, e := range changes[name] {
			n, err := c.lanes[name][i].find(e)
			if err != nil {
				all = append(all, fmt.Errorf("%w: %s, lane %d, %d changes acknowledged and %d begun:\n%w", errFound, name, i, e.acked, e.begun, err))
			}
			c.done[name][i] = n
			if e.begun > e.acked {
				c.underWay++
				c.survived += n - e.acked
			}
		}
	}
	return errors.Join(all...)
}

// find gives the change that the lane's files are at.
func (l lane) find(e extent) (int, error) {
	before := l.check(e.acked)
	if before == nil || e.begun == e.acked {
		return e.acked, before
	}
	after := l.check(e.begun)
	if after == nil {
		return e.begun, nil
	}
	if l.between != nil && l.between(e.begun) == nil {
		return e.acked, nil
	}
	return e.acked, errors.Join(before, after)
}

func TestPowerCutsOfAVolatileCacheLoseNothingAcknowledged(t *testing.T) {
	for _, s := range systems {
		t.Run(s.name, func(t *testing.T) {
			c := newTrial(t, s, slices.Collect(maps.Keys(workloads)))
			err := c.run(effort.Of(2, 5, 300))
			if err == nil {
				err = c.tidy()
			}
			testkit.WantNil(t, "it", err)
			t.Log(c)
		})
	}
}

// The cuts prove nothing unless they find it when an fsync is missing. Without the file's, a new name leads to no
// content, or to a part of it; without the directory's, the old content comes back.
func TestPowerCutsFindAMissingFsyncAtOnce(t *testing.T) {
	const within = 8
	for _, verb := range []string{faultfs.Sync, faultfs.SyncDir} {
		for _, s := range systems {
			if verb == faultfs.Sync && s.name == "ext4 journal" {
				continue // the content is in the journal, which the directory's fsync writes
			}
			t.Run(verb+" on "+s.name, func(t *testing.T) {
				c := newTrial(t, s, []string{"write", "write new", "update"})
				c.without = verb
				err := c.run(within)
				testkit.WantIs(t, fmt.Sprintf("%d cuts found", c.cuts), err, errFound)
				t.Logf("%v: %.300v", c, err)
			})
		}
	}
}
