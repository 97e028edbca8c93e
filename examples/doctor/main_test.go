package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
)

// doctor builds the program and gives a function that runs it.
func doctor(t *testing.T) func(args ...string) (status int, stdout, stderr string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "doctor")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return func(args ...string) (int, string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		command := exec.Command(program, args...)
		command.Stdout, command.Stderr = &stdout, &stderr
		err := command.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode(), stdout.String(), stderr.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		return statusOK, stdout.String(), stderr.String()
	}
}

func TestTheExitStatusIsTheDiagnosis(t *testing.T) {
	run, dir := doctor(t), t.TempDir()
	path := filepath.Join(dir, "state.json")

	status, out, _ := run(path)
	if status != statusOK || !strings.Contains(out, path+": ok\n") {
		t.Errorf("a good place: %d\n%s", status, out)
	}
	if runtime.GOOS == "linux" && !strings.Contains(out, "refused while it was held") {
		t.Errorf("the program did not try its own lock\n%s", out)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if status, out, _ := run(filepath.Join(dir, "missing", "state.json")); status != statusNotOK {
		t.Errorf("a missing directory: %d\n%s", status, out)
	}
	for _, args := range [][]string{{}, {"-nonsense", path}, {"-require", "Nonsense", path}, {""}} {
		if status, out, text := run(args...); status != statusUsage || out != "" || text == "" {
			t.Errorf("%q: %d, %q, %q", args, status, out, text)
		}
	}
}

func TestARequirementThatFailsIsStatusOne(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	run := doctor(t)
	for _, require := range []string{"AtomicVisibility", "CrashDurability, WriterExclusion", "all"} {
		if status, out, _ := run("-dry", "-require", require, "/proc/state.json"); status != statusNotOK ||
			!strings.Contains(out, "required but not guaranteed") {
			t.Errorf("-require %q: %d\n%s", require, status, out)
		}
	}
}

func TestJSONIsForMachines(t *testing.T) {
	run, locks := doctor(t), t.TempDir()
	status, out, _ := run("-json", "-dry", "-lock-dir", locks, "-require", "IntegrityDetection", filepath.Join(t.TempDir(), "x"))
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
	run := doctor(t)
	path := filepath.Join(t.TempDir(), "file.lock")
	if status, _, text := run(tryLock, path); status != 0 {
		t.Errorf("a free lock: %d, %s", status, text)
	}
	if status, _, text := run(tryLock, filepath.Join(path, "below")); status != statusUsage || text == "" {
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
