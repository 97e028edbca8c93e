package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
)

// A cutting is a disk whose power is cut again and again while a crew works on
// it, and what the cuts have hit so far.
type cutting struct {
	disk      *disktest.Disk
	far       *disktest.Disk // where "far" leads in each directory, cut at the same time; nil for no such disk
	progress  string         // directory of the workers' progress files, which no cut reaches
	workloads []string
	processes int
	each      int // goroutines of a process in each workload
	without   string

	cuts, inside, acked, cutOff int
}

// newCutting makes the disk. Three processes of two goroutines each work on it,
// unless the test changes that.
func newCutting(t *testing.T, kind string, workloads []string, options ...string) *cutting {
	t.Helper()
	return &cutting{disk: disktest.New(t, kind, options...), progress: disktest.Tmpfs(t),
		workloads: workloads, processes: 3, each: 2}
}

func (c *cutting) String() string {
	return fmt.Sprintf("%d power cuts on %s, %d inside a commit; %d changes acknowledged, %d cut off",
		c.cuts, c.disk.Kind(), c.inside, c.acked, c.cutOff)
}

// run cuts the power n times, unless it finds something wrong before: that it
// returns. Several cuts in a row hit the same files, so that what survived one
// must survive the next; then new ones, so that creation is hit too.
func (c *cutting) run(t *testing.T, n int) error {
	t.Helper()
	const sameFiles = 5
	var said history
	dir := ""
	for i := range n {
		if i%sameFiles == 0 {
			dir, said = c.newDir(t), nil
		}
		said = append(said, c.cut(t, dir)...)
		for _, name := range c.workloads {
			if err := workloads[name].verify(dir, said); err != nil {
				return fmt.Errorf("cut %d, %s: %w", i+1, name, err)
			}
		}
	}
	return nil
}

// newDir makes a directory that survives.
func (c *cutting) newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(c.disk.Dir(), fmt.Sprint("cut", c.cuts))
	testkit.Must(t, os.Mkdir(dir, 0o755))
	if c.far != nil {
		there := filepath.Join(c.far.Dir(), filepath.Base(dir))
		testkit.Must(t, os.Mkdir(there, 0o755))
		testkit.Must(t, os.Symlink(there, filepath.Join(dir, "far")))
		syncDir(t, c.far.Dir())
	}
	syncDir(t, dir)
	syncDir(t, c.disk.Dir())
	return dir
}

func syncDir(t *testing.T, path string) {
	t.Helper()
	dir, err := os.Open(path)
	testkit.Must(t, err)
	defer dir.Close()
	testkit.Must(t, dir.Sync())
}

// cut lets a crew work in dir, cuts the power at some moment, brings the disk
// back, and gives what was said.
func (c *cutting) cut(t *testing.T, dir string) history {
	t.Helper()
	crew := newCrew(t)
	var names, progress []string
	for i := range c.processes {
		name := fmt.Sprintf("cut%d.%d", c.cuts, i)
		file := filepath.Join(c.progress, name)
		names, progress = append(names, name), append(progress, file)
		crew.start(job{Name: name, Workloads: c.workloads, Dir: dir, Goroutines: c.each,
			Seam: seamOptions{Progress: file, Without: c.without}})
	}
	crew.awaitEach(t, acked, names...)
	time.Sleep(rand.N(30 * time.Millisecond)) // the moment
	c.strike(t, progress)
	crew.join(crew.all...) // each comes to its end by itself, since its disk is gone
	c.disk.Remount(t)
	if c.far != nil {
		c.far.Remount(t)
	}
	age(t, dir)
	said := crew.dismiss()
	c.acked += said.count(acked)
	c.cutOff += said.count(begun) - said.count(acked)
	return said
}

// age sets the times of the lock files back. A machine needs longer to start than the two seconds for which a LockAll
// leaves a lock file alone that is new and empty, as after a cut.
func age(t *testing.T, dir string) {
	t.Helper()
	for _, pattern := range []string{"*.lock", "far/*.lock"} {
		locks, err := filepath.Glob(filepath.Join(dir, pattern))
		testkit.Must(t, err)
		for _, path := range locks {
			testkit.Must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Minute)))
		}
	}
}

// strike cuts the power and counts whether that was inside a commit: one that
// had begun before, and had not ended after.
func (c *cutting) strike(t *testing.T, progress []string) {
	t.Helper()
	before := make([]uint64, len(progress))
	for i, file := range progress {
		before[i], _ = readProgress(t, file)
	}
	c.disk.Shutdown(t)
	if c.far != nil {
		c.far.Shutdown(t)
	}
	c.cuts++
	for i, file := range progress {
		if _, ended := readProgress(t, file); before[i] > ended {
			c.inside++
			return
		}
	}
}

func TestPowerCutsLoseNothingAcknowledged(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			c := newCutting(t, kind, []string{"write", "merge", "append"})
			testkit.WantNil(t, "it", c.run(t, effort.Of(5, 15, 200)))
			if 2*c.inside < c.cuts {
				t.Error("less than half of the cuts hit a commit")
			}
			t.Log(c)
		})
	}
}

// The same cuts must find it if one of the two fsyncs is missing, or they prove
// nothing. Without the file's, the new name leads to no content or to zeros;
// without the directory's, the old content comes back.
//
// ext4's auto_da_alloc begins to write a file out when it is renamed over
// another. It waits for nothing, so the file's fsync is missed with it too, but
// it can take a dozen cuts; without it the first ones tell.
func TestPowerCutsFindAMissingFsync(t *testing.T) {
	const within = 30
	for _, test := range []struct {
		without, kind string
		options       []string
		found         []error
	}{
		{"file", "ext4", []string{"noauto_da_alloc"}, []error{errors.ErrDecode, errAlien, errLost}},
		{"file", "xfs", nil, []error{errors.ErrDecode, errAlien, errLost}},
		{"directory", "ext4", nil, []error{errLost}},
		{"directory", "xfs", nil, []error{errLost}},
	} {
		t.Run(test.without+" on "+test.kind, func(t *testing.T) {
			c := newCutting(t, test.kind, []string{"write", "merge", "append"}, test.options...)
			c.without = test.without
			err := c.run(t, within)
			if !slices.ContainsFunc(test.found, func(kind error) bool { return errors.Is(err, kind) }) {
				t.Errorf("%d cuts found: %v", c.cuts, err)
			}
			t.Logf("%v: %v", c, err)
		})
	}
}
