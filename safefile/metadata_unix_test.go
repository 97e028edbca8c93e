//go:build unix

package safefile_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestModeIsKeptWhateverTheUmaskAndWithModeSay(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o666, 0o777, 0o640 | fs.ModeSetgid, 0o755 | fs.ModeSetuid, 0o644 | fs.ModeSticky} {
		path := filepath.Join(testkit.Memory(t), "file")
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chmod(path, mode))
		testkit.Umask(t, 0o077)
		testkit.Must(t, safefile.WriteFile(path, []byte("new"), safefile.WithMode(0o604)))
		testkit.WantContent(t, path, "new")
		testkit.WantMode(t, path, mode)
		testkit.Must(t, safefile.New[string](path).Append("er"))
		testkit.WantMode(t, path, mode)
	}
}

func TestANewFileHasTheModeThatWithModeAndTheUmaskGive(t *testing.T) {
	for _, c := range []struct {
		umask      int
		perm, want fs.FileMode
	}{{0o022, 0o666, 0o644}, {0, 0o666, 0o666}, {0o077, 0o666, 0o600}, {0o022, 0o600, 0o600}, {0o027, 0o777, 0o750}} {
		path := filepath.Join(testkit.Memory(t), "file")
		testkit.Umask(t, c.umask)
		testkit.Must(t, safefile.WriteFile(path, nil, safefile.WithMode(c.perm)))
		testkit.WantMode(t, path, c.want)
	}
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Umask(t, 0o002)
	testkit.Must(t, safefile.WriteFile(path, nil))
	testkit.WantMode(t, path, 0o664)
}

func TestWithoutMetadataAReplacementIsLikeANewFile(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Chmod(path, 0o600))
	testkit.Umask(t, 0o022)
	testkit.Must(t, safefile.WriteFile(path, []byte("new"), safefile.WithoutMetadata(), safefile.WithMode(0o660)))
	testkit.WantMode(t, path, 0o640)
}

func TestOwnerAndGroupAreKept(t *testing.T) {
	testkit.NeedRoot(t)
	path := filepath.Join(testkit.Memory(t), "file")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Chown(path, 1234, 2345))
	testkit.Must(t, os.Chmod(path, 0o640|fs.ModeSetgid))
	testkit.Must(t, safefile.WriteFile(path, []byte("new")))
	testkit.WantOwner(t, path, 1234, 2345)
	testkit.WantMode(t, path, 0o640|fs.ModeSetgid)
}

func TestAnotherUsersFileIsRefusedUnderStrictAndReportedOtherwise(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	write := func(safety safefile.Safety) report {
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, 1001, 1001))
		testkit.Must(t, os.Chmod(path, 0o666))
		return task{Do: "write", Path: path, Data: "new", Safety: safety}.as(t, 1002, 1002)
	}
	if r := write(safefile.Strict); !r.is("ErrPermission") || !r.is("ErrWrite") || !strings.Contains(r.Err, "owner") {
		t.Errorf("strictly: %q, matches %v", r.Err, r.Matches)
	}
	testkit.WantContent(t, path, "old")
	wantNoTemps(t, dir)
	if r := write(safefile.BestEffort); r.Err != "" {
		t.Errorf("best effort: %s", r.Err)
	}
	testkit.WantContent(t, path, "new")
	testkit.WantOwner(t, path, 1002, 1002)
}

func TestAGroupThatCannotBeKeptAndLosesAccessIsRefusedUnderStrict(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	write := func(mode fs.FileMode, safety safefile.Safety) report {
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, 1001, 2000)) // the owner is not in that group
		testkit.Must(t, os.Chmod(path, mode))
		return task{Do: "write", Path: path, Data: "new", Safety: safety}.as(t, 1001, 1001)
	}
	if r := write(0o660, safefile.Strict); !r.is("ErrPermission") || !strings.Contains(r.Err, "group") {
		t.Errorf("strictly: %q, matches %v", r.Err, r.Matches)
	}
	testkit.WantContent(t, path, "old")
	testkit.WantOwner(t, path, 1001, 2000)
	testkit.WantMode(t, path, 0o660)
	wantNoTemps(t, dir)
	for _, c := range []struct {
		mode   fs.FileMode
		safety safefile.Safety
		want   fs.FileMode
	}{{0o644, safefile.Strict, 0o644}, {0o664, safefile.BestEffort, 0o644}, {0o660, safefile.BestEffort, 0o600}} {
		if r := write(c.mode, c.safety); r.Err != "" {
			t.Errorf("mode %v: %s", c.mode, r.Err)
		}
		testkit.WantContent(t, path, "new")
		testkit.WantOwner(t, path, 1001, 1001)
		testkit.WantMode(t, path, c.want)
	}
}

func TestAReadOnlyFileIsRefusedUnlessRoot(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	for _, do := range []string{"write", "append", "os.WriteFile"} {
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chown(path, 1001, 1001))
		testkit.Must(t, os.Chmod(path, 0o444))
		r := task{Do: do, Path: path, Data: "new"}.as(t, 1001, 1001)
		if !r.is("ErrPermission") {
			t.Errorf("%s: %q, matches %v", do, r.Err, r.Matches)
		}
		testkit.WantContent(t, path, "old")
		wantNoTemps(t, dir)
	}
	testkit.Must(t, safefile.WriteFile(path, []byte("new"))) // as root
	testkit.WantContent(t, path, "new")
	testkit.WantMode(t, path, 0o444)
}

func TestAFileThatMayBeWrittenButNotReadIsReplacedOnlyWithoutItsAttributes(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777)
	path := filepath.Join(dir, "file")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Chown(path, 1001, 1001))
	testkit.Must(t, os.Chmod(path, 0o200))
	if r := (task{Do: "write", Path: path, Data: "new"}).as(t, 1001, 1001); !r.is("ErrPermission") {
		t.Errorf("strictly: %q", r.Err)
	}
	if r := (task{Do: "append", Path: path, Data: "new", Safety: safefile.BestEffort}).as(t, 1001, 1001); !r.is("ErrPermission") {
		t.Errorf("an append: %q", r.Err)
	}
	testkit.WantContent(t, path, "old")
	if r := (task{Do: "write", Path: path, Data: "new", Safety: safefile.BestEffort}).as(t, 1001, 1001); r.Err != "" {
		t.Error(r.Err)
	}
	testkit.WantContent(t, path, "new")
	testkit.WantMode(t, path, 0o200)
}

func getACL(t testing.TB, path string) string {
	t.Helper()
	out, err := exec.Command("getfacl", "-cpn", path).CombinedOutput()
	if err != nil {
		t.Skipf("getfacl: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func setACL(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("setfacl", args...).CombinedOutput(); err != nil {
		t.Skipf("setfacl: %v: %s", err, out)
	}
}

func TestAnACLIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	testkit.Put(t, path, "old")
	setACL(t, "-m", "u:1234:rw,g:2345:r", path)
	before := getACL(t, path)
	testkit.Must(t, safefile.WriteFile(path, []byte("new")))
	if after := getACL(t, path); after != before || !strings.Contains(before, "1234") {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
}

func TestADefaultACLIsForNewFilesAndOpensNoOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	testkit.Put(t, path, "old")
	testkit.Must(t, os.Chmod(path, 0o600))
	before := getACL(t, path)
	setACL(t, "-d", "-m", "u:1234:rw,m:rw", dir)
	testkit.Must(t, safefile.WriteFile(path, []byte("new")))
	if after := getACL(t, path); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	fresh := filepath.Join(dir, "fresh")
	testkit.Umask(t, 0o077) // a default ACL takes its place
	testkit.Must(t, safefile.WriteFile(fresh, nil))
	byOS := filepath.Join(dir, "by os")
	testkit.Must(t, os.WriteFile(byOS, nil, 0o666))
	if got, want := getACL(t, fresh), getACL(t, byOS); got != want || !strings.Contains(got, "1234") {
		t.Errorf("a new file has\n%s\nand one of os.WriteFile\n%s", got, want)
	}
}

func TestExtendedAttributesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	testkit.Put(t, path, "old")
	testkit.SetXattr(t, path, "user.colour", "blue")
	testkit.SetXattr(t, path, "user.empty", "")
	for _, change := range []func() error{
		func() error { return safefile.WriteFile(path, []byte("new")) },
		func() error { return safefile.New[string](path).Append("er") },
	} {
		testkit.Must(t, change())
		for name, want := range map[string]string{"user.colour": "blue", "user.empty": ""} {
			if got, ok := testkit.Xattr(path, name); got != want || !ok {
				t.Errorf("%s is %q, %v", name, got, ok)
			}
		}
	}
	testkit.Must(t, safefile.WriteFile(path, []byte("newest"), safefile.WithoutMetadata()))
	if got, ok := testkit.Xattr(path, "user.colour"); ok {
		t.Errorf("without metadata it is %q", got)
	}
}

func TestALockFileServesThoseWhoMayWriteTheDataAndNobodyElse(t *testing.T) {
	for mode, want := range map[fs.FileMode]fs.FileMode{0o664: 0o660, 0o600: 0o600, 0o640: 0o600, 0o755: 0o600, 0o444: 0o600, 0o666: 0o666} {
		path := filepath.Join(testkit.Memory(t), "file")
		testkit.Put(t, path, "old")
		testkit.Must(t, os.Chmod(path, mode))
		if os.Geteuid() == 0 {
			testkit.Must(t, os.Chown(path, 1234, 2345))
		}
		testkit.Umask(t, 0o077)
		if err := safefile.WriteFile(path, []byte("new")); err != nil && os.Geteuid() == 0 {
			t.Fatal(err)
		}
		testkit.WantMode(t, path+".lock", want)
		if os.Geteuid() == 0 {
			testkit.WantOwner(t, path+".lock", 1234, 2345)
		}
	}
}

func TestTwoUsersWhoShareAFileShareItsLock(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o777|fs.ModeSetgid)
	testkit.Must(t, os.Chown(dir, 0, 3000))
	path := filepath.Join(dir, "file")
	for i, uid := range []uint32{1001, 1002, 0, 1001} {
		r := task{Do: "append", Path: path, Data: fmt.Sprint(i), Perm: 0o660, Umask: 0o007, Safety: safefile.BestEffort}.as(t, uid, 3000)
		if r.Err != "" {
			t.Errorf("user %d: %s", uid, r.Err)
		}
	}
	testkit.WantContent(t, path, "0123")
}

func TestTheUmaskOfTheProcessIsNeverChanged(t *testing.T) {
	testkit.Umask(t, 0o027)
	dir := testkit.Memory(t)
	testkit.Must(t, safefile.WriteFile(filepath.Join(dir, "a", "b"), nil, safefile.WithParents(0o777)))
	if now := syscall.Umask(0o027); now != 0o027 {
		t.Errorf("it is %o", now)
	}
	testkit.WantMode(t, filepath.Join(dir, "a"), fs.ModeDir|0o750)
}
