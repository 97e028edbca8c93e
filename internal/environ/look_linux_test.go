package environ

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// opened is a directory with one file in it.
func opened(t testing.TB) (path string, dir vfs.Dir, self, file vfs.Info) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	err := os.WriteFile(path, nil, 0o600)
	if err == nil {
		dir, err = vfs.OS.OpenDir(filepath.Dir(path))
	}
	if err == nil {
		t.Cleanup(func() { dir.Close() })
		self, err = dir.Self()
	}
	if err == nil {
		file, err = dir.Stat("file")
	}
	testkit.Must(t, err)
	return path, dir, self, file
}

func TestAnOpenDirectoryIsJudgedAsItsPathIs(t *testing.T) {
	path, dir, self, file := opened(t)
	want := inspected(t, path)
	for _, target := range []*vfs.Info{&file, nil} {
		judged, err := JudgeDir(dir, self)
		testkit.Must(t, err)
		v, err := judged.Judge("file", target)
		if err != nil || v.Environment != want.Environment || v.judged != want.judged {
			t.Errorf("%+v, %v", v, err)
		}
	}
	allocations := testing.AllocsPerRun(100, func() {
		judged, _ := JudgeDir(dir, self)
		_, _ = judged.Judge("file", &file)
	})
	if allocations > 0 {
		t.Errorf("a look allocates %v times", allocations)
	}
}

func TestTheSystemsErrorsAreReported(t *testing.T) {
	_, dir, self, file := opened(t)
	judged, err := JudgeDir(dir, self)
	testkit.Must(t, err)
	file.Mount.Root = true
	if _, err := judged.Judge("vanished", &file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that vanished in between: %v", err)
	}
	failing := refusing{dir, fs.ErrPermission}
	if _, err := JudgeDir(failing, self); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a system that does not answer: %v", err)
	}
}

// refusing is a directory that can't say what it lies on.
type refusing struct {
	vfs.Dir
	err error
}

func (r refusing) Volume(string, vfs.Info) (vfs.Volume, error) { return vfs.Volume{}, r.err }

func TestASimulatedDiskIsNotJudged(t *testing.T) {
	_, dir, self, file := opened(t)
	judged, err := JudgeDir(refusing{dir, vfs.ErrNoVolume}, self)
	testkit.Must(t, err)
	file.Mount.Root = true
	v, err := judged.Judge("file", &file)
	testkit.Must(t, err)
	for g := range guarantees {
		if v.Level(g) != 0 || v.Level(g).Refused() {
			t.Errorf("%v is %v", g, v.Level(g))
		}
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	want := inspected(t, path)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if v, err := Inspect(path, ""); err != nil || v.Environment != want.Environment {
					t.Errorf("%+v, %v", v, err)
				}
			}
		})
	}
	group.Wait()
}

func TestAWorkingDirectoryThatIsGoneIsAnError(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	testkit.Must(t, os.Mkdir(gone, 0o700))
	t.Chdir(gone)
	testkit.Must(t, os.Remove(gone))
	if _, err := Inspect("file", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkInspect(b *testing.B) {
	path, _, _, _ := opened(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Inspect(path, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLookAndJudge is what every write pays.
func BenchmarkLookAndJudge(b *testing.B) {
	_, dir, self, file := opened(b)
	b.ReportAllocs()
	for b.Loop() {
		judged, err := JudgeDir(dir, self)
		testkit.Must(b, err)
		if _, err := judged.Judge("file", &file); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAFileThatMayBeAMountIsRemarkedUpon(t *testing.T) {
	_, dir, self, file := opened(t)
	judged, err := JudgeDir(dir, self)
	testkit.Must(t, err)
	file.Mount.RootUnknown = true
	v, err := judged.Judge("file", &file)
	if err != nil || len(v.Remarks) != 1 || v.FileMount {
		t.Errorf("%+v, %v", v, err)
	}
}
