package disk

import (
	"encoding/json"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
)

// write makes a file of a directory.
func write(t *testing.T, d vfs.Dir, name, content string) {
	t.Helper()
	f, err := d.Create(name, 0o600)
	testkit.Must(t, err)
	defer f.Close()
	_, err = f.Write([]byte(content))
	testkit.Must(t, err)
}

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

// FuzzJournal puts a journal beside a file, and a pointer that leads to it into another directory. A recovery comes to an end and
// changes no file for which there is no temp, with any content of the two.
func FuzzJournal(f *testing.F) {
	owner, id := replace.OwnerOf("f", ""), "0123456789abcdef"
	name := replace.JournalName(owner, id)
	secret := replace.OwnerOf("secret", "")
	valid := journal{
		Magic: journalMagic, Name: pathText(name), Dirs: []journalDir{{Path: "/d"}, {Path: "/e"}},
		Files: []journalFile{
			{Dir: 0, Name: "f", Temp: pathText(replace.JournalName(owner, id) + ".tmp"), Lock: "/d/f.lock", New: &stamp{1, 2}, Old: &stamp{3, 4}},
			{Dir: 1, Name: "secret", Temp: pathText(replace.JournalName(secret, id) + replace.RemovedSuffix), Lock: "/e/secret.lock", Remove: true, Old: &stamp{3, 4}},
		},
	}
	_, dirs := twoDirectories(f)
	for i, d := range dirs {
		self, err := d.Self()
		testkit.Must(f, err)
		valid.Dirs[i].Ino, valid.Dirs[i].Birth = self.Ino, self.Birth
	}
	line, err := json.Marshal(valid)
	testkit.Must(f, err)
	pointer, err := json.Marshal(journal{Magic: journalMagic, Name: pathText(name), Dirs: valid.Dirs[:1], Here: 1})
	testkit.Must(f, err)
	f.Add(string(line), string(pointer))
	f.Add(string(line[:len(line)/2]), "{}")
	f.Add(`{"Magic":"holdfast journal 1","Name":"../../etc/passwd","Dirs":[{"Path":"/d"}],"Files":[]}`, `{"Here":-1}`)
	f.Add(`{"Magic":"holdfast journal 1","Dirs":[{"Path":"/d"}],"Files":[{"Dir":9,"Name":"..","Temp":"x","Lock":"\u0000"}]}`, `{"Here":1,"Dirs":[{"Path":"relative"}]}`)
	f.Add("null", "[]")
	f.Fuzz(func(t *testing.T, line, pointer string) {
		disk, dirs := twoDirectories(t)
		d, e := dirs[0], dirs[1]
		write(t, d, "f", "old")
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
		for path, want := range map[string]string{"/d/f": "old", "/e/secret": "kept"} {
			if got, err := contentOf(New(disk), store.Target{Path: path}, store.ReadOptions{}); err != nil || string(got) != want {
				t.Errorf("%s holds %q, %v", path, got, err)
			}
		}
	})
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
