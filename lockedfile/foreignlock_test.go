package lockedfile_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
