package moving

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/renameio/v2"
	"github.com/natefinch/atomic"
	golocked "github.com/rogpeppe/go-internal/lockedfile"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

type State struct{ Runs int }

func withRenameio(source io.Reader) error {
	f, err := renameio.NewPendingFile("report.txt", renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := io.Copy(f, source); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

func afterRenameio(source io.Reader) error {
	w, err := safefile.New[string]("report.txt", safefile.WithMode(0o644)).Create()
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := io.Copy(w, source); err != nil {
		return err
	}
	return w.Commit()
}

func withAtomic(data []byte) error {
	return atomic.WriteFile("state.json", bytes.NewReader(data))
}

func afterAtomic(data []byte) error {
	return safefile.WriteFile("state.json", data)
}

// The library under the name golocked is the published copy of cmd/go/internal/lockedfile.
func withLockedfile() error {
	return golocked.Transform("count.txt", func(old []byte) ([]byte, error) {
		n, _ := strconv.Atoi(string(old))
		return []byte(strconv.Itoa(n + 1)), nil
	})
}

func afterLockedfile() error {
	return lockedfile.New[string]("count.txt").Update(func(text *string) error {
		n, _ := strconv.Atoi(*text)
		*text = strconv.Itoa(n + 1)
		return nil
	})
}

func afterFilelock() error {
	stats := lockedfile.New[map[string]int]("stats.json", safefile.WithTimeout(5*time.Second))
	return stats.Update(func(m *map[string]int) error {
		(*m)["runs"]++
		return nil
	})
}

func afterAtomicio() error {
	file := lockedfile.New[map[string]any]("data.yaml", safefile.WithTimeout(5*time.Second))
	return file.Update(func(data *map[string]any) error {
		(*data)["processed"] = true
		return nil
	})
}

func afterReentrantLock(ctx context.Context) error {
	file := lockedfile.NewContext[map[string]int]("stats.yaml")
	count := func(ctx context.Context, key string) error { // also works outside of a transaction
		return file.Update(ctx, func(m *map[string]int) error { (*m)[key]++; return nil })
	}
	return file.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[map[string]int]) error {
		return errors.Join(count(ctx, "runs"), count(ctx, "files")) // both join: one commit
	})
}

func afterSafeatomic(state State) error {
	file := safefile.New[State]("state.json", safefile.WithChecksum())
	if err := file.Write(state); err != nil {
		return err
	}
	_, err := file.Read() // damaged: ErrChecksumMismatch
	return err
}

func TestBothProgramsLeaveTheSameFile(t *testing.T) {
	tests := []struct {
		library, file string
		with, after   func() error
		want          string
	}{
		{"renameio", "report.txt",
			func() error { return withRenameio(strings.NewReader("two lines\nof text\n")) },
			func() error { return afterRenameio(strings.NewReader("two lines\nof text\n")) }, "two lines\nof text\n"},
		{"natefinch/atomic", "state.json",
			func() error { return withAtomic([]byte("{}\n")) },
			func() error { return afterAtomic([]byte("{}\n")) }, "{}\n"},
		{"cmd/go lockedfile", "count.txt", withLockedfile, afterLockedfile, "2"},
	}
	for _, test := range tests {
		t.Run(test.library, func(t *testing.T) {
			for _, program := range []func() error{test.with, test.after} {
				t.Chdir(t.TempDir())
				testkit.Must(t, program())
				testkit.Must(t, program())
				testkit.WantContent(t, test.file, test.want)
			}
		})
	}
}

func TestANewFileIsPrivateWithAtomicAndFollowsTheUmaskHere(t *testing.T) {
	for _, test := range []struct {
		write func([]byte) error
		want  os.FileMode
	}{{withAtomic, 0o600}, {afterAtomic, 0}} {
		t.Chdir(t.TempDir())
		testkit.Must(t, os.WriteFile("measure", nil, 0o666))
		testkit.Must(t, test.write(nil))
		measure, err := os.Stat("measure")
		testkit.Must(t, err)
		if test.want == 0 {
			test.want = measure.Mode() // 0666 before the umask of this process
		}
		if info, err := os.Stat("state.json"); err != nil || info.Mode() != test.want {
			t.Errorf("the mode is %v, %v, want %v", info.Mode(), err, test.want)
		}
	}
}

// The Python program is the README's, with its imports before it.
func TestAProgramWithFilelockAndOneOfHoldfastShareACount(t *testing.T) {
	python := "python3"
	if exec.Command(python, "-c", "import filelock").Run() != nil {
		python = "/usr/bin/python3" // Debian's own, if another comes first
	}
	if err := exec.Command(python, "-c", "import filelock").Run(); err != nil {
		t.Skipf("no python3 with filelock here: %v", err)
	}
	program := "import json\nfrom filelock import FileLock\nfrom pathlib import Path\n" + block(t, "FileLock(")
	t.Chdir(t.TempDir())
	testkit.Put(t, "stats.json", `{"runs": 0}`)
	for range 2 {
		out, err := exec.Command(python, "-c", program).CombinedOutput()
		testkit.Must(t, err)
		if len(out) > 0 {
			t.Errorf("the program prints %s", out)
		}
		testkit.Must(t, afterFilelock())
	}
	testkit.WantContent(t, "stats.json", `{"runs": 4}`)
}

func TestTheJobsOfAtomicioAndSafeatomic(t *testing.T) {
	t.Chdir(t.TempDir())
	testkit.Must(t, errors.Join(afterAtomicio(), afterAtomicio()))
	testkit.WantContent(t, "data.yaml", "processed: true\n")
	testkit.Must(t, afterReentrantLock(t.Context()))
	testkit.WantContent(t, "stats.yaml", "files: 1\nruns: 1\n")

	testkit.Must(t, afterSafeatomic(State{Runs: 1}))
	testkit.Must(t, os.WriteFile("state.json", []byte("{\n  \"Runs\": 7\n}\n"), 0o644)) // no handle has written this
	_, err := safefile.New[State]("state.json", safefile.WithChecksum()).Read()
	testkit.WantIs(t, "a damaged file", err, errors.ErrChecksumMismatch)
}

// A thread of atomicio may use its file again inside of locked(). The README says what happens here.
func TestAHandleInsideItsOwnTransactionSeesTheFileAsItWasAndWaitsForItself(t *testing.T) {
	t.Chdir(t.TempDir())
	file := lockedfile.New[map[string]int]("stats.yaml", safefile.WithTimeout(50*time.Millisecond))
	testkit.Must(t, file.Write(map[string]int{"runs": 1}))
	testkit.Must(t, file.Locked(func(tx *lockedfile.Tx[map[string]int]) error {
		testkit.Must(t, tx.Write(map[string]int{"runs": 2}))
		if now, err := file.Read(); err != nil || now["runs"] != 1 {
			t.Errorf("the handle reads %v, %v inside of its transaction", now, err)
		}
		testkit.WantIs(t, "a write of the handle", file.Write(nil), errors.ErrTimeout)
		return nil
	}))
	testkit.WantContent(t, "stats.yaml", "runs: 2\n")
}

// Options belong to a handle. safeatomic_config would reach every call inside of a with block.
func TestOptionsReachOnlyTheHandlesThatGetThem(t *testing.T) {
	t.Chdir(t.TempDir())
	house := safefile.WithOptions(safefile.WithChecksum())
	testkit.Must(t, errors.Join(safefile.WriteFile("with.txt", nil, house), safefile.WriteFile("without.txt", nil)))
	found, err := filepath.Glob("*.sha256")
	if err != nil || len(found) != 1 || found[0] != "with.txt.sha256" {
		t.Errorf("there are the checksums %q, %v", found, err)
	}
}

func TestTheREADMEShowsThePrograms(t *testing.T) {
	readme := strings.ReplaceAll(testkit.Content(t, filepath.Join("..", "..", "README.md")), "err := ", "return ")
	readme = strings.ReplaceAll(readme, "err = ", "return ")
	shown := bodies(t, "moving_test.go", "viper_test.go")
	if len(shown) != 12 {
		t.Errorf("there are %d programs", len(shown))
	}
	for name, text := range shown {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "golocked.", "lockedfile."), "err := ", "return ")
		if !strings.Contains(readme, strings.ReplaceAll(text, "err = ", "return ")) {
			t.Errorf("the README does not show %s:\n%s", name, text)
		}
	}
}

// bodies gives the statements of each function that begins with with or after, without a last "return nil" or "return err".
func bodies(t *testing.T, files ...string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, file := range files {
		for _, m := range regexp.MustCompile(`(?ms)^func ((?:with|after)\w+)\([^\n]*\n(.*?)^}$`).FindAllStringSubmatch(testkit.Content(t, file), -1) {
			text := strings.TrimSuffix(strings.TrimSuffix(m[2], "\treturn nil\n"), "\treturn err\n")
			found[m[1]] = strings.ReplaceAll(strings.TrimPrefix(text, "\t"), "\n\t", "\n")
		}
	}
	return found
}

// block gives the README's block of Python that holds some text.
func block(t *testing.T, holds string) string {
	t.Helper()
	readme := testkit.Content(t, filepath.Join("..", "..", "README.md"))
	for _, m := range regexp.MustCompile("(?ms)^```python\n(.*?)^```$").FindAllStringSubmatch(readme, -1) {
		if strings.Contains(m[1], holds) {
			return m[1]
		}
	}
	t.Fatalf("the README has no block with %s", holds)
	return ""
}
