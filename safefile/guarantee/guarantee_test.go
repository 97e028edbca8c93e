package guarantee

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestThePackageDocShowsTheTable(t *testing.T) {
	source, err := os.ReadFile("guarantee.go")
	testkit.Must(t, err)
	var shown strings.Builder
	for line := range strings.Lines(string(source)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			shown.WriteString(text)
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	if want := environ.Matrix(); shown.String() != want {
		t.Errorf("the package doc shows\n%s\nbut the table is\n%s", shown.String(), want)
	}
}

func TestTheNamesAreThoseOfTheTable(t *testing.T) {
	if want := []Guarantee{AtomicVisibility, CrashDurability, WriterExclusion, IntegrityDetection}; !slices.Equal(All(), want) {
		t.Errorf("All gives %v", All())
	}
	for level, want := range map[environ.Level]Level{
		environ.Guaranteed: Guaranteed, environ.BestEffort: BestEffort,
		environ.NonTarget: NonTarget, environ.Unsupported: Unsupported,
	} {
		if level.String() != string(want) {
			t.Errorf("%v is %s", level, want)
		}
	}
}

func TestAReportGivesEachLevelAndItsReason(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	report, err := Inspect(filepath.Join(missing, "file"))
	testkit.Must(t, err)
	for i, g := range All() {
		level, known := report.Guarantees[g]
		prefix := string(g) + " is " + string(level) + ": "
		if !known || !strings.HasPrefix(report.Notes[i], prefix) || len(report.Notes[i]) == len(prefix) {
			t.Errorf("%s is %q, noted %q", g, level, report.Notes[i])
		}
	}
	if last := report.Notes[len(report.Notes)-1]; !strings.Contains(last, missing+" does not exist") {
		t.Errorf("the last note is %q", last)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("Inspect made the directory")
	}
}

func TestAnEmptyPathIsAnError(t *testing.T) {
	_, err := Inspect("")
	var e *errors.Error
	if !errors.As(err, &e) {
		t.Errorf("Inspect: %v", err)
	}
	if _, err := Doctor(""); !errors.As(err, &e) {
		t.Errorf("Doctor: %v", err)
	}
}

func TestADiagnosisIsJSONForMachines(t *testing.T) {
	d, err := Doctor(t.TempDir())
	testkit.Must(t, err)
	data, err := json.Marshal(d)
	testkit.Must(t, err)
	var read struct {
		OK     *bool
		Report struct {
			Environment struct{ Filesystem, Class string }
			Guarantees  map[string]string
			Notes       []string
		}
		Required []string
		Checks   []struct{ Name, Status, Detail string }
	}
	testkit.Must(t, json.Unmarshal(data, &read))
	if read.OK == nil || read.Report.Environment.Class != d.Class || len(read.Report.Guarantees) != 4 ||
		read.Required == nil || len(read.Checks) != len(d.Checks) || read.Checks[0].Status == "" {
		t.Errorf("%s", data)
	}
}

func TestANilOptionPanicsWithAQualifiedName(t *testing.T) {
	for want, call := range map[string]func(){
		"guarantee.Inspect: nil option": func() { _, _ = Inspect(t.TempDir(), nil) },
		"guarantee.Doctor: nil option":  func() { _, _ = Doctor(t.TempDir(), nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panics with %v, want %s", got, want)
				}
			}()
			call()
		}()
	}
}

func TestHandleOptionsSayWhereTheLockLies(t *testing.T) {
	path, memory := filepath.Join(t.TempDir(), "f.txt"), testkit.Memory(t)
	want, err := Inspect(path, LockDir(memory))
	testkit.Must(t, err)
	got, err := Inspect(path, HandleOptions(safefile.WithLockDir(memory)))
	testkit.Must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = Inspect(path, HandleOptions(safefile.WithLockDir("")))
	testkit.WantIs(t, "a bad option", err, fs.ErrInvalid)
}
