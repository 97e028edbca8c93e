package lockedfile_test

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// vandals do to a file and its lock what a careless person might.
var vandals = []func(path string) error{
	os.Remove,
	func(path string) error { return os.Rename(path, path+".away") },
	func(path string) error { return os.Chmod(path, 0o444) },
	func(path string) error { return os.Chmod(path, 0o666) },
	func(path string) error { return os.Remove(path + ".lock") },
	func(path string) error { return os.Rename(path+".lock", path+".lock.away") },
	func(path string) error { return os.Chmod(path+".lock", 0o444) },
	func(path string) error { return os.WriteFile(path, []byte(`{"vandal":1}`), 0o666) },
	func(path string) error { return os.Truncate(path+".lock", 0) },
	func(path string) error { return lockedfile.ForceRelease(path) },
	func(path string) error { _, err := lockedfile.Inspect(path); return err },
	func(path string) error { _, err := lockedfile.ReleaseStale(path); return err },
}

// tolerable are the ways in which a call may end beside vandals.
var tolerable = []error{
	nil, fs.ErrNotExist, fs.ErrPermission, errOwn, context.Canceled,
	errors.ErrChanged, errors.ErrLockLost, errors.ErrLocked, errors.ErrTimeout, errors.ErrDecode,
}

func isTolerable(err error) bool {
	for _, ok := range tolerable {
		if errors.Is(err, ok) {
			return true
		}
	}
	return false
}

// handles are calls by every kind of handle on one path.
func handles(path string, opts ...safefile.Option) []func(r *rand.Rand) error {
	opts = append(opts, quiet)
	ctx := context.Background()
	safe := safefile.New[counters](path, opts...)
	locked := lockedfile.New[counters](path, opts...)
	within := lockedfile.NewContext[counters](path, opts...)
	add := func(v *counters) error { (*v)["n"]++; return nil }
	return []func(r *rand.Rand) error{
		func(*rand.Rand) error { _, err := safe.Read(); return err },
		func(*rand.Rand) error { return safe.Write(counters{"n": 0}) },
		func(*rand.Rand) error { return safe.Merge(counters{"m": 1}) },
		func(*rand.Rand) error { return safe.Append("\n") },
		func(r *rand.Rand) error {
			if r.IntN(4) > 0 {
				return nil
			}
			return safe.Remove()
		},
		func(*rand.Rand) error { return locked.Update(add) },
		func(*rand.Rand) error { return locked.Update(func(*counters) error { return errOwn }) },
		func(*rand.Rand) error {
			return locked.Locked(func(tx *lockedfile.Tx[counters]) error {
				v, err := tx.ReadOr(counters{})
				if err != nil {
					return err
				}
				v["l"]++
				return tx.Write(v)
			})
		},
		func(r *rand.Rand) error {
			ctx, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(5))*time.Millisecond)
			defer cancel()
			return within.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
				return errors.Join(within.Update(ctx, add), within.Update(ctx, add))
			})
		},
		func(*rand.Rand) error {
			return lockedfile.LockAll(ctx, []string{path, path + ".other"}, func(ctx context.Context) error {
				return within.Update(ctx, add)
			}, opts...)
		},
		func(*rand.Rand) error {
			l, err := lockedfile.TryAcquire(path, opts...)
			if err != nil {
				return err
			}
			return l.Release()
		},
		func(r *rand.Rand) error {
			w, err := safe.Create()
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := w.Write([]byte("{}")); err != nil || r.IntN(2) == 0 {
				return err
			}
			return w.Commit()
		},
	}
}

func TestEveryHandleOnOnePathBesideVandals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	goroutines, files := runtime.NumGoroutine(), descriptors(t, "")
	var over atomic.Bool
	var workers sync.WaitGroup
	var calls, failed atomic.Int64
	work := func(seed uint64, choice []func(*rand.Rand) error) {
		r := rand.New(rand.NewPCG(seed, 0))
		for !over.Load() {
			err := choice[r.IntN(len(choice))](r)
			calls.Add(1)
			if err != nil {
				failed.Add(1)
			}
			if !isTolerable(err) {
				t.Errorf("a call ended with: %v", err)
				return
			}
		}
	}
	for i := range uint64(4) {
		workers.Go(func() { work(i, handles(path)) })
		workers.Go(func() { work(100+i, handles(path, another())) }) // as from another process
	}
	vandal := rand.New(rand.NewPCG(1, 1))
	for range effort.Of(300, 300, 4000) {
		seen := calls.Load()
		testkit.Until(t, "somebody does something", func() bool { return calls.Load() > seen || t.Failed() })
		_ = vandals[vandal.IntN(len(vandals))](path) // what is not there it can't spoil
	}
	over.Store(true)
	workers.Wait()
	t.Logf("%d calls, %d of them refused", calls.Load(), failed.Load())
	f := lockedfile.New[counters](path)
	testkit.Must(t, f.Write(counters{"last": 1}))
	if v, err := f.Read(); err != nil || v["last"] != 1 {
		t.Errorf("afterwards: %v, %v", v, err)
	}
	testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
	testkit.Until(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines })
	testkit.Until(t, "the descriptors are closed", func() bool { return descriptors(t, "") <= files })
}
