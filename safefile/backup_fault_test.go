package safefile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// backupNames are the names in a file's directory that are a backup's or its checksum's.
func backupNames(t testing.TB, f *safefile.SafeFile[string]) (names []string) {
	t.Helper()
	for _, name := range testkit.Names(t, filepath.Dir(f.Path())) {
		if strings.Contains(name, ".~") {
			names = append(names, name)
		}
	}
	return names
}

// Each operation of a write fails in turn. A backup is there exactly if the write was done.
func TestAWriteThatFailsMakesNoBackup(t *testing.T) {
	for name, opts := range map[string][]safefile.Option{
		"links":  nil,
		"sealed": {safefile.WithChecksum()},
	} {
		for _, copies := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", copies ", copies), func(t *testing.T) { failEachOperation(t, copies, opts) })
		}
	}
}

func failEachOperation(t *testing.T, copies bool, opts []safefile.Option) {
	base := testkit.Memory(t)
	for n := 1; ; n++ {
		disk := faultfs.Wrap(vfs.OS)
		dir, err := os.MkdirTemp(base, "backups")
		testkit.Must(t, err)
		f := safefile.New[string](filepath.Join(dir, "f.txt"), append(opts, safefile.WithBackups(2), over(disk), quiet)...)
		writeAll(t, f, "a", "b", "c")
		before := backupNames(t, f)
		failed := ""
		disk.Before(func(op faultfs.Op) error {
			if op.N == n {
				failed = op.String()
				return syscall.EIO
			}
			if copies {
				return noLinks(op)
			}
			return nil
		})
		err = f.Write("d")
		ops := len(disk.Ops())
		disk.Reset()
		switch {
		case errors.Is(err, errors.ErrNotDurable):
			testkit.WantContent(t, f.Path(), "d")
			if got := texts(t, f); len(got) < 2 || got[0] != "3:c" {
				t.Errorf("%s fails: %q", failed, got)
			}
		case err != nil:
			testkit.WantContent(t, f.Path(), "c")
			left := strings.Contains(failed, "remove") // and the file that could not be removed stays for the next write
			if got := backupNames(t, f); !slices.Equal(got, before) && !left {
				t.Errorf("%s fails: there are %q, want %q", failed, got, before)
			}
		default:
			testkit.WantContent(t, f.Path(), "d")
			if got := texts(t, f); len(got) < 2 || got[0] != "3:c" || got[1] != "2:b" {
				t.Errorf("%s fails, the write does not: %q", failed, got)
			}
		}
		wantNoTemps(t, filepath.Dir(f.Path()))
		writeAll(t, f, "e", "f")
		if got := texts(t, f); len(got) != 2 || !strings.HasSuffix(got[0], ":e") {
			t.Errorf("%s fails: then there are %q", failed, got)
		}
		if n > ops {
			t.Logf("%d operations", ops)
			return
		}
	}
}

func TestWhereLinksAreRefusedTheContentIsCopied(t *testing.T) {
	for _, refusal := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS, syscall.EMLINK, syscall.EXDEV} {
		t.Run(refusal.Error(), func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			f := keeping(t, 2, over(disk))
			writeAll(t, f, "a")
			testkit.Must(t, os.Chmod(f.Path(), 0o640))
			before, err := os.Stat(f.Path())
			testkit.Must(t, err)
			disk.FailAll(faultfs.Link, refusal)
			writeAll(t, f, "b", "c")
			wantBackups(t, f, "2:b", "1:a")
			after, err := os.Stat(f.Path() + ".~1~")
			testkit.Must(t, err)
			if after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
				t.Errorf("the copy has mode %v and time %v, the file had %v and %v", after.Mode(), after.ModTime(), before.Mode(), before.ModTime())
			}
		})
	}
}

func TestAFullDiskRefusesAWriteWhoseBackupMustBeCopied(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	f := keeping(t, 2, over(disk))
	writeAll(t, f, "a")
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Clone {
			return syscall.ENOSPC
		}
		return noLinks(op)
	})
	testkit.WantIs(t, "Write", f.Write("b"), syscall.ENOSPC, errors.ErrWrite)
	testkit.WantContent(t, f.Path(), "a")
	wantBackups(t, f)
	wantNoTemps(t, filepath.Dir(f.Path()))
}

func TestAnOldBackupThatCannotBeRemovedIsReportedAndFailsNoWrite(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	var log testkit.Log
	f := keeping(t, 1, over(disk), logging(&log))
	writeAll(t, f, "a", "b")
	disk.FailAll(faultfs.Remove, syscall.EIO)
	writeAll(t, f, "c")
	if !strings.Contains(log.String(), "an old backup was not removed") {
		t.Errorf("the log has %q", log.String())
	}
	wantBackups(t, f, "2:b", "1:a")
	disk.Reset()
	writeAll(t, f, "d")
	wantBackups(t, f, "3:c")
}

// A name that somebody takes after the directory was listed is left alone, and the next number is used.
func TestANameThatIsTakenMeanwhileIsLeftAlone(t *testing.T) {
	for _, copies := range []bool{false, true} {
		disk := faultfs.Wrap(vfs.OS)
		f := keeping(t, 3, over(disk), safefile.WithChecksum())
		writeAll(t, f, "a")
		planted := false
		disk.Before(func(op faultfs.Op) error {
			if op.Verb == faultfs.Link && !planted {
				planted = true
				testkit.Put(t, f.Path()+".~1~", "somebody's")
			}
			if copies {
				return noLinks(op)
			}
			return nil
		})
		writeAll(t, f, "b")
		testkit.WantContent(t, f.Path()+".~1~", "somebody's")
		testkit.WantContent(t, f.Path()+".~2~", "a")
		testkit.WantNames(t, filepath.Dir(f.Path()), "f.txt", "f.txt.lock", "f.txt.sha256", "f.txt.~1~", "f.txt.~2~", "f.txt.~2~.sha256")
	}
}

// An editor that saves between the last check and the link is noticed by the link itself.
func TestAChangeRightBeforeTheLinkIsNotOverwritten(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	f := keeping(t, 3, over(disk))
	writeAll(t, f, "a")
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Link {
			testkit.Put(t, f.Path(), "edited")
		}
		return nil
	})
	testkit.WantIs(t, "Append", f.Append("b"), errors.ErrChanged)
	disk.Reset()
	testkit.WantContent(t, f.Path(), "edited")
	wantBackups(t, f)
	if names := backupNames(t, f); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}
