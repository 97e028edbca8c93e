package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func doctor(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	stdout, stderr, status = testkit.RunProgram(t, args...)
	return status, stdout, stderr
}

func TestTheExitStatusIsTheDiagnosis(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")

	status, out, _ := doctor(t, path)
	if status != statusOK || !strings.Contains(out, path+": ok\n") {
		t.Errorf("a good place: %d\n%s", status, out)
	}
	if runtime.GOOS == "linux" && !strings.Contains(out, "refused while it was held") {
		t.Errorf("the program did not try its own lock\n%s", out)
	}
	testkit.WantNames(t, dir)
	if status, out, _ := doctor(t, filepath.Join(dir, "missing", "state.json")); status != statusNotOK {
		t.Errorf("a missing directory: %d\n%s", status, out)
	}
	for _, args := range [][]string{{path, path}, {"-nonsense", path}, {"-require", "Nonsense", path}, {""}} {
		if status, out, text := doctor(t, args...); status != statusUsage || out != "" || text == "" {
			t.Errorf("%q: %d, %q, %q", args, status, out, text)
		}
	}
}

func TestWithoutAPathTheCurrentDirectoryIsTested(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	status, out, _ := doctor(t)
	if status != statusOK || !strings.HasPrefix(out, "state.json: ok\n") || !strings.Contains(out, dir+" takes files") {
		t.Errorf("%d\n%s", status, out)
	}
	testkit.WantNames(t, dir)
}

func TestARequirementThatFailsIsStatusOne(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	for _, require := range []string{"AtomicVisibility", "CrashDurability, WriterExclusion", "all"} {
		if status, out, _ := doctor(t, "-dry", "-require", require, "/proc/state.json"); status != statusNotOK ||
			!strings.Contains(out, "required but not guaranteed") {
			t.Errorf("-require %q: %d\n%s", require, status, out)
		}
	}
}

func TestJSONIsForMachines(t *testing.T) {
	locks := t.TempDir()
	status, out, _ := doctor(t, "-json", "-dry", "-lock-dir", locks, "-require", "IntegrityDetection", filepath.Join(t.TempDir(), "x"))
	var diagnosis struct {
		OK     bool
		Report struct{ Guarantees map[string]string }
		Checks []struct{ Name, Status, Detail string }
	}
	if err := json.Unmarshal([]byte(out), &diagnosis); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if diagnosis.OK != (status == statusOK) || len(diagnosis.Report.Guarantees) != 4 {
		t.Errorf("status %d, %+v", status, diagnosis)
	}
	for _, check := range diagnosis.Checks {
		if check.Name == "rename over" && check.Status != "unknown" {
			t.Errorf("-dry tried %+v", check)
		}
		if check.Name == "lock directory" && check.Status == "ok" && !strings.Contains(check.Detail, locks) {
			t.Errorf("-lock-dir is ignored: %+v", check)
		}
	}
}

func TestTheHelperSpeaksTheProtocol(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.lock")
	if status, _, text := doctor(t, tryLock, path); status != 0 {
		t.Errorf("a free lock: %d, %s", status, text)
	}
	if status, _, text := doctor(t, tryLock, filepath.Join(path, "below")); status != statusUsage || text == "" {
		t.Errorf("a lock that can't be: %d, %q", status, text)
	}
}

func TestWhatCannotBePrintedIsNotOK(t *testing.T) {
	var stderr bytes.Buffer
	for _, form := range []string{"-json", "-json=false"} {
		if status := run([]string{form, "-dry", t.TempDir()}, full{}, &stderr); status != statusNotOK {
			t.Errorf("%s: %d", form, status)
		}
	}
	if !strings.Contains(stderr.String(), "no space") {
		t.Errorf("said %q", stderr.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }
