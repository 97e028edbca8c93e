package guarantee

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

const helperVariable = "HOLDFAST_TEST_LOCK_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperVariable) {
	case "":
		os.Exit(m.Run())
	case "try":
		got, err := flock.New(os.Args[len(os.Args)-1]).TryLock()
		switch {
		case err != nil:
			os.Exit(3)
		case !got:
			os.Exit(statusHeld)
		}
		os.Exit(statusGot)
	case "compare":
		compare(os.Args[len(os.Args)-1])
		os.Exit(0)
	case "always got":
		os.Exit(statusGot)
	case "always held":
		os.Exit(statusHeld)
	case "hangs":
		time.Sleep(time.Hour) // until it is killed
	case "broken":
		os.Stdout.WriteString(strings.Repeat("no idea ", 100))
		os.Exit(42)
	}
}

func helper(t *testing.T, behaviour string) DoctorOption {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(helperVariable, behaviour)
	return Helper(self, "ignored")
}

func TestTheSecondProcessIsNotTakenAtItsWord(t *testing.T) {
	for behaviour, want := range map[string]struct{ status, detail string }{
		"always got":  {StatusFailed, "while it was held"},
		"always held": {StatusFailed, "while it was free"},
		"broken":      {StatusUnknown, "could not try"},
		"try":         {StatusOK, ""},
	} {
		t.Run(behaviour, func(t *testing.T) {
			d := diagnosed(t, t.TempDir(), Probe(), helper(t, behaviour), Require(WriterExclusion))
			c := statusOf(t, d, "lock exclusion")
			if c.Status != want.status || !strings.Contains(c.Detail, want.detail) || len(c.Detail) > 500 {
				t.Errorf("%s: %s", c.Status, c.Detail)
			}
			if lowered := d.Guarantees[WriterExclusion] == Unsupported; lowered != (want.status == StatusFailed) {
				t.Errorf("WriterExclusion is %s", d.Guarantees[WriterExclusion])
			}
			if d.OK != (d.Guarantees[WriterExclusion] == Guaranteed) {
				t.Errorf("OK is %v", d.OK)
			}
		})
	}
}

func TestWithoutASecondProcessExclusionIsUnknown(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	d := diagnosed(t, t.TempDir(), Probe())
	if c := statusOf(t, d, "lock exclusion"); c.Status != StatusUnknown || !strings.Contains(c.Detail, "flock(1)") {
		t.Errorf("%s: %s", c.Status, c.Detail)
	}
	d = diagnosed(t, t.TempDir(), Probe(), Helper(filepath.Join(t.TempDir(), "nothing")))
	if c := statusOf(t, d, "lock exclusion"); c.Status != StatusUnknown || !strings.Contains(c.Detail, "nothing") {
		t.Errorf("%s: %s", c.Status, c.Detail)
	}
}

func TestASecondProcessThatHangsIsKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(helperVariable, "hangs")
	v := newVisit(t.TempDir(), "file", &settings{probe: true, helper: []string{self}}, false)
	v.patience = 50 * time.Millisecond
	if got := v.run(checkCalled(t, "lock exclusion")); got.status != StatusUnknown || !strings.Contains(got.detail, "did not end") {
		t.Errorf("%s: %s", got.status, got.detail)
	}
	if err := v.leave(); err != nil {
		t.Error(err)
	}
}

func TestALockDirectoryThatTakesNoFileFailsExclusion(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	d := diagnosed(t, t.TempDir(), Probe(), LockDir(missing), helper(t, "try"))
	for _, name := range []string{"lock directory", "lock exclusion"} {
		if c := statusOf(t, d, name); c.Status != StatusFailed || !strings.Contains(c.Detail, missing) {
			t.Errorf("%s is %s: %s", name, c.Status, c.Detail)
		}
	}
	if d.Guarantees[WriterExclusion] != Unsupported || d.Guarantees[AtomicVisibility] == Unsupported {
		t.Errorf("%v", d.Guarantees)
	}
}
