package guarantee

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The test binary as a second process that tries a lock. Its last argument is the
// lock's path.
var roles = testkit.Roles{
	"try": func(args []string) {
		got, err := flock.New(args[len(args)-1]).TryLock()
		switch {
		case err != nil:
			os.Exit(3)
		case !got:
			os.Exit(statusHeld)
		}
		os.Exit(statusGot)
	},
	"always got":  func([]string) { os.Exit(statusGot) },
	"always held": func([]string) { os.Exit(statusHeld) },
	"hangs":       func([]string) { time.Sleep(time.Hour) }, // until it is killed
	"broken": func([]string) {
		os.Stdout.WriteString(strings.Repeat("no idea ", 100))
		os.Exit(42)
	},
	"compare": func(args []string) { compare(args[0]) },
}

func TestMain(m *testing.M) { testkit.Main(m, roles) }

// helper makes the test binary a second process that behaves as told.
func helper(t *testing.T, behaviour string) DoctorOption {
	t.Helper()
	self := testkit.Self(t, behaviour)
	t.Setenv(testkit.RoleVariable, behaviour)
	return Helper(self.Path, "ignored")
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
	self := testkit.Self(t, "hangs").Path
	t.Setenv(testkit.RoleVariable, "hangs")
	v := newVisit(t.TempDir(), "file", &settings{probe: true, helper: []string{self}}, false)
	v.timeout = 50 * time.Millisecond
	if got := v.run(checkCalled(t, "lock exclusion")); got.status != StatusUnknown || !strings.Contains(got.detail, "did not end") {
		t.Errorf("%s: %s", got.status, got.detail)
	}
	testkit.WantNil(t, "it", v.leave())
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
