package lockedfile_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
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
		skip := 1 // the context
		if want.Name == "Path" {
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
		is(t, err, errors.ErrLocked)
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
