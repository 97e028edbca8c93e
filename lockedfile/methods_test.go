package lockedfile_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestEveryHandleHasEveryMethodOfSafeFile(t *testing.T) {
	safe := reflect.TypeFor[*safefile.SafeFile[counters]]()
	locked := reflect.TypeFor[*lockedfile.LockedFile[counters]]()
	withContext := reflect.TypeFor[*lockedfile.ContextFile[counters]]()
	for i := range safe.NumMethod() {
		want := safe.Method(i)
		if got, ok := locked.MethodByName(want.Name); !ok || signature(got, 0) != signature(want, 0) {
			t.Errorf("LockedFile.%s: %v, want %v", want.Name, got.Type, want.Type)
		}
		skip := 1                                        // the context
		if want.Name == "Path" || want.Name == "Watch" { // which has one in each handle
			skip = 0
		}
		got, ok := withContext.MethodByName(want.Name)
		if !ok || signature(got, skip) != signature(want, 0) {
			t.Errorf("ContextFile.%s: %v, want %v with a context first", want.Name, got.Type, want.Type)
		} else if skip == 1 && got.Type.In(1) != reflect.TypeFor[context.Context]() {
			t.Errorf("ContextFile.%s has no context first", want.Name)
		}
	}
}

// signature gives what a method takes after its receiver and skip arguments, and what it
// returns.
func signature(m reflect.Method, skip int) reflect.Type {
	var in, out []reflect.Type
	for i := 1 + skip; i < m.Type.NumIn(); i++ {
		in = append(in, m.Type.In(i))
	}
	for i := range m.Type.NumOut() {
		out = append(out, m.Type.Out(i))
	}
	return reflect.FuncOf(in, out, m.Type.IsVariadic())
}

func TestTheStreamsOfAllHandlesWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	ctx := context.Background()
	f, c := lockedfile.New[counters](path), lockedfile.NewContext[counters](path)
	for name, create := range map[string]func() (*safefile.Writer, error){
		"LockedFile":  f.Create,
		"ContextFile": func() (*safefile.Writer, error) { return c.Create(ctx) },
	} {
		w, err := create()
		testkit.Must(t, err)
		_, err = w.Write([]byte(name))
		testkit.Must(t, err)
		_, err = lockedfile.TryAcquire(path)
		testkit.WantIs(t, "it", err, errors.ErrLocked)
		testkit.Must(t, w.Commit())
		testkit.WantContent(t, path, name)
		for name, open := range map[string]func() (*safefile.Reader, error){
			"LockedFile":  f.Open,
			"ContextFile": func() (*safefile.Reader, error) { return c.Open(ctx) },
		} {
			r, err := open()
			testkit.Must(t, err)
			if n, err := r.Read(make([]byte, 4)); n != 4 || err != nil {
				t.Errorf("%s: read %d bytes, %v", name, n, err)
			}
			testkit.Must(t, r.Close())
		}
	}
	testkit.Must(t, f.Remove())
	if r, err := f.Open(); r != nil || err == nil {
		t.Errorf("opened a missing file: %v, %v", r, err)
	}
}

func TestLockInfoIsWrittenAsJSON(t *testing.T) {
	free, err := json.Marshal(lockedfile.Info{LockPath: "/d/f.lock"})
	testkit.Must(t, err)
	if want := `{"lockPath":"/d/f.lock","held":false,"stale":false,"pid":0,"host":""}`; string(free) != want {
		t.Errorf("%s, want %s", free, want)
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := lockedfile.Info{LockPath: "/d/f.lock", Held: true, PID: 7, Host: "h", Since: since}
	text, err := json.Marshal(want)
	testkit.Must(t, err)
	var got lockedfile.Info
	testkit.Must(t, json.Unmarshal(text, &got))
	if got != want {
		t.Errorf("%s is read as %+v", text, got)
	}
}

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
		testkit.WantIs(t, name, err, errOwn, context.Canceled)
	}
	testkit.WantContent(t, path, "{\n  \"a\": 1\n}\n")
}
