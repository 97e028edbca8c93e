//go:build unix

package safefile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
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

// taskMark is the path of a call that shows in a trace.
const taskMark = "/holdfast-test-mark"

// The main goroutine of a task stays on the main thread, since strace counts
// the calls of each thread by itself.
func init() {
	if testkit.InRole() {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"task": func(args []string) {
		var t task
		if err := json.Unmarshal([]byte(args[0]), &t); err != nil {
			panic(err)
		}
		json.NewEncoder(os.Stdout).Encode(t.run())
	}, "watch": watchRole})
}

// numbered is the value of the files that tests watch.
type numbered struct{ N int }

// watchRole says what a watch of a file yields. Before, it writes to the files that the other arguments name, as
// NAME=CONTENT.
func watchRole(args []string) {
	for _, set := range args[1:] {
		name, content, _ := strings.Cut(set, "=")
		testkit.Check(os.WriteFile(name, []byte(content), 0))
	}
	for v, err := range safefile.New[numbered](args[0], logging(os.Stdout)).Watch(context.Background()) {
		switch {
		case errors.Is(err, fs.ErrPermission):
			testkit.Say("permission denied")
		case err != nil:
			testkit.Say("error", err.Error())
		default:
			testkit.Say("value", strconv.Itoa(v.N))
		}
	}
}

func (t task) run() report {
	syscall.Umask(t.Umask)
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

// self is the test binary, ready to do the task.
func (t task) self(tb testing.TB) *exec.Cmd {
	tb.Helper()
	text, err := json.Marshal(t)
	testkit.Must(tb, err)
	return testkit.Self(tb, "task", string(text))
}

func reportOf(tb testing.TB, cmd *exec.Cmd) (r report) {
	tb.Helper()
	testkit.Must(tb, json.Unmarshal(testkit.Output(tb, cmd), &r))
	return r
}

// as does a task as another user, who is in one group and no other.
func (t task) as(tb testing.TB, uid, gid uint32) report {
	tb.Helper()
	return reportOf(tb, testkit.As(tb, t.self(tb), uid, gid))
}
