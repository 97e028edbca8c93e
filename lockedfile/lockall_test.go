package lockedfile_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// three are the paths of three files that do not exist.
func three(t *testing.T) (dir string, paths []string) {
	dir = t.TempDir()
	for _, name := range []string{"a.json", "b.json", "c.json"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	return dir, paths
}

// count adds one in a file.
func count(ctx context.Context, path string, opts ...safefile.Option) error {
	return lockedfile.NewContext[counters](path, opts...).Update(ctx, func(v *counters) error { (*v)["n"]++; return nil })
}

// counted is what count came to.
func counted(t *testing.T, path string) int {
	t.Helper()
	v, err := safefile.New[counters](path).ReadOr(nil)
	testkit.Must(t, err)
	return v["n"]
}

func TestLockAllInSeveralOrdersAtOnce(t *testing.T) {
	_, paths := three(t)
	one, two := another(), another() // as if from two processes
	var callers sync.WaitGroup
	const each = 8
	for i := range 12 {
		callers.Go(func() {
			opt := one
			if i%2 == 0 {
				opt = two
			}
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for range each {
				order := r.Perm(3)
				mine := []string{paths[order[0]], paths[order[1]], paths[order[2]], paths[order[0]]}
				err := lockedfile.LockAll(context.Background(), mine, func(ctx context.Context) error {
					for _, path := range paths {
						if err := count(ctx, path, opt); err != nil {
							return err
						}
					}
					return nil
				}, opt)
				testkit.WantNil(t, "it", err)
			}
		})
	}
	callers.Wait()
	for _, path := range paths {
		if n := counted(t, path); n != 12*each {
			t.Errorf("%s counted %d, want %d", filepath.Base(path), n, 12*each)
		}
	}
}

func TestLockAllCommitsNothingIfItsFunctionFails(t *testing.T) {
	dir, paths := three(t)
	fail := func(ctx context.Context) error {
		for _, path := range paths {
			testkit.Must(t, count(ctx, path))
		}
		return errOwn
	}
	if err := lockedfile.LockAll(context.Background(), paths, fail); err != errOwn {
		t.Errorf("got %v, want the function's own error", err)
	}
	if got := testkit.Panic(func() {
		lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error { fail(ctx); panic("a panic") })
	}); got != "a panic" {
		t.Errorf("the panic became %v", got)
	}
	for _, path := range paths {
		testkit.WantContent(t, path, testkit.Missing)
		l, err := lockedfile.TryAcquire(path)
		testkit.Must(t, err)
		testkit.Must(t, l.Release())
	}
	testkit.WantNone(t, dir, ".holdfast-*")
}

func TestLockAllCommitsNothingAfterItLostOneLock(t *testing.T) {
	_, paths := three(t)
	for _, lost := range paths {
		for _, change := range [][]string{paths, paths[:2], {paths[0]}, {paths[2]}, nil} {
			err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
				for _, path := range change {
					testkit.Must(t, count(ctx, path))
				}
				return lockedfile.ForceRelease(lost)
			})
			testkit.WantIs(t, "it", err, errors.ErrLockLost)
			if e, ok := errors.AsType[*errors.Error](err); !ok || e.Path != lost {
				t.Errorf("the error does not name %s: %v", lost, err)
			}
			for _, path := range paths {
				testkit.WantContent(t, path, testkit.Missing)
			}
		}
	}
}

// A lock is lost at the last moment: the one of a file that changes while the journal is renamed, which is
// after the last check, and the one of another file before that.
func TestLockAllCommitsNothingIfALockIsLostWhileItCommits(t *testing.T) {
	for lost, at := range map[int]string{0: faultfs.Rename, 1: faultfs.Rename, 2: faultfs.Create} {
		dir, paths := three(t)
		disk := faultfs.Wrap(vfs.OS)
		opt := on(disk)
		err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			for _, path := range paths[:2] {
				testkit.Must(t, count(ctx, path, opt))
			}
			forced := false
			disk.Before(func(op faultfs.Op) error {
				if op.Verb == at && !forced {
					forced = true
					return lockedfile.ForceRelease(paths[lost])
				}
				return nil
			})
			return nil
		}, opt)
		testkit.WantIs(t, "it", err, errors.ErrLockLost)
		for _, path := range paths {
			testkit.WantContent(t, path, testkit.Missing)
		}
		testkit.WantNone(t, dir, ".holdfast-*")
	}
}

// The journal is renamed first, then the temps.
func TestALockAllThatFailsAfterItsCommitIsCompletedByTheNextCall(t *testing.T) {
	for fails := 2; fails <= 4; fails++ {
		dir, paths := three(t)
		disk := faultfs.Wrap(vfs.OS)
		opt := on(disk)
		err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			for _, path := range paths {
				testkit.Must(t, count(ctx, path, opt))
			}
			renames := 0
			disk.Before(func(op faultfs.Op) error {
				if op.Verb == faultfs.Rename {
					if renames++; renames == fails {
						return syscall.ENOSPC
					}
				}
				return nil
			})
			return nil
		}, opt)
		testkit.WantIs(t, "it", err, errors.ErrNotDurable, syscall.ENOSPC)
		missing := paths[fails-2]
		testkit.WantContent(t, missing, testkit.Missing)
		info, err := lockedfile.Inspect(missing)
		testkit.Must(t, err)
		if filepath.Dir(info.Journal) != dir {
			t.Errorf("Inspect gives %q as the journal", info.Journal)
		}
		testkit.Must(t, count(context.Background(), paths[1], opt))
		for i, path := range paths {
			if want, got := 1+i%2, counted(t, path); got != want {
				t.Errorf("%s counted %d, want %d", path, got, want)
			}
		}
		testkit.WantNone(t, dir, ".holdfast-*")
	}
}

func TestLockAllOfNothingRunsItsFunction(t *testing.T) {
	ran := false
	testkit.Must(t, lockedfile.LockAll(context.Background(), nil, func(context.Context) error { ran = true; return nil }))
	if !ran {
		t.Error("the function did not run")
	}
}

func TestLockAllTakesAllOrNone(t *testing.T) {
	_, paths := three(t)
	holder := occupied(t, paths[1])
	err := lockedfile.LockAll(context.Background(), paths, func(context.Context) error {
		t.Error("the function ran")
		return nil
	}, safefile.WithTimeout(20*time.Millisecond))
	testkit.WantIs(t, "it", err, errors.ErrTimeout)
	for _, path := range []string{paths[0], paths[2]} {
		l, err := lockedfile.TryAcquire(path)
		testkit.Must(t, err)
		testkit.Must(t, l.Release())
	}
	holder.Kill()
	err = lockedfile.LockAll(context.Background(), append(paths, ""), func(context.Context) error { return nil })
	testkit.WantIs(t, "it", err, os.ErrInvalid)
}

// An operation that joins at the last moment is in the commit, or has a commit of its own.
func TestAJoinThatOutlastsLockAllIsNotLost(t *testing.T) {
	_, paths := three(t)
	for range effort.Of(50, 50, 500) {
		before := counted(t, paths[0])
		var late sync.WaitGroup
		testkit.Must(t, lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			for range 4 {
				late.Go(func() {
					testkit.WantNil(t, "it", count(ctx, paths[0]))
				})
			}
			return nil
		}))
		late.Wait()
		if got := counted(t, paths[0]) - before; got != 4 {
			t.Fatalf("4 updates were acknowledged and %d counted", got)
		}
	}
}
