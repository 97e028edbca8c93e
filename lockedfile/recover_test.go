package lockedfile_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/guarantee"
)

// twoDirs are the paths of three files in two directories, which hold "old".
func twoDirs(t *testing.T) (paths []string) {
	dir := testkit.Memory(t)
	for _, name := range []string{"one/a.txt", "one/b.txt", "two/c.txt"} {
		path := filepath.Join(dir, name)
		testkit.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		testkit.Put(t, path, "old")
		paths = append(paths, path)
	}
	return paths
}

// writeAll writes one content into all files together; an empty one removes the second file.
func writeAll(paths []string, text string, opts ...safefile.Option) error {
	return lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
		for _, path := range paths {
			if err := lockedfile.NewContext[string](path, opts...).WriteBytes(ctx, []byte(text)); err != nil {
				return err
			}
		}
		return nil
	}, opts...)
}

// cutOff leaves a LockAll of the text "new" that is committed, and none of whose files has changed.
func cutOff(t *testing.T, paths []string, opts ...safefile.Option) (journal string) {
	t.Helper()
	disk := faultfs.Wrap(vfs.OS)
	opts = append(opts, on(disk))
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Rename && strings.HasSuffix(op.Path, ".txt") {
			return syscall.EIO
		}
		return nil
	})
	testkit.WantIs(t, "it", writeAll(paths, "new", opts...), errors.ErrNotDurable, syscall.EIO)
	var found []string
	for _, path := range paths {
		testkit.WantContent(t, path, "old")
		real, err := filepath.EvalSymlinks(path)
		testkit.Must(t, err)
		more, err := filepath.Glob(filepath.Join(filepath.Dir(real), ".holdfast-*.journal"))
		testkit.Must(t, err)
		found = append(found, more...)
	}
	if len(found) == 0 {
		t.Fatal("there is no journal")
	}
	return found[0]
}

func wantAll(t *testing.T, paths []string, text string) {
	t.Helper()
	for _, path := range paths {
		testkit.WantContent(t, path, text)
		testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
	}
}

func TestWhoeverLocksOneOfTheFilesCompletesALockAllThatWasCutOff(t *testing.T) {
	for name, next := range map[string]func(path string) error{
		"Update": func(path string) error {
			return lockedfile.New[string](path).Locked(func(tx *lockedfile.Tx[string]) error {
				if got, err := tx.ReadBytes(); err != nil || string(got) != "new" {
					return fmt.Errorf("the transaction reads %q, %v", got, err)
				}
				return nil
			})
		},
		"Recover":     func(path string) error { return lockedfile.Recover(context.Background(), []string{path}) },
		"force":       func(path string) error { return lockedfile.ForceRelease(path) },
		"stale":       func(path string) error { _, err := lockedfile.ReleaseStale(path); return err },
		"new process": func(path string) error { return safefile.WriteFile(path, []byte("new"), another()) },
	} {
		for i := range 3 {
			paths := twoDirs(t)
			cutOff(t, paths)
			if info, err := lockedfile.Inspect(paths[i]); err != nil || !info.Stale || !strings.HasSuffix(info.Journal, ".journal") {
				t.Errorf("Inspect gives %+v, %v", info, err)
			}
			d, err := guarantee.Doctor(paths[i])
			testkit.Must(t, err)
			if !slices.ContainsFunc(d.Checks, func(c guarantee.Check) bool {
				return c.Name == "pending change" && c.Status == guarantee.StatusFailed && strings.Contains(c.Detail, ".journal")
			}) {
				t.Errorf("Doctor says nothing of it: %s", d.Summary())
			}
			testkit.WantNil(t, name, next(paths[i]))
			wantAll(t, paths, "new")
			if info, err := lockedfile.Inspect(paths[i]); err != nil || info.Journal != "" {
				t.Errorf("afterwards Inspect gives %+v, %v", info, err)
			}
		}
	}
}

// Each operation fails once.
func TestALockAllThatFailsAnywhereChangesNothingOrIsCompleted(t *testing.T) {
	for _, opts := range [][]safefile.Option{nil, {safefile.WithChecksum(), safefile.WithBackups(1)}} {
		committed, undone := 0, 0
		for n := 1; ; n++ {
			paths := twoDirs(t)
			disk := faultfs.Wrap(vfs.OS)
			mine := append(opts[:len(opts):len(opts)], on(disk), safefile.WithSafety(safefile.Strict))
			hit := faultfs.Op{}
			err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
				for _, path := range paths {
					testkit.Must(t, lockedfile.NewContext[string](path, mine...).WriteBytes(ctx, []byte("new")))
				}
				disk.Before(func(op faultfs.Op) error {
					if op.N == n {
						hit = op
						return syscall.EIO
					}
					return nil
				})
				return nil
			}, mine...)
			disk.Before(nil)
			if hit.N == 0 {
				testkit.WantNil(t, "without a fault it", err)
				break
			}
			want := "old"
			switch {
			case err == nil, errors.Is(err, errors.ErrNotDurable):
				want = "new"
				committed++
			default:
				undone++
				for _, path := range paths {
					testkit.WantContent(t, path, "old")
				}
			}
			testkit.WantNil(t, "the recovery after "+hit.String(), lockedfile.Recover(context.Background(), paths, append(opts[:len(opts):len(opts)], another())...))
			for _, path := range paths {
				if got := testkit.Content(t, path); got != want {
					t.Fatalf("%v failed, LockAll returned %v, and the recovery left %q, want %q", hit, err, got, want)
				}
				testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
			}
			if hit.Verb != faultfs.Remove && hit.Verb != faultfs.Close && n > 1000 {
				t.Fatal("it does not end")
			}
		}
		t.Logf("%d faults left the old contents, %d the new ones", undone, committed)
		if committed < 3 || undone < 20 {
			t.Error("the faults did not reach both sides of the commit")
		}
	}
}

// Otherwise a power cut could take the journal back and leave a file that has changed.
func TestNoFileChangesBeforeTheJournalIsDurable(t *testing.T) {
	paths := twoDirs(t)
	disk := faultfs.Wrap(vfs.OS)
	renamed, fail := false, 0
	disk.Before(func(op faultfs.Op) error {
		renamed = renamed || op.Verb == faultfs.Rename && strings.HasSuffix(op.Path, ".journal")
		if renamed && op.Verb == faultfs.SyncDir && fail < 2 {
			fail++
			return syscall.EIO
		}
		return nil
	})
	testkit.WantIs(t, "LockAll", writeAll(paths, "new", on(disk)), errors.ErrNotDurable, syscall.EIO)
	testkit.WantIs(t, "Recover", lockedfile.Recover(context.Background(), paths, on(disk)), errors.ErrNotDurable, syscall.EIO)
	for _, path := range paths {
		testkit.WantContent(t, path, "old")
	}
	testkit.WantNil(t, "Recover", lockedfile.Recover(context.Background(), paths, on(disk)))
	wantAll(t, paths, "new")
}

func TestAChangeFromOutsideIsNotOverwrittenByARecovery(t *testing.T) {
	for changed := range 3 {
		paths := twoDirs(t)
		journal := cutOff(t, paths)
		testkit.Put(t, paths[changed], "by hand")
		other := paths[(changed+1)%3]
		for name, err := range map[string]error{
			"Recover": lockedfile.Recover(context.Background(), []string{other}),
			"Write":   safefile.WriteFile(other, []byte("x")),
			"force":   lockedfile.ForceRelease(other),
			"again":   lockedfile.Recover(context.Background(), []string{other}),
		} {
			testkit.WantIs(t, name, err, errors.ErrChanged)
			if err != nil && (!strings.Contains(err.Error(), paths[changed]) || !strings.Contains(err.Error(), journal)) {
				t.Errorf("%s does not name the file and the journal: %v", name, err)
			}
		}
		for i, path := range paths {
			testkit.WantContent(t, path, map[bool]string{true: "by hand", false: "old"}[i == changed])
		}
		// A file beside them can be written all the same.
		testkit.WantNil(t, "another file", safefile.WriteFile(filepath.Join(filepath.Dir(other), "other.txt"), []byte("x"), another()))
		if changed == 0 { // the change is given up
			testkit.Must(t, os.Remove(journal))
			testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), paths, another()))
			testkit.WantContent(t, paths[1], "old")
			continue
		}
		testkit.Must(t, os.Rename(paths[changed], paths[changed]+".theirs"))
		testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), paths))
		wantAll(t, paths, "new")
	}
}

func TestADamagedOrPlantedJournalIsAnErrorAndChangesNothing(t *testing.T) {
	rewrite := func(from, to string) func(t *testing.T, journal string) {
		return func(t *testing.T, journal string) {
			text := testkit.Content(t, journal)
			if !strings.Contains(text, from) {
				t.Fatalf("there is no %q in %s", from, text)
			}
			line, _, _ := strings.Cut(strings.Replace(text, from, to, 1), "\n")
			testkit.Must(t, os.WriteFile(journal, []byte(line+"\n"+sum(line+"\n")+"\n"), 0o644))
		}
	}
	for name, spoil := range map[string]func(t *testing.T, journal string){
		"a flipped bit": func(t *testing.T, journal string) {
			text := []byte(testkit.Content(t, journal))
			text[len(text)/2] ^= 1
			testkit.Must(t, os.WriteFile(journal, text, 0o644))
		},
		"empty": func(t *testing.T, journal string) { testkit.Must(t, os.WriteFile(journal, nil, 0o644)) },
		"a link": func(t *testing.T, journal string) {
			testkit.Must(t, os.Rename(journal, journal+".real"))
			testkit.Must(t, os.Symlink(journal+".real", journal))
		},
		"two names":         func(t *testing.T, journal string) { testkit.Must(t, os.Link(journal, journal+".other")) },
		"a path for a name": rewrite(`"Name":"a.txt"`, `"Name":"../a.txt"`),
		"no temp":           rewrite(`"Temp":".holdfast-`, `"Temp":"x.holdfast-`),
		"a wrong index":     rewrite(`"Dir":1`, `"Dir":7`),
		"other content":     rewrite(`"New":{"Size":3`, `"New":{"Size":4`),
	} {
		t.Run(name, func(t *testing.T) {
			paths := twoDirs(t)
			journal := cutOff(t, paths)
			spoil(t, journal)
			path := filepath.Join(filepath.Dir(journal), "a.txt")
			if filepath.Dir(paths[0]) != filepath.Dir(journal) {
				path = paths[2]
			}
			for range 2 { // and the next call finds it too
				for what, err := range map[string]error{
					"Recover": lockedfile.Recover(context.Background(), []string{path}),
					"Write":   safefile.WriteFile(path, []byte("x"), another()),
				} {
					testkit.WantIs(t, what, err, errors.ErrFile)
					if err != nil && !strings.Contains(err.Error(), filepath.Base(journal)) && !strings.Contains(err.Error(), ".tmp") {
						t.Errorf("%s does not name it: %v", what, err)
					}
				}
			}
			for _, path := range paths {
				testkit.WantContent(t, path, "old")
			}
		})
	}
}

func TestAJournalOfAUserWhoCouldNotMakeTheChangeIsNotFollowed(t *testing.T) {
	testkit.NeedRoot(t)
	const stranger = 4321
	paths := twoDirs(t)
	journal := cutOff(t, paths)
	testkit.Must(t, os.Chown(journal, stranger, stranger))
	err := lockedfile.Recover(context.Background(), paths)
	testkit.WantIs(t, "it", err, errors.ErrFile)
	for _, path := range paths {
		testkit.WantContent(t, path, "old")
	}
	// In a sticky directory nobody can replace another user's file.
	for _, dir := range []string{filepath.Dir(paths[0]), filepath.Dir(paths[2])} {
		testkit.Must(t, os.Chmod(dir, 0o777|fs.ModeSticky))
		found, err := filepath.Glob(filepath.Join(dir, ".holdfast-*.pointer"))
		testkit.Must(t, err)
		for _, p := range found {
			testkit.Must(t, os.Chown(p, stranger, stranger))
		}
	}
	testkit.WantIs(t, "it", lockedfile.Recover(context.Background(), paths), errors.ErrFile, fs.ErrPermission)
	for _, path := range paths {
		testkit.WantContent(t, path, "old")
	}
}

func TestAJournalThatCannotBeReachedStopsTheWritersOfItsFiles(t *testing.T) {
	paths := twoDirs(t)
	journal := cutOff(t, paths)
	home := filepath.Dir(journal)
	far := paths[2]
	if filepath.Dir(far) == home {
		far = paths[0]
	}
	testkit.Must(t, os.Rename(home, home+".away"))
	for _, empty := range []bool{false, true} {
		if empty { // as a mount point without its filesystem
			testkit.Must(t, os.Mkdir(home, 0o755))
		}
		testkit.WantIs(t, "it", safefile.WriteFile(far, []byte("x"), another()), errors.ErrFile)
		testkit.WantContent(t, far, "old")
	}
	testkit.Must(t, os.Remove(home))
	testkit.Must(t, os.Rename(home+".away", home))
	testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), paths[:1], another()))
	wantAll(t, paths, "new")
}

// A directory that is missing, or a mount point without its filesystem, has no temps. That must not be
// taken for a change that is complete.
func TestAJournalWaitsForADirectoryThatIsAway(t *testing.T) {
	paths := twoDirs(t)
	home := filepath.Dir(cutOff(t, paths))
	near, far := paths[0], paths[2]
	if filepath.Dir(far) == home {
		near, far = far, near
	}
	away := filepath.Dir(far)
	testkit.Must(t, os.Rename(away, away+".away"))
	for _, empty := range []bool{false, true} {
		if empty {
			testkit.Must(t, os.Mkdir(away, 0o755))
		}
		for name, err := range map[string]error{
			"Recover": lockedfile.Recover(context.Background(), []string{near}, another()),
			"Write":   safefile.WriteFile(near, []byte("x"), another()),
		} {
			testkit.WantIs(t, name, err, errors.ErrFile)
			if err != nil && !strings.Contains(err.Error(), away) {
				t.Errorf("%s does not name the directory: %v", name, err)
			}
		}
		testkit.WantContent(t, near, "old")
		testkit.WantNil(t, "a file beside them", safefile.WriteFile(filepath.Join(home, "other.txt"), []byte("x"), another()))
	}
	testkit.Must(t, os.Remove(away))
	testkit.Must(t, os.Rename(away+".away", away))
	testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), []string{near}, another()))
	wantAll(t, paths, "new")
}

func TestSeveralRecoverersAtOnceCompleteTheSameLockAll(t *testing.T) {
	for range effort.Of(5, 20, 200) {
		paths := twoDirs(t)
		cutOff(t, paths)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				opt := another()
				f := lockedfile.New[string](paths[i%3], opt)
				testkit.WantNil(t, "it", f.Append("+"))
			})
		}
		all.Wait()
		wantAll(t, paths, "new++")
	}
}

// The first file of each directory has its new content already, and another one was changed from outside.
func TestWritersOfACompletedFileLeaveTheJournalToTheOthers(t *testing.T) {
	for name, next := range map[string]func(path string) error{
		"a write":     func(path string) error { return safefile.WriteFile(path, []byte("newer")) },
		"new process": func(path string) error { return safefile.WriteFile(path, []byte("newer"), another()) },
		"force": func(path string) error {
			return errors.Join(lockedfile.ForceRelease(path), safefile.WriteFile(path, []byte("newer")))
		},
	} {
		paths := twoDirs(t)
		cutOff(t, paths)
		temps := map[string]string{}
		for _, path := range []string{paths[0], paths[2]} { // as the killed process had gone on
			found, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".holdfast-*.tmp"))
			testkit.Must(t, err)
			for _, temp := range found {
				temps[temp] = path
			}
		}
		journal := ""
		for _, path := range paths {
			info, err := lockedfile.Inspect(path)
			testkit.Must(t, err)
			journal = info.Journal
		}
		for temp := range temps {
			if i := tempOf(t, journal, temp); i != 1 {
				testkit.Must(t, os.Rename(temp, paths[i]))
			}
		}
		testkit.Put(t, paths[1], "by hand")
		for _, path := range []string{paths[0], paths[2]} {
			testkit.WantNil(t, name, next(path))
			testkit.WantContent(t, path, "newer")
		}
		testkit.WantIs(t, "the other file", safefile.WriteFile(paths[1], []byte("x"), another()), errors.ErrChanged)
		testkit.Must(t, os.Remove(paths[1]))
		testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), paths))
		testkit.WantContent(t, paths[1], "new")
		testkit.WantContent(t, paths[2], "newer")
	}
}

// The removed file is made anew while the change of another file can't be completed.
func TestAFileThatALockAllRemovedCanBeMadeAnewBeforeTheOthersAreComplete(t *testing.T) {
	paths := twoDirs(t)
	disk := faultfs.Wrap(vfs.OS)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Rename && strings.HasSuffix(op.Path, ".txt") {
			return syscall.EIO
		}
		return nil
	})
	err := lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
		removed := lockedfile.NewContext[string](paths[0], on(disk)).Remove(ctx)
		second := lockedfile.NewContext[string](paths[1], on(disk)).WriteBytes(ctx, []byte("new"))
		return errors.Join(removed, second, lockedfile.NewContext[string](paths[2], on(disk)).WriteBytes(ctx, []byte("new")))
	}, on(disk))
	testkit.WantIs(t, "it", err, errors.ErrNotDurable, syscall.EIO)
	testkit.Put(t, paths[1], "by hand")
	testkit.WantNil(t, "a write", safefile.WriteFile(paths[0], []byte("newer"), another()))
	testkit.Must(t, os.Remove(paths[1]))
	testkit.WantNil(t, "the recovery", lockedfile.Recover(context.Background(), paths))
	testkit.WantContent(t, paths[0], "newer")
	wantAll(t, paths[1:], "new")
}

// tempOf tells to which of the three files a temp belongs, by the journal.
func tempOf(t *testing.T, journal, temp string) int {
	t.Helper()
	_, after, found := strings.Cut(testkit.Content(t, journal), filepath.Base(temp))
	_, after, ok := strings.Cut(after, `"Lock":"`)
	if !found || !ok {
		t.Fatalf("%s is not in the journal", temp)
	}
	lock, _, _ := strings.Cut(after, `"`)
	return slices.Index([]string{"a.txt.lock", "b.txt.lock", "c.txt.lock"}, filepath.Base(lock))
}

// Writers of other files in the same directories sweep all the time.
func TestASweepLeavesALockAllAlone(t *testing.T) {
	paths := twoDirs(t)
	testkit.Must(t, writeAll(paths, "0"))
	stop := make(chan struct{})
	var others sync.WaitGroup
	for i := range 2 {
		others.Go(func() {
			path := filepath.Join(filepath.Dir(paths[i*2]), "other.txt")
			for {
				select {
				case <-stop:
					return
				default:
					testkit.WantNil(t, "another file", safefile.WriteFile(path, []byte("x"), another()))
				}
			}
		})
	}
	for i := range effort.Of(20, 60, 1000) {
		testkit.Must(t, writeAll(paths, fmt.Sprint(i)))
		for _, path := range paths {
			testkit.WantContent(t, path, fmt.Sprint(i))
		}
	}
	close(stop)
	others.Wait()
	testkit.Must(t, lockedfile.Recover(context.Background(), paths, another()))
	for _, path := range paths {
		testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
	}
}

func TestALockAllOfAThousandFilesIsCompletedToo(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range effort.Of(100, 1000, 1000) {
		path := filepath.Join(dir, fmt.Sprint("d", i%3), fmt.Sprintf("f%04d.txt", i))
		testkit.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		testkit.Put(t, path, "old")
		paths = append(paths, path)
	}
	before := testkit.Descriptors(t)
	cutOff(t, paths)
	testkit.WantNil(t, "it", lockedfile.Recover(context.Background(), paths[:1], another()))
	wantAll(t, slices.Compact(paths[:3]), "new")
	for _, path := range paths {
		testkit.WantContent(t, path, "new")
	}
	testkit.Must(t, writeAll(paths, "newer"))
	for _, path := range paths {
		testkit.WantContent(t, path, "newer")
	}
	if after := testkit.Descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestALockAllKeepsBackupsAndChecksumsOfEveryFile(t *testing.T) {
	paths := twoDirs(t)
	opts := []safefile.Option{safefile.WithChecksum(), safefile.WithBackups(2)}
	for _, text := range []string{"first", "second"} {
		testkit.Must(t, writeAll(paths, text, opts...))
	}
	for _, path := range paths {
		f := safefile.New[string](path, opts...)
		testkit.Must(t, f.Verify())
		list, err := f.Backups()
		if err != nil || len(list) != 2 {
			t.Fatalf("%d backups, %v", len(list), err)
		}
		testkit.WantContent(t, list[0].Path, "first")
	}
}

func TestALockAllFindsLinksAndLocksInAnotherDirectory(t *testing.T) {
	paths := twoDirs(t)
	link := filepath.Join(t.TempDir(), "link.txt")
	testkit.Must(t, os.Symlink(paths[0], link))
	opt := safefile.WithLockDir(t.TempDir())
	cutOff(t, []string{link, paths[2]}, opt)
	testkit.WantNil(t, "it", lockedfile.New[string](paths[2], opt).Append("+"))
	testkit.WantContent(t, paths[0], "new")
	testkit.WantContent(t, paths[2], "new+")
	for _, path := range paths {
		testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
	}
}
