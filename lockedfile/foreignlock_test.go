package lockedfile_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

const (
	foreignData = `{"old": 1}`
	foreignLock = `{"_meta": {"hash": {"sha256": "8b91"}}, "default": {}}`
)

// foreign makes a file whose lock's name is taken by a file of somebody else's, and an
// ordinary file beside it.
func foreign(t *testing.T) (path, other string) {
	dir := t.TempDir()
	path, other = filepath.Join(dir, "Pipfile"), filepath.Join(dir, "other")
	testkit.Put(t, path, foreignData)
	testkit.Put(t, path+".lock", foreignLock)
	testkit.Put(t, other, foreignData)
	return path, other
}

func TestALockFileThatIsSomebodysDataIsRefusedBeforeAnythingIsChanged(t *testing.T) {
	ctx := context.Background()
	set := func(v *counters) error { (*v)["new"] = 1; return nil }
	for what, do := range map[string]func(path, other string, opts ...safefile.Option) error{
		"Write": func(p, _ string, o ...safefile.Option) error {
			return safefile.New[counters](p, o...).Write(counters{})
		},
		"WriteBytes": func(p, _ string, o ...safefile.Option) error { return safefile.New[counters](p, o...).WriteBytes(nil) },
		"Merge": func(p, _ string, o ...safefile.Option) error {
			return safefile.New[counters](p, o...).Merge(counters{"b": 1})
		},
		"Append":    func(p, _ string, o ...safefile.Option) error { return safefile.New[counters](p, o...).Append("x") },
		"Remove":    func(p, _ string, o ...safefile.Option) error { return safefile.New[counters](p, o...).Remove() },
		"WriteFile": func(p, _ string, o ...safefile.Option) error { return safefile.WriteFile(p, nil, o...) },
		"Create": func(p, _ string, o ...safefile.Option) error {
			w, err := safefile.New[counters](p, o...).Create()
			if err == nil {
				w.Close()
			}
			return err
		},
		"Move from": func(p, other string, o ...safefile.Option) error { return safefile.Move(p, other+"2", o...) },
		"Move to":   func(p, other string, o ...safefile.Option) error { return safefile.Move(other, p, o...) },
		"Update":    func(p, _ string, o ...safefile.Option) error { return lockedfile.New[counters](p, o...).Update(set) },
		"Locked": func(p, _ string, o ...safefile.Option) error {
			return lockedfile.New[counters](p, o...).Locked(func(*lockedfile.Tx[counters]) error { return nil })
		},
		"Update with a context": func(p, _ string, o ...safefile.Option) error {
			return lockedfile.NewContext[counters](p, o...).Update(ctx, set)
		},
		"LockAll": func(p, other string, o ...safefile.Option) error {
			return lockedfile.LockAll(ctx, []string{other, p}, func(ctx context.Context) error {
				return lockedfile.NewContext[counters](other, o...).Write(ctx, counters{})
			}, o...)
		},
		"LockAll of the lock too": func(p, _ string, o ...safefile.Option) error {
			return lockedfile.LockAll(ctx, []string{p, p + ".lock"}, func(ctx context.Context) error { return nil }, o...)
		},
		"Acquire":      func(p, _ string, o ...safefile.Option) error { return release(lockedfile.Acquire(ctx, p, o...)) },
		"TryAcquire":   func(p, _ string, o ...safefile.Option) error { return release(lockedfile.TryAcquire(p, o...)) },
		"Inspect":      func(p, _ string, o ...safefile.Option) error { _, err := lockedfile.Inspect(p, o...); return err },
		"ForceRelease": func(p, _ string, o ...safefile.Option) error { return lockedfile.ForceRelease(p, o...) },
		"ReleaseStale": func(p, _ string, o ...safefile.Option) error { _, err := lockedfile.ReleaseStale(p, o...); return err },
		"checksum.Write": func(p, _ string, o ...safefile.Option) error {
			return checksum.Write(p)
		},
		"checksum.Remove": func(p, _ string, o ...safefile.Option) error { return checksum.Remove(p) },
	} {
		t.Run(what, func(t *testing.T) {
			path, other := foreign(t)
			dir := filepath.Dir(path)
			json := safefile.WithCodec(codec.JSON())
			err := do(path, other, json)
			if !errors.Is(err, errors.ErrLock) || errors.Is(err, errors.ErrLocked) ||
				!strings.Contains(err.Error(), "WithLockSuffix") || !strings.Contains(err.Error(), "WithLockDir") {
				t.Errorf("%v", err)
			}
			for path, want := range map[string]string{path: foreignData, path + ".lock": foreignLock, other: foreignData} {
				testkit.WantContent(t, path, want)
			}
			names := testkit.Names(t, dir)
			for _, ours := range []string{"other.lock", "other2.lock", "Pipfile.lock.lock"} { // which lie beside files that may be locked
				names = slices.DeleteFunc(names, func(name string) bool { return name == ours })
			}
			if want := []string{"Pipfile", "Pipfile.lock", "other"}; !slices.Equal(names, want) {
				t.Errorf("the directory holds %v", names)
			}
		})
	}
}

func release(l *lockedfile.Lock, err error) error {
	if err != nil {
		return err
	}
	return l.Release()
}

// The sweep of a directory takes the locks of other files than the one that is written.
func TestASweepLeavesALockFileThatIsSomebodysDataAlone(t *testing.T) {
	path, other := foreign(t)
	temp := filepath.Join(filepath.Dir(path), replace.NewName(replace.OwnerOf("Pipfile", "")))
	testkit.Put(t, temp, "x")
	testkit.Must(t, safefile.WriteFile(other, []byte("new")))
	testkit.WantContent(t, path+".lock", foreignLock)
}

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
		testkit.WantIs(t, "it", err, errors.ErrLocked)
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
		testkit.WantIs(t, "it", safefile.WriteFile(path, nil, safefile.WithLockSuffix(bad)), fs.ErrInvalid)
	}
	long := filepath.Join(filepath.Dir(path), strings.Repeat("n", 250))
	testkit.Must(t, safefile.WriteFile(long, nil))
	err := safefile.WriteFile(long, nil, safefile.WithLockSuffix(".longer"))
	if err == nil || !strings.Contains(err.Error(), "only 248 leave room") {
		t.Errorf("a name that leaves no room: %v", err)
	}
}
