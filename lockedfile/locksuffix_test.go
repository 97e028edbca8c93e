package lockedfile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

const suffix = ".holdfast"

func TestAFileBesideAForeignLockFileIsWrittenUnderALockOfAnotherName(t *testing.T) {
	path, _ := foreign(t)
	opts := []safefile.Option{safefile.WithCodec(codec.JSON()), safefile.WithLockSuffix(suffix)}
	f := lockedfile.New[counters](path, opts...)
	testkit.Must(t, f.Update(func(v *counters) error {
		info, err := lockedfile.Inspect(path, opts...)
		if err != nil || !info.Held || info.PID != os.Getpid() || info.LockPath != path+suffix {
			t.Errorf("inside: %+v, %v", info, err)
		}
		_, err = lockedfile.TryAcquire(path, opts...)
		is(t, err, errors.ErrLocked)
		(*v)["new"] = 1
		return nil
	}))
	testkit.Must(t, safefile.WriteFile(path, []byte(foreignData), opts...))
	testkit.Must(t, lockedfile.LockAll(context.Background(), []string{path, path + ".lock"}, func(ctx context.Context) error {
		return lockedfile.NewContext[counters](path, opts...).Write(ctx, counters{"all": 1})
	}, opts...))
	testkit.Must(t, lockedfile.ForceRelease(path, opts...))
	testkit.WantContent(t, path+".lock", foreignLock)
	if _, err := os.Stat(path + suffix); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path + ".lock" + suffix); err != nil {
		t.Error(err)
	}
}

func TestALockDirectoryHoldsLocksOfTheChosenSuffix(t *testing.T) {
	dir, locks := t.TempDir(), t.TempDir()
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "f"), nil, safefile.WithLockDir(locks), safefile.WithLockSuffix(suffix)))
	entries, err := os.ReadDir(locks)
	if err != nil || len(entries) != 1 || !strings.HasSuffix(entries[0].Name(), suffix) {
		t.Errorf("it holds %v, %v", entries, err)
	}
}

// Two locks of one file cover different writers, so a sweep under the one must leave what
// is being written under the other.
func TestASweepTakesTheTempsOfItsOwnLockOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	busy := flock.New(path + ".lock")
	if ok, err := busy.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer busy.Unlock()
	temp := func(lockID string) string {
		name := filepath.Join(dir, replace.NewName(replace.OwnerOf("f", lockID)))
		testkit.Must(t, os.WriteFile(name, nil, 0o600))
		return name
	}
	// A holder that did not come to its end has the next one sweep.
	testkit.Put(t, path+suffix, "# holdfast pid=1 host=h since=2020-01-01T00:00:00Z\n")
	mine, live := temp("\x00"+suffix), temp("")
	testkit.Must(t, safefile.WriteFile(path, []byte("x"), safefile.WithLockSuffix(suffix)))
	if _, err := os.Stat(mine); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its own leftover stays: %v", err)
	}
	if _, err := os.Stat(live); err != nil {
		t.Errorf("the temp of a writer under another lock: %v", err)
	}
}

func TestALockSuffixThatMakesNoNameIsAnErrorOfEveryCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, bad := range []string{"", "/x", "../x", "a\x00", ".sha256"} {
		is(t, safefile.WriteFile(path, nil, safefile.WithLockSuffix(bad)), fs.ErrInvalid)
	}
	long := filepath.Join(filepath.Dir(path), strings.Repeat("n", 250))
	testkit.Must(t, safefile.WriteFile(long, nil))
	err := safefile.WriteFile(long, nil, safefile.WithLockSuffix(".longer"))
	if err == nil || !strings.Contains(err.Error(), "only 248 leave room") {
		t.Errorf("a name that leaves no room: %v", err)
	}
}
