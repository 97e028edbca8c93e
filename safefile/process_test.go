package safefile_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// A task is what the test binary does when it runs itself as another process:
// as another user, with another umask, or under strace.
type task struct {
	Do     string // "write", "write twice", "append", "merge", "remove", "read", "inspect", or "os.WriteFile"
	Path   string
	Data   string
	Perm   fs.FileMode
	Umask  int
	Safety safefile.Safety
	Locks  string        // the lock's directory; empty for beside the file
	Errno  syscall.Errno // is the error this one?
	Mark   bool          // stat the mark before and after
}

// report is what came of it.
type report struct {
	Err     string   // its text
	Matches []string // the sentinels that it matches
	Errno   bool     // and the errno that was asked about
	Data    string   // what was read
}

func (r report) is(sentinel string) bool { return slices.Contains(r.Matches, sentinel) }

var sentinels = map[string]error{
	"ErrFile": errors.ErrFile, "ErrRead": errors.ErrRead, "ErrWrite": errors.ErrWrite, "ErrAppend": errors.ErrAppend,
	"ErrTimeout": errors.ErrTimeout, "ErrLocked": errors.ErrLocked, "ErrLock": errors.ErrLock, "ErrLockLost": errors.ErrLockLost,
	"ErrNotDurable": errors.ErrNotDurable, "ErrUnsupportedEnvironment": errors.ErrUnsupportedEnvironment,
	"ErrSymlink": errors.ErrSymlink, "ErrPermission": fs.ErrPermission, "ErrNotExist": fs.ErrNotExist,
}

const (
	taskVariable = "HOLDFAST_TEST_TASK"
	taskMark     = "/holdfast-test-mark"
)

// The main goroutine of a task stays on the main thread, since strace counts
// the calls of each thread by itself.
func init() {
	if os.Getenv(taskVariable) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if text := os.Getenv(taskVariable); text != "" {
		var t task
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			panic(err)
		}
		json.NewEncoder(os.Stdout).Encode(t.run())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func (t task) run() report {
	setUmask(t.Umask)
	if t.Perm == 0 {
		t.Perm = 0o666
	}
	f := safefile.New[map[string]int](t.Path, safefile.WithMode(t.Perm), safefile.WithSafety(t.Safety), quiet, jsonCodec)
	if t.Locks != "" {
		f = safefile.New[map[string]int](t.Path, safefile.WithMode(t.Perm), safefile.WithSafety(t.Safety), quiet, jsonCodec,
			safefile.WithLockDir(t.Locks))
	}
	t.mark()
	data, err := t.do(f)
	t.mark()
	r := report{Data: string(data)}
	if err != nil {
		r.Err = err.Error()
		r.Errno = errors.Is(err, t.Errno)
	}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			r.Matches = append(r.Matches, name)
		}
	}
	return r
}

func (t task) do(f *safefile.SafeFile[map[string]int]) ([]byte, error) {
	switch t.Do {
	case "write":
		return nil, f.WriteBytes([]byte(t.Data))
	case "write twice":
		again := safefile.New[string](t.Path, safefile.WithTimeout(5*time.Second))
		return nil, errors.Join(f.WriteBytes([]byte("first")), again.WriteBytes([]byte(t.Data)))
	case "append":
		return nil, f.Append(t.Data)
	case "merge":
		return nil, f.Merge(map[string]int{t.Data: 1})
	case "remove":
		return nil, f.Remove()
	case "read":
		return f.ReadBytes()
	case "inspect":
		r, err := guarantee.Inspect(t.Path)
		return fmt.Appendf(nil, "mount %v, AtomicVisibility %v", r.Environment.FileMount, r.Guarantees[guarantee.AtomicVisibility]), err
	case "os.WriteFile":
		return nil, os.WriteFile(t.Path, []byte(t.Data), t.Perm)
	}
	return nil, fmt.Errorf("no such task: %q", t.Do)
}

// mark makes a call that shows in a trace.
func (t task) mark() {
	if t.Mark {
		os.Lstat(taskMark)
	}
}

// self is the test binary, ready to do the task, behind the given command.
func (t task) self(tb testing.TB, before ...string) *exec.Cmd {
	tb.Helper()
	exe, err := os.Executable()
	must(tb, err)
	text, err := json.Marshal(t)
	must(tb, err)
	args := append(before, exe)
	cmd := exec.Command(args[0], args[1:]...)
	// The race detector would sleep for a second at the end of each process.
	cmd.Env = append(os.Environ(), taskVariable+"="+string(text), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func reportOf(tb testing.TB, cmd *exec.Cmd) (r report) {
	tb.Helper()
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
	must(tb, json.Unmarshal(out, &r))
	return r
}
