package safefile_test

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

const (
	crashOther = "/other/moved"
	none       = "(missing)"
)

// sealedDisk is empty but for two directories.
func sealedDisk(t *testing.T) *crashfs.FS {
	disk := emptyDisk(t)
	testkit.Must(t, disk.Mkdir("/other", 0o755))
	disk.SyncAll()
	return disk
}

// situation is what the files hold, by path; none for no file.
type situation map[string]string

func situationOf(disk *crashfs.FS) situation {
	s := situation{}
	for _, path := range []string{crashPath, crashOther} {
		data, err := safefile.ReadFile(path, over(disk))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			s[path] = none
		case err != nil:
			s[path] = err.Error()
		default:
			s[path] = string(data)
		}
	}
	return s
}

// sum is how many files there are.
func (s situation) sum() (n int) {
	for _, text := range s {
		if text != none {
			n++
		}
	}
	return n
}

// sidecarsOf gives the sidecars' texts, or none.
func sidecarsOf(disk *crashfs.FS) (texts [2]string) {
	for i, path := range []string{crashPath, crashOther} {
		data, err := safefile.ReadFile(path+".sha256", over(disk))
		if texts[i] = string(data); errors.Is(err, fs.ErrNotExist) {
			texts[i] = none
		}
	}
	return texts
}

func (s situation) equal(u situation) bool {
	return s[crashPath] == u[crashPath] && s[crashOther] == u[crashOther]
}

// sealedCrashes lets the machine die before every operation of a change and after
// it, in every way, and reports what was found wrong and on how many disks it
// looked. The disk holds what the change left when it returns.
func sealedCrashes(t *testing.T, disk *crashfs.FS, change func(opt safefile.Option) error, spoil func(faultfs.Op) error) (wrong []string, looked int, ops []faultfs.Op) {
	t.Helper()
	before := situationOf(disk)
	var after situation
	seen := map[string]func(){} // what differs, to be judged when the outcome is known
	fsys := faultfs.Wrap(disk)
	look := func(when string, acknowledged bool) {
		for crashed := range disk.Crashes() {
			looked++
			got := situationOf(crashed)
			key := fmt.Sprint(acknowledged, got, sidecarsOf(crashed))
			if seen[key] != nil {
				continue
			}
			seen[key] = func() {
				if !got.equal(after) && (acknowledged || !got.equal(before)) {
					wrong = append(wrong, when+" the crash left "+got[crashPath]+" and "+got[crashOther])
				}
				for path, text := range got {
					// Both names of a removal go with one sync, so the sidecar's may go alone.
					bare := after[path] == none && after.sum() < before.sum() && sidecarsOf(crashed) == [2]string{none, none}
					if text != none && !bare {
						wrong = append(wrong, judge(crashed, path, text, when)...)
					}
				}
			}
		}
	}
	fsys.Before(func(op faultfs.Op) error {
		look("before "+op.String()+",", false)
		return spoil(op)
	})
	testkit.Must(t, change(over(fsys)))
	ops = fsys.Ops()
	after = situationOf(disk)
	look("acknowledged,", true)
	for _, judged := range seen {
		judged()
	}
	return wrong, looked, ops
}

// judge says what is wrong with a file that a crash left.
func judge(disk *crashfs.FS, path, text, when string) (wrong []string) {
	f := safefile.New[counters](path, safefile.WithChecksum(), over(disk), quiet)
	if err := f.Verify(); err != nil {
		wrong = append(wrong, when+" intact content does not verify: "+err.Error())
	}
	if err := f.Append("tail"); err != nil {
		wrong = append(wrong, when+" intact content can't be appended to: "+err.Error())
	} else if got, err := f.ReadBytes(); err != nil || string(got) != text+"tail" {
		wrong = append(wrong, when+" appended to it is "+string(got))
	}
	if err := flipOn(disk, path); err != nil {
		return append(wrong, when+" "+err.Error())
	}
	if err := f.Verify(); !errors.Is(err, errors.ErrChecksumMismatch) {
		wrong = append(wrong, when+" a flipped bit is not found")
	}
	if err := f.Append("tail"); !errors.Is(err, errors.ErrChecksumMismatch) {
		wrong = append(wrong, when+" a flipped bit is blessed")
	}
	if err := errors.Join(f.WriteBytes([]byte("next")), f.Verify()); err != nil {
		wrong = append(wrong, when+" no way on: "+err.Error())
	}
	return wrong
}

// flipOn damages the first byte of a file, in place and past the protocol.
func flipOn(disk *crashfs.FS, path string) error {
	i := strings.LastIndexByte(path, '/')
	dir, err := disk.OpenDir(path[:i])
	if err != nil {
		return err
	}
	f, err := dir.OpenRecord(path[i+1:])
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, 0)
	return err
}

// sealedChanges are made one after the other on one disk.
func sealedChanges() []struct {
	name string
	do   func(o ...safefile.Option) error
} {
	file := func(o []safefile.Option) *safefile.SafeFile[counters] {
		return safefile.New[counters](crashPath, append(o, safefile.WithChecksum())...)
	}
	type change = struct {
		name string
		do   func(o ...safefile.Option) error
	}
	var all []change
	for _, step := range crashHistory {
		if step.name == "write nothing" {
			continue // of nothing no bit can be flipped
		}
		all = append(all, change{step.name, func(o ...safefile.Option) error { return step.do(file(o)) }})
	}
	move := func(from, to string) func(o ...safefile.Option) error {
		return func(o ...safefile.Option) error { return safefile.Move(from, to, o...) }
	}
	stream := func(text string) func(o ...safefile.Option) error {
		return func(o ...safefile.Option) error {
			w, err := file(o).Create()
			if err != nil {
				return err
			}
			defer w.Close()
			for _, part := range strings.SplitAfter(text, " ") {
				if _, err := io.WriteString(w, part); err != nil {
					return err
				}
			}
			return w.Commit()
		}
	}
	return append(all,
		change{"move to nothing", move(crashPath, crashOther)},
		change{"stream a new file", stream("the first stream")},
		change{"stream over it", stream("the second stream, longer")},
		change{"move over a file", move(crashPath, crashOther)},
		change{"move back", move(crashOther, crashPath)},
	)
}

func TestCrashAtEveryOperationLeavesContentThatVerifies(t *testing.T) {
	disk := sealedDisk(t)
	sum := 0
	for _, c := range sealedChanges() {
		wrong, looked, _ := sealedCrashes(t, disk, func(o safefile.Option) error { return c.do(o, quiet) }, unspoiled)
		for _, w := range wrong {
			t.Errorf("%s, %s", c.name, w)
		}
		sum += looked
	}
	if sum < 1000 {
		t.Errorf("looked at %d disks only", sum)
	}
	t.Logf("looked at %d disks", sum)
}

// Each write, sync and rename of the protocol is left out once. The crashes must
// find it, or the test above proves nothing; but for the steps after which only
// the announcement, which is true too, would be left.
func TestCrashModelCatchesAChecksumProtocolWithoutAnyOneOfItsSteps(t *testing.T) {
	essential := []string{faultfs.Write, faultfs.Sync, faultfs.SyncDir, faultfs.Rename}
	for target, harmless := range map[string][]string{
		"write over it": {"11 rename app.json.sha256", "12 sync directory data"},
		// The simulated disk has either side of a rename with the other, so one
		// sync would do; and the moved file is on it already.
		"move over a file": {"1 sync app.json", "7 sync directory other", "8 sync directory data",
			"11 rename moved.sha256", "12 sync directory other", "13 sync directory data"},
	} {
		steps := func(skip int) (wrong []string, which []faultfs.Op, skipped faultfs.Op) {
			disk := sealedDisk(t)
			for _, c := range sealedChanges() {
				change := func(o safefile.Option) error { return c.do(o, quiet) }
				if c.name != target {
					testkit.Must(t, change(over(disk)))
					disk.SyncAll()
					continue
				}
				n := 0
				wrong, _, _ = sealedCrashes(t, disk, change, func(op faultfs.Op) error {
					if !slices.Contains(essential, op.Verb) {
						return nil
					}
					which = append(which, op)
					if n++; n == skip {
						skipped = op
						return faultfs.ErrSkip
					}
					return nil
				})
				return wrong, which, skipped
			}
			panic("no change is called " + target)
		}
		_, all, _ := steps(0)
		missed := []string{}
		for i := range all {
			if wrong, _, op := steps(i + 1); len(wrong) == 0 {
				missed = append(missed, fmt.Sprint(i+1, " ", op.Verb, " ")+op.Path[strings.LastIndexByte(op.Path, '/')+1:])
			}
		}
		if !slices.Equal(missed, harmless) {
			t.Errorf("%s: of %d steps these can be left out: %q, want %q", target, len(all), missed, harmless)
		}
	}
}

// The file that is moved may not be on the disk yet, if its writer did not sync it.
func TestAMoveSyncsTheFileBeforeItsNewNameAndTheNewNameBeforeTheOldIsGone(t *testing.T) {
	disk := sealedDisk(t)
	testkit.Must(t, safefile.WriteFile(crashPath, []byte("x"), safefile.WithChecksum(), over(disk)))
	fsys := faultfs.Wrap(disk)
	testkit.Must(t, safefile.Move(crashPath, crashOther, over(fsys)))
	var steps []string
	for _, op := range fsys.Ops() {
		switch op.Verb {
		case faultfs.Sync, faultfs.SyncDir, faultfs.Rename, faultfs.Remove:
			if !strings.Contains(op.Path, ".tmp") {
				steps = append(steps, op.Verb+" "+op.Path)
			}
		}
	}
	want := []string{"sync /data/app.json", "rename /other/moved.sha256", "sync directory /other",
		"rename /other/moved", "sync directory /other", "sync directory /data", "remove /data/app.json.sha256", "sync directory /data"}
	if !slices.Equal(steps, want) {
		t.Errorf("%q, want %q", steps, want)
	}
}
