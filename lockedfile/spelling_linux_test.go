package lockedfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// warned accepts the place, and a wait for itself ends.
var warned = safefile.WithOptions(safefile.WithSafety(safefile.BestEffort), safefile.WithTimeout(20*time.Second), quiet)

func TestAMoveToAnotherSpellingRenames(t *testing.T) {
	for _, exact := range []string{"Config.json", "CONFIG.JSON", "config.json", "Été.json"} {
		dir := disktest.Folding(t)
		testkit.Must(t, safefile.WriteFile(filepath.Join(dir, exact), []byte("1"), warned, safefile.WithChecksum()))
		to := filepath.Join(dir, strings.ToLower(exact))
		testkit.Must(t, safefile.Move(filepath.Join(dir, exact), to, warned))
		data, err := safefile.ReadFile(to, safefile.WithChecksum())
		if err != nil || string(data) != "1" {
			t.Errorf("%s: %q, %v", exact, data, err)
		}
		side, err := os.ReadFile(to + ".sha256")
		if err != nil || !strings.HasSuffix(string(side), "  "+filepath.Base(to)+"\n") {
			t.Errorf("%s: the sidecar says %q, %v", exact, side, err)
		}
		testkit.Must(t, safefile.WriteFile(to, []byte("2"), warned)) // the lock serves on
		testkit.WantNames(t, dir, filepath.Base(to), filepath.Base(to)+".lock", filepath.Base(to)+".sha256")
	}
}

func TestTwoSpellingsOfOneFileAreLockedOnce(t *testing.T) {
	for _, there := range []bool{true, false} {
		for _, lockDir := range []bool{true, false} {
			dir := disktest.Folding(t)
			paths := []string{filepath.Join(dir, "Config.json"), filepath.Join(dir, "config.JSON"), filepath.Join(dir, "config.json")}
			opts := []safefile.Option{warned}
			if lockDir {
				opts = append(opts, safefile.WithLockDir(t.TempDir()))
			}
			if there {
				testkit.Put(t, paths[0], "{}")
			}
			ran := false
			err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
				ran = true
				for _, path := range paths {
					f := lockedfile.NewContext[map[string]int](path, opts...)
					if err := f.Write(ctx, map[string]int{"a": 1}); err != nil {
						return err
					}
				}
				return nil
			}, opts...)
			if err != nil || !ran {
				t.Errorf("there %v, lock directory %v: %v", there, lockDir, err)
			}
		}
	}
}

func TestAJoinFindsItsTransactionByAnotherSpelling(t *testing.T) {
	for _, there := range []bool{true, false} {
		dir := disktest.Folding(t)
		if there {
			testkit.Put(t, filepath.Join(dir, "config.json"), "{}")
		}
		f := lockedfile.NewContext[map[string]int](filepath.Join(dir, "Config.json"), warned)
		g := lockedfile.NewContext[map[string]int](filepath.Join(dir, "CONFIG.json"), warned)
		err := f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[map[string]int]) error {
			if err := tx.Write(map[string]int{"a": 1}); err != nil {
				return err
			}
			v, err := g.Read(ctx)
			if err == nil && v["a"] != 1 {
				err = errors.New("the join sees nothing of what was staged")
			}
			return err
		})
		testkit.WantNil(t, fmt.Sprintf("there %v", there), err)
	}
}

func TestUpdatesByTwoSpellingsLoseNothing(t *testing.T) {
	for _, lockDir := range []bool{true, false} {
		dir := disktest.Folding(t)
		opts := []safefile.Option{warned}
		if lockDir {
			opts = append(opts, safefile.WithLockDir(t.TempDir()))
		}
		path := filepath.Join(dir, "config.json")
		testkit.Put(t, path, `{"n": 0}`)
		const rounds = 50
		var callers sync.WaitGroup
		for _, name := range []string{"config.json", "Config.json", "CONFIG.JSON"} {
			callers.Go(func() {
				f := lockedfile.New[map[string]int](filepath.Join(dir, name), opts...)
				for range rounds {
					if err := f.Update(func(v *map[string]int) error { (*v)["n"]++; return nil }); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		callers.Wait()
		v, err := lockedfile.New[map[string]int](path, opts...).Read()
		if err != nil || v["n"] != 3*rounds {
			t.Errorf("lock directory %v: %v, %v", lockDir, v, err)
		}
	}
}

// Where names of another case are other files, hard links of one file among them, they
// stay so.
func TestTwoFilesThatDifferInCaseStayTwo(t *testing.T) {
	for _, dir := range []string{t.TempDir(), disktest.FUSE(t, t.TempDir())} {
		upper, lower := filepath.Join(dir, "Config.json"), filepath.Join(dir, "config.json")
		testkit.Put(t, upper, "0")
		testkit.Must(t, os.Link(upper, lower))
		testkit.Must(t, safefile.WriteFile(upper, []byte("1"), warned))
		testkit.Must(t, safefile.WriteFile(lower, []byte("2"), warned))
		testkit.WantContent(t, upper, "1")
		testkit.WantContent(t, lower, "2")
		err := lockedfile.LockAll(context.Background(), []string{upper, lower}, func(ctx context.Context) error {
			return lockedfile.NewContext[int](lower, warned).Write(ctx, 3)
		}, warned)
		testkit.Must(t, err)
		testkit.WantContent(t, upper, "1")
		testkit.Must(t, safefile.Move(upper, lower, warned))
		testkit.WantContent(t, lower, "1")
	}
}
