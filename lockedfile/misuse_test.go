package lockedfile_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestALockedFileWarnsOfOneCauseOnce(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.SyncDir {
			return syscall.EINVAL // it has no such call
		}
		return nil
	})
	log := &testkit.Log{}
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"), on(disk), safefile.WithSafety(safefile.Warn),
		safefile.WithLogger(log.Logger()))
	for range 3 {
		testkit.Must(t, f.Write(counters{"a": 1}))
		testkit.Must(t, f.Update(func(v *counters) error { (*v)["a"]++; return nil }))
		testkit.Must(t, f.Append("\n"))
	}
	if text := log.String(); strings.Count(text, "\n") != 1 {
		t.Errorf("the log says\n%s", text)
	}
}

func TestAZeroHandleFailsAndSaysWhatMakesOne(t *testing.T) {
	ctx := context.Background()
	var f lockedfile.LockedFile[counters]
	var c lockedfile.ContextFile[counters]
	var l lockedfile.Lock
	fails := func(name, want string, err error) {
		if !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one that names %s", name, err, want)
		}
	}
	for name, call := range everyPlainCall(&f) {
		fails(name, "lockedfile.New", call())
	}
	for name, call := range everyCall(&c) {
		fails(name, "lockedfile.NewContext", call(ctx))
	}
	fails("Release", "Acquire", l.Release())
	if c.Path() != "" || f.Path() != "" {
		t.Error("a zero handle has a path")
	}
}

func TestMisuseByTheProgrammerPanicsWithAQualifiedName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	c := lockedfile.NewContext[counters](path)
	var none context.Context
	for name, call := range map[string]func(){
		"ContextFile.Read":   func() { _, _ = c.Read(none) },
		"ContextFile.Write":  func() { _ = c.Write(none, nil) },
		"ContextFile.Locked": func() { _ = c.Locked(none, func(context.Context, *lockedfile.Tx[counters]) error { return nil }) },
		"Acquire":            func() { _, _ = lockedfile.Acquire(none, path) },
		"LockAll":            func() { _ = lockedfile.LockAll(none, []string{path}, func(context.Context) error { return nil }) },
		"Tx.Read":            func() { _, _ = new(lockedfile.Tx[counters]).Read() },
		"Tx.Write":           func() { _ = new(lockedfile.Tx[counters]).Write(nil) },
		"nil option":         func() { lockedfile.New[counters](path, nil) },
	} {
		if text, ok := testkit.Panic(call).(string); !ok || !strings.Contains(text, "file.") {
			t.Errorf("%s: panics with %v", name, testkit.Panic(call))
		}
	}
}

// A context that has ended ends the wait, not what needs none.
func TestAnEndedContextIsTheErrorOfEveryCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	c := lockedfile.NewContext[counters](path)
	testkit.Must(t, c.Write(context.Background(), counters{"a": 1}))
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errOwn)
	calls := everyCall(c)
	calls["Acquire"] = func(ctx context.Context) error { _, err := lockedfile.Acquire(ctx, path); return err }
	calls["LockAll"] = func(ctx context.Context) error {
		return lockedfile.LockAll(ctx, []string{path}, func(context.Context) error { t.Error("it ran"); return nil })
	}
	for name, call := range calls {
		err := call(ctx)
		if !errors.Is(err, errOwn) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	testkit.WantContent(t, path, "{\n  \"a\": 1\n}\n")
}
