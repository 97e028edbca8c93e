package torture

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() {
	workloads["backups"] = backedUp{write: write{"backups", "kept.json"}}
	workloads["sealed backups"] = backedUp{write{"sealed backups", "keptsealed.json"}, []safefile.Option{safefile.WithChecksum()}}
}

// backupsKept is how many backups the workload keeps.
const backupsKept = 3

// backedUp writes a whole file with backups, again and again.
type backedUp struct {
	write
	opts []safefile.Option
}

func (b backedUp) open(dir string, opts ...safefile.Option) func(id string) error {
	return b.write.open(dir, append(append(opts, b.opts...), safefile.WithBackups(backupsKept))...)
}

// verify: what write's verify says, and every listed backup is whole and of a content of its own. One more than are
// kept may be there from each cut.
func (b backedUp) verify(dir string, said history) error {
	if err := b.write.verify(dir, said); err != nil {
		return err
	}
	changes := said.changes(b.name)
	f := b.handle(dir, b.opts...)
	list, err := f.Backups()
	if err != nil {
		return err
	}
	if want := min(backupsKept, commits(changes)-1); len(list) < want {
		return fmt.Errorf("%w: %s has %d backups after %d commits or more", errLost, b.file, len(list), commits(changes))
	}
	now, err := f.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	seen := map[string]int{now.ID: 0}
	for i, kept := range list {
		v, err := f.ReadBackup(kept)
		if errors.Is(err, errors.ErrNoChecksum) && i >= backupsKept {
			continue // it was about to be removed
		}
		if err != nil {
			return fmt.Errorf("backup %d of %s: %w", kept.Number, b.file, err)
		}
		if _, known := changes[v.ID]; !known || v != newDocument(v.ID) {
			return fmt.Errorf("%w: backup %d of %s holds %q with %d bytes", errAlien, kept.Number, b.file, v.ID, len(v.Padding))
		}
		if other, twice := seen[v.ID]; twice {
			return fmt.Errorf("%w: the backups %d and %d of %s are the same", errAlien, other, kept.Number, b.file)
		}
		seen[v.ID] = kept.Number
	}
	return nil
}

// commits gives how many commits at least have acknowledged the changes: each of a chain of changes that began after
// the one before was acknowledged is of another commit.
func commits(changes map[string]change) (n int) {
	acknowledged := slices.DeleteFunc(slices.Collect(maps.Values(changes)), func(c change) bool { return !c.acked })
	slices.SortFunc(acknowledged, func(a, b change) int { return a.ended - b.ended })
	last := -1
	for _, c := range acknowledged {
		if c.begun > last {
			last, n = c.ended, n+1
		}
	}
	return n
}

func TestPowerCutsLeaveBackupsThatAreWhole(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			c := newCutting(t, kind, []string{"backups", "sealed backups"})
			testkit.WantNil(t, "it", c.run(t, effort.Of(2, 5, 200)))
			if 2*c.inside < c.cuts {
				t.Error("less than half of the cuts hit a commit")
			}
			t.Log(c)
		})
	}
}

// If the fsyncs of the files are taken out, the same cuts must find the loss; otherwise they prove nothing.
func TestPowerCutsFindAMissingFsyncUnderBackups(t *testing.T) {
	c := newCutting(t, "ext4", []string{"backups"}, "noauto_da_alloc")
	c.without = "file"
	err := c.run(t, 30)
	if err == nil {
		t.Errorf("%d cuts found nothing", c.cuts)
	}
	t.Logf("%v: %v", c, err)
}
