package lockedfile_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// inspect is Inspect that must succeed.
func inspect(t *testing.T, path string) lockedfile.Info {
	t.Helper()
	info, err := lockedfile.Inspect(path)
	testkit.Must(t, err)
	return info
}

func TestAnAcquiredLockKeepsEverybodyOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	l, err := lockedfile.Acquire(context.Background(), path)
	testkit.Must(t, err)
	_, err = lockedfile.TryAcquire(path)
	testkit.WantIs(t, "it", err, errors.ErrLocked, errors.ErrTimeout)
	testkit.WantIs(t, "it", safefile.WriteFile(path, nil, safefile.WithTimeout(0)), errors.ErrLocked)
	testkit.WantIs(t, "it", safefile.WriteFile(path, nil, safefile.WithTimeout(0), another()), errors.ErrLocked)
	p := start(t, "try", path)
	if got := p.Expect("tried"); !strings.Contains(got, "the lock is held, held by process") {
		t.Errorf("another process was told %q", got)
	}
	testkit.Must(t, l.Release())
	testkit.WantIs(t, "it", l.Release(), errors.ErrLock)
	testkit.Must(t, safefile.WriteFile(path, []byte("new"), safefile.WithTimeout(0), another()))
	testkit.WantContent(t, path, "new")
}

func init() {
	roles["try"] = func(args []string) {
		err := safefile.WriteFile(args[0], nil, safefile.WithTimeout(0))
		if !errors.Is(err, errors.ErrLocked) {
			testkit.Check(fmt.Errorf("not refused: %w", err))
		}
		testkit.Say("tried", err.Error())
	}
}

// The record is there while a function, or the holder of a Lock, has the lock,
// and gone afterwards; a plain write leaves none.
func TestTheHoldersRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	host, err := os.Hostname()
	testkit.Must(t, err)
	if info := inspect(t, path); info != (lockedfile.Info{LockPath: path + ".lock"}) || info.Age() != 0 {
		t.Errorf("without a lock file: %+v", info)
	}
	if _, err := os.Stat(path + ".lock"); !errors.Is(err, os.ErrNotExist) {
		t.Error("Inspect made the lock file")
	}
	f := lockedfile.New[counters](path)
	testkit.Must(t, f.Write(nil))
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
			testkit.Must(t, err)
			during("Acquire")
			return l.Release()
		},
		"Create": func() error {
			w, err := f.Create()
			testkit.Must(t, err)
			during("Create")
			return w.Close()
		},
	} {
		testkit.Must(t, use())
		after(what)
	}
}

func TestATimeoutNamesTheHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	start := time.Now()
	err := lockedfile.New[counters](path, safefile.WithTimeout(30*time.Millisecond)).Write(nil)
	testkit.WantIs(t, "it", err, errors.ErrTimeout, context.DeadlineExceeded)
	if errors.Is(err, errors.ErrLocked) {
		t.Error("a timeout matches ErrLocked")
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	detail, ok := errors.AsType[*errors.TimeoutError](err)
	host, _ := os.Hostname()
	want := fmt.Sprintf("process %d on %q since ", holder.Cmd.Process.Pid, host)
	if !ok || detail.Path != path || detail.Timeout != 30*time.Millisecond || !strings.HasPrefix(detail.Holder, want) || !strings.Contains(err.Error(), want) {
		t.Errorf("the details are %+v, the text is %q", detail, err)
	}
}

// Anybody may write into a lock file, so nothing of it goes unquoted to a terminal.
func TestAForgedRecordIsQuoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := occupied(t, path)
	defer holder.Kill()
	forged := fmt.Sprintf("%-159s\n", "# holdfast pid=1 host=\x1b[2J\x07evil since=2020-01-01T00:00:00Z")
	testkit.Put(t, path+".lock", forged)
	err := safefile.WriteFile(path, nil, safefile.WithTimeout(0))
	testkit.WantIs(t, "it", err, errors.ErrLocked)
	if text := err.Error(); strings.ContainsAny(text, "\x1b\x07") || !strings.Contains(text, `process 1 on "\x1b[2J\aevil" since 2020-01-01`) {
		t.Errorf("the error says %q", text)
	}
	testkit.Must(t, os.WriteFile(path+".lock", append([]byte("# holdfast "), bytes.Repeat([]byte{0xff}, 1000)...), 0o600))
	testkit.WantIs(t, "it", safefile.WriteFile(path, nil, safefile.WithTimeout(0)), errors.ErrLocked)
}

func TestAForgottenLockIsReleasedAndReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	log := &testkit.Log{}
	func() {
		if _, err := lockedfile.Acquire(context.Background(), path, safefile.WithLogger(log.Logger())); err != nil {
			t.Fatal(err)
		}
	}()
	testkit.Until(t, "the lock is free", func() bool {
		runtime.GC()
		l, err := lockedfile.TryAcquire(path)
		if err != nil {
			return false
		}
		testkit.Must(t, l.Release())
		return true
	})
	if text := log.String(); strings.Count(text, "a lock was forgotten") != 1 || !strings.Contains(text, path) {
		t.Errorf("the log says %q", text)
	}
}

func TestAReadOnlyLockFileServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	testkit.Must(t, os.WriteFile(path+".lock", nil, 0o444))
	testkit.Must(t, os.Chmod(path+".lock", 0o444))
	want := fs.FileMode(0o644) // its owner mends it
	if os.Chown(path+".lock", 1234, 1234) == nil {
		want = 0o444
	}
	f := lockedfile.New[counters](path)
	testkit.Must(t, f.Update(func(v *counters) error { (*v)["a"] = 1; return nil }))
	testkit.Must(t, f.Write(counters{"a": 2}))
	l, err := lockedfile.TryAcquire(path)
	testkit.Must(t, err)
	testkit.Must(t, l.Release())
	if info, err := os.Stat(path + ".lock"); err != nil || info.Mode().Perm() != want {
		t.Errorf("the lock file has %v, %v", info.Mode(), err)
	}
}

// A person who removes the lock file by hand has revoked the lock.
func TestALockFileTakenAwayByHandIsALostLock(t *testing.T) {
	for name, take := range map[string]func(lock string) error{
		"deleted":  os.Remove,
		"renamed":  func(lock string) error { return os.Rename(lock, lock+".away") },
		"replaced": func(lock string) error { return errors.Join(os.Remove(lock), os.WriteFile(lock, nil, 0o600)) },
	} {
		path := filepath.Join(t.TempDir(), "f.txt")
		f := lockedfile.New[string](path)
		testkit.Must(t, f.Write("old"))
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
				testkit.Must(t, take(path+".lock"))
				return change(tx)
			})
			if !errors.Is(err, errors.ErrLockLost) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			testkit.WantContent(t, path, "old")
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
		testkit.Must(t, err)
		testkit.Must(t, take(path+".lock"))
		testkit.WantIs(t, "it", l.Release(), errors.ErrLockLost)
		testkit.Must(t, f.Write("new"))
		testkit.WantContent(t, path, "new")
		testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
	}
}

// Each test with testing/synctest has a clock of its own. A file that was used in one has its past in a later time.
func TestAFileCanBeUsedInSeveralBubbles(t *testing.T) {
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"))
	for _, pause := range []time.Duration{time.Hour, 0} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			for range 2 {
				testkit.Must(t, f.Update(func(v *counters) error { time.Sleep(pause); return nil }))
			}
			if took := time.Since(began); took > 2*pause+time.Second {
				t.Errorf("two calls have taken %v", took)
			}
		})
	}
}

func TestALongWaitForOneselfIsLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	log := &testkit.Log{}
	f := lockedfile.New[counters](path, safefile.WithLogger(log.Logger()), safefile.WithTimeout(11*time.Second))
	synctest.Test(t, func(t *testing.T) {
		_, file, line, _ := runtime.Caller(0)
		err := f.Locked(func(*lockedfile.Tx[counters]) error {
			return f.Update(func(*counters) error { return nil })
		})
		testkit.WantIs(t, "it", err, errors.ErrTimeout)
		if !strings.Contains(log.String(), fmt.Sprintf("%s:%d", file, line+1)) {
			t.Errorf("the log says %q", log)
		}
	})
}
