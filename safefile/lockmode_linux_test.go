package safefile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// The first user's umask must not shut out others who may write.
func TestTheFirstUsersLockServesWhoeverMayWriteByNow(t *testing.T) {
	testkit.NeedRoot(t)
	const alice, bob, staff = 2001, 2002, 3000
	path := filepath.Join(testkit.Shared(t, 0o777), "file")
	write := task{Do: "write", Path: path, Data: "alice", Umask: 0o077}
	if r := write.as(t, alice, staff); r.Err != "" {
		t.Fatal(r.Err)
	}
	testkit.WantMode(t, path+".lock", 0o600)
	testkit.Must(t, os.Chmod(path, 0o664))
	write.Data = "alice again"
	if r := write.as(t, alice, staff); r.Err != "" {
		t.Fatal(r.Err)
	}
	testkit.WantMode(t, path+".lock", 0o660)
	write.Data, write.Safety = "bob", safefile.BestEffort // which lets the file become bob's
	if r := write.as(t, bob, staff); r.Err != "" {
		t.Fatal(r.Err)
	}
	testkit.WantContent(t, path, "bob")
}

// flock(2) needs no more than an open file: who can open the lock file can block every
// writer.
func TestWhoMayOnlyReadTheDataCannotOpenItsLock(t *testing.T) {
	testkit.NeedRoot(t)
	const alice, eve, staff, others = 2001, 2003, 3000, 4000
	path := filepath.Join(testkit.Shared(t, 0o777), "file")
	for _, umask := range []int{0o022, 0o002} {
		if r := (task{Do: "write", Path: path, Data: "alice", Umask: umask}).as(t, alice, staff); r.Err != "" {
			t.Fatal(r.Err)
		}
		if r := (task{Do: "read", Path: path}).as(t, eve, others); r.Data != "alice" {
			t.Fatalf("eve reads %q, %s", r.Data, r.Err)
		}
		if r := (task{Do: "read", Path: path + ".lock"}).as(t, eve, others); !r.is("ErrPermission") {
			t.Errorf("umask %o: eve opens the lock: %s", umask, r.Err)
		}
		r := (task{Do: "write", Path: path, Data: "eve"}).as(t, eve, others)
		if !r.is("ErrPermission") {
			t.Errorf("eve's write: %s", r.Err)
		}
		testkit.Must(t, os.Remove(path))
		testkit.Must(t, os.Remove(path+".lock"))
	}
}

func TestAUmaskThatLeavesNothingLeavesALockThatOpens(t *testing.T) {
	testkit.NeedRoot(t)
	const alice, staff = 2001, 3000
	for _, umask := range []int{0o777, 0o277, 0o477} {
		path := filepath.Join(testkit.Shared(t, 0o777), "file")
		r := (task{Do: "write", Path: path, Data: "alice", Umask: umask}).as(t, alice, staff)
		if r.Err != "" {
			t.Fatal(r.Err)
		}
		testkit.WantMode(t, path+".lock", 0o600)
		testkit.Must(t, os.Chmod(path, 0o600))
		if r := (task{Do: "write", Path: path, Data: "again", Umask: umask}).as(t, alice, staff); r.Err != "" {
			t.Errorf("umask %o: %s", umask, r.Err)
		}
	}
}

// NFS gives an exclusive lock only to a descriptor that is open for writing (flock(2)).
func TestTheLockIsOpenedForWritingWhereItsFileAllowsThat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	testkit.Put(t, path, "old")
	testkit.Put(t, path+".lock", "")
	locked := regexp.MustCompile(`openat\([^\n]*file\.json\.lock", (O_\w+)`)
	job := task{Do: "write", Path: path, Data: "new"}
	_, lines := job.trace(t)
	calls := between(t, lines)
	first := slices.IndexFunc(calls, func(c call) bool { return locked.MatchString(c.text) })
	if first < 0 || locked.FindStringSubmatch(calls[first].text)[1] != "O_RDWR" {
		t.Fatalf("the lock is opened so: %v", calls)
	}
	for _, errno := range []string{"EACCES", "EROFS", "EPERM"} {
		r, hit, ok := job.inject(t, calls[first], errno)
		if !ok || !locked.MatchString(hit) {
			t.Fatalf("%s never hit the lock: %s", errno, hit)
		}
		if r.Err != "" {
			t.Errorf("%s: %s", errno, r.Err)
		}
		testkit.WantContent(t, path, "new")
	}
}

// A lock that can't be unlocked would keep this very process out.
func TestALockThatCannotBeUnlockedIsFreedAllTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	testkit.Put(t, path, "old")
	testkit.Put(t, path+".lock", "")
	job := task{Do: "write twice", Path: path, Data: "second"}
	_, lines := job.trace(t)
	calls := between(t, lines)
	first := slices.IndexFunc(calls, func(c call) bool { return strings.Contains(c.text, "LOCK_UN") })
	if first < 0 {
		t.Fatalf("nothing was unlocked: %v", calls)
	}
	for _, errno := range []string{"EIO", "ENOLCK"} {
		r, hit, ok := job.inject(t, calls[first], errno)
		if !ok || !strings.Contains(hit, "LOCK_UN") {
			t.Fatalf("%s never hit the unlocking: %s", errno, hit)
		}
		if r.Err != "" {
			t.Errorf("%s: %s", errno, r.Err)
		}
		testkit.WantContent(t, path, "second")
	}
}
