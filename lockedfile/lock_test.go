package lockedfile_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// inspect is Inspect that must succeed.
func inspect(t *testing.T, path string) lockedfile.Info {
	t.Helper()
	info, err := lockedfile.Inspect(path)
	must(t, err)
	return info
}

func TestAnAcquiredLockKeepsEverybodyOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	l, err := lockedfile.Acquire(context.Background(), path)
	must(t, err)
	_, err = lockedfile.TryAcquire(path)
	is(t, err, errors.ErrLocked, errors.ErrTimeout)
	is(t, safefile.WriteFile(path, nil, safefile.WithTimeout(0)), errors.ErrLocked)
	is(t, safefile.WriteFile(path, nil, safefile.WithTimeout(0), another()), errors.ErrLocked)
	p := start(t, "try", path)
	if got := p.expect("tried"); !strings.Contains(got, "the lock is held, held by process") {
		t.Errorf("another process was told %q", got)
	}
	must(t, l.Release())
	is(t, l.Release(), errors.ErrLock)
	must(t, safefile.WriteFile(path, []byte("new"), safefile.WithTimeout(0), another()))
	holds(t, path, "new")
}

func init() {
	roles["try"] = func(args []string) {
		err := safefile.WriteFile(args[0], nil, safefile.WithTimeout(0))
		if !errors.Is(err, errors.ErrLocked) {
			check(fmt.Errorf("not refused: %w", err))
		}
		say("tried", err.Error())
	}
}

// The record is there while a function, or the holder of a Lock, has the lock,
// and gone afterwards; a plain write leaves none.
func TestTheHoldersRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	host, err := os.Hostname()
	must(t, err)
	if info := inspect(t, path); info != (lockedfile.Info{LockPath: path + ".lock"}) || info.Age() != 0 {
		t.Errorf("without a lock file: %+v", info)
	}
	if _, err := os.Stat(path + ".lock"); !errors.Is(err, os.ErrNotExist) {
		t.Error("Inspect made the lock file")
	}
	f := lockedfile.New[counters](path)
	must(t, f.Write(nil))
	if info, err := os.Stat(path + ".lock"); err != nil || info.Size() != 0 {
		t.Errorf("a plain write left %d bytes in the lock file (%v)", info.Size(), err)
	}
	during := func(what string) {
		t.Helper()
		info := inspect(t, path)
		if !info.Held || info.Stale || info.PID != os.Getpid() || info.Host != host || info.Age() < 0 || info.Age() > time.Minute || info.LockPath != path+".lock" {
			t.Errorf("%s: %+v", what, info)
		}
	}
	after := func(what string) {
		t.Helper()
		if info := inspect(t, path); info != (lockedfile.Info{LockPath: path + ".lock"}) {
			t.Errorf("after %s: %+v", what, info)
		}
		if info, err := os.Stat(path + ".lock"); err != nil || info.Size() != 160 {
			t.Errorf("after %s the lock file has %d bytes (%v)", what, info.Size(), err)
		}
	}
	for what, use := range map[string]func() error{
		"Locked": func() error {
			return f.Locked(func(*lockedfile.Tx[counters]) error { during("Locked"); return nil })
		},
		"Update": func() error { return f.Update(func(*counters) error { during("Update"); return nil }) },
		"LockAll": func() error {
			return lockedfile.LockAll(context.Background(), []string{path}, func(context.Context) error { during("LockAll"); return nil })
		},
		"Acquire": func() error {
			l, err := lockedfile.TryAcquire(path)
			must(t, err)
			during("Acquire")
			return l.Release()
		},
		"Create": func() error {
			w, err := f.Create()
			must(t, err)
			during("Create")
			return w.Close()
		},
	} {
		must(t, use())
		after(what)
	}
}

func TestATimeoutNamesTheHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	start := time.Now()
	err := lockedfile.New[counters](path, safefile.WithTimeout(30*time.Millisecond)).Write(nil)
	is(t, err, errors.ErrTimeout, context.DeadlineExceeded)
	if errors.Is(err, errors.ErrLocked) {
		t.Error("a timeout matches ErrLocked")
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	detail, ok := errors.AsType[*errors.TimeoutError](err)
	host, _ := os.Hostname()
	want := fmt.Sprintf("process %d on %q since ", holder.cmd.Process.Pid, host)
	if !ok || detail.Path != path || detail.Timeout != 30*time.Millisecond || !strings.HasPrefix(detail.Holder, want) || !strings.Contains(err.Error(), want) {
		t.Errorf("the details are %+v, the text is %q", detail, err)
	}
}

// Anybody may write into a lock file, so nothing of it goes unquoted to a terminal.
func TestAForgedRecordIsQuoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	defer holder.kill()
	forged := fmt.Sprintf("%-159s\n", "# holdfast pid=1 host=\x1b[2J\x07evil since=2020-01-01T00:00:00Z")
	must(t, os.WriteFile(path+".lock", []byte(forged), 0o600))
	err := safefile.WriteFile(path, nil, safefile.WithTimeout(0))
	is(t, err, errors.ErrLocked)
	if text := err.Error(); strings.ContainsAny(text, "\x1b\x07") || !strings.Contains(text, `"\x1b[2J\aevil"`) {
		t.Errorf("the error says %q", text)
	}
	must(t, os.WriteFile(path+".lock", append([]byte("# holdfast "), bytes.Repeat([]byte{0xff}, 1000)...), 0o600))
	is(t, safefile.WriteFile(path, nil, safefile.WithTimeout(0)), errors.ErrLocked)
}

func TestAForgottenLockIsReleasedAndReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	log := &journal{}
	func() {
		if _, err := lockedfile.Acquire(context.Background(), path, safefile.WithLogger(slog.New(slog.NewTextHandler(log, nil)))); err != nil {
			t.Fatal(err)
		}
	}()
	until(t, "the lock is free", func() bool {
		runtime.GC()
		l, err := lockedfile.TryAcquire(path)
		if err != nil {
			return false
		}
		must(t, l.Release())
		return true
	})
	if text := log.String(); strings.Count(text, "a lock was forgotten") != 1 || !strings.Contains(text, path) {
		t.Errorf("the log says %q", text)
	}
}

// journal is a text that is read while others write it.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestAReadOnlyLockFileServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	must(t, os.WriteFile(path+".lock", nil, 0o444))
	must(t, os.Chmod(path+".lock", 0o444))
	want := fs.FileMode(0o644) // its owner mends it
	if os.Chown(path+".lock", 1234, 1234) == nil {
		want = 0o444
	}
	f := lockedfile.New[counters](path)
	must(t, f.Update(func(v *counters) error { (*v)["a"] = 1; return nil }))
	must(t, f.Write(counters{"a": 2}))
	l, err := lockedfile.TryAcquire(path)
	must(t, err)
	must(t, l.Release())
	if info, err := os.Stat(path + ".lock"); err != nil || info.Mode().Perm() != want {
		t.Errorf("the lock file has %v, %v", info.Mode(), err)
	}
}

// Whoever takes the lock file away by hand has revoked the lock.
func TestALockFileTakenAwayByHandIsALostLock(t *testing.T) {
	for name, take := range map[string]func(lock string) error{
		"deleted":  os.Remove,
		"renamed":  func(lock string) error { return os.Rename(lock, lock+".away") },
		"replaced": func(lock string) error { return errors.Join(os.Remove(lock), os.WriteFile(lock, nil, 0o600)) },
	} {
		path := filepath.Join(t.TempDir(), "f.txt")
		f := lockedfile.New[string](path)
		must(t, f.Write("old"))
		for what, change := range map[string]func(*lockedfile.Tx[string]) error{
			"write":  func(tx *lockedfile.Tx[string]) error { return tx.Write("new") },
			"append": func(tx *lockedfile.Tx[string]) error { return tx.Append("new") },
			"remove": func(tx *lockedfile.Tx[string]) error { return tx.Remove() },
			"same":   func(tx *lockedfile.Tx[string]) error { return tx.Write("old") },
			"read":   func(tx *lockedfile.Tx[string]) error { _, err := tx.Read(); return err },
			"bytes":  func(tx *lockedfile.Tx[string]) error { _, err := tx.ReadBytes(); return err },
			"none":   func(*lockedfile.Tx[string]) error { return nil },
		} {
			err := f.Locked(func(tx *lockedfile.Tx[string]) error {
				must(t, take(path+".lock"))
				return change(tx)
			})
			if !errors.Is(err, errors.ErrLockLost) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			holds(t, path, "old")
		}
		err := f.Update(func(*string) error { return take(path + ".lock") })
		if !errors.Is(err, errors.ErrLockLost) {
			t.Errorf("%s, an Update that changes nothing: %v", name, err)
		}
		err = f.Locked(func(*lockedfile.Tx[string]) error { return errors.Join(take(path+".lock"), errOwn) })
		if !errors.Is(err, errOwn) || errors.Is(err, errors.ErrLockLost) {
			t.Errorf("%s, the function's own error: %v", name, err)
		}
		l, err := lockedfile.TryAcquire(path)
		must(t, err)
		must(t, take(path+".lock"))
		is(t, l.Release(), errors.ErrLockLost)
		must(t, f.Write("new"))
		holds(t, path, "new")
		clean(t, filepath.Dir(path))
	}
}

func TestALongWaitForOneselfIsLogged(t *testing.T) {
	t.Parallel() // it takes ten seconds, and no work
	path := filepath.Join(t.TempDir(), "f.json")
	log := &journal{}
	f := lockedfile.New[counters](path, safefile.WithLogger(slog.New(slog.NewTextHandler(log, nil))), safefile.WithTimeout(11*time.Second))
	_, file, line, _ := runtime.Caller(0)
	err := f.Locked(func(*lockedfile.Tx[counters]) error {
		return f.Update(func(*counters) error { return nil })
	})
	is(t, err, errors.ErrTimeout)
	if !strings.Contains(log.String(), fmt.Sprintf("%s:%d", file, line+1)) {
		t.Errorf("the log says %q", log)
	}
}
