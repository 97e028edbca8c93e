package lockedfile_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() {
	roles["count with backups"] = func(args []string) {
		f := lockedfile.New[counters](args[0], safefile.WithBackups(4), safefile.WithChecksum())
		n, err := strconv.Atoi(args[1])
		testkit.Check(err)
		for range n {
			testkit.Check(f.Update(func(c *counters) error { (*c)["n"]++; return nil }))
		}
	}
}

// values gives the count in each backup, the newest first.
func values(t *testing.T, f *lockedfile.LockedFile[counters]) (all []int) {
	t.Helper()
	list, err := f.Backups()
	testkit.Must(t, err)
	for _, b := range list {
		v, err := f.ReadBackup(b)
		testkit.Must(t, err)
		all = append(all, v["n"])
	}
	return all
}

func increase(f *lockedfile.LockedFile[counters]) error {
	return f.Update(func(c *counters) error { (*c)["n"]++; return nil })
}

func TestATransactionMakesOneBackupHoweverOftenItWrites(t *testing.T) {
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"), safefile.WithBackups(5))
	testkit.Must(t, increase(f))
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
		for i := range 5 {
			if err := tx.Write(counters{"n": 10 + i}); err != nil {
				return err
			}
		}
		return nil
	}))
	if got := values(t, f); !slices.Equal(got, []int{1}) {
		t.Errorf("the backups hold %v", got)
	}
	testkit.WantIs(t, "Locked", f.Locked(func(tx *lockedfile.Tx[counters]) error {
		_ = tx.Write(counters{"n": 99})
		return errOwn
	}), errOwn)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error { return tx.Remove() }))
	if got := values(t, f); !slices.Equal(got, []int{14, 1}) {
		t.Errorf("the backups hold %v", got)
	}
}

// With many callers a commit holds several of their changes. The numbers of the backups count the commits.
func TestACommitMakesOneBackupHoweverManyCallersShareIt(t *testing.T) {
	const callers, each = 16, 20
	path := filepath.Join(t.TempDir(), "f.json")
	f := lockedfile.New[counters](path, safefile.WithBackups(callers*each))
	testkit.Must(t, f.Write(counters{"n": 0}))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				testkit.WantNil(t, "Update", increase(f))
			}
		})
	}
	wg.Wait()
	got := values(t, f)
	if len(got) >= callers*each {
		t.Errorf("%d commits of %d changes have made %d backups", len(got), callers*each, len(got))
	}
	if !slices.IsSortedFunc(got, func(a, b int) int { return b - a }) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("the backups hold %v", got)
	}
	t.Logf("%d changes, %d backups", callers*each, len(got))
}

func TestBackupsOfSeveralProcessesAreTheLastContentsInOrder(t *testing.T) {
	const processes, each = 4, 15
	path := filepath.Join(t.TempDir(), "f.json")
	f := lockedfile.New[counters](path, safefile.WithBackups(4), safefile.WithChecksum())
	testkit.Must(t, f.Write(counters{"n": 0}))
	var all []*testkit.Process
	for range processes {
		all = append(all, start(t, "count with backups", path, strconv.Itoa(each)))
	}
	for range 50 { // a reader meanwhile sees whole ones only, or that one is gone
		list, err := f.Backups()
		testkit.Must(t, err)
		for _, b := range list {
			if v, err := f.ReadBackup(b); err == nil && v["n"] != b.Number-1 {
				t.Errorf("backup %d holds %d", b.Number, v["n"])
			}
		}
	}
	for _, p := range all {
		testkit.Must(t, p.Wait())
	}
	const sum = processes * each
	if got := values(t, f); !slices.Equal(got, []int{sum - 1, sum - 2, sum - 3, sum - 4}) {
		t.Errorf("after %d changes the backups hold %v", sum, got)
	}
}

func TestARestoreInsideATransactionIsStaged(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "f.json")
	f := lockedfile.NewContext[counters](path, safefile.WithBackups(3))
	for i := 1; i <= 2; i++ {
		testkit.Must(t, f.Write(ctx, counters{"n": i}))
	}
	list, err := f.Backups(ctx)
	testkit.Must(t, err)
	data, err := f.ReadBackupBytes(ctx, list[0])
	if err != nil || len(data) == 0 {
		t.Fatalf("%q, %v", data, err)
	}
	err = f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		if err := f.Restore(ctx, list[0]); err != nil {
			return err
		}
		v, err := f.Read(ctx)
		if err != nil || v["n"] != 1 {
			t.Errorf("inside: %v, %v", v, err)
		}
		if now, err := f.Backups(ctx); err != nil || len(now) != 1 {
			t.Errorf("inside: %d backups, %v", len(now), err)
		}
		return errOwn
	})
	testkit.WantIs(t, "Locked", err, errOwn)
	v, err := f.Read(ctx)
	if err != nil || v["n"] != 2 {
		t.Errorf("after the transaction has failed: %v, %v", v, err)
	}
	testkit.Must(t, f.Restore(ctx, list[0]))
	v, err = f.ReadBackup(ctx, safefile.Backup{Number: 2})
	if err != nil || v["n"] != 2 {
		t.Errorf("the backup of what the restore has replaced: %v, %v", v, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, err = f.Backups(over)
	testkit.WantIs(t, "Backups", err, context.Canceled)
	_, err = f.ReadBackup(over, list[0])
	testkit.WantIs(t, "ReadBackup", err, context.Canceled)
	testkit.WantIs(t, "Restore", f.Restore(over, list[0]), context.Canceled)
}

func TestLockAllMakesABackupOfEachFileThatItChanges(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 3 {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(i, ".json")))
	}
	opts := []safefile.Option{safefile.WithBackups(2)}
	open := func(path string) *lockedfile.ContextFile[counters] {
		return lockedfile.NewContext[counters](path, opts...)
	}
	ctx := context.Background()
	for _, path := range paths {
		testkit.Must(t, open(path).Write(ctx, counters{"n": 1}))
	}
	testkit.Must(t, lockedfile.LockAll(ctx, paths, func(ctx context.Context) error {
		for _, path := range paths[:2] {
			if err := open(path).Write(ctx, counters{"n": 2}); err != nil {
				return err
			}
		}
		return nil
	}, opts...))
	for i, path := range paths {
		list, err := open(path).Backups(ctx)
		if want := min(1, 2-i); err != nil || len(list) != max(0, want) {
			t.Errorf("%s has %d backups, %v", path, len(list), err)
		}
	}
}
