package disk

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
)

// write makes a file of a directory, always with the same time.
func write(t *testing.T, d vfs.Dir, name, content string) {
	t.Helper()
	f, err := d.Create(name, 0o600)
	testkit.Must(t, err)
	defer f.Close()
	_, err = f.Write([]byte(content))
	testkit.Must(t, err)
	testkit.Must(t, f.SetMtime(writtenAt))
}

const writtenAt = 1_000_000_000

// twoDirectories gives a new disk with /d and /e, whose inode numbers are always the same.
func twoDirectories(t testing.TB) (disk *crashfs.FS, dirs [2]vfs.Dir) {
	t.Helper()
	disk = crashfs.New()
	for i, path := range []string{"/d", "/e"} {
		testkit.Must(t, disk.Mkdir(path, 0o755))
		dir, err := disk.OpenDir(path)
		testkit.Must(t, err)
		dirs[i] = dir
	}
	return disk, dirs
}

// FuzzJournal puts a journal beside a file and its temp, and a pointer that leads to the journal into another directory. With any content
// of the two a recovery comes to an end, and leaves each file as it was or as the journal wants it.
func FuzzJournal(f *testing.F) {
	owner, id := replace.OwnerOf("f", ""), "0123456789abcdef"
	name := replace.JournalName(owner, id)
	temp := replace.JournalName(owner, id) + ".tmp"
	secret := replace.OwnerOf("secret", "")
	valid := journal{
		Magic: journalMagic, Name: pathText(name), Dirs: []journalDir{{Path: "/d"}, {Path: "/e"}},
		Files: []journalFile{
			{Dir: 0, Name: "f", Temp: pathText(temp), Lock: "/d/f.lock", New: &stamp{7, writtenAt}, Old: &stamp{3, writtenAt}},
			{Dir: 1, Name: "secret", Temp: pathText(replace.JournalName(secret, id) + replace.RemovedSuffix), Lock: "/e/secret.lock", Remove: true, Old: &stamp{4, writtenAt}},
		},
	}
	_, dirs := twoDirectories(f)
	for i, d := range dirs {
		self, err := d.Self()
		testkit.Must(f, err)
		valid.Dirs[i].Ino, valid.Dirs[i].Birth = self.Ino, self.Birth
	}
	validLine, err := json.Marshal(valid)
	testkit.Must(f, err)
	validPointer, err := json.Marshal(journal{Magic: journalMagic, Name: pathText(name), Dirs: valid.Dirs[:1], Here: 1})
	testkit.Must(f, err)
	f.Add(string(validLine), string(validPointer))
	f.Add(string(validLine[:len(validLine)/2]), "{}")
	f.Add(`{"Magic":"holdfast journal 1","Name":"../../etc/passwd","Dirs":[{"Path":"/d"}],"Files":[]}`, `{"Here":-1}`)
	f.Add(`{"Magic":"holdfast journal 1","Dirs":[{"Path":"/d"}],"Files":[{"Dir":9,"Name":"..","Temp":"x","Lock":"\u0000"}]}`, `{"Here":1,"Dirs":[{"Path":"relative"}]}`)
	f.Add("null", "[]")
	f.Fuzz(func(t *testing.T, line, pointer string) {
		disk, dirs := twoDirectories(t)
		d, e := dirs[0], dirs[1]
		write(t, d, "f", "old")
		write(t, d, temp, "its new")
		write(t, e, "secret", "kept")
		write(t, e, "secret.lock", "")
		write(t, d, name+replace.JournalSuffix, string(withSum([]byte(line))))
		write(t, e, replace.JournalName(secret, id)+replace.PointerSuffix, string(withSum([]byte(pointer))))
		for _, path := range []string{"/d/f", "/e/secret"} {
			disk, target := New(disk), store.Target{Path: path}
			at, err := disk.Locate(ctx, target)
			testkit.Must(t, err)
			locked, err := disk.TryLock(ctx, target, at, store.Options{}) // follows the journal too
			if err == nil {
				err = errors.Join(locked.Recover(ctx, safety.Policy{}), locked.Release(ctx))
			}
			if err != nil && len(err.Error()) > 4000+4*len(line)+4*len(pointer) {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		}
		f, err := contentOf(New(disk), store.Target{Path: "/d/f"}, store.ReadOptions{})
		if err != nil || string(f) != "old" && string(f) != "its new" {
			t.Errorf("the file that changes holds %q, %v", f, err)
		}
		f, err = contentOf(New(disk), store.Target{Path: "/e/secret"}, store.ReadOptions{})
		if !errors.Is(err, fs.ErrNotExist) && (err != nil || string(f) != "kept") {
			t.Errorf("the file that is removed holds %q, %v", f, err)
		}
		if line == string(validLine) && pointer == string(validPointer) && (err == nil || !complete(d, e)) {
			t.Errorf("the journal was not followed: %v", err)
		}
	})
}

// complete reports whether nothing is left but data and locks.
func complete(dirs ...vfs.Dir) bool {
	for _, d := range dirs {
		names, err := d.Names()
		if err != nil || slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, ".holdfast-") }) {
			return false
		}
	}
	return true
}

func FuzzBackupNumber(f *testing.F) {
	f.Add("f", "f.~1~")
	f.Add("f", "f.~01~")
	f.Add("f.~1~", "f.~1~.~2~")
	f.Add("f", "f.~9223372036854775808~")
	f.Add("f", "f.~-1~")
	f.Fuzz(func(t *testing.T, name, entry string) {
		number, ok := backupNumber(name, entry)
		// A backup is removed when it is old, so no name but one of its own may be taken for one.
		if ok && (number < 1 || backupName(name, number) != entry) {
			t.Errorf("%q is taken for backup %d of %q", entry, number, name)
		}
	})
}
