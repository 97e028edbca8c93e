package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// started is a server with a settings file, and its address.
func started(t *testing.T, path string) (p *testkit.Process, address string) {
	t.Helper()
	p = testkit.Start(t, testkit.Program(t, path, "localhost:0"))
	return p, p.Expect("listening on ")
}

// until reads what the server prints up to a line that begins so. A busy machine may hold up this test between the two
// system calls of a write in place; then the server also complains of an empty file.
func until(t *testing.T, p *testkit.Process, prefix string) {
	t.Helper()
	for {
		line, err := p.Out.ReadString('\n')
		testkit.Must(t, err)
		if strings.HasPrefix(line, prefix) {
			return
		}
	}
}

func wantGreeting(t *testing.T, address, want string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	testkit.Must(t, err)
	defer connection.Close()
	got, err := io.ReadAll(connection)
	testkit.Must(t, err)
	if strings.TrimSpace(string(got)) != want {
		t.Errorf("the server says %q, want %q", got, want)
	}
}

func TestTheServerTakesNewSettingsWithoutARestart(t *testing.T) {
	for _, format := range []struct{ name, one, two, broken string }{
		{"settings.yaml", "greeting: one # a comment\n", "greeting: two\n", "greeting: [\n"},
		{"settings.json", `{"greeting": "one"}`, `{"greeting": "two"}`, `{"greeting": `},
		{"settings.toml", "greeting = 'one'\n", "greeting = 'two'\n", "greeting =\n"},
	} {
		t.Run(format.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), format.name)
			p, address := started(t, path)
			until(t, p, "the settings stay as they are:")
			wantGreeting(t, address, "hello")

			testkit.Put(t, path, format.one)
			until(t, p, "new settings: {Greeting:one}")
			wantGreeting(t, address, "one")

			testkit.Put(t, path, format.broken)
			until(t, p, "the settings stay as they are:")
			wantGreeting(t, address, "one")

			testkit.Put(t, path+".new", format.two)
			testkit.Must(t, os.Rename(path+".new", path))
			until(t, p, "new settings: {Greeting:two}")
			wantGreeting(t, address, "two")

			testkit.Must(t, os.Remove(path))
			until(t, p, "the settings stay as they are:")
			wantGreeting(t, address, "two")
		})
	}
}

func TestTheServerEndsWhenItIsAskedTo(t *testing.T) {
	testkit.NeedUnix(t)
	p, _ := started(t, testkit.File(t, "settings.yaml", "greeting: one\n"))
	p.Expect("new settings:")
	testkit.Must(t, p.Cmd.Process.Signal(os.Interrupt))
	if err := testkit.InTime(t, "the server", p.Wait); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func TestTheTourAsksTheServerAfterEachChange(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	var answers []string
	for line := range strings.Lines(out) {
		if answer, ok := strings.CutPrefix(line, "the server says: "); ok {
			answers = append(answers, strings.TrimSpace(answer))
		}
	}
	if got := strings.Join(answers, ", "); got != "hello, good morning, good morning, good evening" {
		t.Errorf("the server said %s:\n%s", got, out)
	}
}

func TestTheTourEndsWithItsContext(t *testing.T) {
	testkit.OwnTemp(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := testkit.InTime(t, "the tour", func() error { return tour(ctx, io.Discard) }); err == nil {
		t.Error("a tour that was cut off is no error")
	}
}

func TestABadCommandLineIsRefused(t *testing.T) {
	for _, args := range [][]string{{"a", "b", "c"}} {
		if _, stderr, status := testkit.RunProgram(t, args...); status != 2 || !strings.HasPrefix(stderr, "usage:") {
			t.Errorf("%q: exit status %d, %q", args, status, stderr)
		}
	}
	if _, stderr, status := testkit.RunProgram(t, "settings.yaml", "no address"); status != 1 || stderr == "" {
		t.Errorf("exit status %d, %q", status, stderr)
	}
}
