package lock

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	testkit.Must(t, os.WriteFile(path, []byte(content), 0o600))
}

// dateBack makes a file look as if it had been there for long.
func dateBack(t *testing.T, path string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	testkit.Must(t, os.Chtimes(path, old, old))
}

func TestAFileThatIsNoLockFileIsRefusedByEveryCallAndLeftAsItIs(t *testing.T) {
	testkit.NeedUnix(t)
	nothing := make([]byte, recordSize+1)
	for what, content := range map[string]string{
		"JSON":           `{"_meta": {"hash": {}}}`,
		"text":           "GEM\n  remote: https://rubygems.org/\n",
		"a PID":          "4711\n",
		"a byte":         "#",
		"blanks":         strings.Repeat(" ", recordSize),
		"a similar word": "# holdfaster\n",
		"many zeros":     string(nothing),
		"zeros and more": string(nothing[:20]) + "x",
		"two names":      "",
		"an old record":  string(cleared),
	} {
		t.Run(what, func(t *testing.T) {
			p := spec(t)
			write(t, p.Path, content)
			if content == "" || content == string(cleared) {
				testkit.Must(t, os.Link(p.Path, p.Path+".twin"))
			}
			names, _ := p.Dir.Names()
			refused := func(call string, err error) {
				t.Helper()
				if !errors.Is(err, errors.ErrLock) || errors.Is(err, errors.ErrLocked) ||
					!strings.Contains(err.Error(), "WithLockSuffix") || !strings.Contains(err.Error(), "WithLockDir") {
					t.Errorf("%s: %v", call, err)
				}
			}
			every := func(when string) {
				_, err := Try(p)
				refused(when+"Try", err)
				_, err = Wait(context.Background(), p)
				refused(when+"Wait", err)
				_, err = p.IsHeld()
				refused(when+"IsHeld", err)
				_, err = p.Supplant(named("new.lock"))
				refused(when+"Supplant", err)
			}
			every("")
			owner := flock.New(p.Path)
			if ok, err := owner.TryLock(); !ok || err != nil {
				t.Fatalf("a refused file stays locked: %v", err)
			}
			every("while its owner has it locked, ")
			testkit.Must(t, owner.Unlock())
			testkit.WantContent(t, p.Path, content)
			if after, _ := p.Dir.Names(); len(after) != len(names) {
				t.Errorf("the directory holds %v", after)
			}
		})
	}
}

func TestALockFileOfOursServesWhateverIsLeftOfItsRecord(t *testing.T) {
	record := string(Record{1, "host", time.Unix(1e9, 0)}.encode())
	for what, content := range map[string]string{
		"a record":         record,
		"a cleared record": string(cleared),
		"the beginning":    record[:30],
		"a torn record":    record[:30] + string(make([]byte, recordSize-30)),
		"zeros":            string(make([]byte, recordSize)),
		"a line more":      record + "another program's\n",
	} {
		p := spec(t)
		write(t, p.Path, content)
		h, err := Try(p)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		h.Announce()()
		want := string(cleared)
		if len(content) > recordSize {
			want += content[recordSize:]
		}
		testkit.WantContent(t, p.Path, want)
		testkit.Must(t, h.Release())
	}
}

// git makes config.lock empty, writes the coming configuration into it, and renames it
// over config.
func TestAnEmptyFileThatAnotherProgramIsAboutToFillGetsNoRecord(t *testing.T) {
	p := spec(t)
	write(t, p.Path, "")
	h := take(t, p)
	clear := h.Announce()
	testkit.WantContent(t, p.Path, "")
	clear()
	testkit.WantContent(t, p.Path, "")
	testkit.Must(t, h.Release())

	dateBack(t, p.Path)
	h = take(t, p)
	h.Announce()
	if r, _ := ReadRecord(p.Dir, p.Name); r == nil {
		t.Error("an old empty lock file got no record")
	}
}

func TestALockFileThatWasMadeByAnyHolderGetsARecordAtOnce(t *testing.T) {
	p := spec(t)
	for _, who := range []string{"its maker", "the next holder"} {
		h := take(t, p)
		if who == "the next holder" {
			h.Announce()
			if r, _ := ReadRecord(p.Dir, p.Name); r == nil {
				t.Errorf("%s left no record", who)
			}
		}
		testkit.Must(t, h.Release())
	}
	q := spec(t)
	take(t, q).Announce()
	if r, _ := ReadRecord(q.Dir, q.Name); r == nil {
		t.Error("its maker left no record")
	}
}

// Another program may open the lock file and write into it while the lock is held.
func TestWhatAnotherProgramWroteIntoTheLockFileStays(t *testing.T) {
	testkit.NeedUnix(t)
	const config = "[core]\n\tbare = false\n"
	fill := func(path string) error { return os.WriteFile(path, []byte(config), 0o600) } // which truncates
	for what, spoil := range map[string]struct {
		do     func(p Spec) error
		path   func(p Spec) string
		before bool // it happens before the record is written
	}{
		"after the record":   {func(p Spec) error { return fill(p.Path) }, func(p Spec) string { return p.Path }, false},
		"before the record":  {func(p Spec) error { return fill(p.Path) }, func(p Spec) string { return p.Path }, true},
		"and renamed it":     {func(p Spec) error { return errors.Join(fill(p.Path), os.Rename(p.Path, p.Path+"x")) }, func(p Spec) string { return p.Path + "x" }, false},
		"linked it":          {func(p Spec) error { return os.Link(p.Path, p.Path+"x") }, func(p Spec) string { return p.Path + "x" }, true},
		"truncated it":       {func(p Spec) error { return os.Truncate(p.Path, 0) }, func(p Spec) string { return p.Path }, false},
		"wrote at its start": {writeAt(config), func(p Spec) string { return p.Path }, false},
	} {
		t.Run(what, func(t *testing.T) {
			p := spec(t)
			testkit.Must(t, take(t, p).Release())
			h := take(t, p)
			if spoil.before {
				testkit.Must(t, spoil.do(p))
			}
			clear := h.Announce()
			if !spoil.before {
				testkit.Must(t, spoil.do(p))
			}
			want, err := os.ReadFile(spoil.path(p))
			testkit.Must(t, err)
			clear()
			testkit.WantContent(t, spoil.path(p), string(want))
			if bytes.Contains(want, []byte("pid=")) && what != "wrote at its start" {
				t.Errorf("a record was written into %q", want)
			}
		})
	}
}

func writeAt(content string) func(Spec) error {
	return func(p Spec) error {
		f, err := os.OpenFile(p.Path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(content)
		return errors.Join(err, f.Close())
	}
}

// Programs that read every file of a directory as configuration read lock files too.
func TestALockFileIsACommentLineAtEveryMoment(t *testing.T) {
	p := spec(t)
	comment := func(when string) {
		t.Helper()
		text, err := os.ReadFile(p.Path)
		testkit.Must(t, err)
		if len(text) > 0 && (text[0] != '#' || bytes.IndexByte(text, '\n') != len(text)-1) {
			t.Errorf("%s it is %q", when, text)
		}
	}
	for range 2 {
		h := take(t, p)
		comment("locked,")
		clear := h.Announce()
		comment("with a record,")
		clear()
		comment("cleared,")
		testkit.Must(t, h.Release())
		comment("released,")
	}
}

// The file that is locked need not be a lock file: one that can't be replaced is locked
// itself.
func TestADataFileIsLockedWhateverItHoldsAndNeverMadeOrWritten(t *testing.T) {
	p := spec(t)
	p.DataFile = true
	if _, err := Try(p); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	write(t, p.Path, "data")
	testkit.Must(t, os.Link(p.Path, p.Path+".twin"))
	h := take(t, p)
	h.Announce()()
	if _, err := Try(p); !errors.Is(err, errors.ErrLocked) {
		t.Errorf("a second holder: %v", err)
	}
	testkit.WantContent(t, p.Path, "data")
}

func TestAnotherFilesLockIsNotMade(t *testing.T) {
	p := spec(t)
	p.Existing = true
	if _, err := Try(p); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Try: %v", err)
	}
	if _, err := p.Dir.Stat(p.Name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}

func TestPathsWithControlCharactersAreQuotedInErrors(t *testing.T) {
	for path, want := range map[string]string{"/a b/c.lock": "/a b/c.lock", "/a\x1b[2Jb.lock": `"/a\x1b[2Jb.lock"`, "/\xff": `"/\xff"`} {
		for _, err := range []error{
			Spec{Path: path}.classify(&os.PathError{Op: "open", Path: path, Err: os.ErrPermission}),
			Spec{Path: path}.irregular(),
			Spec{Path: path}.refuse(2, 0, nil),
		} {
			if text := err.Error(); !strings.Contains(text, want+" ") || strings.Contains(text, "\x1b") {
				t.Errorf("%q", text)
			}
		}
	}
}

func TestAHostThatIsNotPrintableIsEscaped(t *testing.T) {
	line := "# holdfast pid=1 host=\x1b[2J\"evil since=2020-01-01T00:00:00Z\n"
	r := decodeRecord([]byte(line))
	if r == nil || r.Host != `\x1b[2J\"evil` {
		t.Errorf("the record is %+v", r)
	}
}
