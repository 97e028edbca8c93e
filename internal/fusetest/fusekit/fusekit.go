// Package fusekit runs a FUSE server in a process of its own and takes away what a test has
// mounted, also after the test has panicked or timed out.
//
// The server is the test binary, started again. It ends when its standard input does, so it
// never outlives its test; before that it calls [Sweep].
package fusekit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"golang.org/x/sys/unix"
)

// patience is how long an answer or a process may take that should come at once.
const patience = time.Minute

// A Role is what a process that a test starts does. It gets its job and gives the exit code.
type Role func(job string) int

// Main is for TestMain. It runs the tests, or the role that the process was started for.
func Main(m *testing.M, roles map[string]Role) {
	all := testkit.Roles{}
	for name, role := range roles {
		all[name] = func(args []string) { os.Exit(role(args[0])) }
	}
	testkit.Main(m, all)
}

// Require skips a test that can't mount FUSE filesystems, or lacks one of the programs.
func Require(t testing.TB, programs ...string) {
	t.Helper()
	testkit.NeedRoot(t)
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("no /dev/fuse here")
	}
	for _, p := range programs {
		testkit.NeedProgram(t, p)
	}
}

// Process is a process that a test has started.
type Process struct {
	name   string
	cmd    *exec.Cmd
	input  io.WriteCloser
	Lines  <-chan string // what it says on its standard output; closed at its end
	Exited <-chan struct{}
	err    error // how it ended; to be read after Exited is closed
}

// Start runs a role. The process is killed at the latest when the test ends.
func Start(t testing.TB, name string, job any) *Process {
	t.Helper()
	text, err := json.Marshal(job)
	testkit.Must(t, err)
	cmd := testkit.Self(t, name, string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a signal to the test's group must not keep the server from its clean-up
	input, inErr := cmd.StdinPipe()
	output, outErr := cmd.StdoutPipe()
	testkit.Must(t, errors.Join(inErr, outErr))
	testkit.Must(t, cmd.Start())
	lines, exited := make(chan string, 1<<16), make(chan struct{})
	p := &Process{name: name, cmd: cmd, input: input, Lines: lines, Exited: exited}
	go func() {
		defer close(exited)
		scanner := bufio.NewScanner(output)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		close(lines)
		p.err = cmd.Wait()
	}()
	t.Cleanup(p.Kill)
	return p
}

// Say sends the process a line of JSON.
func (p *Process) Say(v any) error { return json.NewEncoder(p.input).Encode(v) }

// Next is the next line that the process says.
func (p *Process) Next(t testing.TB) string {
	t.Helper()
	select {
	case line, ok := <-p.Lines:
		if !ok {
			t.Fatalf("%s has ended", p.name)
		}
		return line
	case <-time.After(patience):
		t.Fatalf("%s says nothing", p.name)
	}
	return ""
}

// Close ends the process's input and waits for its end.
func (p *Process) Close(t testing.TB) {
	t.Helper()
	_ = p.input.Close()
	p.Join(t)
}

// Join waits for the process's end.
func (p *Process) Join(t testing.TB) {
	t.Helper()
	select {
	case <-p.Exited:
		if p.err != nil {
			t.Errorf("%s: %v", p.name, p.err)
		}
	case <-time.After(patience):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // prints where its goroutines are
		t.Fatalf("%s does not end", p.name)
	}
}

// Kill ends the process as kill -9 does, if it still runs.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	select {
	case <-p.Exited:
	case <-time.After(patience): // it hangs in the kernel, and so must not the test
	}
}

// UntilEnd gives a channel that is closed when the standard input of this process has ended.
func UntilEnd() <-chan struct{} {
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	return over
}

// Mount serves a filesystem at dir, by mount(2), without fusermount.
func Mount(dir string, root fs.InodeEmbedder, options fuse.MountOptions) (*fuse.Server, error) {
	// The server must not die of a signal that is meant for the test: its disks would hang.
	signal.Ignore(syscall.SIGINT, syscall.SIGPIPE)
	options.DirectMountStrict = true
	options.AllowOther = true
	none := time.Duration(0)
	return fs.Mount(dir, root, &fs.Options{MountOptions: options, EntryTimeout: &none, AttrTimeout: &none, NullPermissions: true})
}

// Sweep takes away every mount and loop device that lies below base, busy or not. Requests
// that still wait for a FUSE server below base fail: MNT_FORCE aborts the connection, as
// /sys/fs/fuse/connections/N/abort does, which need not be mounted.
func Sweep(base string) error {
	var problems []string
	for _, m := range mountsBelow(base) {
		if err := unix.Unmount(m, unix.MNT_FORCE|unix.MNT_DETACH); err != nil {
			problems = append(problems, fmt.Sprintf("unmounting %s: %v", m, err))
		}
	}
	for _, loop := range loopsBelow(base) {
		if out, err := exec.Command("losetup", "-d", loop).CombinedOutput(); err != nil && len(loopsBelow(base)) > 0 {
			problems = append(problems, fmt.Sprintf("detaching %s: %v %s", loop, err, out))
		}
	}
	if problems != nil {
		return fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return nil
}

// mountsBelow lists mount points, the last mounted first.
func mountsBelow(base string) []string {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	var all []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], base+"/") {
			all = append(all, f[4])
		}
	}
	slices.Reverse(all)
	return all
}

// loopsBelow lists the loop devices whose file lies below base.
func loopsBelow(base string) []string {
	files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	var all []string
	for _, file := range files {
		if backing, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(backing), base+"/") {
			all = append(all, "/dev/"+strings.Split(file, "/")[3])
		}
	}
	return all
}

// Leftover says what lies mounted or attached below base.
func Leftover(base string) []string { return append(mountsBelow(base), loopsBelow(base)...) }
