package faultfs

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// everyVerb calls each operation once on a directory with the files "a" and
// "link", and gives the errors by verb.
func everyVerb(f *FS, path string) map[string][]error {
	failed := map[string][]error{}
	note := func(verb string, err error) {
		if err == io.EOF {
			err = nil
		}
		failed[verb] = append(failed[verb], err)
	}
	a := filepath.Join(path, "a")
	_, err := f.Stat(a, true)
	note(Stat, err)
	_, err = f.Readlink(filepath.Join(path, "link"))
	note(Readlink, err)
	note(Mkdir, f.Mkdir(filepath.Join(path, "made"), 0o755))
	d, err := f.OpenDir(path)
	note(OpenDir, err)
	if err != nil {
		return failed
	}
	_, err = d.Self()
	note(Stat, err)
	entry, err := d.Stat("a")
	note(Stat, err)
	_, err = d.Volume("a", entry)
	note(Volume, err)
	_, err = f.Volume(a, entry)
	note(Volume, err)
	l, err := d.Lock("a", vfs.TryLock)
	note(Lock, err)
	if l != nil {
		_, err = d.Same("a", l)
		note(Same, err)
		note(Lock, l.Unlock())
	}
	info, _ := os.Stat(a)
	note(Writable, d.Writable("a"))
	_, err = d.Names()
	note(Names, err)
	src, err := f.Open(a, false)
	note(Open, err)
	again, err := d.Open("a")
	note(Open, err)
	record, err := d.OpenRecord("a")
	note(OpenRecord, err)
	made, err := d.Create("b", 0o600)
	note(Create, err)
	if made != nil {
		fileVerbs(note, made, src, info)
	}
	note(Rename, d.Rename("b", d, "c"))
	note(Link, d.Link("c", "d"))
	note(Remove, d.Remove("c"))
	note(SyncDir, d.Sync())
	note(Confirm, d.Confirm())
	for _, open := range []vfs.File{src, again, record, made} {
		if open != nil {
			note(Close, open.Close())
		}
	}
	note(Close, d.Close())
	return failed
}

func fileVerbs(note func(string, error), f, src vfs.File, info fs.FileInfo) {
	_, err := f.Write([]byte("1234"))
	note(Write, err)
	_, err = f.WriteAt([]byte("12"), 0)
	note(Write, err)
	_, err = f.Read(make([]byte, 1))
	note(Read, err)
	_, err = f.ReadAt(make([]byte, 1), 0)
	note(Read, err)
	if src != nil {
		note(Clone, f.CloneFrom(src, info.Size()))
	}
	st, err := f.Stat()
	note(Stat, err)
	note(Chmod, f.Chmod(0o640))
	note(Chown, f.Chown(st.UID, st.GID))
	_, err = f.Attrs()
	note(Attrs, err)
	note(SetAttr, f.SetAttr("user.x", []byte("y")))
	_, err = f.Attr("user.x")
	note(Attr, err)
	note(RemoveAttr, f.RemoveAttr("user.x"))
	note(Truncate, f.Truncate(3))
	note(SetMtime, f.SetMtime(1e9))
	note(Sync, f.Sync())
}

var verbs = []string{OpenDir, Open, OpenRecord, Create, Stat, Lock, Same, Readlink, Mkdir, Writable, Rename, Link, Remove, Names,
	SyncDir, Confirm, Read, Write, Chmod, Chown, Attrs, Attr, SetAttr, RemoveAttr, Clone, Sync, Close, Volume, Truncate, SetMtime}

func fixture(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	testkit.Put(t, filepath.Join(dir, "a"), "content")
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	return dir
}

func TestEveryVerbPassesThroughAndIsCounted(t *testing.T) {
	f := Wrap(vfs.OS)
	failed := everyVerb(f, fixture(t))
	seen := map[string]bool{}
	for i, op := range f.Ops() {
		seen[op.Verb] = true
		if op.N != i+1 || op.Path == "" {
			t.Errorf("operation %d is recorded as %q", i+1, op)
		}
	}
	for _, verb := range verbs {
		if !seen[verb] {
			t.Errorf("%q was not recorded", verb)
		}
		for _, err := range failed[verb] {
			if err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: %v", verb, err)
			}
		}
	}
}

func TestFailAllFailsItsVerbAndNoOther(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb, func(t *testing.T) {
			f := Wrap(vfs.OS)
			f.FailAll(verb, syscall.EIO)
			for other, errs := range everyVerb(f, fixture(t)) {
				for _, err := range errs {
					_, typed := errors.AsType[*fs.PathError](err)
					if other == verb && (!typed || !errors.Is(err, syscall.EIO)) {
						t.Errorf("%s gave %v", verb, err)
					}
					if other != verb && errors.Is(err, syscall.EIO) {
						t.Errorf("%s failed too: %v", other, err)
					}
				}
			}
		})
	}
}

func TestFailAtFailsOneOperation(t *testing.T) {
	f := Wrap(vfs.OS)
	path := filepath.Join(fixture(t), "a")
	f.FailAt(2, syscall.ENOSPC)
	var failed []bool
	for range 3 {
		_, err := f.Stat(path, true)
		failed = append(failed, errors.Is(err, syscall.ENOSPC))
	}
	if !slices.Equal(failed, []bool{false, true, false}) {
		t.Errorf("failed: %v", failed)
	}
	f.Reset()
	if len(f.Ops()) != 0 {
		t.Error("Reset kept the record")
	}
}

func TestAFailingWriteHasWrittenHalfAndASkippedOneNothing(t *testing.T) {
	for err, want := range map[error]string{syscall.ENOSPC: "12", ErrSkip: ""} {
		f := Wrap(vfs.OS)
		dir := fixture(t)
		d, _ := f.OpenDir(dir)
		file, _ := d.Create("b", 0o600)
		f.FailAll(Write, err)
		n, got := file.Write([]byte("1234"))
		if err == ErrSkip && (n != 4 || got != nil) || err != ErrSkip && (n != 2 || !errors.Is(got, err)) {
			t.Errorf("%v: Write gave %d, %v", err, n, got)
		}
		testkit.WantContent(t, filepath.Join(dir, "b"), want)
		file.Close()
		d.Close()
	}
}

func TestAFailingCloseHasClosed(t *testing.T) {
	f := Wrap(vfs.OS)
	file, err := f.Open(filepath.Join(fixture(t), "a"), false)
	testkit.Must(t, err)
	f.FailAll(Close, syscall.EIO)
	testkit.WantIs(t, "Close", file.Close(), syscall.EIO)
	f.Reset()
	if _, err := file.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Error("the file is still open")
	}
}

func TestAFileIsClosedOnce(t *testing.T) {
	f := Wrap(vfs.OS)
	file, err := f.Open(filepath.Join(fixture(t), "a"), false)
	testkit.Must(t, err)
	file.Close()
	defer func() {
		if recover() == nil {
			t.Error("a second close passed")
		}
	}()
	file.Close()
}
