package powercut

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// A test that panics or runs out of time does no clean-up of its own. Its server then takes everything away.
func TestATestThatIsKilledLeavesNothingMounted(t *testing.T) {
	const variable = "HOLDFAST_FUSE_ABANDON"
	if os.Getenv(variable) != "" { // this is the test that is killed
		d := newSystem(t, systems[0])
		d.fresh()
		if _, err := os.Stdout.WriteString("\n" + d.base + "\n"); err != nil || len(fusekit.Leftover(d.base)) != 3 {
			t.Fatal(err, fusekit.Leftover(d.base))
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	fusekit.Require(t, "mkfs.ext4", "losetup")
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.Output()
	if cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v: %s", err, out)
	}
	base := strings.TrimSpace(string(out))
	base = base[strings.LastIndex(base, "\n")+1:]
	testkit.Until(t, "all is taken away", func() bool { return len(fusekit.Leftover(base)) == 0 })
}
