package torture

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/safefile"
)

// operations change a file by text of any length.
var operations = []struct {
	name string
	kind error
	do   func(f *safefile.SafeFile[map[string]string], text string) error
}{
	{"write", errors.ErrWrite, func(f *safefile.SafeFile[map[string]string], text string) error {
		return f.Write(map[string]string{"new": text})
	}},
	{"merge", errors.ErrWrite, func(f *safefile.SafeFile[map[string]string], text string) error {
		return f.Merge(map[string]string{"new": text})
	}},
	{"append", errors.ErrAppend, func(f *safefile.SafeFile[map[string]string], text string) error {
		return f.Append(text)
	}},
}

func TestAFullDiskKeepsTheOldBytesAndNothingElse(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			dir := disktest.Tmpfs(t, "size=1m")
			f := safefile.New[map[string]string](filepath.Join(dir, "config.json"))
			testkit.Must(t, f.Write(map[string]string{"old": strings.Repeat("o", 10_000)}))
			refused := 0
			for _, c := range []struct{ free, change int }{
				{0, 10},           // not one page for the temp
				{64_000, 200_000}, // full in the middle of the content
				{64_000, 900_000}, // the same, far from the end
				{5_000, 11_000},   // a part of what the old bytes take
			} {
				filler := fill(t, dir, c.free)
				refuses(t, dir, f, op.kind, func() error { return op.do(f, strings.Repeat("n", c.change)) })
				refused++
				testkit.Must(t, os.Remove(filler))
			}
			testkit.WantNil(t, "with space again", op.do(f, "done"))
			if got, err := f.ReadBytes(); err != nil || !bytes.Contains(got, []byte("done")) {
				t.Errorf("with space again there is %q, %v", got, err)
			}
			t.Logf("%d refused for want of space, then 1 done", refused)
		})
	}
}

func TestAFullDiskGetsNoFirstFile(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			dir := disktest.Tmpfs(t, "size=1m")
			f := safefile.New[map[string]string](filepath.Join(dir, "config.json"))
			fill(t, dir, 0)
			testkit.WantIs(t, "it", op.do(f, "{}"), op.kind, syscall.ENOSPC)
			testkit.WantNames(t, dir, "config.json.lock", "filler")
			t.Log("1 refused for want of space")
		})
	}
}

// refuses checks an operation for which there is no space.
func refuses(t *testing.T, dir string, f *safefile.SafeFile[map[string]string], kind error, do func() error) {
	t.Helper()
	before, err := f.ReadBytes()
	testkit.Must(t, err)
	testkit.WantIs(t, "it", do(), kind, syscall.ENOSPC)
	if after, err := f.ReadBytes(); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old bytes are not whole: %d of %d, %v", len(after), len(before), err)
	}
	testkit.WantNames(t, dir, "config.json", "config.json.lock", "filler")
}

// fill takes all space but some bytes, rounded to pages, and returns the file
// that has it.
func fill(t *testing.T, dir string, free int) (path string) {
	t.Helper()
	spare := filepath.Join(dir, "spare")
	testkit.Must(t, os.WriteFile(spare, make([]byte, free), 0o600))
	filler, err := os.Create(filepath.Join(dir, "filler"))
	testkit.Must(t, err)
	defer filler.Close()
	if _, err := io.Copy(filler, endless{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	testkit.Must(t, os.Remove(spare))
	return filler.Name()
}

// endless reads as zeros without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
