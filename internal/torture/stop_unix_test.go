//go:build unix

package torture

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

const canStop = true

// stopSelf stops this process and returns when somebody continues it. The
// signal may be taken by another thread first, so it waits for the second one
// rather than to trust that the first has struck.
func stopSelf() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		panic(err)
	}
	<-continued
}

// killSelf ends this process as kill -9 does. It does not return.
func killSelf() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}

// awaitStopped returns when the process stands still.
func (p *process) awaitStopped(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
	for err == syscall.EINTR {
		_, err = syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
	}
	if err != nil || !status.Stopped() {
		t.Fatalf("%s did not stop: %v, status %#x", p.name, err, status)
	}
}

func (p *process) resume(t *testing.T) {
	t.Helper()
	testkit.Must(t, p.cmd.Process.Signal(syscall.SIGCONT))
}
