package powercut

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// A filesystem that meets an error of its disk stops, and the changes that were to be written are lost, also
// those of others than the caller who got the error. So an fsync of a directory must not succeed afterwards,
// though fsync(2) does on ext4 and XFS.
func TestADirectoryIsNotDurableAfterTheFsyncOfAnotherOneHasFailed(t *testing.T) {
	for _, s := range systems {
		for _, user := range []int{0, 65534} { // the second may not set attributes of the directory, which is sticky
			t.Run(s.name, func(t *testing.T) {
				d := newSystem(t, s)
				d.fresh()
				mine, others := d.withTemp("mine"), d.withTemp("others")
				d.settle()
				d.cutAfter(1) // before the renames, which write nothing: somebody else may call sync(2) after them
				for _, dir := range []vfs.Dir{others, mine} {
					testkit.Must(t, dir.Rename("temp", dir, "target"))
				}
				if err := vfs.SyncDir(others); err == nil {
					t.Fatal("the other directory's fsync succeeds on a disk that is gone")
				}
				err := as(user, func() error { return vfs.SyncDir(mine) })
				if !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EROFS) {
					t.Errorf("user %d: the directory's fsync: %v", user, err)
				}
				d.awaitCut()
			})
		}
	}
}

// withTemp is a new directory with a file, where everybody may make files of their own.
func (d *disk) withTemp(name string) vfs.Dir {
	d.t.Helper()
	path := filepath.Join(d.dir(), name)
	testkit.Must(d.t, errors.Join(os.Mkdir(path, 0), os.Chmod(path, 0o777|os.ModeSticky)))
	dir, err := vfs.OS.OpenDir(path)
	testkit.Must(d.t, err)
	d.t.Cleanup(func() { dir.Close() })
	f, err := dir.Create("temp", 0o600)
	testkit.Must(d.t, err)
	defer f.Close()
	return dir
}

// as runs a function in a thread of the user's, which ends with it.
func as(user int, run func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if user != 0 {
			_ = unix.Setfsuid(user)
		}
		done <- run()
	}()
	return <-done
}

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
