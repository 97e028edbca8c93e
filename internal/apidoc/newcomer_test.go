package apidoc_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// release is the version under which the tests publish this tree to a go command of theirs.
const release = "v0.1.0"

// aMinute is what a newcomer may spend from an empty directory to a program that runs. Here it is processor time,
// since other tests run at the same time.
const aMinute = time.Minute

// A newcomer is somebody who has Go and nothing of this library. The go command gets the library from a
// module proxy as it would get a release, into a module cache that was empty.
type newcomer struct {
	environment []string
	used        time.Duration // of processors
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	testkit.NeedLinux(t) // the README's commands are those of a Linux shell
	var known struct{ GOMODCACHE, GOPROXY string }
	out, err := exec.Command("go", "env", "-json", "GOMODCACHE", "GOPROXY").Output()
	testkit.Must(t, err)
	testkit.Must(t, json.Unmarshal(out, &known))
	own := t.TempDir()
	publish(t, filepath.Join(own, "proxy"))
	return &newcomer{environment: append(os.Environ(),
		"GOPROXY=file://"+filepath.Join(own, "proxy")+",file://"+filepath.Join(known.GOMODCACHE, "cache", "download")+","+strings.ReplaceAll(known.GOPROXY, "direct", "off"),
		"GOSUMDB=off", // this release is in no public log
		"GOMODCACHE="+filepath.Join(own, "modules"),
		"GOFLAGS=-modcacherw", "GOWORK=off", "GO111MODULE=on")}
}

// publish makes a module proxy, as files, that knows one release of the module: this tree without its tests.
func publish(t *testing.T, proxy string) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(strings.TrimSuffix(module, "/")), "@v")
	testkit.Must(t, os.MkdirAll(dir, 0o755))
	testkit.Put(t, filepath.Join(dir, "list"), release+"\n")
	testkit.Put(t, filepath.Join(dir, release+".info"), `{"Version":"`+release+`","Time":"2026-01-01T00:00:00Z"}`)
	testkit.Put(t, filepath.Join(dir, release+".mod"), testkit.Content(t, filepath.Join(root, "go.mod")))
	f, err := os.Create(filepath.Join(dir, release+".zip"))
	testkit.Must(t, err)
	defer f.Close()
	archive := zip.NewWriter(f)
	testkit.Must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if name != "." && (nested == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, "_test.go") || !d.Type().IsRegular() {
			return nil
		}
		w, err := archive.Create(module[:len(module)-1] + "@" + release + "/" + filepath.ToSlash(name))
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}))
	testkit.Must(t, archive.Close())
}

// types runs a command in a directory and gives what it prints.
func (n *newcomer) types(t *testing.T, dir, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "umask 022; "+command)
	cmd.Dir, cmd.Env = dir, n.environment
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	n.used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, out, messages.String())
	}
	return string(out)
}

// Each program of the README is followed by what a newcomer types. A program of which the README does not say how its
// module is made gets one by go mod init and go mod tidy.
func TestTheREADMEsProgramsRunInAnEmptyModuleWithinAMinute(t *testing.T) {
	n := newNewcomer(t)
	if effort.Of(false, false, true) {
		n.environment = append(n.environment, "GOCACHE="+t.TempDir()) // nothing is compiled yet, not even Go's own packages
	}
	all, count := readme(t), 0
	for i, b := range all {
		if b.language != "go" || !isProgram(b.text) {
			continue
		}
		count++
		dir := t.TempDir()
		testkit.Put(t, filepath.Join(dir, "main.go"), b.text)
		if lines := strings.Count(b.text, "\n"); count == 1 && lines > 15 {
			t.Errorf("the first program has %d lines", lines)
		}
		n.used = 0
		from, ran := time.Now(), false
		for _, next := range all[i+1:] {
			if next.language != "console" {
				break
			}
			for _, s := range sessions(next.text) {
				if !ran && !strings.HasPrefix(s.command, "go mod") {
					n.types(t, dir, "go mod init example.com/newcomer && go mod tidy")
				}
				ran = true
				if got := n.types(t, dir, s.command); got != s.prints {
					t.Errorf("program %d: %s prints\n%s\nThe README says\n%s", count, s.command, got, s.prints)
				}
			}
		}
		if !ran {
			t.Errorf("the README does not say what program %d prints", count)
		}
		t.Logf("program %d: %.1f s from an empty directory, %.1f s of processor time", count, time.Since(from).Seconds(), n.used.Seconds())
		if n.used > aMinute {
			t.Errorf("program %d took more than a minute", count)
		}
	}
	if count < 2 {
		t.Errorf("the README has %d programs", count)
	}
}
