package oddfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/holdfast-go/holdfast/internal/fusetest/fusekit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	fusekit.Main(m, map[string]fusekit.Role{"server": serve, "counter": count, "locker": flock})
}

// mount shows an empty directory under the rules, to everybody.
func mount(t *testing.T, rules Rules) string {
	t.Helper()
	fusekit.Require(t)
	base := t.TempDir()
	odd := filepath.Join(base, "odd")
	for _, dir := range []string{filepath.Join(base, "real"), odd} {
		testkit.Must(t, os.Mkdir(dir, 0o755))
	}
	t.Cleanup(func() {
		if left := fusekit.Leftover(base); left != nil {
			t.Errorf("still mounted: %v, %v", left, fusekit.Sweep(base))
		}
	})
	server := fusekit.Start(t, "server", serverJob{base, rules})
	t.Cleanup(func() { server.Close(t) })
	server.Next(t)
	return odd
}

// The rules hold for plain system calls, or the tests of the library show nothing.
func TestFlockWantsADescriptorThatIsOpenForIt(t *testing.T) {
	path := filepath.Join(mount(t, Rules{NFSLocks: true}), "lock")
	testkit.Must(t, os.WriteFile(path, nil, 0o666))
	for _, c := range []struct {
		flags, how int
		want       error
	}{
		{os.O_RDONLY, unix.LOCK_SH, nil}, {os.O_RDONLY, unix.LOCK_EX, unix.EBADF},
		{os.O_WRONLY, unix.LOCK_SH, unix.EBADF}, {os.O_WRONLY, unix.LOCK_EX, nil},
		{os.O_RDWR, unix.LOCK_SH, nil}, {os.O_RDWR, unix.LOCK_EX, nil},
	} {
		f, err := os.OpenFile(path, c.flags, 0)
		testkit.Must(t, err)
		if err := unix.Flock(int(f.Fd()), c.how|unix.LOCK_NB); err != c.want && (err != nil || c.want != nil) {
			t.Errorf("flags %d, operation %d: %v, want %v", c.flags, c.how, err, c.want)
		}
		f.Close()
	}
}

func TestALockExcludesAnotherProcessUntilItsDescriptorIsClosed(t *testing.T) {
	path := filepath.Join(mount(t, Rules{NFSLocks: true}), "lock")
	f, err := os.Create(path)
	testkit.Must(t, err)
	defer f.Close()
	testkit.Must(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	if exec.Command("flock", "--nonblock", path, "true").Run() == nil {
		t.Error("two processes hold the lock")
	}
	waiting := fusekit.Start(t, "locker", path)
	if waiting.Next(t) != "waiting" {
		t.Fatal("the other process says something else")
	}
	f.Close()
	if waiting.Next(t) != "locked" {
		t.Error("the lock was not passed on")
	}
	waiting.Close(t)
}

func TestANameIsFoundInEverySpellingAndKeepsItsOwn(t *testing.T) {
	dir := mount(t, Rules{AnyCase: true})
	path := func(name string) string { return filepath.Join(dir, name) }
	check := func(want string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != want {
			t.Errorf("the directory holds %v, %v; want %s", entries, err, want)
		}
	}
	testkit.Put(t, path("Config.json"), "1")
	testkit.WantContent(t, path("CONFIG.json"), "1")
	if _, err := os.OpenFile(path("config.json"), os.O_CREATE|os.O_EXCL, 0o644); !os.IsExist(err) {
		t.Error(err)
	}
	check("Config.json")
	testkit.Must(t, os.Rename(path("Config.json"), path("config.json")))
	check("config.json")
	testkit.Put(t, path("other"), "2")
	testkit.Must(t, os.Rename(path("other"), path("CONFIG.JSON")))
	check("config.json")
}

func TestChangesOfMetadataAreDenied(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOTSUP} {
		path := filepath.Join(mount(t, Rules{Deny: errno}), "file")
		testkit.Must(t, os.WriteFile(path, nil, 0o666))
		for what, err := range map[string]error{
			"chmod": unix.Chmod(path, 0o600), "chown": unix.Chown(path, 1, 1),
			"setxattr": unix.Setxattr(path, "user.x", []byte("y"), 0), "removexattr": unix.Removexattr(path, "user.x"),
		} {
			if err != errno {
				t.Errorf("%s: %v, want %v", what, err, errno)
			}
		}
	}
}
