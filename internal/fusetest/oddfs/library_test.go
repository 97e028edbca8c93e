package oddfs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// patience is how long an operation may take that waits for nobody.
const patience = 20 * time.Second

// levels are those at which the library may write on a FUSE filesystem.
var levels = map[string]safefile.Option{
	"Warn": safefile.WithSafety(safefile.Warn), "BestEffort": safefile.WithSafety(safefile.BestEffort),
}

// flock is a process that locks a file with flock(2) and says so.
func flock(job string) int {
	var path string
	_ = json.Unmarshal([]byte(job), &path)
	f, err := os.Open(path)
	if err == nil {
		fmt.Println("waiting")
		f.Close()
		if f, err = os.OpenFile(path, os.O_RDWR, 0); err == nil {
			err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("locked")
	return 0
}

// counterJob is what a counter process does: it tries all that handles offer, and adds 1 to each of
// the counts in the file again and again.
type counterJob struct {
	Dir, Own string // the directory of the common file, and one that no other process uses
	Level    string
	Umask    int
	Rounds   int
}

// counts is the common file: how often each way of changing it was acknowledged.
type counts struct{ Locked, Update, Context, All, Acquired int }

// count does a counter's job and says what has failed.
func count(text string) int {
	var job counterJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		fmt.Println(err)
		return 1
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // these levels warn of the filesystem
	unix.Umask(job.Umask)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	err := everything(ctx, job.Own, levels[job.Level])
	for range job.Rounds {
		if err == nil {
			err = addToEach(ctx, filepath.Join(job.Dir, "counts.json"), levels[job.Level])
		}
	}
	if err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	return 0
}

func addToEach(ctx context.Context, path string, level safefile.Option) error {
	add := func(which func(*counts) *int) func(*counts) error {
		return func(v *counts) error { *which(v)++; return nil }
	}
	locked, contextual := lockedfile.New[counts](path, level), lockedfile.NewContext[counts](path, level)
	return errors.Join(
		locked.Locked(func(tx *lockedfile.Tx[counts]) error {
			v, err := tx.ReadOr(counts{})
			if err != nil {
				return err
			}
			v.Locked++
			return tx.Write(v)
		}),
		locked.Update(add(func(v *counts) *int { return &v.Update })),
		contextual.Update(ctx, add(func(v *counts) *int { return &v.Context })),
		lockedfile.LockAll(ctx, []string{path, path + ".other"}, func(ctx context.Context) error {
			return contextual.Update(ctx, add(func(v *counts) *int { return &v.All }))
		}, level),
		underBareLock(ctx, path, level, add(func(v *counts) *int { return &v.Acquired })),
	)
}

// underBareLock changes the file by hand, as who holds a bare lock does: a handle would wait for it.
func underBareLock(ctx context.Context, path string, level safefile.Option, change func(*counts) error) error {
	l, err := lockedfile.Acquire(ctx, path, level)
	if err != nil {
		return err
	}
	var v counts
	data, err := os.ReadFile(path)
	if err == nil {
		err = errors.Join(json.Unmarshal(data, &v), change(&v))
	}
	if data, _ = json.Marshal(v); err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	return errors.Join(err, l.Release())
}

// everything makes each kind of change once on a new file and once on one that is there.
func everything(ctx context.Context, dir string, level safefile.Option) error {
	var all []error
	do := func(what string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", what, err))
		}
	}
	for round := range 2 {
		for name, o := range map[string]safefile.Option{"plain": level, "sealed": safefile.WithOptions(level, safefile.WithChecksum()),
			"locks": safefile.WithOptions(level, safefile.WithLockDir(filepath.Join(dir, "locks")))} {
			path := func(file string) string { return filepath.Join(dir, name, file) }
			if err := os.MkdirAll(path(""), 0o755); err != nil {
				return err
			}
			f := safefile.New[map[string]int](path("data.json"), o)
			do("write", f.Write(map[string]int{"a": round}))
			do("merge", f.Merge(map[string]int{"b": 1}))
			v, err := f.Read()
			if do("read", err); v["a"] != round || v["b"] != 1 {
				do("read", fmt.Errorf("%v", v))
			}
			text := safefile.New[string](path("data.txt"), o)
			do("write bytes", text.WriteBytes([]byte(strconv.Itoa(round))))
			do("append", text.Append("x"))
			do("stream", stream(text, "streamed"))
			do("write file", safefile.WriteFile(path("file.txt"), []byte("x"), o))
			do("move", safefile.Move(path("file.txt"), path("moved.txt"), o))
			do("move over", safefile.Move(path("moved.txt"), path("data.txt"), o))
			if name == "sealed" {
				do("verify", text.Verify())
			}
			do("locked", lockedfile.New[map[string]int](path("data.json"), o).Update(func(v *map[string]int) error { (*v)["c"] = 1; return nil }))
			l, err := lockedfile.TryAcquire(path("data.json"), o)
			if do("try acquire", err); err == nil {
				info, err := lockedfile.Inspect(path("data.json"), o)
				if do("inspect", err); err == nil && !info.Held {
					do("inspect", errors.New("a lock that is held looks free"))
				}
				do("release", l.Release())
			}
			do("parents", safefile.New[string](path(fmt.Sprintf("p%d/data.txt", round)), o, safefile.WithParents(0o755)).Write("x"))
			do("remove", text.Remove())
		}
	}
	return errors.Join(all...)
}

func stream(f *safefile.SafeFile[string], text string) error {
	w, err := f.Create()
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Commit()
}

// twoProcesses work on one file in a directory of the filesystem.
func twoProcesses(t *testing.T, root, level string, umask int) {
	t.Helper()
	const rounds = 10
	dir := filepath.Join(root, fmt.Sprintf("%s%o", level, umask))
	var all []*fusekit.Process
	for _, own := range []string{"1", "2"} {
		own = filepath.Join(dir, own)
		testkit.Must(t, os.MkdirAll(filepath.Join(own, "locks"), 0o755))
		all = append(all, fusekit.Start(t, "counter", counterJob{dir, own, level, umask, rounds}))
	}
	for _, p := range all {
		p.Join(t)
		for line := range p.Lines {
			t.Errorf("%s, umask %03o: %s", level, umask, line)
		}
	}
	want := counts{2 * rounds, 2 * rounds, 2 * rounds, 2 * rounds, 2 * rounds}
	if got, err := safefile.New[counts](filepath.Join(dir, "counts.json")).Read(); got != want {
		t.Errorf("%s, umask %03o: %+v, want %+v; %v", level, umask, got, want, err)
	}
}

func TestAllHandlesWorkAndExcludeEachOtherUnderTheLockRuleOfNFS(t *testing.T) {
	root := mount(t, Rules{NFSLocks: true})
	for level := range levels {
		for _, umask := range []int{0o022, 0o077, 0} {
			twoProcesses(t, root, level, umask)
		}
	}
}

func TestWhereMetadataCanNotBeChangedOnlyStrictRefuses(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOTSUP} {
		t.Run(errno.Error(), func(t *testing.T) {
			root := mount(t, Rules{Deny: errno})
			for level := range levels {
				twoProcesses(t, root, level, 0o022)
			}
			path := filepath.Join(root, "strict.json")
			testkit.Must(t, os.WriteFile(path, []byte("{}"), 0o640))
			err := safefile.New[map[string]int](path, safefile.WithSafety(safefile.Strict)).Write(map[string]int{"a": 1})
			if !errors.Is(err, errors.ErrUnsupportedEnvironment) || !strings.Contains(err.Error(), "fuse") {
				t.Errorf("Strict: %v", err)
			}
			testkit.WantContent(t, path, "{}")
		})
	}
}

// A file with a mode, an owner and attributes that the temp can't be given is written all the same.
func TestAFileWhoseMetadataCanNotBeKeptIsWritten(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOTSUP} {
		root := mount(t, Rules{Deny: errno})
		path := filepath.Join(root, "data.json")
		real := filepath.Join(filepath.Dir(root), "real", "data.json")
		for level, o := range levels {
			err := errors.Join(os.WriteFile(real, []byte(`{"a": 1}`), 0o600), os.Chmod(real, 0o664), os.Chown(real, 1234, 1234),
				unix.Setxattr(real, "user.comment", []byte("kept?"), 0))
			testkit.Must(t, err)
			quiet := safefile.WithLogger(slog.New(slog.DiscardHandler))
			f := safefile.New[map[string]int](path, o, quiet)
			for i := range 3 {
				testkit.WantNil(t, fmt.Sprintf("%v, %s, write %d", errno, level, i+1), f.Write(map[string]int{"a": 2 + i}))
			}
			if v, err := f.Read(); v["a"] != 4 {
				t.Errorf("%v, %s: %v, %v", errno, level, v, err)
			}
		}
	}
}

// spellings are options under which all spellings of a name must be one file.
func spellings(t *testing.T, test func(t *testing.T, dir string, options ...safefile.Option)) {
	for _, lockDir := range []bool{false, true} {
		t.Run(fmt.Sprint("lock directory ", lockDir), func(t *testing.T) {
			dir := mount(t, Rules{AnyCase: true})
			options := []safefile.Option{levels["BestEffort"], safefile.WithTimeout(patience), safefile.WithLogger(slog.New(slog.DiscardHandler))}
			if lockDir {
				options = append(options, safefile.WithLockDir(t.TempDir()))
			}
			test(t, dir, options...)
		})
	}
}

func TestMoveGivesAFileAnotherSpelling(t *testing.T) {
	spellings(t, func(t *testing.T, dir string, options ...safefile.Option) {
		from, to := filepath.Join(dir, "Config.json"), filepath.Join(dir, "config.json")
		testkit.Must(t, safefile.New[int](from, options...).Write(1))
		testkit.Must(t, safefile.Move(from, to, options...))
		entries, err := os.ReadDir(dir)
		var names []string
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".lock") {
				names = append(names, e.Name())
			}
		}
		if err != nil || len(names) != 1 || names[0] != "config.json" {
			t.Errorf("the directory holds %v, %v", names, err)
		}
		if v, err := safefile.New[int](from, options...).Read(); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestTwoSpellingsAreLockedOnceAndJoin(t *testing.T) {
	spellings(t, func(t *testing.T, dir string, options ...safefile.Option) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		one, other := filepath.Join(dir, "State.json"), filepath.Join(dir, "STATE.json")
		add := func(v *int) error { *v++; return nil }
		for range 2 { // of a file that is not there, and of one that is
			err := lockedfile.LockAll(ctx, []string{one, other}, func(ctx context.Context) error {
				return errors.Join(lockedfile.NewContext[int](one, options...).Update(ctx, add), lockedfile.NewContext[int](other, options...).Update(ctx, add))
			}, options...)
			testkit.Must(t, err)
			err = lockedfile.NewContext[int](one, options...).Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[int]) error {
				return lockedfile.NewContext[int](other, options...).Update(ctx, add)
			})
			testkit.Must(t, err)
		}
		if v, err := safefile.New[int](one, options...).Read(); v != 6 || err != nil {
			t.Errorf("%d, %v; want 6", v, err)
		}
	})
}

func TestUpdatesByTwoSpellingsLoseNothing(t *testing.T) {
	spellings(t, func(t *testing.T, dir string, options ...safefile.Option) {
		const each = 25
		var all sync.WaitGroup
		for _, name := range []string{"Count.json", "count.json", "COUNT.json", "Count.json"} {
			f := lockedfile.New[int](filepath.Join(dir, name), options...)
			all.Go(func() {
				for range each {
					if err := f.Update(func(v *int) error { *v++; return nil }); err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		all.Wait()
		if v, err := safefile.New[int](filepath.Join(dir, "count.json"), options...).Read(); v != 4*each || err != nil {
			t.Errorf("%d, %v; want %d", v, err, 4*each)
		}
	})
}
