package checksum_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// empty is the digest of no bytes, as FIPS 180-4 gives it.
const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// file makes a file that holds "content".
func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.yaml")
	testkit.Must(t, os.WriteFile(path, []byte("content"), 0o644))
	return path
}

func TestSumsAreSHA256InLowerCaseHex(t *testing.T) {
	if got := checksum.Sum(nil); got != empty {
		t.Error(got)
	}
	path := file(t)
	got, err := checksum.SumFile(path)
	if err != nil || got != checksum.Sum([]byte("content")) {
		t.Error(got, err)
	}
}

func TestSumFileOfWhatIsNoFileIsAnError(t *testing.T) {
	path := file(t)
	for _, bad := range []string{"", path + ".missing", filepath.Dir(path)} {
		if got, err := checksum.SumFile(bad); got != "" || !errors.Is(err, errors.ErrRead) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func TestWriteMakesASidecarThatReadGivesAndVerifyTakes(t *testing.T) {
	path := file(t)
	if err := checksum.Verify(path); !errors.Is(err, errors.ErrNoChecksum) || !errors.Is(err, errors.ErrRead) {
		t.Error(err)
	}
	if _, err := checksum.Read(path); !errors.Is(err, errors.ErrNoChecksum) {
		t.Error(err)
	}
	testkit.Must(t, checksum.Write(path))
	testkit.Must(t, checksum.Verify(path))
	info, err := checksum.Read(path)
	if err != nil || info.Path != path+".sha256" || info.Digest != checksum.Sum([]byte("content")) || info.Previous != nil {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := safefile.ReadFile(path, safefile.WithChecksum()); err != nil {
		t.Error(err)
	}
}

func TestReadTellsOfPreviousDigestsAndOfGarbledText(t *testing.T) {
	path := file(t)
	testkit.Must(t, os.WriteFile(path+".sha256", []byte(empty+"  app.yaml\n# previous "+checksum.Sum([]byte("content"))+"\n"), 0o644))
	info, err := checksum.Read(path)
	if err != nil || info.Digest != empty || !slices.Equal(info.Previous, []string{checksum.Sum([]byte("content"))}) {
		t.Errorf("%+v, %v", info, err)
	}
	testkit.Must(t, checksum.Verify(path))
	testkit.Must(t, os.WriteFile(path+".sha256", []byte("noise"), 0o644))
	if _, err := checksum.Read(path); !errors.Is(err, errors.ErrChecksumMismatch) {
		t.Error(err)
	}
	testkit.Must(t, checksum.Write(path)) // whatever an older one says
	testkit.Must(t, checksum.Verify(path))
}

func TestRemoveTakesTheSidecarAndNothingElse(t *testing.T) {
	path := file(t)
	testkit.Must(t, checksum.Write(path))
	testkit.Must(t, checksum.Remove(path))
	if err := checksum.Verify(path); !errors.Is(err, errors.ErrNoChecksum) {
		t.Error(err)
	}
	testkit.WantIs(t, "once more", checksum.Remove(path), fs.ErrNotExist, errors.ErrWrite)
	testkit.WantContent(t, path, "content")
}

func TestTheSidecarOfALinkLiesBesideWhatItLeadsTo(t *testing.T) {
	path := file(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	testkit.Must(t, checksum.Write(link))
	testkit.Must(t, checksum.Verify(path))
	testkit.Must(t, checksum.Verify(link))
	info, err := checksum.Read(link)
	real, _ := filepath.EvalSymlinks(path + ".sha256")
	if err != nil || info.Path != real {
		t.Errorf("%+v, %v", info, err)
	}
	testkit.Must(t, checksum.Remove(link))
}

func TestWhatIsNoFileHasNoChecksum(t *testing.T) {
	path := file(t)
	for name, call := range map[string]func(string) error{
		"Verify": checksum.Verify,
		"Write":  checksum.Write,
		"Read":   func(path string) error { _, err := checksum.Read(path); return err },
		"Remove": checksum.Remove,
	} {
		for _, bad := range []string{"", filepath.Join(path+".missing", "file")} {
			if typed, ok := call(bad).(*errors.Error); !ok || !errors.Is(typed, errors.ErrFile) {
				t.Errorf("%s of %q: %v", name, bad, typed)
			}
		}
	}
	for _, bad := range []string{path + ".missing", filepath.Dir(path)} {
		if err := checksum.Write(bad); err == nil {
			t.Errorf("%s has a checksum now", bad)
		}
	}
}

// Writers of the file wait while a checksum is made, and the other way round.
func TestWriteAndRemoveTakeTheLock(t *testing.T) {
	path := file(t)
	w, err := safefile.New[any](path, safefile.WithChecksum()).Create()
	testkit.Must(t, err)
	_, err = w.Write([]byte("streamed"))
	testkit.Must(t, err)
	done := make(chan error)
	go func() { done <- checksum.Write(path) }()
	testkit.Must(t, w.Commit())
	testkit.Must(t, <-done)
	testkit.Must(t, checksum.Verify(path))
	if info, err := checksum.Read(path); err != nil || info.Digest != checksum.Sum([]byte("streamed")) {
		t.Error(info, err)
	}
}
