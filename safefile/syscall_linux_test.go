package safefile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/safefile"
)

// The calls that are made to fail. Those in mustFail are steps that no write
// may go on without.
var (
	injected = []string{"openat", "read", "pread64", "write", "fsync", "fchmod", "fchown", "fsetxattr", "fgetxattr", "flistxattr",
		"fremovexattr", "renameat", "flock", "statx", "fstat", "newfstatat", "faccessat2", "fstatfs", "copy_file_range", "close", "readlinkat"}
	mustFail = []string{"openat", "write", "fsync", "fchmod", "fchown", "fsetxattr", "renameat", "flock"}
)

var callErrors = map[string]syscall.Errno{"ENOSPC": syscall.ENOSPC, "EIO": syscall.EIO, "EDQUOT": syscall.EDQUOT,
	"EACCES": syscall.EACCES, "EROFS": syscall.EROFS, "EXDEV": syscall.EXDEV, "EBUSY": syscall.EBUSY}

// call is a system call of a traced task: the n-th of its name on the main thread.
type call struct {
	name string
	n    int
	text string
}

// trace is a task under strace, which may make one call fail.
func (t task) trace(tb testing.TB, inject ...string) (report, []string) {
	tb.Helper()
	t.Mark = true
	cmd := t.self(tb)
	log := testkit.Strace(tb, cmd, append([]string{"-e", "trace=" + strings.Join(injected, ",")}, inject...)...)
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	r := reportOf(tb, cmd)
	text, err := os.ReadFile(log)
	testkit.Must(tb, err)
	return r, strings.Split(string(text), "\n")
}

var traced = regexp.MustCompile(`^(\d+) +(\w+)\(`)

// between are the calls that the main thread made between the two marks.
func between(tb testing.TB, lines []string) (calls []call) {
	tb.Helper()
	main, marks, counts := "", 0, map[string]int{}
	for _, line := range lines {
		m := traced.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if main == "" {
			main = m[1]
		}
		if m[1] != main {
			continue
		}
		counts[m[2]]++
		if strings.Contains(line, taskMark) {
			marks++
		} else if marks == 1 {
			calls = append(calls, call{m[2], counts[m[2]], line})
		}
	}
	if marks != 2 || len(calls) == 0 {
		tb.Fatalf("%d marks and %d calls in the trace:\n%s", marks, len(calls), strings.Join(lines, "\n"))
	}
	return calls
}

// target makes a file of another owner with an attribute, and its lock.
func target(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file.json")
	testkit.Put(tb, path, faultOld)
	testkit.Put(tb, path+".lock", "")
	testkit.Must(tb, os.Chown(path, 12, 34))
	testkit.SetXattr(tb, path, "user.colour", "blue")
	return path
}

// inject does a task with one call failing, and tells whether that call was in
// the task; the counts of a runtime that starts up may differ from run to run.
func (t task) inject(tb testing.TB, c call, errno string) (r report, hit string, ok bool) {
	tb.Helper()
	for range 5 {
		testkit.Put(tb, t.Path, faultOld)
		var lines []string
		r, lines = t.trace(tb, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", c.name, errno, c.n))
		for _, c := range between(tb, lines) {
			if strings.Contains(c.text, "(INJECTED)") {
				return r, c.text, true
			}
		}
	}
	return r, "", false
}

func TestRealSystemCallsFailInTurn(t *testing.T) {
	testkit.NeedRoot(t)
	for _, do := range []string{"write", "append"} {
		t.Run(do, func(t *testing.T) {
			path := target(t)
			job := task{Do: do, Path: path, Data: "new"}
			after := map[string]string{"write": "new", "append": faultOld + "new"}[do]
			r, lines := job.trace(t)
			if r.Err != "" || testkit.Content(t, path) != after {
				t.Fatalf("without a fault: %s", r.Err)
			}
			refused := map[string]int{}
			for _, c := range between(t, lines) {
				for _, errno := range faultsFor(do, c.name) {
					job.Errno = callErrors[errno]
					r, hit, ok := job.inject(t, c, errno)
					if !ok {
						continue
					}
					if r.Err != "" {
						refused[c.name+" "+errno]++
					}
					job.check(t, r, hit, faultOld, after)
				}
			}
			for _, name := range mustFail {
				for _, errno := range faultsFor(do, name) {
					// gofrs/flock tries again after EIO, on another descriptor.
					if refused[name+" "+errno] == 0 && name+errno != "flockEIO" {
						t.Errorf("%s never failed with %s", name, errno)
					}
				}
			}
		})
	}
}

// faultsFor are the errors a call is tried with: all where a step of a write
// depends on it, else one. Each takes a process of its own, so -short leaves it at one.
func faultsFor(do, name string) []string {
	if do != "write" || !slices.Contains(mustFail, name) || testing.Short() {
		return []string{"EIO"}
	}
	var all []string
	for errno := range callErrors {
		all = append(all, errno)
	}
	return all
}

// check looks at what a task left when one of its calls failed.
func (t task) check(tb testing.TB, r report, hit, before, after string) {
	tb.Helper()
	where := hit + ": " + r.Err
	want := before
	if r.Err == "" || r.is("ErrNotDurable") {
		want = after
	}
	if got := testkit.Content(tb, t.Path); got != want {
		tb.Errorf("%s: the file holds %q, want %q", where, got, want)
	}
	if left := temps(tb, filepath.Dir(t.Path)); len(left) > 0 {
		tb.Errorf("%s: temps remain: %v", where, left)
		for _, temp := range left {
			os.Remove(temp)
		}
	}
	if r.Err == "" {
		return
	}
	if !r.is("ErrFile") || !(r.Errno || t.Errno == syscall.EACCES && r.is("ErrPermission")) {
		tb.Errorf("%s: matches %v only", where, r.Matches)
	}
	call := traced.FindStringSubmatch(hit)[2]
	if call == "flock" && !r.is("ErrLock") || call == "renameat" && t.Errno == syscall.EBUSY && !r.is("ErrUnsupportedEnvironment") {
		tb.Errorf("%s: matches %v only", where, r.Matches)
	}
}

// A signal may interrupt any of these calls; the caller never hears of it.
func TestAnInterruptedSystemCallIsRetriedAndNotReturned(t *testing.T) {
	testkit.NeedRoot(t)
	path := target(t)
	for _, do := range []string{"write", "append", "merge"} {
		after := map[string]string{"write": "new", "append": faultOld + "new", "merge": `{"old": 1, "new": 1}`}[do]
		job := task{Do: do, Path: path, Data: "new", Errno: syscall.EINTR}
		testkit.Put(t, path, faultOld)
		_, lines := job.trace(t)
		interrupted := map[string]bool{}
		for _, c := range between(t, lines) {
			if (do != "write" || testing.Short()) && interrupted[c.name] && c.name != "openat" {
				continue
			}
			r, hit, ok := job.inject(t, c, "EINTR")
			if !ok {
				continue
			}
			interrupted[c.name] = true
			if r.Err != "" {
				t.Errorf("%s, %s: %s", do, hit, r.Err)
			}
			testkit.WantContent(t, path, after)
			wantNoTemps(t, filepath.Dir(path))
		}
		for _, name := range append([]string{"read", "statx"}, mustFail...) {
			if !interrupted[name] && !(do != "merge" && name == "read") && !(do == "append" && name == "copy_file_range") {
				t.Errorf("%s: %s was never interrupted; seen: %v", do, name, interrupted)
			}
		}
	}
}

// A kernel or filesystem that can't lock must not look like a lock that is free or held.
func TestAFilesystemThatCannotLockIsUnsupported(t *testing.T) {
	for _, errno := range []string{"ENOSYS", "ENOLCK", "EOPNOTSUPP"} {
		path := filepath.Join(t.TempDir(), "file.json")
		testkit.Put(t, path, "old")
		r, _ := task{Do: "write", Path: path, Data: "new"}.trace(t, "-e", "inject=flock:error="+errno)
		if !r.is("ErrUnsupportedEnvironment") || r.is("ErrLocked") || r.is("ErrTimeout") || !strings.Contains(r.Err, "WithLockDir") {
			t.Errorf("%s: %s, matches %v", errno, r.Err, r.Matches)
		}
		testkit.WantContent(t, path, "old")
	}
}

// Only EWOULDBLOCK is "busy"; what merely fails is tried no second time.
func TestOnlyEWOULDBLOCKIsBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	testkit.Put(t, path, "old")
	testkit.Put(t, path+".lock", "") // for the making of one the directory is locked too
	r, lines := task{Do: "write", Path: path, Data: "new"}.trace(t, "-e", "inject=flock:error=EACCES")
	if !r.is("ErrLock") || r.is("ErrLocked") {
		t.Errorf("%s, matches %v", r.Err, r.Matches)
	}
	if n := strings.Count(strings.Join(lines, "\n"), "flock("); n != 1 {
		t.Errorf("tried %d times", n)
	}
}

func TestAReadLocksNothingAndCreatesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	testkit.Put(t, path, "{}")
	r, lines := task{Do: "read", Path: path}.trace(t)
	if r.Data != "{}" {
		t.Fatalf("read %q, %s", r.Data, r.Err)
	}
	text := ""
	for _, c := range between(t, lines) {
		text += c.text + "\n"
	}
	for _, call := range []string{"flock(", "O_CREAT", "O_WRONLY", "O_RDWR", "fsync("} {
		if strings.Contains(text, call) {
			t.Errorf("a read calls %s", call)
		}
	}
	for _, flag := range []string{"O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"} {
		if !regexp.MustCompile(`openat\([^\n]*file\.json"[^\n]*` + flag).MatchString(text) {
			t.Errorf("it opens without %s", flag)
		}
	}
	testkit.WantNames(t, filepath.Dir(path), "file.json")
}

func TestAWriteThatChangesNoByteSyncsFileAndDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	testkit.Put(t, path, "same")
	before, err := os.Stat(path)
	testkit.Must(t, err)
	_, lines := task{Do: "write", Path: path, Data: "same"}.trace(t)
	var fsyncs []int
	for _, c := range between(t, lines) {
		if c.name == "fsync" {
			fsyncs = append(fsyncs, c.n)
		}
		if c.name == "renameat" {
			t.Error("it renames")
		}
	}
	after, err := os.Stat(path)
	testkit.Must(t, err)
	if len(fsyncs) != 2 || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("%s fsyncs; was %v, is %v", strconv.Itoa(len(fsyncs)), before.ModTime(), after.ModTime())
	}
}

// The mount table holds all that a write needs of fstatfs(2).
func TestADeniedFstatfsStopsNoWrite(t *testing.T) {
	testkit.NeedRoot(t)
	for _, errno := range []string{"EPERM", "EACCES", "ENOSYS"} {
		for _, safety := range []safefile.Safety{safefile.Strict, safefile.Warn, safefile.BestEffort} {
			path := target(t)
			r, lines := task{Do: "write", Path: path, Data: "new", Safety: safety}.trace(t, "-e", "inject=fstatfs:error="+errno)
			if injected := strings.Contains(strings.Join(lines, "\n"), "(INJECTED)"); r.Err != "" || !injected {
				t.Errorf("%s, %v: %q, injected: %v", errno, safety, r.Err, injected)
			}
			testkit.WantContent(t, path, "new")
		}
	}
	source, mounted := t.TempDir(), filepath.Join(t.TempDir(), "bound")
	disktest.Bind(t, source, mounted, "ro")
	r, _ := task{Do: "write", Path: filepath.Join(mounted, "file"), Data: "new", Errno: syscall.EROFS}.trace(t, "-e", "inject=fstatfs:error=EPERM")
	if !r.is("ErrUnsupportedEnvironment") || !r.Errno {
		t.Errorf("a read-only mount: %q, matches %v", r.Err, r.Matches)
	}
	testkit.WantNames(t, source)
}
