package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// other is a process that waits for the locks that this one holds.
type other struct {
	b   *testing.B
	pid int
	in  io.Writer
	out *bufio.Scanner
}

func (o *other) hear() string {
	if !o.out.Scan() {
		o.b.Fatal("the other process is gone")
	}
	return o.out.Text()
}

// untilBlocked returns when the other process sleeps in the kernel for a lock.
func (o *other) untilBlocked(lock string) {
	info, err := os.Stat(lock)
	if err != nil {
		o.b.Fatal(err)
	}
	inode := info.Sys().(*syscall.Stat_t).Ino
	for end := time.Now().Add(time.Minute); !o.blocked(inode); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			o.b.Fatalf("the other process does not wait for %s", filepath.Base(lock))
		}
	}
}

// blocked looks for "7: -> FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF".
func (o *other) blocked(inode uint64) bool {
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		o.b.Fatal(err)
	}
	for line := range strings.Lines(string(locks)) {
		f := strings.Fields(line)
		if f[1] == "->" && f[2] == "FLOCK" && f[5] == strconv.Itoa(o.pid) && strings.HasSuffix(f[6], fmt.Sprintf(":%d", inode)) {
			return true
		}
	}
	return false
}

// otherVariable makes the test binary the other process.
const otherVariable = "HOLDFAST_BENCH_OTHER"

func TestMain(m *testing.M) {
	if os.Getenv(otherVariable) != "" {
		if err := obey(); err != nil {
			fmt.Fprintln(os.Stderr, "the other process:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// startOther runs until the benchmark ends.
func startOther(b *testing.B) *other {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env, cmd.Stderr = append(os.Environ(), otherVariable+"=1"), os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may wait for a lock that nobody will release
		_ = cmd.Wait()
	})
	return &other{b, cmd.Process.Pid, in, bufio.NewScanner(out)}
}

// obey takes one lock after the other, in the way and at the path that it is
// told, and tells when it had each.
func obey() error {
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		name, path, _ := strings.Cut(orders.Text(), " ")
		for _, w := range ways {
			if w.name != name {
				continue
			}
			var got int64
			if err := w.do(path, func() { fmt.Println("waits") }, func() { got = monotonic() }); err != nil {
				return err
			}
			fmt.Println(got)
		}
	}
	return orders.Err()
}
