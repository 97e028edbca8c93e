package safefile_test

import (
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

type counters = map[string]int

// history is what is done to a file, one step after the other, and what it
// holds then; "(missing)" for no file.
type history []struct {
	name string
	do   func(*safefile.SafeFile[counters]) error
	then string
}

var crashHistory = history{
	{"write a new file", func(f *safefile.SafeFile[counters]) error { return f.Write(counters{"a": 1}) }, "{\n  \"a\": 1\n}\n"},
	{"write over it", func(f *safefile.SafeFile[counters]) error { return f.Write(counters{"a": 22}) }, "{\n  \"a\": 22\n}\n"},
	{"write the same", func(f *safefile.SafeFile[counters]) error { return f.Write(counters{"a": 22}) }, "{\n  \"a\": 22\n}\n"},
	{"merge", func(f *safefile.SafeFile[counters]) error { return f.Merge(counters{"b": 3}) }, "{\n  \"a\": 22,\n  \"b\": 3\n}\n"},
	{"append", func(f *safefile.SafeFile[counters]) error { return f.Append("\n\n") }, "{\n  \"a\": 22,\n  \"b\": 3\n}\n\n\n"},
	{"write bytes", func(f *safefile.SafeFile[counters]) error { return f.WriteBytes([]byte("{}")) }, "{}"},
	{"write nothing", func(f *safefile.SafeFile[counters]) error { return f.WriteBytes(nil) }, ""},
	{"remove", (*safefile.SafeFile[counters]).Remove, "(missing)"},
	{"append to no file", func(f *safefile.SafeFile[counters]) error { return f.Append("x") }, "x"},
	{"remove it", (*safefile.SafeFile[counters]).Remove, "(missing)"},
	{"write bytes to no file", func(f *safefile.SafeFile[counters]) error { return f.WriteBytes([]byte("{}")) }, "{}"},
	{"remove again", (*safefile.SafeFile[counters]).Remove, "(missing)"},
	{"merge into no file", func(f *safefile.SafeFile[counters]) error { return f.Merge(counters{"c": 4}) }, "{\n  \"c\": 4\n}\n"},
}

const crashPath = "/data/app.json"

// crashes lets the machine die before every operation of a history, in every
// way, and reports what was found wrong, and on how many disks it looked. A
// hook may spoil operations.
func crashes(t *testing.T, disk *crashfs.FS, steps history, spoil func(faultfs.Op) error, opts ...safefile.Option) (wrong []string, looked int) {
	t.Helper()
	fsys := faultfs.Wrap(disk)
	opts = append(slices.Clone(opts), over(fsys))
	f := safefile.New[counters](crashPath, opts...)
	look := func(when string, allowed ...string) {
		for crashed := range disk.Crashes() {
			looked++
			if got := found(crashed); !slices.Contains(allowed, got) {
				wrong = append(wrong, when+" the crash left "+got)
			}
			if err := wayOn(crashed); err != nil {
				wrong = append(wrong, when+" no way on: "+err.Error())
			}
		}
	}
	now := found(disk)
	for _, step := range steps {
		fsys.Before(func(op faultfs.Op) error {
			look(step.name+", before "+op.String()+",", now, step.then)
			return spoil(op)
		})
		if err := step.do(f); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		now = step.then
		look(step.name+", acknowledged,", now)
	}
	return wrong, looked
}

// found is what a process that starts on a disk finds in the file.
func found(disk *crashfs.FS) string {
	data, err := safefile.ReadFile(crashPath, over(disk))
	if errors.Is(err, fs.ErrNotExist) {
		return "(missing)"
	}
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// wayOn is nil if a process that starts on a disk can write the file and read it.
func wayOn(disk *crashfs.FS) error {
	f := safefile.New[counters](crashPath, safefile.WithParents(0o755), over(disk))
	if err := f.Write(counters{"next": 1}); err != nil {
		return err
	}
	_, err := f.Read()
	return err
}

func unspoiled(faultfs.Op) error { return nil }

func needSlashes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the simulated disk has no volumes")
	}
}

func emptyDisk(t *testing.T) *crashfs.FS {
	needSlashes(t)
	disk := crashfs.New()
	testkit.Must(t, disk.Mkdir("/data", 0o755))
	disk.SyncAll()
	return disk
}

func TestCrashAtEveryOperationLeavesOldOrNewAndKeepsWhatWasAcknowledged(t *testing.T) {
	wrong, looked := crashes(t, emptyDisk(t), crashHistory, unspoiled)
	for _, w := range wrong {
		t.Error(w)
	}
	if looked < 300 {
		t.Errorf("looked at %d disks only", looked)
	}
	t.Logf("looked at %d disks", looked)
}

func TestCrashWhileParentsAreMadeLosesNothingAcknowledged(t *testing.T) {
	needSlashes(t)
	wrong, looked := crashes(t, crashfs.New(), crashHistory[:2], unspoiled, safefile.WithParents(0o755))
	for _, w := range wrong {
		t.Error(w)
	}
	t.Logf("looked at %d disks", looked)
}

// A protocol with one step left out must be caught, or the tests above prove nothing.
func TestCrashModelCatchesAProtocolWithoutOneOfItsSteps(t *testing.T) {
	for _, verb := range []string{faultfs.Sync, faultfs.SyncDir, faultfs.Write, faultfs.Rename} {
		t.Run(verb, func(t *testing.T) {
			disk := emptyDisk(t)
			wrong, _ := crashes(t, disk, crashHistory[:2], func(op faultfs.Op) error {
				if op.Verb == verb {
					return faultfs.ErrSkip
				}
				return nil
			})
			if len(wrong) == 0 {
				t.Errorf("a protocol without %q passed", verb)
			}
		})
	}
}

func TestCrashModelCatchesParentsThatAreNotSynced(t *testing.T) {
	needSlashes(t)
	wrong, _ := crashes(t, crashfs.New(), crashHistory[:1], func(op faultfs.Op) error {
		if op.Verb == faultfs.SyncDir && op.Path == "/" {
			return faultfs.ErrSkip
		}
		return nil
	}, safefile.WithParents(0o755))
	if !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, "acknowledged") }) {
		t.Error("a directory that was never synced passed")
	}
}

// Metadata that is set after the fsync may be lost with the next crash, so it
// has to be there with the new content.
func TestCrashNeverShowsNewContentWithoutTheOldMetadata(t *testing.T) {
	disk := emptyDisk(t)
	f := safefile.New[counters](crashPath, over(disk))
	testkit.Must(t, f.WriteBytes([]byte("old")))
	dir, err := disk.OpenDir("/data")
	testkit.Must(t, err)
	file, err := dir.Open("app.json")
	testkit.Must(t, err)
	testkit.Must(t, file.Chmod(0o640))
	testkit.Must(t, file.Chown(12, 34))
	testkit.Must(t, file.SetAttr("user.colour", []byte("blue")))
	disk.SyncAll()
	fsys := faultfs.Wrap(disk)
	look := func() {
		for crashed := range disk.Crashes() {
			dir, err := crashed.OpenDir("/data")
			testkit.Must(t, err)
			file, err := dir.Open("app.json")
			testkit.Must(t, err)
			info, err := file.Stat()
			testkit.Must(t, err)
			colour, err := file.Attr("user.colour")
			if info.Mode != 0o640 || info.UID != 12 || info.GID != 34 || err != nil || string(colour) != "blue" {
				t.Fatalf("after %v: mode %v, owner %d:%d, attribute %q (%v)", fsys.Ops(), info.Mode, info.UID, info.GID, colour, err)
			}
		}
	}
	fsys.Before(func(faultfs.Op) error { look(); return nil })
	testkit.Must(t, safefile.New[counters](crashPath, over(fsys)).WriteBytes([]byte("new")))
	look()
}
