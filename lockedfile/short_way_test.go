package lockedfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// mostFunctions is how many functions of the library one uncontended Update of a JSON file may run. It leaves room
// for what runs only at times: two for the user nobody, whose id also stands for unknown ones, and the pause
// for other processes after slow commits.
const mostFunctions = 250

// The library can be trusted only if it can be read, and what is to be read of an Update is what it runs. The
// functions are counted in a coverage profile of one call, the third of a process:
//
//	go build -cover -covermode=atomic -coverpkg=github.com/holdfast-go/holdfast/... ./lockedfile/testdata/oneupdate
//	./oneupdate FILE PROFILE-DIRECTORY 2
//	go tool covdata func -i PROFILE-DIRECTORY
func TestTheWayOfOneUpdateIsShort(t *testing.T) {
	dir := t.TempDir()
	program, path, profile := filepath.Join(dir, "oneupdate"), filepath.Join(dir, "a.json"), filepath.Join(dir, "profile")
	testkit.Must(t, os.Mkdir(profile, 0o755))
	testkit.Put(t, path, "{\n  \"count\": 1,\n  \"name\": \"x\"\n}\n")
	run(t, "go", "build", "-cover", "-covermode=atomic", "-coverpkg=github.com/holdfast-go/holdfast/...", "-o", program, "./testdata/oneupdate")
	run(t, program, path, profile, "2")
	var ran []string
	for line := range strings.Lines(run(t, "go", "tool", "covdata", "func", "-i", profile)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] == "0.0%" || fields[0] == "total" || strings.Contains(line, "/testdata/") {
			continue
		}
		place := strings.TrimPrefix(fields[0], "github.com/holdfast-go/holdfast/")
		ran = append(ran, place[:strings.Index(place, ":")]+" "+fields[1])
	}
	if len(ran) == 0 || len(ran) > mostFunctions {
		t.Errorf("one Update runs %d functions of the library, at most %d are wanted:\n%s", len(ran), mostFunctions, strings.Join(ran, "\n"))
	}
	t.Logf("one Update runs %d functions of the library", len(ran))
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}
