package lockedfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// nextLine is FILE:LINE of the line after its caller's.
func nextLine() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line+1)
}

func TestATimeoutSaysWhichCallOfThisProcessHoldsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	short := safefile.WithTimeout(20 * time.Millisecond)
	f := lockedfile.New[counters](path, short)
	c := lockedfile.NewContext[counters](path, short)
	ctx := context.Background()
	var held string // where the holder called
	var err error   // of the call that waits for it
	write := func() { err = f.Write(nil) }
	for name, deadlock := range map[string]func(){
		"Locked, Write": func() {
			held = nextLine()
			testkit.Must(t, f.Locked(func(*lockedfile.Tx[counters]) error { write(); return nil }))
		},
		"Update, Update": func() {
			held = nextLine()
			testkit.Must(t, f.Update(func(*counters) error {
				err = f.Update(func(*counters) error { return nil })
				return nil
			}))
		},
		"Locked, Remove without the context": func() {
			held = nextLine()
			testkit.Must(t, c.Locked(ctx, func(context.Context, *lockedfile.Tx[counters]) error { err = c.Remove(ctx); return nil }))
		},
		"Create, Write": func() {
			held = nextLine()
			w, failed := f.Create()
			testkit.Must(t, failed)
			defer w.Close()
			write()
		},
		"Acquire, Create": func() {
			held = nextLine()
			l, failed := lockedfile.Acquire(ctx, path)
			testkit.Must(t, failed)
			defer l.Release()
			_, err = f.Create()
		},
		"TryAcquire, TryAcquire": func() {
			held = nextLine()
			l, failed := lockedfile.TryAcquire(path)
			testkit.Must(t, failed)
			defer l.Release()
			_, err = lockedfile.TryAcquire(path)
		},
		"LockAll, Move": func() {
			testkit.Must(t, os.WriteFile(path, []byte("{}"), 0o644)) // a missing file is not waited for
			held = nextLine()
			testkit.Must(t, lockedfile.LockAll(ctx, []string{path, path + "2"}, func(context.Context) error {
				err = safefile.Move(path, path+"2", short)
				return nil
			}))
		},
		"LockAll, LockAll": func() {
			held = nextLine()
			testkit.Must(t, lockedfile.LockAll(ctx, []string{path}, func(context.Context) error {
				err = lockedfile.LockAll(ctx, []string{path}, func(context.Context) error { return nil }, short)
				return nil
			}))
		},
	} {
		deadlock()
		testkit.WantIs(t, "it", err, errors.ErrTimeout, context.DeadlineExceeded)
		want := "this process at " + held
		detail, ok := errors.AsType[*errors.TimeoutError](err)
		if !ok || detail.Holder != want || !strings.Contains(err.Error(), "held by "+want) {
			t.Errorf("%s: the error is %v, want %q", name, err, want)
		}
	}
}

// A holder that was killed has left its record and its temps.
func TestWhatADeadHolderLeftIsStaleAndCanBeCleared(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("where nothing is: %v, %v", released, err)
	}
	holder := start(t, "hold a draft", path)
	holder.Expect("held")
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("while the holder lives: %v, %v", released, err)
	}
	pid := holder.Cmd.Process.Pid
	holder.Kill()
	if info := inspect(t, path); info.Held || !info.Stale || info.PID != pid {
		t.Errorf("after its death: %+v", info)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".holdfast-*")); len(left) != 1 {
		t.Fatalf("the dead holder left %q", left)
	}
	if released, err := lockedfile.ReleaseStale(path); !released || err != nil {
		t.Errorf("ReleaseStale: %v, %v", released, err)
	}
	testkit.WantNone(t, dir, ".holdfast-*")
	if info := inspect(t, path); info.Stale || info.Held {
		t.Errorf("afterwards: %+v", info)
	}
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("once more: %v, %v", released, err)
	}
}

func init() {
	roles["hold a draft"] = func(args []string) {
		w, err := lockedfile.New[counters](args[0]).Create()
		testkit.Check(err)
		_, err = w.Write([]byte("a part"))
		testkit.Check(err)
		testkit.Say("held")
		<-testkit.Told()
	}
}

// The next holder clears up too, without being asked.
func TestADeadHolderIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := start(t, "hold a draft", path)
	holder.Expect("held")
	result := make(chan error)
	go func() { result <- lockedfile.New[counters](path).Write(counters{"a": 1}) }()
	untilWaiting(t)
	holder.Kill()
	testkit.Must(t, <-result)
	testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
}
