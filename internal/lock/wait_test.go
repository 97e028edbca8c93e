package lock

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// blocked counts the threads that wait in the kernel, and those who wait for them.
func blocked() (kernel, waiting int) {
	threads.Lock()
	defer threads.Unlock()
	for _, t := range threads.by {
		waiting += t.waiters
	}
	return len(threads.by), waiting
}

func wantBlocked(t *testing.T, kernel, waiting int) {
	t.Helper()
	testkit.Until(t, "blocked threads", func() bool {
		k, w := blocked()
		return k == kernel && w == waiting
	})
}

type answer struct {
	held *Held
	err  error
}

// wait waits for the lock on a goroutine of its own.
func wait(ctx context.Context, p Spec) <-chan answer {
	c := make(chan answer, 1)
	go func() {
		h, err := Wait(ctx, p)
		c <- answer{h, err}
	}()
	return c
}

func TestAFreeLockIsTakenWithoutAThread(t *testing.T) {
	h, err := Wait(context.Background(), spec(t))
	testkit.Must(t, err)
	wantBlocked(t, 0, 0)
	testkit.Must(t, h.Release())
}

func TestWaitersShareOneThreadAndGetTheLockOneAfterTheOther(t *testing.T) {
	p := spec(t)
	h := take(t, p)
	first, second := wait(context.Background(), p), wait(context.Background(), p)
	wantBlocked(t, 1, 2)
	testkit.Must(t, h.Release())
	for range 2 {
		var a answer
		select {
		case a = <-first:
		case a = <-second:
		}
		testkit.Must(t, a.err)
		if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
			t.Fatalf("the lock was not held: %v", err)
		}
		testkit.Must(t, a.held.Check())
		testkit.Must(t, a.held.Release())
	}
	wantBlocked(t, 0, 0)
}

func TestAWaiterThatGivesUpLeavesItsThreadToTheNextAndNobodyKeepsTheLock(t *testing.T) {
	p := spec(t)
	h := take(t, p)
	ctx, cancel := context.WithCancel(context.Background())
	given := wait(ctx, p)
	wantBlocked(t, 1, 1)
	cancel()
	if a := <-given; !errors.Is(a.err, errors.ErrLocked) {
		t.Fatalf("gave up with %v", a.err)
	}
	wantBlocked(t, 1, 0)
	next := wait(context.Background(), p)
	wantBlocked(t, 1, 1)
	testkit.Must(t, h.Release())
	a := <-next
	testkit.Must(t, a.err)
	wantBlocked(t, 0, 0)

	// And where nobody comes after, the thread frees the lock it got.
	ctx, cancel = context.WithCancel(context.Background())
	given = wait(ctx, p)
	wantBlocked(t, 1, 1)
	cancel()
	<-given
	testkit.Must(t, a.held.Release())
	wantBlocked(t, 0, 0)
	testkit.Until(t, "the lock is free", func() bool {
		h, err := Try(p)
		if err == nil {
			testkit.Must(t, h.Release())
		}
		return err == nil
	})
}

func TestAWaiterMovesToTheLockFileThatIsAtThePathNow(t *testing.T) {
	p := spec(t)
	old := take(t, p)
	waiter := wait(context.Background(), p)
	wantBlocked(t, 1, 1)
	testkit.Must(t, os.Remove(p.Path))
	a := <-waiter
	testkit.Must(t, a.err)
	testkit.Must(t, a.held.Check())
	testkit.Must(t, old.Release())
	wantBlocked(t, 0, 0)
	testkit.Must(t, a.held.Release())
}

// A place that can't be looked at must not make a waiter spin.
func TestAWaiterThatCannotSeeTheLockFailsInsteadOfSpinning(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	take(t, p)
	disk.FailAll(faultfs.Stat, syscall.EIO)
	select {
	case a := <-wait(context.Background(), p):
		if !errors.Is(a.err, errors.ErrLock) || !errors.Is(a.err, syscall.EIO) {
			t.Errorf("Wait: %v", a.err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still trying")
	}
}

// The lock file may go away at any moment of a wait.
func TestAWaiterMakesALockFileThatWentAwayAnew(t *testing.T) {
	for _, verb := range []string{faultfs.Stat, "after " + faultfs.Stat} {
		disk := faultfs.Wrap(vfs.OS)
		dir := t.TempDir()
		p := specIn(t, disk, dir)
		old := take(t, p)
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == verb {
				disk.Reset()
				return os.Remove(p.Path)
			}
			return nil
		})
		if verb != faultfs.Stat {
			// Between the look at the lock file and the kernel's wait for it.
			p.Dir = afterStat{p.Dir, func() { os.Remove(p.Path) }}
		}
		a := <-wait(context.Background(), p)
		if a.err != nil {
			t.Fatalf("%s: %v", verb, a.err)
		}
		testkit.Must(t, a.held.Release())
		testkit.Must(t, old.Release())
	}
}

// afterStat calls then after each Stat of a directory's entry.
type afterStat struct {
	vfs.Dir
	then func()
}

func (d afterStat) Stat(name string) (vfs.Info, error) {
	info, err := d.Dir.Stat(name)
	d.then()
	return info, err
}

// Every lock that was ever waited for may keep a thread blocked, and a process may have
// only so many.
func TestTimedOutWaitsLeaveNoMoreThanSoManyThreads(t *testing.T) {
	const files = 5 * maxThreads
	dir := t.TempDir()
	var held []*Held
	var places []Spec
	for i := range files {
		p := specIn(t, vfs.OS, dir)
		p.Name = fmt.Sprintf("data%d.lock", i)
		p.Path = filepath.Join(dir, p.Name)
		places, held = append(places, p), append(held, take(t, p))
	}
	for _, p := range places {
		ctx, cancel := context.WithCancel(context.Background())
		a := wait(ctx, p)
		cancel()
		if got := <-a; !errors.Is(got.err, errors.ErrLocked) {
			t.Fatalf("gave up with %v", got.err)
		}
		if kernel, _ := blocked(); kernel > maxThreads {
			t.Fatalf("%d threads are blocked", kernel)
		}
	}
	if kernel, _ := blocked(); kernel != maxThreads {
		t.Errorf("%d threads are blocked, want %d", kernel, maxThreads)
	}
	// A waiter that finds no thread gets the lock all the same.
	last := wait(context.Background(), places[files-1])
	testkit.Must(t, held[files-1].Release())
	a := <-last
	testkit.Must(t, a.err)
	testkit.Must(t, a.held.Release())
	for _, h := range held {
		testkit.Must(t, h.Release())
	}
	wantBlocked(t, 0, 0)
	for _, p := range places {
		testkit.Until(t, "the lock is free", func() bool {
			h, err := Try(p)
			if err == nil {
				testkit.Must(t, h.Release())
			}
			return err == nil
		})
	}
}

// inFlock counts the goroutines in a system call of gofrs/flock.
func inFlock() (n int) {
	stacks := make([]byte, 4<<20)
	for _, g := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if state, _, _ := strings.Cut(g, "\n"); strings.Contains(state, "[syscall") && strings.Contains(g, "(*Flock).lock(") {
			n++
		}
	}
	return n
}

// A user who may write in the directory can have each waiter's thread block on an inode of
// its own.
func TestALockFileThatIsReplacedOverAndOverBlocksNoMoreThanSoManyThreads(t *testing.T) {
	p := spec(t)
	var held []*Held
	for i := range 2 * maxThreads {
		held = append(held, take(t, p))
		ctx, cancel := context.WithCancel(context.Background())
		a := wait(ctx, p)
		cancel()
		if got := <-a; !errors.Is(got.err, errors.ErrLocked) {
			t.Fatalf("gave up with %v", got.err)
		}
		// The thread opens the file that it waits for itself.
		testkit.Until(t, "the thread waits", func() bool { return inFlock() >= min(i+1, maxThreads) })
		testkit.Must(t, os.Rename(p.Path, fmt.Sprintf("%s.%d", p.Path, len(held))))
	}
	if kernel, _ := blocked(); kernel != maxThreads {
		t.Errorf("%d threads are blocked, want %d", kernel, maxThreads)
	}
	for _, h := range held {
		testkit.Must(t, h.Release())
	}
	wantBlocked(t, 0, 0)
}
