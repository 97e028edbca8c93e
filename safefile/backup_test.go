package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// texts gives a file's backups as NUMBER:CONTENT, the newest first.
func texts(t testing.TB, f *safefile.SafeFile[string]) (all []string) {
	t.Helper()
	list, err := f.Backups()
	testkit.Must(t, err)
	for _, b := range list {
		data, err := f.ReadBackupBytes(b)
		testkit.Must(t, err)
		if int64(len(data)) != b.Size || b.Path != fmt.Sprintf("%s.~%d~", f.Path(), b.Number) {
			t.Errorf("%+v has the content %q", b, data)
		}
		all = append(all, fmt.Sprint(b.Number, ":", string(data)))
	}
	return all
}

func wantBackups(t testing.TB, f *safefile.SafeFile[string], want ...string) {
	t.Helper()
	if got := texts(t, f); !slices.Equal(got, want) {
		t.Errorf("the backups are %q, want %q", got, want)
	}
}

// keeping is a handle with backups of a file in a new directory.
func keeping(t testing.TB, n int, opts ...safefile.Option) *safefile.SafeFile[string] {
	t.Helper()
	return safefile.New[string](filepath.Join(t.TempDir(), "f.txt"), append(opts, safefile.WithBackups(n))...)
}

func writeAll(t testing.TB, f *safefile.SafeFile[string], values ...string) {
	t.Helper()
	for _, v := range values {
		testkit.Must(t, f.Write(v))
	}
}

func TestTheNewestBackupsAreKeptAndTheirNumbersGrow(t *testing.T) {
	f := keeping(t, 2)
	wantBackups(t, f)
	writeAll(t, f, "a")
	wantBackups(t, f)
	writeAll(t, f, "b", "c")
	wantBackups(t, f, "2:b", "1:a")
	writeAll(t, f, "d", "e")
	wantBackups(t, f, "4:d", "3:c")
	testkit.WantNames(t, filepath.Dir(f.Path()), "f.txt", "f.txt.lock", "f.txt.~3~", "f.txt.~4~")
	list, err := f.Backups()
	testkit.Must(t, err)
	v, err := f.ReadBackup(list[1])
	if err != nil || v != "c" {
		t.Errorf("ReadBackup gave %q, %v", v, err)
	}
}

func TestABackupHasTheTimeAtWhichItsContentWasWritten(t *testing.T) {
	f := keeping(t, 1)
	writeAll(t, f, "a")
	then := time.Unix(1_600_000_000, 0)
	testkit.Must(t, os.Chtimes(f.Path(), then, then))
	writeAll(t, f, "b")
	list, err := f.Backups()
	if err != nil || len(list) != 1 || !list[0].Time.Equal(then) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAWriteThatChangesNoByteMakesNoBackup(t *testing.T) {
	f := keeping(t, 3)
	writeAll(t, f, "a", "a", "b", "b")
	wantBackups(t, f, "1:a")
}

func TestAHandleWithoutBackupsMakesAndRemovesNone(t *testing.T) {
	f := keeping(t, 3)
	writeAll(t, f, "a", "b")
	plain := safefile.New[string](f.Path())
	writeAll(t, plain, "c", "d")
	wantBackups(t, plain, "1:a")
	writeAll(t, safefile.New[string](f.Path(), safefile.WithBackups(0)), "e")
	wantBackups(t, f, "1:a")
}

func TestEveryKindOfChangeMakesABackup(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.txt")
	for name, change := range map[string]func(*safefile.SafeFile[string]) error{
		"Write":      func(f *safefile.SafeFile[string]) error { return f.Write("new") },
		"WriteBytes": func(f *safefile.SafeFile[string]) error { return f.WriteBytes([]byte("new")) },
		"Append":     func(f *safefile.SafeFile[string]) error { return f.Append("new") },
		"Remove":     (*safefile.SafeFile[string]).Remove,
		"stream": func(f *safefile.SafeFile[string]) error {
			w, err := f.Create()
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := w.Write([]byte("new")); err != nil {
				return err
			}
			return w.Commit()
		},
		"Move": func(f *safefile.SafeFile[string]) error {
			if err := os.WriteFile(other, []byte("moved"), 0o666); err != nil {
				return err
			}
			return safefile.Move(other, f.Path(), safefile.WithBackups(3))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := keeping(t, 3)
			writeAll(t, f, "old")
			testkit.Must(t, change(f))
			wantBackups(t, f, "1:old")
		})
	}
}

func TestTheBackupsOfARemovedFileStayAndCountOn(t *testing.T) {
	f := keeping(t, 2)
	writeAll(t, f, "a", "b")
	testkit.Must(t, f.Remove())
	wantBackups(t, f, "2:b", "1:a")
	writeAll(t, f, "c", "d")
	wantBackups(t, f, "3:c", "2:b")
}

func TestARemovedFileIsRestored(t *testing.T) {
	f := keeping(t, 2)
	writeAll(t, f, "a")
	testkit.Must(t, f.Remove())
	list, err := f.Backups()
	testkit.Must(t, err)
	testkit.Must(t, f.Restore(list[0]))
	testkit.WantContent(t, f.Path(), "a")
}

func TestARestoreCanBeUndone(t *testing.T) {
	f := keeping(t, 3)
	writeAll(t, f, "a", "b", "c")
	list, err := f.Backups()
	testkit.Must(t, err)
	testkit.Must(t, f.Restore(list[1]))
	testkit.WantContent(t, f.Path(), "a")
	wantBackups(t, f, "3:c", "2:b", "1:a")
	list, err = f.Backups()
	testkit.Must(t, err)
	testkit.Must(t, f.Restore(list[0]))
	testkit.WantContent(t, f.Path(), "c")
}

func TestAMoveLeavesTheBackupsOfTheSourceAtItsName(t *testing.T) {
	f := keeping(t, 3)
	writeAll(t, f, "a", "b")
	to := safefile.New[string](filepath.Join(filepath.Dir(f.Path()), "to.txt"), safefile.WithBackups(3))
	writeAll(t, to, "x")
	testkit.Must(t, safefile.Move(f.Path(), to.Path(), safefile.WithBackups(3)))
	testkit.WantContent(t, to.Path(), "b")
	wantBackups(t, f, "1:a")
	wantBackups(t, to, "1:x")
	testkit.Must(t, safefile.Move(to.Path(), f.Path()))
	wantBackups(t, to, "1:x")
}

func TestABackupThatIsGoneIsErrNotExist(t *testing.T) {
	f := keeping(t, 1)
	writeAll(t, f, "a", "b")
	list, err := f.Backups()
	testkit.Must(t, err)
	writeAll(t, f, "c")
	_, err = f.ReadBackup(list[0])
	testkit.WantIs(t, "ReadBackup", err, fs.ErrNotExist, errors.ErrRead)
	_, err = f.ReadBackupBytes(list[0])
	testkit.WantIs(t, "ReadBackupBytes", err, fs.ErrNotExist, errors.ErrRead)
	testkit.WantIs(t, "Restore", f.Restore(list[0]), fs.ErrNotExist, errors.ErrWrite)
	for _, number := range []int{0, -1, 99} {
		_, err = f.ReadBackup(safefile.Backup{Number: number})
		testkit.WantIs(t, fmt.Sprint("number ", number), err, fs.ErrNotExist)
	}
	testkit.WantContent(t, f.Path(), "c")
}

// A Backup may come from a web form. It must not read any file but a backup of this one.
func TestABackupOfAnotherFileIsRefused(t *testing.T) {
	f, other := keeping(t, 1), keeping(t, 1)
	writeAll(t, f, "a", "b")
	writeAll(t, other, "secret", "x")
	list, err := other.Backups()
	testkit.Must(t, err)
	_, err = f.ReadBackup(list[0])
	testkit.WantIs(t, "another file's", err, fs.ErrInvalid)
	testkit.WantIs(t, "Restore", f.Restore(list[0]), fs.ErrInvalid)
	testkit.WantContent(t, f.Path(), "b")
	v, err := f.ReadBackup(safefile.Backup{Number: 1})
	if err != nil || v != "a" {
		t.Errorf("a number alone gave %q, %v", v, err)
	}
}

func TestNoFileNoDirectoryNoBackups(t *testing.T) {
	f := safefile.New[string](filepath.Join(t.TempDir(), "no", "such", "f.txt"))
	wantBackups(t, f)
	_, err := f.ReadBackup(safefile.Backup{Number: 1})
	testkit.WantIs(t, "ReadBackup", err, fs.ErrNotExist)
}

func TestANegativeNumberOfBackupsIsRefused(t *testing.T) {
	f := keeping(t, -1)
	testkit.WantIs(t, "Write", f.Write("a"), fs.ErrInvalid)
	_, err := f.Backups()
	testkit.WantIs(t, "Backups", err, fs.ErrInvalid)
	_, err = f.ReadBackupBytes(safefile.Backup{Number: 1})
	testkit.WantIs(t, "ReadBackupBytes", err, fs.ErrInvalid)
}

func TestOnlyAnExactNameOfARegularFileIsABackup(t *testing.T) {
	f := keeping(t, 1)
	dir := filepath.Dir(f.Path())
	planted := []string{"f.txt.~0~", "f.txt.~01~", "f.txt.~-1~", "f.txt.~+2~", "f.txt.~1", "f.txt.~~", "f.txt.~2~x", "xf.txt.~3~",
		"f.txt.~9999999999999999999999~", "f.txt~", "f.txt.~1~.~2~"}
	for _, name := range planted {
		testkit.Put(t, filepath.Join(dir, name), "somebody's")
	}
	writeAll(t, f, "a", "b", "c", "d")
	wantBackups(t, f, "3:c")
	for _, name := range planted {
		testkit.WantContent(t, filepath.Join(dir, name), "somebody's")
	}
}

func TestANumberWhoseNameIsTakenIsSkipped(t *testing.T) {
	f := keeping(t, 2)
	dir := filepath.Dir(f.Path())
	testkit.Must(t, os.Mkdir(f.Path()+".~1~", 0o755))
	secret := filepath.Join(t.TempDir(), "secret")
	testkit.Put(t, secret, "secret")
	if err := os.Symlink(secret, f.Path()+".~2~"); err != nil {
		t.Skip(err)
	}
	writeAll(t, f, "a", "b", "c", "d", "e")
	wantBackups(t, f, "6:d", "5:c")
	for _, number := range []int{1, 2} {
		_, err := f.ReadBackup(safefile.Backup{Number: number})
		testkit.WantIs(t, fmt.Sprint(number), err, fs.ErrNotExist)
	}
	testkit.WantContent(t, secret, "secret")
	testkit.WantNames(t, dir, "f.txt", "f.txt.lock", "f.txt.~1~", "f.txt.~2~", "f.txt.~5~", "f.txt.~6~")
}

func TestAFileWithAnotherNameIsCopiedSoThatItsBackupStaysAsItWas(t *testing.T) {
	f := keeping(t, 2)
	writeAll(t, f, "a")
	twin := f.Path() + ".twin"
	if err := os.Link(f.Path(), twin); err != nil {
		t.Skip(err)
	}
	writeAll(t, f, "b")
	testkit.Must(t, os.WriteFile(twin, []byte("changed in place"), 0o666))
	wantBackups(t, f, "1:a")
}

func TestUnderAChecksumABackupIsVerifiedAndItsChecksumGoesWithIt(t *testing.T) {
	f := keeping(t, 2, safefile.WithChecksum())
	dir := filepath.Dir(f.Path())
	writeAll(t, f, "a", "b", "c", "d")
	wantBackups(t, f, "3:c", "2:b")
	testkit.WantNames(t, dir, "f.txt", "f.txt.lock", "f.txt.sha256", "f.txt.~2~", "f.txt.~2~.sha256", "f.txt.~3~", "f.txt.~3~.sha256")
	if sum := testkit.Content(t, f.Path()+".~3~.sha256"); !strings.HasSuffix(sum, "  f.txt.~3~\n") {
		t.Errorf("sha256sum -c would look elsewhere: %q", sum)
	}
	testkit.Must(t, os.WriteFile(f.Path()+".~3~", []byte("X"), 0o666))
	list, err := f.Backups()
	testkit.Must(t, err)
	_, err = f.ReadBackup(list[0])
	testkit.WantIs(t, "a damaged backup", err, errors.ErrChecksumMismatch)
	testkit.WantIs(t, "its restore", f.Restore(list[0]), errors.ErrChecksumMismatch)
	testkit.Must(t, f.Restore(list[1]))
	testkit.Must(t, f.Verify())
	testkit.Must(t, f.Remove())
	wantBackups(t, f, "5:b", "4:d")
	testkit.WantNames(t, dir, "f.txt.lock", "f.txt.~4~", "f.txt.~4~.sha256", "f.txt.~5~", "f.txt.~5~.sha256")
}

func TestADamagedFileIsNotBlessedByItsBackup(t *testing.T) {
	f := keeping(t, 2, safefile.WithChecksum(), quiet)
	writeAll(t, f, "good")
	testkit.Must(t, os.WriteFile(f.Path(), []byte("g00d"), 0o666))
	writeAll(t, f, "next")
	list, err := f.Backups()
	testkit.Must(t, err)
	_, err = f.ReadBackup(list[0])
	_, bytesErr := f.ReadBackupBytes(list[0])
	for _, err := range []error{err, bytesErr, f.Restore(list[0])} {
		testkit.WantIs(t, "the damaged content", err, errors.ErrChecksumMismatch)
		if !strings.Contains(err.Error(), fmt.Sprint("backup ", list[0].Number)) {
			t.Errorf("the error does not say which backup: %v", err)
		}
	}
}

func TestABackupThatWasMadeWithoutAChecksumHasNone(t *testing.T) {
	f := keeping(t, 2)
	writeAll(t, f, "a", "b")
	sealed := safefile.New[string](f.Path(), safefile.WithChecksum())
	_, err := sealed.ReadBackup(safefile.Backup{Number: 1})
	testkit.WantIs(t, "ReadBackup", err, errors.ErrNoChecksum)
}

func TestTheChecksumOfABackupThatACrashHasPreventedGoes(t *testing.T) {
	f := keeping(t, 2, safefile.WithChecksum())
	writeAll(t, f, "a")
	testkit.Put(t, f.Path()+".~7~.sha256", "left\n")
	writeAll(t, f, "b", "c")
	testkit.WantNames(t, filepath.Dir(f.Path()), "f.txt", "f.txt.lock", "f.txt.sha256",
		"f.txt.~1~", "f.txt.~1~.sha256", "f.txt.~2~", "f.txt.~2~.sha256")
}

func TestABackupThatIsStillTheFileItselfIsNotListedAndIsUsedByTheNextWrite(t *testing.T) {
	f := keeping(t, 2)
	writeAll(t, f, "a", "b")
	if err := os.Link(f.Path(), f.Path()+".~2~"); err != nil { // as after a crash between link and rename
		t.Skip(err)
	}
	wantBackups(t, f, "1:a")
	_, err := f.ReadBackup(safefile.Backup{Number: 2})
	testkit.WantIs(t, "ReadBackup", err, fs.ErrNotExist)
	writeAll(t, f, "c")
	wantBackups(t, f, "2:b", "1:a")
}

func TestABackupLiesBesideTheFileThatALinkLeadsTo(t *testing.T) {
	target := keeping(t, 2)
	writeAll(t, target, "a")
	link := filepath.Join(t.TempDir(), "link.txt")
	if err := os.Symlink(target.Path(), link); err != nil {
		t.Skip(err)
	}
	f := safefile.New[string](link, safefile.WithBackups(2))
	writeAll(t, f, "b")
	wantBackups(t, target, "1:a")
	list, err := f.Backups()
	if err != nil || len(list) != 1 || list[0].Path != target.Path()+".~1~" {
		t.Errorf("%+v, %v", list, err)
	}
	v, err := f.ReadBackup(list[0])
	if err != nil || v != "a" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestALinkThatIsReplacedMakesNoBackup(t *testing.T) {
	target := keeping(t, 0)
	writeAll(t, target, "a")
	link := filepath.Join(t.TempDir(), "link.txt")
	if err := os.Symlink(target.Path(), link); err != nil {
		t.Skip(err)
	}
	f := safefile.New[string](link, safefile.WithBackups(2), safefile.WithSymlinks(safefile.Replace))
	writeAll(t, f, "b")
	wantBackups(t, f)
	writeAll(t, f, "c")
	wantBackups(t, f, "1:b")
	testkit.WantContent(t, target.Path(), "a")
}

func TestANameWithoutRoomForABackupsIsRefusedBeforeAnythingChanges(t *testing.T) {
	dir := t.TempDir()
	f := safefile.New[string](filepath.Join(dir, strings.Repeat("n", 246)+".txt"), safefile.WithBackups(1))
	writeAll(t, f, "a", "b")
	testkit.Must(t, os.Rename(f.Path()+".~1~", f.Path()+".~99~")) // the next number has a digit more
	err := f.Write("c")
	testkit.WantIs(t, "Write", err, syscall.ENAMETOOLONG, errors.ErrWrite)
	if err != nil && !strings.Contains(err.Error(), "WithBackups") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	testkit.WantContent(t, f.Path(), "b")
	wantNoTemps(t, dir)
}
