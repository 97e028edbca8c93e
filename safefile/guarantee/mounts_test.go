package guarantee

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
)

// place is a filesystem to examine: the file's path, what Inspect must say about
// it, and which guarantees a probe may find worse.
type place struct {
	path   string
	levels [4]Level
	worse  []Guarantee
}

var kept = [4]Level{Guaranteed, Guaranteed, Guaranteed, Guaranteed}

func TestDoctorAgreesWithInspectOnRealMounts(t *testing.T) {
	inMemory := [4]Level{Guaranteed, BestEffort, Guaranteed, Guaranteed}
	for name, make := range map[string]func(t *testing.T) place{
		"ext4":  func(t *testing.T) place { return place{path: disktest.New(t, "ext4").Dir(), levels: kept} },
		"xfs":   func(t *testing.T) place { return place{path: disktest.New(t, "xfs").Dir(), levels: kept} },
		"btrfs": func(t *testing.T) place { return place{path: disktest.New(t, "btrfs").Dir(), levels: kept} },
		"tmpfs": func(t *testing.T) place { return place{path: disktest.Tmpfs(t), levels: inMemory} },
		"overlay": func(t *testing.T) place {
			return place{path: disktest.Overlay(t, disktest.New(t, "ext4").Dir()), levels: kept}
		},
		"volatile overlay": func(t *testing.T) place {
			return place{path: disktest.Overlay(t, disktest.New(t, "ext4").Dir(), "volatile"),
				levels: [4]Level{Guaranteed, Unsupported, Guaranteed, Guaranteed}}
		},
		"proc": func(t *testing.T) place {
			if _, err := os.Stat("/proc/self"); err != nil {
				t.Skip("no /proc here")
			}
			return place{path: "/proc", levels: [4]Level{Unsupported, Unsupported, Unsupported, Unsupported}}
		},
		"FUSE": func(t *testing.T) place {
			return place{path: disktest.FUSE(t, t.TempDir()), levels: [4]Level{NonTarget, NonTarget, NonTarget, NonTarget}}
		},
		"read-only": func(t *testing.T) place {
			target := filepath.Join(t.TempDir(), "bound")
			disktest.Bind(t, t.TempDir(), target, "ro")
			return place{path: target, levels: [4]Level{Unsupported, Unsupported, Unsupported, Guaranteed}}
		},
		"single file": func(t *testing.T) place {
			disk := disktest.New(t, "ext4").Dir()
			source, target := filepath.Join(disk, "source"), filepath.Join(disktest.New(t, "xfs").Dir(), "target")
			testkit.Put(t, source, "bound")
			disktest.Bind(t, source, target)
			return place{path: target, levels: [4]Level{Unsupported, Guaranteed, Guaranteed, Guaranteed}}
		},
		"full": func(t *testing.T) place {
			dir := disktest.Tmpfs(t, "nr_inodes=2")
			testkit.Must(t, os.WriteFile(filepath.Join(dir, "last"), nil, 0o600))
			return place{path: dir, levels: inMemory, worse: []Guarantee{AtomicVisibility, CrashDurability}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := make(t)
			if info, err := os.Stat(p.path); err == nil && info.IsDir() {
				p.path = filepath.Join(p.path, "state.json")
			}
			p.check(t)
		})
	}
}

func (p place) check(t *testing.T) {
	report, err := Inspect(p.path)
	testkit.Must(t, err)
	required := AtomicVisibility
	d := diagnosed(t, p.path, Probe(), helper(t, "try"), Require(required))
	if d.Environment != report.Environment {
		t.Errorf("Doctor found %+v, Inspect %+v", d.Environment, report.Environment)
	}
	want := p.levels
	for i, g := range All() {
		if report.Guarantees[g] != want[i] {
			t.Errorf("Inspect: %s is %s", g, report.Guarantees[g])
		}
		for _, worse := range p.worse {
			if g == worse {
				want[i] = Unsupported
			}
		}
		if d.Guarantees[g] != want[i] {
			t.Errorf("Doctor: %s is %s\n%s", g, d.Guarantees[g], d.Summary())
		}
	}
	if d.OK != (d.Guarantees[required] == Guaranteed) {
		t.Errorf("OK is %v\n%s", d.OK, d.Summary())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.path), probePrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestAFilesystemThatFailsUnderTheProbeIsWorseThanTheTable(t *testing.T) {
	disk := disktest.New(t, "ext4")
	disk.Shutdown(t)
	d := diagnosed(t, filepath.Join(disk.Dir(), "file"), Probe())
	if d.OK || d.Guarantees[CrashDurability] != Unsupported || statusOf(t, d, "exclusive create").Status != StatusFailed {
		t.Errorf("a dead disk passes:\n%s", d.Summary())
	}
}

func TestALockDirectoryElsewhereIsPartOfTheQuestion(t *testing.T) {
	disk, fuse := disktest.New(t, "ext4").Dir(), disktest.FUSE(t, t.TempDir())
	report, err := Inspect(filepath.Join(disk, "file"), LockDir(fuse))
	testkit.Must(t, err)
	if report.Guarantees[WriterExclusion] != NonTarget || report.Guarantees[AtomicVisibility] != Guaranteed {
		t.Errorf("%v", report.Guarantees)
	}
	d := diagnosed(t, filepath.Join(fuse, "file"), LockDir(disk), Probe(), Require(WriterExclusion), helper(t, "try"))
	if !d.OK || d.Guarantees[AtomicVisibility] != NonTarget {
		t.Errorf("%s", d.Summary())
	}
}
