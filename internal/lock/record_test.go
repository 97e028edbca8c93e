package lock

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

func TestTheRecordOfAHolderThatDiedIsFoundByTheNext(t *testing.T) {
	p := spec(t)
	testkit.Must(t, os.WriteFile(p.Path, Record{4711, "far away", time.Unix(1e9, 5)}.encode(), 0o600))
	h := take(t, p)
	left := h.Left()
	if left == nil || left.PID != 4711 || left.Host != "far_away" || !left.Since.Equal(time.Unix(1e9, 5)) {
		t.Errorf("left is %v", left)
	}
	if text := left.String(); !strings.Contains(text, `process 4711 on "far_away" since 2001-09-09`) {
		t.Errorf("it reads %q", text)
	}
}

func TestALockThatCannotBeWrittenHasNoRecordAndNoError(t *testing.T) {
	for _, verb := range []string{faultfs.OpenRecord, faultfs.Same, faultfs.Stat, faultfs.Write} {
		disk := faultfs.Wrap(vfs.OS)
		p := specIn(t, disk, t.TempDir())
		h := take(t, p)
		disk.FailAll(verb, syscall.EROFS)
		h.Announce()()
		disk.Reset()
		if r, err := ReadRecord(p.Dir, p.Name); r != nil || err != nil {
			t.Errorf("%s: the record is %v, %v", verb, r, err)
		}
		disk.FailAll(verb, syscall.EROFS)
		h.spec.Data = &vfs.Info{Mode: 0o666}
		h.mend()
		disk.Reset()
	}
}

func TestWhatIsNoRecordIsNotTakenForOne(t *testing.T) {
	p := spec(t)
	if r, err := ReadRecord(p.Dir, p.Name); r != nil || err == nil {
		t.Errorf("a missing file: %v, %v", r, err)
	}
	testkit.Must(t, os.Mkdir(p.Path, 0o755))
	if r, err := ReadRecord(p.Dir, p.Name); r != nil || err != nil {
		t.Errorf("a directory: %v, %v", r, err)
	}
	testkit.Must(t, os.Remove(p.Path))
	good := string(Record{1, "h", time.Now()}.encode())
	for _, text := range []string{"", " ", "#", "# holdfast", string(cleared), strings.Replace(good, "holdfast", "holdslow", 1), " " + good,
		strings.Replace(good, "pid=1", "pid=x", 1), strings.Replace(good, "since=", "since=x", 1), strings.Replace(good, "  ", " more", 1)} {
		if r := decodeRecord([]byte(text)); r != nil {
			t.Errorf("%q is taken for %v", text, r)
		}
	}
}

func TestARecordHasItsSizeWhateverTheHostIsCalled(t *testing.T) {
	for _, host := range []string{"", "a b\nc", strings.Repeat("h", 300), "höst"} {
		text := Record{1 << 40, host, time.Unix(1e9, 123456789)}.encode()
		if len(text) != recordSize || text[recordSize-1] != '\n' || decodeRecord(text) == nil {
			t.Errorf("%q makes %d bytes: %q", host, len(text), text)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(string(Record{1, "host", time.Unix(1e9, 0)}.encode()))
	f.Add("# holdfast pid= host= since=")
	f.Add(filepath.Join("# holdfast", "\x00"))
	f.Fuzz(func(t *testing.T, text string) {
		r := decodeRecord([]byte(text))
		if r == nil {
			return
		}
		again := r.encode()
		back := decodeRecord(again)
		if len(again) != recordSize || back == nil || back.PID != r.PID || !back.Since.Equal(r.Since) {
			t.Errorf("%q is %v, which is written %q and read %v", text, r, again, back)
		}
		if strings.ContainsAny(r.String(), "\n\x00\x1b") {
			t.Errorf("%q is told unquoted: %q", text, r.String())
		}
	})
}
