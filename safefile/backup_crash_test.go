package safefile_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// crashKept is how many backups the crash tests keep.
const crashKept = 2

// kept are the backups that there should be, the newest first: number and content.
type kept []string

// backupCrashes lets the machine die before every operation of a history that makes backups, in every way, and
// reports what was found wrong, and on how many disks it looked. A hook may spoil operations.
func backupCrashes(t *testing.T, steps history, spoil func(faultfs.Op) error, opts ...safefile.Option) (wrong []string, looked int) {
	t.Helper()
	disk := emptyDisk(t)
	fsys := faultfs.Wrap(disk)
	opts = append(slices.Clone(opts), safefile.WithBackups(crashKept), quiet)
	f := safefile.New[counters](crashPath, append(slices.Clone(opts), over(fsys))...)
	var all kept // what the file held, the newest first
	now := none
	seen := map[string]bool{}
	for _, step := range steps {
		after := all
		if now != none && now != step.then {
			after = append(kept{fmt.Sprint(len(all)+1, ":", now)}, all...)
		}
		look := func(when string, acknowledged bool, contents ...string) {
			for crashed := range disk.Crashes() {
				looked++
				c := crashedBackups{disk: crashed, opts: opts, before: all, after: after, acknowledged: acknowledged, contents: contents}
				if key := c.key(); !seen[step.name+key] {
					seen[step.name+key] = true
					for _, w := range c.judge(t) {
						wrong = append(wrong, step.name+", "+when+": "+w)
					}
				}
			}
		}
		fsys.Before(func(op faultfs.Op) error {
			look("before "+op.String(), false, now, step.then)
			return spoil(op)
		})
		if err := step.do(f); err != nil {
			return append(wrong, step.name+": "+err.Error()), looked
		}
		now, all = step.then, after
		look("acknowledged", true, now)
	}
	return wrong, looked
}

// crashedBackups is a disk after a crash, and what it may hold.
type crashedBackups struct {
	disk          *crashfs.FS
	opts          []safefile.Option
	before, after kept
	acknowledged  bool
	contents      []string // of the file
}

// hasNewest reports whether the backups that have to be kept of all are there.
func (k kept) hasNewest(all kept) bool {
	for _, text := range all[:min(crashKept, len(all))] {
		if !slices.Contains(k, text) {
			return false
		}
	}
	return true
}

// key tells apart what there is to be judged.
func (c crashedBackups) key() string {
	dir, err := c.disk.OpenDir("/data")
	if err != nil {
		return err.Error()
	}
	names, _ := dir.Names()
	var b strings.Builder
	fmt.Fprint(&b, c.acknowledged)
	for _, name := range names {
		if strings.Contains(name, ".tmp") {
			continue
		}
		data, _ := safefile.ReadFile("/data/"+name, over(c.disk))
		info, _ := dir.Stat(name)
		fmt.Fprintf(&b, "\n%s %d %q", name, info.Ino, data)
	}
	return b.String()
}

func (c crashedBackups) judge(t *testing.T) (wrong []string) {
	t.Helper()
	if got := found(c.disk); !slices.Contains(c.contents, got) {
		wrong = append(wrong, "the file holds "+got)
	}
	f := safefile.New[counters](crashPath, append(slices.Clone(c.opts), over(c.disk))...)
	list, err := f.Backups()
	if err != nil {
		return append(wrong, err.Error())
	}
	var listed kept
	for _, b := range list {
		data, err := f.ReadBackupBytes(b)
		text := fmt.Sprint(b.Number, ":", string(data))
		switch {
		case errors.Is(err, errors.ErrNoChecksum) && len(listed) >= crashKept:
			continue // one that was about to be removed, whose checksum the crash has removed alone
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("backup %d: %v", b.Number, err))
		case !slices.Contains(c.after, text):
			wrong = append(wrong, fmt.Sprintf("a backup that was never made: %s", text))
		}
		listed = append(listed, text)
	}
	if !listed.hasNewest(c.after) && (c.acknowledged || !listed.hasNewest(c.before)) {
		wrong = append(wrong, fmt.Sprintf("of the newest backups some are missing: there are %q", listed))
	}
	return append(wrong, c.wayOn(f)...)
}

// wayOn says what is wrong after a process that starts on the disk has written twice: nothing but the newest
// backups is left, with their checksums.
func (c crashedBackups) wayOn(f *safefile.SafeFile[counters]) (wrong []string) {
	before := found(c.disk)
	for i := range 2 {
		if err := f.WriteBytes([]byte(fmt.Sprint("next ", i))); err != nil {
			return append(wrong, "no way on: "+err.Error())
		}
	}
	list, err := f.Backups()
	if err != nil || len(list) == 0 {
		return append(wrong, fmt.Sprintf("no backups after two writes: %v", err))
	}
	var want []string
	for i, text := range []string{"next 0", before}[:min(2, len(list))] {
		if data, err := f.ReadBackupBytes(list[i]); err != nil || text != none && string(data) != text {
			wrong = append(wrong, fmt.Sprintf("then backup %d is %q, %v, want %q", list[i].Number, data, err, text))
		}
	}
	for _, b := range list {
		want = append(want, b.Path[len("/data/"):])
	}
	dir, err := c.disk.OpenDir("/data")
	if err != nil {
		return append(wrong, err.Error())
	}
	names, _ := dir.Names()
	for _, name := range names {
		name = strings.TrimSuffix(name, ".sha256")
		if name != "app.json" && name != "app.json.lock" && !slices.Contains(want, name) || len(list) > crashKept {
			wrong = append(wrong, "left behind: "+name)
		}
	}
	return wrong
}

// noLinks spoils every hard link, as a filesystem without them does.
func noLinks(op faultfs.Op) error {
	if op.Verb == faultfs.Link {
		return syscall.EPERM
	}
	return nil
}

func TestCrashAtEveryOperationLeavesBackupsWholeAndTheNewestInPlace(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(faultfs.Op) error
		opts  []safefile.Option
	}{
		"links":          {unspoiled, nil},
		"copies":         {noLinks, nil},
		"links, sealed":  {unspoiled, []safefile.Option{safefile.WithChecksum()}},
		"copies, sealed": {noLinks, []safefile.Option{safefile.WithChecksum()}},
	} {
		t.Run(name, func(t *testing.T) {
			wrong, looked := backupCrashes(t, crashHistory, c.spoil, c.opts...)
			for _, w := range wrong[:min(20, len(wrong))] {
				t.Error(w)
			}
			if looked < 300 {
				t.Errorf("looked at %d disks only", looked)
			}
			t.Logf("looked at %d disks, %d wrong", looked, len(wrong))
		})
	}
}

// A protocol with one kind of step left out must be caught, or the test above proves nothing.
func TestCrashModelCatchesBackupsWithoutOneOfTheirSteps(t *testing.T) {
	for name, skips := range map[string]func(op faultfs.Op) bool{
		"directory sync":      func(op faultfs.Op) bool { return op.Verb == faultfs.SyncDir },
		"rename of the copy":  func(op faultfs.Op) bool { return op.Verb == faultfs.Rename && strings.HasSuffix(op.Path, "~") },
		"content of the copy": func(op faultfs.Op) bool { return op.Verb == faultfs.Clone },
		"link":                func(op faultfs.Op) bool { return op.Verb == faultfs.Link },
	} {
		t.Run(name, func(t *testing.T) {
			steps := crashHistory[:7]
			if name == "directory sync" {
				steps = steps[:2] // every change that is not synced doubles the disks
			}
			wrong, _ := backupCrashes(t, steps, func(op faultfs.Op) error {
				if skips(op) {
					return faultfs.ErrSkip
				}
				if strings.Contains(name, "copy") {
					return noLinks(op)
				}
				return nil
			})
			if len(wrong) == 0 {
				t.Errorf("backups without the %s passed", name)
			}
		})
	}
}

// A copy whose fsync is left out may be torn after a crash.
func TestCrashModelCatchesACopyThatIsNotSynced(t *testing.T) {
	copied := false
	wrong, _ := backupCrashes(t, crashHistory[:3], func(op faultfs.Op) error {
		switch {
		case op.Verb == faultfs.Clone:
			copied = true
		case op.Verb == faultfs.Sync && copied:
			copied = false
			return faultfs.ErrSkip
		}
		return noLinks(op)
	})
	if len(wrong) == 0 {
		t.Error("backups without the fsync of the copy passed")
	}
}

// Another program may have written the file without an fsync.
func TestCrashLeavesABackupOfContentThatItsWriterDidNotSyncWhole(t *testing.T) {
	disk := emptyDisk(t)
	f := safefile.New[counters](crashPath, safefile.WithBackups(1), over(disk))
	testkit.Must(t, f.WriteBytes([]byte("old")))
	dir, err := disk.OpenDir("/data")
	testkit.Must(t, err)
	file, err := dir.OpenRecord("app.json")
	testkit.Must(t, err)
	_, err = file.WriteAt([]byte("edited"), 0)
	testkit.Must(t, err)
	testkit.Must(t, f.WriteBytes([]byte("new")))
	for crashed := range disk.Crashes() {
		f := safefile.New[counters](crashPath, over(crashed))
		list, err := f.Backups()
		testkit.Must(t, err)
		if len(list) != 1 {
			t.Fatalf("%d backups", len(list))
		}
		if data, err := f.ReadBackupBytes(list[0]); err != nil || string(data) != "edited" {
			t.Errorf("%q, %v", data, err)
		}
	}
}

func TestCrashOfARemovalOrAMoveKeepsTheContentSomewhere(t *testing.T) {
	for name, change := range map[string]func(...safefile.Option) error{
		"remove":       func(o ...safefile.Option) error { return safefile.New[counters](crashPath, o...).Remove() },
		"move over it": func(o ...safefile.Option) error { return safefile.Move(crashOther, crashPath, o...) },
	} {
		t.Run(name, func(t *testing.T) {
			disk := sealedDisk(t)
			opts := []safefile.Option{safefile.WithBackups(crashKept), safefile.WithChecksum(), quiet}
			for _, path := range []string{crashPath, crashOther} {
				testkit.Must(t, safefile.WriteFile(path, []byte(path), append(opts, over(disk))...))
			}
			fsys := faultfs.Wrap(disk)
			look := func(when string, acknowledged bool) {
				for crashed := range disk.Crashes() {
					f := safefile.New[counters](crashPath, append(opts, over(crashed))...)
					list, err := f.Backups()
					testkit.Must(t, err)
					if acknowledged && len(list) != 1 {
						t.Errorf("%s: %d backups", when, len(list))
					}
					for _, b := range list {
						if data, err := f.ReadBackupBytes(b); err != nil || string(data) != crashPath {
							t.Errorf("%s: backup %q, %v", when, data, err)
						}
					}
					if name != "remove" {
						if _, err := safefile.ReadFile(crashPath, over(crashed)); errors.Is(err, fs.ErrNotExist) {
							t.Errorf("%s: the file is gone", when)
						}
					}
				}
			}
			fsys.Before(func(op faultfs.Op) error { look("before "+op.String(), false); return nil })
			testkit.Must(t, change(append(opts, over(fsys))...))
			look("acknowledged", true)
		})
	}
}
