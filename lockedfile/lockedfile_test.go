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

func TestUpdateOfAMissingFileStartsFromTheZeroValue(t *testing.T) {
	dir := t.TempDir()
	m := lockedfile.New[counters](filepath.Join(dir, "map.json"))
	testkit.Must(t, m.Update(func(v *counters) error {
		if *v == nil {
			t.Error("the map is nil")
		}
		(*v)["a"]++
		return nil
	}))
	s := lockedfile.New[struct{ Name string }](filepath.Join(dir, "struct.json"))
	testkit.Must(t, s.Update(func(v *struct{ Name string }) error { v.Name += "x"; return nil }))
	if v, err := m.Read(); err != nil || v["a"] != 1 {
		t.Errorf("read %v, %v", v, err)
	}
	if v, err := s.Read(); err != nil || v.Name != "x" {
		t.Errorf("read %v, %v", v, err)
	}
}

func TestATransactionOnAMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	f := lockedfile.New[counters](path)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
		_, err := tx.Read()
		testkit.WantIs(t, "it", err, fs.ErrNotExist)
		_, err = tx.ReadBytes()
		testkit.WantIs(t, "it", err, fs.ErrNotExist)
		testkit.WantIs(t, "it", tx.Remove(), fs.ErrNotExist)
		if v, err := tx.ReadOr(counters{"def": 1}); err != nil || v["def"] != 1 {
			t.Errorf("ReadOr gave %v, %v", v, err)
		}
		return nil
	}))
	testkit.WantContent(t, path, testkit.Missing)
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error { return tx.Merge(counters{"a": 1}) }))
	if v, err := f.Read(); err != nil || v["a"] != 1 {
		t.Errorf("read %v, %v", v, err)
	}
}

// Nothing is there before, nothing after, and in between there was a file.
func TestAFileThatIsMadeAndRemovedInOneTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.txt")
	f := lockedfile.New[string](path)
	for _, before := range []string{"", "old"} {
		if before != "" {
			testkit.Must(t, f.Write(before))
		}
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[string]) error {
			return errors.Join(tx.Write("new"), tx.Append("er"), tx.Remove())
		}))
		testkit.WantContent(t, path, testkit.Missing)
	}
}

func TestATransactionSeesWhatItStaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.txt")
	f := lockedfile.New[string](path)
	testkit.Must(t, f.Write("old"))
	see := func(tx *lockedfile.Tx[string], want string) {
		t.Helper()
		if got, err := tx.Read(); err != nil || got != want {
			t.Errorf("Read gave %q, %v, want %q", got, err, want)
		}
		if got, err := tx.ReadBytes(); err != nil || string(got) != want {
			t.Errorf("ReadBytes gave %q, %v, want %q", got, err, want)
		}
	}
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[string]) error {
		see(tx, "old")
		testkit.Must(t, tx.Append(" and more"))
		see(tx, "old and more")
		testkit.Must(t, tx.Write("new"))
		see(tx, "new")
		testkit.Must(t, tx.Remove())
		_, err := tx.Read()
		testkit.WantIs(t, "it", err, fs.ErrNotExist)
		testkit.Must(t, tx.WriteBytes([]byte("bytes")))
		see(tx, "bytes")
		testkit.WantContent(t, path, "old")
		return nil
	}))
	testkit.WantContent(t, path, "bytes")
}

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
