package guarantee

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func diagnosed(t *testing.T, path string, opts ...DoctorOption) *Diagnosis {
	t.Helper()
	d, err := Doctor(path, opts...)
	testkit.Must(t, err)
	return d
}

func statusOf(t *testing.T, d *Diagnosis, name string) Check {
	t.Helper()
	for _, c := range d.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q", name)
	return Check{}
}

// entries lists dir, with what would change if something was written there.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	info, err := os.Stat(dir)
	testkit.Must(t, err)
	all, err := os.ReadDir(dir)
	testkit.Must(t, err)
	names := []string{info.ModTime().String()}
	for _, entry := range all {
		names = append(names, entry.Name())
	}
	return names
}

func TestWithoutProbeNothingIsTouched(t *testing.T) {
	dir := t.TempDir()
	before := entries(t, dir)
	d := diagnosed(t, filepath.Join(dir, "file"), helper(t, "broken"))
	if after := entries(t, dir); !slices.Equal(before, after) {
		t.Errorf("%q became %q", before, after)
	}
	for i, c := range d.Checks {
		if (c.Status == StatusUnknown) != checks[i].writes && runtime.GOOS == "linux" {
			t.Errorf("%s is %s: %s", c.Name, c.Status, c.Detail)
		}
	}
	if !d.OK {
		t.Error("what was not tried counts as failed")
	}
}

func TestAProbeProvesEverythingAndCleansUp(t *testing.T) {
	dir := t.TempDir()
	testkit.Put(t, filepath.Join(dir, "file"), "mine")
	locks := t.TempDir()
	d := diagnosed(t, filepath.Join(dir, "file"), Probe(), LockDir(locks), helper(t, "try"))
	for _, c := range d.Checks {
		if c.Status == StatusFailed && c.Name != "extended attribute" {
			t.Errorf("%s failed: %s", c.Name, c.Detail)
		}
	}
	if c := statusOf(t, d, "lock exclusion"); c.Status != StatusOK {
		t.Errorf("lock exclusion is %s: %s", c.Status, c.Detail)
	}
	if left := entries(t, dir)[1:]; !slices.Equal(left, []string{"file"}) {
		t.Errorf("left behind: %q", left)
	}
	if left := entries(t, locks)[1:]; len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	testkit.WantContent(t, filepath.Join(dir, "file"), "mine")
}

func TestAPanicLeavesNoProbeFile(t *testing.T) {
	dir := t.TempDir()
	var seen []string
	defer func() {
		if recover() != "on purpose" {
			t.Error("the panic was swallowed")
		}
		if len(seen) != 1 || !strings.HasPrefix(seen[0], ".holdfast-doctor-") {
			t.Errorf("while it ran there was %q", seen)
		}
		if left := entries(t, dir)[1:]; len(left) != 0 {
			t.Errorf("left behind: %q", left)
		}
	}()
	d := &Diagnosis{Report: reportOf(Guaranteed)}
	d.examine(newVisit(dir, "file", &settings{probe: true}, false), []check{{name: "panics", writes: true, run: func(v *visit) outcome {
		if v.write("file", []byte("x")); v.err != nil {
			t.Error(v.err)
		}
		seen = entries(t, dir)[1:]
		panic("on purpose")
	}}})
}

func reportOf(level Level) Report {
	r := Report{Guarantees: make(map[Guarantee]Level)}
	for _, g := range All() {
		r.Guarantees[g] = level
		r.Notes = append(r.Notes, string(g)+" is "+string(level))
	}
	return r
}

func TestAFailedCheckTakesItsGuaranteesAway(t *testing.T) {
	broken := func(bears ...Guarantee) []check {
		return []check{
			{"fine", All(), false, func(*visit) outcome { return passed("") }},
			{"broken", bears, false, func(*visit) outcome { return failed("as said") }},
		}
	}
	for _, c := range []struct {
		name     string
		bears    []Guarantee
		required []Guarantee
		level    Level
		ok       bool
	}{
		{"nothing rests on it", nil, nil, Guaranteed, true},
		{"something rests on it", []Guarantee{CrashDurability}, nil, Guaranteed, false},
		{"the required one does not", []Guarantee{CrashDurability}, []Guarantee{WriterExclusion}, Guaranteed, true},
		{"the required one does", []Guarantee{CrashDurability}, All(), Guaranteed, false},
		{"the required one is only best effort", nil, []Guarantee{CrashDurability}, BestEffort, false},
		{"it was unsupported before", All(), nil, Unsupported, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Diagnosis{Report: reportOf(c.level), Required: c.required}
			d.examine(newVisit(t.TempDir(), "file", &settings{}, false), broken(c.bears...))
			if d.OK != c.ok {
				t.Errorf("OK is %v", d.OK)
			}
			for i, g := range All() {
				want, note := c.level, string(g)+" is "+string(c.level)
				if slices.Contains(c.bears, g) && c.level != Unsupported {
					want, note = Unsupported, string(g)+" is Unsupported, not Guaranteed as the table says: the check \"broken\" failed"
				}
				if d.Guarantees[g] != want || d.Notes[i] != note {
					t.Errorf("%s is %s: %q", g, d.Guarantees[g], d.Notes[i])
				}
			}
		})
	}
}

func TestAMissingDirectoryFailsWithoutBeingMade(t *testing.T) {
	base := t.TempDir()
	d := diagnosed(t, filepath.Join(base, "missing", "file"), Probe(), Require(IntegrityDetection))
	if c := statusOf(t, d, "parent"); c.Status != StatusFailed {
		t.Errorf("parent is %s", c.Status)
	}
	if c := statusOf(t, d, "rename over"); c.Status != StatusUnknown || !strings.Contains(c.Detail, "parent") {
		t.Errorf("rename over is %s: %s", c.Status, c.Detail)
	}
	if d.Guarantees[AtomicVisibility] != Unsupported || d.Guarantees[WriterExclusion] != Unsupported {
		t.Errorf("%v", d.Guarantees)
	}
	if left := entries(t, base)[1:]; len(left) != 0 {
		t.Errorf("made: %q", left)
	}
}

func TestAParentThatIsAFileIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(file, nil, 0o600))
	if d, err := Doctor(filepath.Join(file, "below")); err == nil {
		t.Errorf("got %s", d.Summary())
	}
	if outcome := parentExists(&visit{dir: file}); outcome.status != StatusFailed {
		t.Errorf("parent is %s", outcome.status)
	}
}

func TestARequirementNeedsAKnownName(t *testing.T) {
	_, err := Doctor(t.TempDir(), Require("Atomicity"))
	if err == nil || !strings.Contains(err.Error(), `"Atomicity"`) {
		t.Errorf("got %v", err)
	}
}

func TestTheSummaryShowsEverything(t *testing.T) {
	d := &Diagnosis{Path: "/srv/state.json", Report: reportOf(Guaranteed), Required: []Guarantee{CrashDurability}, OK: true}
	d.Environment = Environment{Filesystem: "ext4", Class: "local_posix_persistent", OS: "linux", Mount: "/srv"}
	d.Checks = []Check{{"rename over", StatusOK, "in one step"}}
	contains := func(parts ...string) {
		t.Helper()
		text := d.Summary()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("no %q in\n%s", part, text)
			}
		}
	}
	contains("/srv/state.json: ok\n", "ext4 (local_posix_persistent) on linux, mounted at /srv\n",
		"CrashDurability     Guaranteed  required", "rename over  ok      in one step", "- WriterExclusion is Guaranteed")
	d.Guarantees[CrashDurability] = BestEffort
	contains("not ok, required but not guaranteed: CrashDurability\n")
	d.Required, d.OK, d.Environment = nil, false, Environment{Class: "unknown", OS: "plan9", ReadOnly: true, FileMount: true}
	contains("not ok, a check failed\n", "unknown filesystem (unknown) on plan9, read-only, the file being the mount\n")
}

func TestAProbeFileThatCannotBeRemovedIsReported(t *testing.T) {
	dir := t.TempDir()
	d := &Diagnosis{Report: reportOf(Guaranteed)}
	d.examine(newVisit(dir, "file", &settings{probe: true}, false), []check{{name: "blocks", run: func(v *visit) outcome {
		path := v.name(dir, "directory")
		if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
			return failed("%v", err)
		}
		return passed("")
	}}})
	if last := d.Notes[len(d.Notes)-1]; !strings.Contains(last, "left behind") || !strings.Contains(last, probePrefix) {
		t.Errorf("the last note is %q", last)
	}
}

func TestAFileThatIsAMountIsNeverRenamedOver(t *testing.T) {
	dir := t.TempDir()
	outcome := renameOver(newVisit(dir, "file", &settings{probe: true}, true))
	if outcome.status != StatusFailed || len(entries(t, dir)) != 1 {
		t.Errorf("%+v, %q", outcome, entries(t, dir))
	}
	if _, err := os.Stat(filepath.Join(dir, "anything")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
