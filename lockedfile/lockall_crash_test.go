package lockedfile_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// together is a change of files in two directories.
type together struct {
	name   string
	opts   []safefile.Option
	change func(ctx context.Context, opts ...safefile.Option) error
	then   string // what the files hold afterwards
}

var crashPaths = []string{"/one/a.txt", "/one/b.txt", "/two/c.txt"}

// rewrite gives each file another content; an empty one removes it.
func rewrite(contents ...string) func(ctx context.Context, opts ...safefile.Option) error {
	return func(ctx context.Context, opts ...safefile.Option) error {
		for i, path := range crashPaths {
			f := lockedfile.NewContext[string](path, opts...)
			err := f.WriteBytes(ctx, []byte(contents[i]))
			if contents[i] == "" {
				err = f.Remove(ctx)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func appendToAll(ctx context.Context, opts ...safefile.Option) error {
	for _, path := range crashPaths {
		if err := lockedfile.NewContext[string](path, opts...).Append(ctx, " and more"); err != nil {
			return err
		}
	}
	return nil
}

var togethers = []together{
	{"rewrite", nil, rewrite("A", "B", "C"), "A|B|C"},
	{"remove with checksums", []safefile.Option{safefile.WithChecksum()}, rewrite("A", "", "C"), "A|(missing)|C"},
	{"remove the last", nil, rewrite("A", "B", ""), "A|B|(missing)"},
	{"append", nil, appendToAll, "old a and more|old b and more|old c and more"},
	{"remove the first", nil, rewrite("", "B", "C"), "(missing)|B|C"},
	{"remove all", nil, rewrite("", "", ""), "(missing)|(missing)|(missing)"},
	{"with backups", []safefile.Option{safefile.WithBackups(1)}, rewrite("A", "B", "C"), "A|B|C"},
	{"with checksums", []safefile.Option{safefile.WithChecksum()}, rewrite("A", "B", "C"), "A|B|C"},
}

// contents are what the files hold, one after the other.
func contents(disk *crashfs.FS) string {
	var all []string
	for _, path := range crashPaths {
		data, err := safefile.ReadFile(path, on(disk))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			data = []byte("(missing)")
		case err != nil:
			data = []byte(err.Error())
		}
		all = append(all, string(data))
	}
	return strings.Join(all, "|")
}

// tree is everything that lies on the disk.
func tree(t *testing.T, disk *crashfs.FS) string {
	var all []string
	for _, path := range []string{"/one", "/two"} {
		dir, err := disk.OpenDir(path)
		testkit.Must(t, err)
		names, err := dir.Names()
		testkit.Must(t, err)
		for _, name := range names {
			f, err := dir.Open(name)
			testkit.Must(t, err)
			data, err := io.ReadAll(f)
			testkit.Must(t, err)
			all = append(all, path+"/"+name+":"+string(data))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func leftovers(t *testing.T, disk *crashfs.FS) (all []string) {
	for line := range strings.Lines(tree(t, disk)) {
		if strings.Contains(line, "/.holdfast-") {
			name, _, _ := strings.Cut(line, ":")
			all = append(all, name)
		}
	}
	return all
}

// prepared is a disk with the files, their locks and everything else durable.
func preparedDisk(t *testing.T, c together) *crashfs.FS {
	disk := crashfs.New()
	for _, dir := range []string{"/one", "/two"} {
		testkit.Must(t, disk.Mkdir(dir, 0o755))
	}
	opts := append(c.opts, on(disk))
	testkit.Must(t, lockedfile.LockAll(context.Background(), crashPaths, func(ctx context.Context) error {
		return rewrite("old a", "old b", "old c")(ctx, opts...)
	}, opts...))
	disk.SyncAll()
	return disk
}

// maxWrong ends the search of a change whose crashes are wrong.
const maxWrong = 5

// togetherCrashes lets the machine die before every operation of a change and after it, in every way. It
// reports what was found wrong after a recovery, and on how many disks.
func togetherCrashes(t *testing.T, c together, spoil func(faultfs.Op) error) (wrong []string, looked int) {
	t.Helper()
	disk := preparedDisk(t, c)
	before := contents(disk)
	seen := map[string]bool{}
	look := func(when string, acknowledged bool) {
		for crashed := range disk.Crashes() {
			if looked++; len(wrong) > maxWrong {
				return
			}
			key := fmt.Sprint(acknowledged, tree(t, crashed))
			if seen[key] {
				continue
			}
			seen[key] = true
			// Whoever comes first takes the lock of one file, and then everything is settled.
			first := crashPaths[looked%len(crashPaths)]
			for _, paths := range [][]string{{first}, crashPaths} {
				if err := lockedfile.Recover(context.Background(), paths, on(crashed)); err != nil {
					wrong = append(wrong, when+" the recovery fails: "+err.Error())
				}
				if got := contents(crashed); got != c.then && (acknowledged || got != before) {
					wrong = append(wrong, when+" the crash left "+got)
				}
			}
			if left := leftovers(t, crashed); len(left) > 0 {
				wrong = append(wrong, when+" there is left "+strings.Join(left, " "))
			}
			wrong = append(wrong, unsealed(crashed, when, c)...)
			wrong = append(wrong, unkept(crashed, when, c)...)
		}
	}
	fsys := faultfs.Wrap(disk)
	opts := append(c.opts, on(fsys))
	err := lockedfile.LockAll(context.Background(), crashPaths, func(ctx context.Context) error {
		if err := c.change(ctx, opts...); err != nil {
			return err
		}
		disk.SyncAll() // the holders' records
		fsys.Before(func(op faultfs.Op) error {
			look("before "+op.String()+",", false)
			return spoil(op)
		})
		return nil
	}, opts...)
	fsys.Before(nil)
	if err != nil {
		return append(wrong, "it fails: "+err.Error()), looked
	}
	look("acknowledged,", true)
	return wrong, looked
}

// unsealed reports the files that do not verify.
func unsealed(disk *crashfs.FS, when string, c together) (wrong []string) {
	if !strings.Contains(c.name, "checksums") {
		return nil
	}
	for _, path := range crashPaths {
		err := safefile.New[string](path, append(c.opts, on(disk))...).Verify()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			wrong = append(wrong, when+" "+err.Error())
		}
	}
	return wrong
}

func TestAPowerCutAtEveryOperationOfALockAllLeavesAllOldOrAllNew(t *testing.T) {
	sum := 0
	for _, c := range togethers[:effort.Of(3, len(togethers), len(togethers))] {
		wrong, looked := togetherCrashes(t, c, func(faultfs.Op) error { return nil })
		for _, w := range wrong {
			t.Errorf("%s: %s", c.name, w)
		}
		t.Logf("%s: looked at %d disks", c.name, looked)
		sum += looked
	}
	t.Logf("looked at %d disks", sum)
}

// Each write, sync and rename of the protocol is left out once. The crashes must find it, or the test
// above proves nothing.
func TestThePowerCutsFindALockAllWithoutAnyOneOfItsSteps(t *testing.T) {
	essential := []string{faultfs.Write, faultfs.Sync, faultfs.SyncDir, faultfs.Rename}
	without := func(skip int) (wrong []string, steps []string) {
		wrong, _ = togetherCrashes(t, togethers[0], func(op faultfs.Op) error {
			if !slices.Contains(essential, op.Verb) {
				return nil
			}
			if strings.HasSuffix(op.Path, ".lock") {
				return nil // the record is cleared when all is done
			}
			name := op.Path[strings.LastIndexByte(op.Path, '/')+1:]
			if strings.HasPrefix(name, ".holdfast-") {
				name = name[strings.LastIndexByte(name, '.'):]
			}
			if steps = append(steps, op.Verb+" "+name); len(steps) == skip {
				return faultfs.ErrSkip
			}
			return nil
		})
		return wrong, steps
	}
	_, all := without(0)
	var missed []string
	for i := range all {
		if wrong, _ := without(i + 1); len(wrong) == 0 {
			missed = append(missed, fmt.Sprint(i+1, " ", all[i]))
		}
	}
	t.Logf("%d steps: %q", len(all), all)
	if len(missed) > 0 {
		t.Errorf("these can be left out: %q", missed)
	}
}

// unkept reports the files that have their new content without a backup of the old one.
func unkept(disk *crashfs.FS, when string, c together) (wrong []string) {
	if c.name != "with backups" || contents(disk) != c.then {
		return nil
	}
	for _, path := range crashPaths {
		f := safefile.New[string](path, on(disk))
		list, err := f.Backups()
		if err != nil || len(list) == 0 {
			wrong = append(wrong, fmt.Sprint(when, " ", path, " has no backup, ", err))
			continue
		}
		if data, err := safefile.ReadFile(list[0].Path, on(disk)); !strings.HasPrefix(string(data), "old ") {
			wrong = append(wrong, fmt.Sprintf("%s the backup of %s holds %q, %v", when, path, data, err))
		}
	}
	return wrong
}
