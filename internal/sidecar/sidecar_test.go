package sidecar

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

var (
	digestA = Sum([]byte("a"))
	digestB = Sum([]byte("b"))
	digestC = Sum([]byte("c"))
)

// awkward are the names that sha256sum(1) escapes, and some that it does not.
var awkward = []string{"plain.yaml", "with some spaces", " leading", "back\\slash", "new\nline", "carriage\rreturn",
	"all\\of\nthem\r", "\\", "*star", "- dash", "ünïcödé", "quo'te\"s", "tab\tted", "# previous " + Sum(nil), "bad\xffutf8"}

// sha256sum runs the program in a directory.
func sha256sum(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("sha256sum", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestTheTextIsWhatSha256sumWrites(t *testing.T) {
	testkit.NeedProgram(t, "sha256sum")
	dir := t.TempDir()
	for _, name := range awkward {
		testkit.Put(t, filepath.Join(dir, name), name)
		want, err := sha256sum(t, dir, "--", name)
		if err != nil {
			t.Fatal(err, want)
		}
		if got := string(Sidecar{Digest: Sum([]byte(name))}.Format(name)); got != want {
			t.Errorf("%q: %q, and sha256sum writes %q", name, got, want)
		}
		side, err := Parse([]byte(want))
		if err != nil || side.Digest != Sum([]byte(name)) {
			t.Errorf("%q: sha256sum's own text is read as %v, %v", name, side, err)
		}
	}
}

func TestSha256sumChecksTheTextWithAndWithoutPreviousDigests(t *testing.T) {
	testkit.NeedProgram(t, "sha256sum")
	dir := t.TempDir()
	for _, name := range awkward {
		testkit.Put(t, filepath.Join(dir, name), name)
		for _, previous := range [][]string{nil, {digestA}, {digestA, digestB}} {
			side := Sidecar{Digest: Sum([]byte(name)), Previous: previous}
			testkit.Put(t, filepath.Join(dir, "sums"), string(side.Format(name)))
			if out, err := sha256sum(t, dir, "--strict", "-c", "sums"); err != nil {
				t.Errorf("%q after %d: %s", name, len(previous), out)
			}
		}
		testkit.Put(t, filepath.Join(dir, "sums"), string(Sidecar{Digest: digestA}.Format(name)))
		if out, err := sha256sum(t, dir, "-c", "sums"); err == nil {
			t.Errorf("%q: sha256sum takes a wrong digest: %s", name, out)
		}
	}
}

func TestParseReadsWhatFormatWrites(t *testing.T) {
	for _, name := range awkward {
		for _, previous := range [][]string{nil, {digestB}, {digestB, digestC}} {
			want := Sidecar{Digest: digestA, Previous: previous}
			if got, err := Parse(want.Format(name)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: %v, %v", name, got, err)
			}
		}
	}
}

func TestParseTakesTheFormsOfOtherWriters(t *testing.T) {
	for _, text := range []string{
		digestA + "  app.yaml\n",
		digestA + "  app.yaml", // without the end of the line
		digestA + " *app.yaml\n",
		digestA + "  app.yaml\r\n",
		"\\" + digestA + "  a\\nb\n",
		"# made by hand\n\n" + digestA + "  app.yaml\n\n",
		digestA + "  some/other name\n",
		strings.ToUpper(digestA) + "  app.yaml\n",
		"SHA256 (app.yaml) = " + digestA + "\n",
		"SHA256 (a (b) = c) = " + strings.ToUpper(digestA) + "\r\n",
		"\\SHA256 (a\\nb) = " + digestA + "\n",
		"SHA256(app.yaml)= " + digestA + "\n", // openssl dgst
	} {
		side, err := Parse([]byte(text))
		if err != nil || side.Digest != digestA || side.Previous != nil {
			t.Errorf("%q: %v, %v", text, side, err)
		}
	}
}

func TestAGarbledTextIsAMismatchThatSaysSo(t *testing.T) {
	for _, text := range []string{
		"", "\n", "\x00\x00\x00\x00", "# previous " + digestA + "\n",
		digestA, digestA + "\n", digestA[:63] + "  app\n", digestA + "0  app\n",
		"g" + digestA[1:] + "  app\n", "{\"a\": 1}\n",
		"SHA256 (app) " + digestA + "\n", "SHA256 app = " + digestA + "\n", "SHA256 (app) = " + digestA[1:] + "\n",
		"SHA512 (app) = " + digestA + digestA + "\n", "SHA256 (app) = " + digestA + "  app\n",
		digestA + "  app\n" + digestB + "  other\n",
		digestA + "  app\n" + "# previous " + digestB[:10] + "\n# previous " + digestB + "\nnoise\n",
	} {
		_, err := Parse([]byte(text))
		if !errors.Is(err, errors.ErrChecksumMismatch) || errors.Is(err, errors.ErrNoChecksum) || !strings.Contains(err.Error(), "garbled") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAnyFlippedBitOfADigestIsFound(t *testing.T) {
	text := Sidecar{Digest: digestA}.Format("app.yaml")
	for i := range len(digestA) * 8 {
		flipped := bytes.Clone(text)
		flipped[i/8] ^= 1 << (i % 8)
		side, err := Parse(flipped)
		if err == nil && side.Accepts(digestA) && !strings.EqualFold(string(flipped), string(text)) {
			t.Errorf("bit %d: %q still vouches for the content", i, flipped)
		}
		if err != nil && !errors.Is(err, errors.ErrChecksumMismatch) {
			t.Errorf("bit %d: %v", i, err)
		}
	}
}

func TestASidecarAcceptsTheNewDigestAndThePreviousOnes(t *testing.T) {
	side := Sidecar{Digest: digestA, Previous: []string{digestB}}
	if !side.Accepts(digestA) || !side.Accepts(digestB) || side.Accepts(digestC) || side.Accepts("") {
		t.Error(side)
	}
	err := side.Mismatch(digestC)
	for _, want := range []string{digestA, digestB, digestC} {
		if !errors.Is(err, errors.ErrChecksumMismatch) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

// inDir gives a directory in which text lies beside "app", and what can fail below it.
func inDir(t *testing.T, text []byte) (vfs.Dir, *faultfs.FS, string) {
	t.Helper()
	path := t.TempDir()
	if text != nil {
		testkit.Put(t, filepath.Join(path, "app"+Suffix), string(text))
	}
	disk := faultfs.Wrap(vfs.OS)
	dir, err := disk.OpenDir(path)
	testkit.Must(t, err)
	t.Cleanup(func() { dir.Close() })
	return dir, disk, path
}

func TestReadTellsMissingFromGarbledFromUnreadable(t *testing.T) {
	dir, disk, path := inDir(t, nil)
	if _, err := Read(dir, "app"); !errors.Is(err, errors.ErrNoChecksum) || errors.Is(err, errors.ErrChecksumMismatch) {
		t.Errorf("missing: %v", err)
	}
	sums := filepath.Join(path, "app"+Suffix)
	testkit.Put(t, sums, string(bytes.Repeat([]byte("x"), maxSize+1)))
	if _, err := Read(dir, "app"); !errors.Is(err, errors.ErrChecksumMismatch) {
		t.Errorf("much too long: %v", err)
	}
	testkit.Put(t, sums, string(Sidecar{Digest: digestA}.Format("app")))
	if side, err := Read(dir, "app"); err != nil || side.Digest != digestA {
		t.Errorf("%v, %v", side, err)
	}
	for _, verb := range []string{faultfs.Open, faultfs.Stat, faultfs.Read} {
		disk.FailAll(verb, syscall.EIO)
		_, err := Read(dir, "app")
		if !errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrChecksumMismatch) || errors.Is(err, errors.ErrNoChecksum) {
			t.Errorf("%s fails: %v", verb, err)
		}
		disk.Reset()
	}
}

// A name that leaves no room for the suffix can't have a sidecar.
func TestANameTooLongForASidecarHasNone(t *testing.T) {
	dir, _, _ := inDir(t, nil)
	if _, err := Read(dir, strings.Repeat("x", 250)); !errors.Is(err, errors.ErrNoChecksum) {
		t.Error(err)
	}
}

func TestSumReaderGivesSumAndTheReadersOwnError(t *testing.T) {
	if got, err := SumReader(strings.NewReader("a")); got != digestA || err != nil {
		t.Error(got, err)
	}
	broken := errors.New("broken")
	if _, err := SumReader(failing{broken}); err != broken {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)          { return 0, f.err }
func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
