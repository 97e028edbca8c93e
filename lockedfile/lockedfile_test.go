package lockedfile_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAFunctionThatFailsLeavesTheFileAndFreesTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.txt")
	f := lockedfile.New[string](path)
	testkit.Must(t, f.Write("old"))
	ends := map[string]func() error{
		"error":  func() error { return errOwn },
		"panic":  func() error { panic("a panic") },
		"Goexit": func() error { runtime.Goexit(); return nil },
	}
	for name, end := range ends {
		done := make(chan any)
		go func() {
			var outcome any
			defer func() {
				if p := recover(); p != nil {
					outcome = p
				}
				done <- outcome
			}()
			outcome = f.Locked(func(tx *lockedfile.Tx[string]) error {
				testkit.Must(t, tx.Write("new"))
				return end()
			})
		}()
		want := map[string]any{"error": errOwn, "panic": "a panic", "Goexit": nil}[name]
		if got := <-done; got != want {
			t.Errorf("%s came out as %v", name, got)
		}
		testkit.WantContent(t, path, "old")
		l, err := lockedfile.TryAcquire(path, another())
		testkit.Must(t, err)
		testkit.Must(t, l.Release())
	}
	testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
}

func TestATxPanicsAfterItsFunction(t *testing.T) {
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"))
	var tx *lockedfile.Tx[counters]
	testkit.Must(t, f.Locked(func(open *lockedfile.Tx[counters]) error { tx = open; return nil }))
	for name, use := range map[string]func(){
		"Read":       func() { tx.Read() },
		"ReadOr":     func() { tx.ReadOr(nil) },
		"ReadBytes":  func() { tx.ReadBytes() },
		"Write":      func() { tx.Write(nil) },
		"WriteBytes": func() { tx.WriteBytes(nil) },
		"Merge":      func() { tx.Merge(nil) },
		"Append":     func() { tx.Append("") },
		"Remove":     func() { tx.Remove() },
	} {
		if got, _ := testkit.Panic(use).(string); !strings.HasPrefix(got, "lockedfile: Tx used after") {
			t.Errorf("%s after the function: %q", name, got)
		}
	}
}

func TestNilFunctionsPanicWithTheirName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	f, c := lockedfile.New[counters](path), lockedfile.NewContext[counters](path)
	ctx := context.Background()
	for name, call := range map[string]func(){
		"lockedfile.Locked: nil function":  func() { f.Locked(nil) },
		"lockedfile.Update: nil function":  func() { f.Update(nil) },
		"lockedfile.Locked: nil function ": func() { c.Locked(ctx, nil) },
		"lockedfile.Update: nil function ": func() { c.Update(ctx, nil) },
		"lockedfile.LockAll: nil function": func() { lockedfile.LockAll(ctx, []string{path}, nil) },
	} {
		if got := testkit.Panic(call); got != strings.TrimSpace(name) {
			t.Errorf("%q, want %q", got, name)
		}
	}
}

func TestWithoutLockFailsEveryCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	ctx := context.Background()
	f := lockedfile.New[counters](path, safefile.WithoutLock())
	c := lockedfile.NewContext[counters](path, safefile.WithOptions(safefile.WithoutLock()))
	calls := everyPlainCall(f)
	for name, call := range everyCall(c) {
		calls["ContextFile."+name] = func() error { return call(ctx) }
	}
	without := safefile.WithoutLock()
	calls["Acquire"] = func() error { return release(lockedfile.Acquire(ctx, path, without)) }
	calls["TryAcquire"] = func() error { return release(lockedfile.TryAcquire(path, without)) }
	calls["Inspect"] = func() error { _, err := lockedfile.Inspect(path, without); return err }
	calls["ForceRelease"] = func() error { return lockedfile.ForceRelease(path, without) }
	calls["ReleaseStale"] = func() error { _, err := lockedfile.ReleaseStale(path, without); return err }
	calls["LockAll"] = func() error {
		return lockedfile.LockAll(ctx, []string{path}, func(context.Context) error { panic("it ran") }, without)
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), "WithoutLock") {
			t.Errorf("%s: %v", name, err)
		}
	}
	testkit.WantNames(t, filepath.Dir(path))
}
