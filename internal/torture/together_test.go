package torture

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() { workloads["together"] = together{} }

// together writes one document into three files with LockAll, again and again. The third lies in another
// directory, and on another filesystem where "far" is a link to one.
type together struct{}

func (together) files() []write {
	return []write{{"together", "together1.json"}, {"together", "together2.json"}, {"together", "far/together3.json"}}
}

func (w together) open(dir string, opts ...safefile.Option) func(id string) error {
	opts = append(opts, safefile.WithParents(0o755))
	var paths []string
	var files []*lockedfile.ContextFile[document]
	for _, f := range w.files() {
		path := filepath.Join(dir, f.file)
		paths, files = append(paths, path), append(files, lockedfile.NewContext[document](path, opts...))
	}
	return func(id string) error {
		return lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			for _, f := range files {
				if err := f.Write(ctx, newDocument(id)); err != nil {
					return err
				}
			}
			return nil
		}, opts...)
	}
}

// verify: after a recovery all files are of one write, which write's verify accepts, and no
// temp or journal is left.
func (w together) verify(dir string, said history) error {
	opts := []safefile.Option{seamOptions{}.option(func() {}), safefile.WithParents(0o755)} // as in a new process
	return w.check(dir, said, said.count(begun), func(path string) error { return lockedfile.Recover(context.Background(), []string{path}, opts...) })
}

// check begins with the recovery of the n-th file.
func (w together) check(dir string, said history, n int, settle func(path string) error) error {
	var paths []string
	for _, f := range w.files() {
		paths = append(paths, filepath.Join(dir, f.file))
	}
	for i := range paths {
		if err := settle(paths[(n+i)%len(paths)]); err != nil {
			return err
		}
	}
	var ids []string
	for _, f := range w.files() {
		there, err := f.handle(dir).ReadOr(document{})
		if err == nil {
			err = f.verify(dir, said)
		}
		if err != nil {
			return err
		}
		left, err := filepath.Glob(filepath.Join(dir, filepath.Dir(f.file), ".holdfast-*"))
		if err != nil || len(left) > 0 {
			return fmt.Errorf("there is left %q, %w", left, err)
		}
		if ids = append(ids, there.ID); there.ID != ids[0] {
			return fmt.Errorf("%w: the files are of the writes %q", errHalf, ids)
		}
	}
	return nil
}

var errHalf = errors.New("only some of the files have changed")

func TestPowerCutsLeaveAllOrNothingOfALockAll(t *testing.T) {
	for _, kinds := range [][]string{{"ext4"}, {"xfs"}, {"ext4", "xfs"}} {
		t.Run(fmt.Sprint(kinds), func(t *testing.T) {
			c := newCutting(t, kinds[0], []string{"together"})
			if len(kinds) > 1 {
				c.far = disktest.New(t, kinds[1])
			}
			testkit.WantNil(t, "it", c.run(t, effort.Of(3, 15, 200)))
			if 2*c.inside < c.cuts {
				t.Error("less than half of the cuts hit a commit")
			}
			t.Log(c)
		})
	}
}

// The recovery runs in this process, which has swept the directories before, so that only the mark of the
// killed process leads to it.
func TestAProcessKilledAtAnyOperationOfALockAllLeavesAllOrNothing(t *testing.T) {
	if !canStop {
		t.Skip("a process can't kill itself on this system")
	}
	dir, c := testkit.Memory(t), newCrew(t)
	load, step, killed := together{}, effort.Of(7, 3, 1), 0
	lock := func(path string) error {
		l, err := lockedfile.Acquire(context.Background(), path, safefile.WithParents(0o755))
		if err != nil {
			return err
		}
		return l.Release()
	}
	for n := 1; ; n += step {
		p := c.start(job{Name: fmt.Sprint("killed", n), Workloads: []string{"together"}, Dir: dir, Goroutines: 1, Changes: 1, Seam: seamOptions{KillAt: n}})
		said := c.awaitExit(p)
		if err := load.check(dir, said, n, lock); err != nil {
			t.Fatalf("killed at operation %d: %v", n, err)
		}
		if said[len(said)-2].What == acked {
			break
		}
		killed++
	}
	if killed*step < 60 {
		t.Errorf("killed at %d operations only", killed)
	}
	t.Logf("killed at %d operations, %d apart", killed, step)
}
