package lockedfile_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// descriptors is how many of this process's descriptors lead to that file, or how
// many there are of all for no file.
func descriptors(t *testing.T, path string) (n int) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	testkit.Must(t, err)
	for _, fd := range open {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && (to == path || path == "") {
			n++
		}
	}
	return n
}

func TestAThousandWaitersThatGaveUpLeaveOneThread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	lock := path + ".lock"
	if n := testkit.Blocked(t, lock); n != 0 {
		t.Fatalf("%d threads wait before anybody does", n)
	}
	give := func(opts ...safefile.Option) {
		f := lockedfile.New[counters](path, append(opts, safefile.WithTimeout(20*time.Millisecond))...)
		testkit.WantIs(t, "a waiter", f.Write(nil), errors.ErrTimeout)
	}
	var waiters sync.WaitGroup
	for i := range 900 {
		waiters.Go(func() {
			if i%2 == 0 {
				give(another()) // a queue of its own
			} else {
				give()
			}
		})
	}
	waiters.Wait()
	for range 100 { // one after the other
		give()
	}
	oneIsBlocked := func() bool { return testkit.Blocked(t, lock) == 1 }
	testkit.Until(t, "one thread is blocked", oneIsBlocked)
	if n := descriptors(t, lock); n != 1 {
		t.Errorf("%d descriptors are open", n)
	}
	// The next waiter takes that thread, and gets the lock from it.
	result := make(chan error)
	go func() { result <- lockedfile.New[counters](path).Write(counters{"a": 1}) }()
	untilWaiting(t)
	testkit.Until(t, "still one thread is blocked", oneIsBlocked)
	holder.Tell()
	testkit.Must(t, <-result)
	if testkit.Blocked(t, lock) != 0 || descriptors(t, lock) != 0 {
		t.Errorf("afterwards %d threads are blocked and %d descriptors open", testkit.Blocked(t, lock), descriptors(t, lock))
	}
}

// A thread that gets the lock when nobody waits any more gives it back.
func TestALockThatComesForNobodyIsFreed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	testkit.WantIs(t, "it", lockedfile.New[counters](path, safefile.WithTimeout(time.Millisecond)).Write(nil), errors.ErrTimeout)
	testkit.Until(t, "its thread is blocked", func() bool { return testkit.Blocked(t, path+".lock") == 1 })
	holder.Kill()
	testkit.Until(t, "the thread is gone", func() bool { return descriptors(t, path+".lock") == 0 })
	l, err := lockedfile.TryAcquire(path)
	testkit.Must(t, err)
	testkit.Must(t, l.Release())
}

// A waiter in another process tries no more once it sleeps in the kernel: that
// call brings the lock, so no timer decides when.
func TestAWaiterInAnotherProcessGetsTheLockByTheCallThatSleepsForIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	l, err := lockedfile.Acquire(context.Background(), path)
	testkit.Must(t, err)
	cmd := testkit.Self(t, "hold", path)
	calls := testkit.Strace(t, cmd, "-e", "trace=flock")
	waiter := testkit.Start(t, cmd)
	testkit.Until(t, "the other process sleeps", func() bool { return testkit.Blocked(t, path+".lock") == 1 })
	testkit.Must(t, l.Release())
	waiter.Expect("held")
	text, err := os.ReadFile(calls)
	testkit.Must(t, err)
	asleep := regexp.MustCompile(`flock\(\d+, LOCK_EX[^|]`).FindIndex(text)
	if asleep == nil || strings.Contains(string(text[asleep[1]:]), "LOCK_NB") {
		t.Errorf("the calls of the waiter were:\n%s", text)
	}
}

// If a lock file is replaced while a caller waits for it, the caller gets the new one.
func TestAWaiterMovesToTheNewLockFile(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"deleted": func(path string) error { return os.Remove(path + ".lock") },
		"forced":  func(path string) error { return lockedfile.ForceRelease(path, another()) },
	} {
		path := filepath.Join(t.TempDir(), "f.json")
		holder := occupied(t, path)
		result := make(chan error)
		go func() { result <- lockedfile.New[counters](path).Write(counters{"a": 1}) }()
		untilWaiting(t)
		testkit.Must(t, take(path))
		testkit.WantNil(t, name, <-result)
		holder.Kill()
	}
}
