package lockedfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// counters is what most tests keep.
type counters map[string]int

var errOwn = errors.New("the function's own error")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is fails unless err matches all the sentinels.
func is(t testing.TB, err error, sentinels ...error) {
	t.Helper()
	for _, want := range sentinels {
		if !errors.Is(err, want) {
			t.Errorf("%v does not match %v", err, want)
		}
	}
}

// holds fails unless the file holds the text; "" is for no file.
func holds(t testing.TB, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if want == "" && errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

// clean fails if temps are left in the directory.
func clean(t testing.TB, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".holdfast-*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// until waits for a condition, and fails if it does not come in a minute.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// another is an option for handles that know nothing of the process's others,
// as if they were another process.
func another() safefile.Option { return on(vfs.OS) }

// on puts a filesystem below a handle.
func on(disk vfs.FS) safefile.Option {
	e := engine.New(store.NewDisk(disk))
	return handle.OptionFunc(func(o *handle.Options) { o.Engine = e })
}

// panics gives what a call panics with, nil if it does not.
func panics(call func()) (value any) {
	defer func() { value = recover() }()
	call()
	return nil
}

// occupied is a file whose lock another process holds until it is killed or
// goes on.
func occupied(t *testing.T, path string) *process {
	t.Helper()
	p := start(t, "hold", path)
	p.expect("held")
	return p
}

func init() {
	roles["hold"] = func(args []string) {
		f := lockedfile.New[counters](args[0])
		err := f.Locked(func(*lockedfile.Tx[counters]) error {
			say("held")
			pause()
			return nil
		})
		if errors.Is(err, errors.ErrLockLost) {
			say("lost")
			return
		}
		check(err)
		say("released")
	}
}

// waiting counts this process's goroutines that wait in the function of that name.
func waiting(function string) int {
	buf := make([]byte, 1<<24)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), function)
}
