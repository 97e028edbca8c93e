package safefile_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/safefile"
)

// mapped does a task as root of a user namespace in which the ids from 0 on are
// those from firstMapped on outside, as in a rootless container.
func (t task) mapped(tb testing.TB) report {
	tb.Helper()
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: firstMapped, Size: 1 << 16}}
	return reportOf(tb, testkit.With(tb, t.self(tb), &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids,
		GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{}}))
}

const firstMapped = 100000

func needNamespaces(t testing.TB) {
	t.Helper()
	testkit.NeedRoot(t)
	if text, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err != nil || strings.TrimSpace(string(text)) == "0" {
		t.Skip("no user namespaces here")
	}
}

func TestAnOwnerWithoutAMappingIsNotReplacedByTheOneItShowsAs(t *testing.T) {
	needNamespaces(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	for _, c := range []struct {
		name     string
		uid, gid int
		safety   safefile.Safety
		refused  string // what the error names
		want     [2]uint32
	}{
		{"an owner with a mapping", firstMapped + 7, firstMapped + 8, safefile.Strict, "", [2]uint32{firstMapped + 7, firstMapped + 8}},
		{"no mapping", 5000, 5000, safefile.Strict, "owner", [2]uint32{5000, 5000}},
		{"a group without one", firstMapped, 5000, safefile.Strict, "group", [2]uint32{firstMapped, 5000}},
		{"a group without one, best effort", firstMapped + 7, 5000, safefile.BestEffort, "", [2]uint32{firstMapped + 7, firstMapped}},
		{"no mapping, best effort", 5000, 5000, safefile.BestEffort, "", [2]uint32{firstMapped, firstMapped}},
	} {
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, c.uid, c.gid))
		testkit.Must(t, os.Chmod(path, 0o666))
		if c.refused == "group" {
			testkit.Must(t, os.Chmod(path, 0o660))
		}
		r := task{Do: "write", Path: path, Data: "new", Safety: c.safety}.mapped(t)
		content := "new"
		if c.refused != "" {
			content = "old"
			if !r.is("ErrPermission") || !strings.Contains(r.Err, c.refused) || !strings.Contains(r.Err, "65534") {
				t.Errorf("%s: %q, matches %v", c.name, r.Err, r.Matches)
			}
		} else if r.Err != "" {
			t.Errorf("%s: %s", c.name, r.Err)
		}
		testkit.WantContent(t, path, content)
		testkit.WantOwner(t, path, c.want[0], c.want[1])
		testkit.Must(t, os.Remove(path))
		testkit.Must(t, os.Remove(path+".lock"))
	}
	wantNoTemps(t, dir)
}

func TestAnACLOfAnIDWithoutAMappingIsRefusedUnderStrict(t *testing.T) {
	needNamespaces(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Chown(path, firstMapped, firstMapped))
	testkit.Must(t, os.Chmod(path, 0o600))
	setACL(t, "-m", "u:5000:rw", path)
	before := getACL(t, path)
	if r := (task{Do: "write", Path: path, Data: "new"}).mapped(t); !strings.Contains(r.Err, "ACL") {
		t.Errorf("strictly: %q", r.Err)
	}
	testkit.WantContent(t, path, "old")
	if after := getACL(t, path); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	if r := (task{Do: "write", Path: path, Data: "new", Safety: safefile.BestEffort}).mapped(t); r.Err != "" {
		t.Fatal(r.Err)
	}
	testkit.WantMode(t, path, 0o600) // the mask of the lost ACL is not what the group may do
}

func TestAGroupThatCannotBeKeptLeavesTheACLOfOthersInForce(t *testing.T) {
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	testkit.NeedRoot(t)
	write := func(group string, safety safefile.Safety) report {
		os.Remove(path)
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chmod(path, 0o600))
		testkit.Must(t, os.Chown(path, 1001, 2000)) // the owner is not in that group
		setACL(t, "-m", "u:1234:rw,g::"+group, path)
		return task{Do: "write", Path: path, Data: "new", Safety: safety}.as(t, 1001, 1001)
	}
	if r := write("rw", safefile.Strict); !r.is("ErrPermission") || !strings.Contains(r.Err, "group") {
		t.Errorf("strictly: %q, matches %v", r.Err, r.Matches)
	}
	testkit.WantContent(t, path, "old")
	testkit.WantOwner(t, path, 1001, 2000)
	for group, safety := range map[string]safefile.Safety{"-": safefile.Strict, "rw": safefile.BestEffort} {
		if r := write(group, safety); r.Err != "" {
			t.Errorf("%s: %s", group, r.Err)
		}
		testkit.WantContent(t, path, "new")
		if got := getACL(t, path); !strings.Contains(got, "user:1234:rw-") || strings.Contains(got, "effective") ||
			!strings.Contains(got, "group::---") {
			t.Errorf("%s: the ACL is\n%s", group, got)
		}
	}
	wantNoTemps(t, dir)
}

func TestATempIsNeverReadableByMoreUsersThanItsFile(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777)
	setACL(t, "-d", "-m", "u:1234:rw,g:2345:r,o::r", dir)
	path := filepath.Join(dir, "file")
	testkit.Put(t, path, "old")
	setACL(t, "-b", path)
	testkit.Must(t, os.Chmod(path, 0o600))
	w, err := safefile.New[string](path).Create()
	testkit.Must(t, err)
	defer w.Close()
	_, err = w.Write([]byte("secret"))
	testkit.Must(t, err)
	for _, temp := range temps(t, dir) {
		if got := (task{Do: "read", Path: temp}).as(t, 1234, 2345); !got.is("ErrPermission") {
			t.Errorf("while it is written user 1234 reads %q, %s", got.Data, got.Err)
		}
	}
	testkit.Must(t, w.Commit())
	if got := (task{Do: "read", Path: path}).as(t, 1234, 2345); !got.is("ErrPermission") {
		t.Errorf("afterwards user 1234 reads %q, %s", got.Data, got.Err)
	}
	testkit.WantMode(t, path, 0o600)
}

func TestAFileCapabilityEndsWithTheContentThatItWasGivenTo(t *testing.T) {
	testkit.NeedRoot(t)
	path := filepath.Join(t.TempDir(), "file")
	netRaw := "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for name, change := range map[string]func() error{
		"write":        func() error { return safefile.WriteFile(path, []byte("new")) },
		"append":       func() error { return safefile.New[string](path).Append("er") },
		"os.WriteFile": func() error { return os.WriteFile(path, []byte("new"), 0o644) },
		"stream": func() error {
			w, err := safefile.New[string](path).Create()
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := w.Write([]byte("streamed")); err != nil {
				return err
			}
			return w.Commit()
		},
		"in place": func() error {
			bound := filepath.Join(t.TempDir(), "bound")
			disktest.Bind(t, path, bound)
			return safefile.WriteFile(bound, []byte("in place"), safefile.WithSafety(safefile.BestEffort))
		},
	} {
		testkit.Put(t, path, "old")
		testkit.SetXattr(t, path, "security.capability", netRaw)
		testkit.Must(t, change())
		if got, there := testkit.Xattr(path, "security.capability"); there {
			t.Errorf("%s: it is %q", name, got)
		}
	}
	// A move changes no byte, as mv(1) does not.
	testkit.SetXattr(t, path, "security.capability", netRaw)
	testkit.Must(t, safefile.Move(path, path+"2"))
	if got, _ := testkit.Xattr(path+"2", "security.capability"); got != netRaw {
		t.Errorf("moved: it is %q", got)
	}
}

func TestAnAttributeThatOnlyRootMaySetIsNamedToTheOwner(t *testing.T) {
	testkit.NeedRoot(t)
	for _, kind := range []string{"ext4", "xfs", "btrfs"} {
		dir := disktest.New(t, kind).Dir()
		testkit.Must(t, os.Chmod(dir, 0o777))
		testkit.Must(t, os.Chmod(filepath.Dir(dir), 0o755))
		testkit.Must(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
		path := filepath.Join(dir, "file")
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, 1001, 1001))
		testkit.SetXattr(t, path, "security.NTACL", "v")
		r := task{Do: "write", Path: path, Data: "new"}.as(t, 1001, 1001)
		if !r.is("ErrPermission") || !strings.Contains(r.Err, "security.NTACL") || !strings.Contains(r.Err, "root") {
			t.Errorf("%s: %q, matches %v", kind, r.Err, r.Matches)
		}
		testkit.WantContent(t, path, "old")
		if r := (task{Do: "write", Path: path, Data: "new", Safety: safefile.BestEffort}).as(t, 1001, 1001); r.Err != "" {
			t.Errorf("%s: %s", kind, r.Err)
		}
		testkit.WantContent(t, path, "new")
	}
}

func TestAFilesystemThatRefusesMetadataStopsNoWriteButAStrictOne(t *testing.T) {
	testkit.NeedRoot(t)
	for _, options := range [][]string{
		{"chmod-deny"}, {"chown-deny"}, {"xattr-none"}, {"chmod-deny", "chown-deny", "xattr-none"}, {"chmod-ignore", "chown-ignore", "xattr-none"},
	} {
		source := t.TempDir()
		path := filepath.Join(source, "file")
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, 1001, 1002))
		testkit.Must(t, os.Chmod(path, 0o664))
		testkit.SetXattr(t, path, "user.colour", "blue")
		shown := filepath.Join(disktest.FUSE(t, source, options...), "file")
		for i, safety := range []safefile.Safety{safefile.Warn, safefile.BestEffort, safefile.Warn} {
			want := strings.Repeat("new", i+1)
			testkit.WantNil(t, fmt.Sprintf("%v", options), safefile.WriteFile(shown, []byte(want), safefile.WithSafety(safety), quiet))
			testkit.WantNil(t, fmt.Sprintf("%v", options), safefile.New[string](shown, safefile.WithSafety(safety), quiet).Append("er"))
			testkit.WantContent(t, path, want+"er")
		}
		wantNoTemps(t, source)
	}
}

// A seccomp filter or a FUSE filesystem may refuse any of these calls.
func TestRefusedMetadataCallsStopNoWriteButAStrictOne(t *testing.T) {
	testkit.NeedRoot(t)
	for _, call := range []string{"fchmod", "fchown", "fsetxattr", "fgetxattr", "flistxattr", "fremovexattr"} {
		for _, errno := range []string{"EPERM", "EOPNOTSUPP"} {
			path := target(t)
			job := task{Do: "write", Path: path, Data: "new", Safety: safefile.BestEffort}
			r, lines := job.trace(t, "-e", "inject="+call+":error="+errno)
			if injected := strings.Contains(strings.Join(lines, "\n"), "(INJECTED)"); r.Err != "" || !injected {
				t.Errorf("%s %s: %q, injected: %v", call, errno, r.Err, injected)
			}
			testkit.WantContent(t, path, "new")
		}
	}
}

// The package documentation lists what is kept. This is the other list.
func TestFileFlagsAndProjectIDsAreThoseOfANewFile(t *testing.T) {
	dir := disktest.New(t, "ext4").Dir()
	path := filepath.Join(dir, "file")
	flags := func() string {
		out, err := exec.Command("lsattr", path).CombinedOutput()
		if err != nil {
			t.Skipf("lsattr: %v: %s", err, out)
		}
		return strings.Fields(string(out))[0]
	}
	testkit.Put(t, path, "old")
	fresh := flags()
	if out, err := exec.Command("chattr", "+dAS", path).CombinedOutput(); err != nil {
		t.Skipf("chattr: %v: %s", err, out)
	}
	if flags() == fresh {
		t.Fatal("no flag was set")
	}
	testkit.Must(t, safefile.WriteFile(path, []byte("new")))
	if now := flags(); now != fresh {
		t.Errorf("a new file has %s, and this one %s", fresh, now)
	}
}
