package lockedfile_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
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

// stopper is a filesystem that stops its user before the n-th operation.
type stopper struct {
	*faultfs.FS
	stopped chan faultfs.Op // told when that happens
	resume  chan struct{}   // closed to go on
}

func stopAt(n int) *stopper {
	s := &stopper{faultfs.Wrap(vfs.OS), make(chan faultfs.Op, 1), make(chan struct{})}
	s.Before(func(op faultfs.Op) error {
		if op.N == n {
			s.stopped <- op
			<-s.resume
		}
		return nil
	})
	return s
}

// A holder writes "old" and a number in one of these ways.
var holders = []struct {
	name  string
	write func(f *lockedfile.LockedFile[string], text string) error
	opts  []safefile.Option
}{
	{"WriteBytes", func(f *lockedfile.LockedFile[string], text string) error { return f.WriteBytes([]byte(text)) }, nil},
	{"Append", func(f *lockedfile.LockedFile[string], text string) error { return f.Append(text) }, nil},
	{"Update", func(f *lockedfile.LockedFile[string], text string) error {
		return f.Update(func(v *string) error { *v = text; return nil })
	}, nil},
	{"Create", func(f *lockedfile.LockedFile[string], text string) error {
		w, err := f.Create()
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return w.Commit()
	}, nil},
	{"WithChecksum", func(f *lockedfile.LockedFile[string], text string) error { return f.Write(text) }, []safefile.Option{safefile.WithChecksum(), quiet}},
}

// The long form is 4,000 force releases against holders that were stopped at
// every operation of their commit.
func TestAFencedHolderMakesNothingVisible(t *testing.T) {
	t.Parallel() // most of it is waiting for waiters that look once a second whether their lock file is another one
	dir := t.TempDir()
	forced, lost := 0, 0
	for enough := effort.Of(200, 200, 4000); forced < enough; {
		for _, way := range holders {
			path := filepath.Join(dir, way.name+".txt")
			for n := 1; forced < enough; n++ {
				what := fence(t, path, way.write, way.opts, n)
				if t.Failed() {
					t.Fatalf("%s stopped before operation %d", way.name, n)
				}
				if what == finished {
					break
				}
				if what == fencedBefore {
					lost++
				}
				if what != withoutLock {
					forced++
				}
			}
		}
	}
	t.Logf("%d force releases against stopped holders; %d of those holders lost what they were about to write", forced, lost)
	testkit.WantNone(t, dir, ".holdfast-*")
}

// outcome is the end of a holder that was to be stopped at its n-th operation.
type outcome int

const (
	finished     outcome = iota // it has fewer operations
	withoutLock                 // it had no lock there
	fencedBefore                // it lost the lock, and its bytes were not visible
	fencedAfter                 // it lost the lock when they were
)

// fence stops a holder at the n-th operation, takes the lock from it, lets
// another process write, and looks at what becomes of the holder's bytes.
func fence(t *testing.T, path string, write func(*lockedfile.LockedFile[string], string) error, opts []safefile.Option, n int) outcome {
	testkit.Must(t, safefile.WriteFile(path, []byte("base"), opts...))
	disk := stopAt(n)
	result := make(chan error, 1)
	go func() {
		result <- write(lockedfile.New[string](path, append(opts, on(disk))...), "old holder")
	}()
	var once sync.Once
	resume := func() { once.Do(func() { close(disk.resume) }) }
	defer resume()
	select {
	case <-disk.stopped:
	case err := <-result:
		testkit.Must(t, err)
		return finished
	}
	if info := inspect(t, path); !info.Held {
		resume()
		testkit.Must(t, <-result)
		return withoutLock
	}
	testkit.Must(t, lockedfile.ForceRelease(path, another()))
	visible, err := os.ReadFile(path)
	testkit.Must(t, err)
	next := takeOver(t, path, opts, resume, result)
	if next.queued {
		testkit.Must(t, <-result)
		return withoutLock
	}
	if next.check(t, path, visible) {
		return fencedBefore
	}
	return fencedAfter
}

// afterwards is what came after a ForceRelease.
type afterwards struct {
	queued bool   // the old holder had not come to hold its lock, and waits for the new one
	old    error  // what it was told, unless it waits
	bytes  []byte // what the next one read and then wrote
}

// takeOver takes the lock that was freed, and in the middle of its function lets
// the old holder go on.
func takeOver(t *testing.T, path string, opts []safefile.Option, resume func(), result <-chan error) (next afterwards) {
	testkit.Must(t, lockedfile.New[string](path, append(opts, another(), safefile.WithTimeout(0))...).Locked(func(tx *lockedfile.Tx[string]) error {
		before, err := tx.ReadBytes()
		testkit.Must(t, err)
		resume()
		testkit.Until(t, "the old holder ends or waits", func() bool {
			select {
			case next.old = <-result:
				return true
			default:
				next.queued = waiting() > 0
				return next.queued
			}
		})
		_, err = lockedfile.TryAcquire(path, another())
		testkit.WantIs(t, "it", err, errors.ErrLocked) // the old one did not free what is not its own
		next.bytes = append(bytes.Clone(before), " and new"...)
		return tx.WriteBytes(next.bytes)
	}))
	return next
}

func (next afterwards) check(t *testing.T, path string, visible []byte) (fenced bool) {
	t.Helper()
	if want := append(bytes.Clone(visible), " and new"...); !bytes.Equal(next.bytes, want) {
		t.Errorf("after ForceRelease the file held %q, and then the next holder wrote %q", visible, next.bytes)
	}
	testkit.WantContent(t, path, string(next.bytes))
	was := bytes.Contains(visible, []byte("old holder"))
	switch {
	case was && next.old != nil && !errors.Is(next.old, errors.ErrLockLost):
		t.Errorf("the old holder's bytes were there in time, and it was told %v", next.old)
	case !was && !errors.Is(next.old, errors.ErrLockLost):
		t.Errorf("the old holder's bytes never came, and it was told %v", next.old)
	}
	if err := safefile.New[string](path, safefile.WithChecksum()).Verify(); err != nil && !errors.Is(err, errors.ErrNoChecksum) {
		t.Errorf("the checksum: %v", err)
	}
	return !was
}

// A function that hangs in this very process blocks nobody once it is forced.
func TestForceReleaseGetsPastAHangingFunctionOfThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.txt")
	f := lockedfile.New[string](path)
	hangs, wake := make(chan struct{}), make(chan struct{})
	hung := make(chan error)
	go func() {
		hung <- f.Locked(func(tx *lockedfile.Tx[string]) error {
			close(hangs)
			<-wake
			return tx.Write("of the one that hung")
		})
	}()
	<-hangs
	waiting := make(chan error)
	go func() { waiting <- f.Append("waiter") }()
	testkit.Must(t, lockedfile.ForceRelease(path))
	testkit.Must(t, <-waiting)
	testkit.Must(t, f.Append(", next"))
	close(wake)
	testkit.WantIs(t, "it", <-hung, errors.ErrLockLost)
	testkit.WantContent(t, path, "waiter, next")
	testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
}

// Nor does a process that was stopped for good.
func TestForceReleaseGetsPastAProcessThatHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	result := make(chan error)
	go func() { result <- lockedfile.New[counters](path).Write(counters{"a": 1}) }()
	untilWaiting(t)
	began := time.Now()
	testkit.Must(t, lockedfile.ForceRelease(path))
	testkit.Must(t, <-result)
	t.Logf("the waiter had the lock after %v", time.Since(began).Round(time.Millisecond))
	holder.Tell()
	holder.Expect("lost") // although its function wrote nothing
	if v, err := lockedfile.New[counters](path).Read(); err != nil || v["a"] != 1 {
		t.Errorf("read %v, %v", v, err)
	}
}

func TestForceReleaseWhereNobodyHoldsALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	testkit.Must(t, lockedfile.ForceRelease(path))
	testkit.Must(t, lockedfile.ForceRelease(path))
	testkit.WantNames(t, filepath.Dir(path)) // it makes no lock file either
	if info := inspect(t, path); info.Held || info.Stale {
		t.Errorf("afterwards: %+v", info)
	}
	err := lockedfile.ForceRelease(filepath.Join(path, "nowhere", "f.json"))
	testkit.WantIs(t, "it", err, fs.ErrNotExist, errors.ErrLock)
	_, err = lockedfile.Inspect(filepath.Join(path, "nowhere", "f.json"))
	testkit.WantIs(t, "it", err, fs.ErrNotExist, errors.ErrLock)
	_, err = lockedfile.ReleaseStale(filepath.Join(path, "nowhere", "f.json"))
	testkit.WantIs(t, "it", err, fs.ErrNotExist, errors.ErrLock)
}
