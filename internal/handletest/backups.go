package handletest

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

var backups = map[string]func(t *testing.T, p *Place){
	"the newest backups are kept and their numbers grow": func(t *testing.T, p *Place) {
		f := p.text("f.txt", safefile.WithBackups(2))
		if list, err := f.Backups(); err != nil || len(list) != 0 {
			t.Errorf("the backups of nothing: %v, %v", list, err)
		}
		for i := range 5 {
			testkit.Must(t, f.Write(fmt.Sprint(i)))
			testkit.Must(t, f.Write(fmt.Sprint(i))) // it changes no byte
		}
		wantBackups(t, f, "4:3 3:2")
		testkit.Must(t, p.text("f.txt").Write("without"))
		wantBackups(t, f, "4:3 3:2")
		testkit.Must(t, f.Append(" and more"))
		wantBackups(t, f, "5:without 4:3")
		testkit.Must(t, f.Remove())
		wantBackups(t, f, "6:without and more 5:without")
		testkit.Must(t, f.Write("again"))
		wantBackups(t, f, "6:without and more 5:without")
	},

	"a restore can be undone": func(t *testing.T, p *Place) {
		f := p.text("f.txt", safefile.WithBackups(3), safefile.WithChecksum())
		testkit.Must(t, f.Write("one"))
		testkit.Must(t, f.Write("two"))
		list, err := f.Backups()
		testkit.Must(t, err)
		testkit.Must(t, f.Restore(list[0]))
		p.want(t, "f.txt", "one")
		testkit.Must(t, f.Verify())
		wantBackups(t, f, "2:two 1:one")
		list, err = f.Backups()
		testkit.Must(t, err)
		testkit.Must(t, f.Restore(list[0]))
		p.want(t, "f.txt", "two")
	},

	"a backup that is not there, or of another file, is an error": func(t *testing.T, p *Place) {
		f, g := p.text("f.txt", safefile.WithBackups(1)), p.text("g.txt", safefile.WithBackups(1))
		for _, file := range []*lockedfile.LockedFile[string]{f, g} {
			testkit.Must(t, file.Write("one"))
			testkit.Must(t, file.Write("two"))
		}
		list, err := g.Backups()
		testkit.Must(t, err)
		_, err = f.ReadBackup(list[0])
		testkit.WantIs(t, "a backup of another file", err, fs.ErrInvalid)
		testkit.Must(t, g.Write("three"))
		_, err = g.ReadBackup(list[0])
		testkit.WantIs(t, "a backup that is gone", err, fs.ErrNotExist)
		testkit.WantIs(t, "Restore", g.Restore(list[0]), fs.ErrNotExist)
		p.want(t, "g.txt", "three")
	},

	"a backup has the checksum of its content": func(t *testing.T, p *Place) {
		with, without := p.text("f.txt", safefile.WithBackups(2), safefile.WithChecksum()), p.text("g.txt", safefile.WithBackups(2))
		for _, f := range []*lockedfile.LockedFile[string]{with, without} {
			testkit.Must(t, f.Write("one"))
			testkit.Must(t, f.Write("two"))
		}
		list, err := with.Backups()
		testkit.Must(t, err)
		p.Put(list[0].Path, "onE")
		_, err = with.ReadBackup(list[0])
		testkit.WantIs(t, "a damaged backup", err, errors.ErrChecksumMismatch)
		list, err = without.Backups()
		testkit.Must(t, err)
		_, err = p.text("g.txt", safefile.WithChecksum()).ReadBackup(list[0])
		testkit.WantIs(t, "a backup without a checksum", err, errors.ErrNoChecksum)
	},

	"one backup per commit of many callers": func(t *testing.T, p *Place) {
		f := p.counters("f.json", safefile.WithBackups(1000))
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
			return errors.Join(tx.Write(counters{"a": 1}), tx.Write(counters{"a": 2}))
		}))
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
			return errors.Join(tx.Write(counters{"a": 3}), tx.Merge(counters{"b": 4}))
		}))
		if list, err := f.Backups(); err != nil || len(list) != 1 {
			t.Errorf("two commits have left %d backups, %v", len(list), err)
		}
	},
}

// wantBackups compares the backups of a file, each as NUMBER:CONTENT.
func wantBackups(t *testing.T, f *lockedfile.LockedFile[string], want string) {
	t.Helper()
	list, err := f.Backups()
	testkit.Must(t, err)
	got := ""
	for _, b := range list {
		content, err := f.ReadBackup(b)
		testkit.Must(t, err)
		if b.Size != int64(len(content)) || b.Time.IsZero() {
			t.Errorf("backup %d: %+v", b.Number, b)
		}
		got += fmt.Sprintf(" %d:%s", b.Number, content)
	}
	if got != " "+want {
		t.Errorf("the backups are%s, want %s", got, want)
	}
}
