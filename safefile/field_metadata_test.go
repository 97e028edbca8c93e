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

	"github.com/holdfast-go/holdfast/safefile"
)

// umask sets the process's umask for one test, which must not run in parallel.
func umask(t testing.TB, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func wantMode(t testing.TB, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if got := info.Mode(); got != want {
		t.Errorf("%s has mode %v, want %v", filepath.Base(path), got, want)
	}
}

func wantOwner(t testing.TB, path string, uid, gid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if st := info.Sys().(*syscall.Stat_t); st.Uid != uid || st.Gid != gid {
		t.Errorf("%s belongs to %d:%d, want %d:%d", filepath.Base(path), st.Uid, st.Gid, uid, gid)
	}
}

func TestField09ModeIsKeptWhateverTheUmaskAndWithModeSay(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o666, 0o777, 0o640 | fs.ModeSetgid, 0o755 | fs.ModeSetuid, 0o644 | fs.ModeSticky} {
		path := filepath.Join(memory(t), "file")
		put(t, path, "old")
		must(t, os.Chmod(path, mode))
		umask(t, 0o077)
		must(t, safefile.WriteFile(path, []byte("new"), safefile.WithMode(0o604)))
		wantContent(t, path, "new")
		wantMode(t, path, mode)
		must(t, safefile.New[string](path).Append("er"))
		wantMode(t, path, mode)
	}
}

func TestField09ANewFileHasTheModeThatWithModeAndTheUmaskGive(t *testing.T) {
	for _, c := range []struct {
		umask      int
		perm, want fs.FileMode
	}{{0o022, 0o666, 0o644}, {0, 0o666, 0o666}, {0o077, 0o666, 0o600}, {0o022, 0o600, 0o600}, {0o027, 0o777, 0o750}} {
		path := filepath.Join(memory(t), "file")
		umask(t, c.umask)
		must(t, safefile.WriteFile(path, nil, safefile.WithMode(c.perm)))
		wantMode(t, path, c.want)
	}
	path := filepath.Join(memory(t), "file")
	umask(t, 0o002)
	must(t, safefile.WriteFile(path, nil))
	wantMode(t, path, 0o664)
}

func TestField09WithoutMetadataAReplacementIsLikeANewFile(t *testing.T) {
	path := filepath.Join(memory(t), "file")
	put(t, path, "old")
	must(t, os.Chmod(path, 0o600))
	umask(t, 0o022)
	must(t, safefile.WriteFile(path, []byte("new"), safefile.WithoutMetadata(), safefile.WithMode(0o660)))
	wantMode(t, path, 0o640)
}

func TestField09OwnerAndGroupAreKept(t *testing.T) {
	needRoot(t)
	path := filepath.Join(memory(t), "file")
	put(t, path, "old")
	must(t, os.Chown(path, 1234, 2345))
	must(t, os.Chmod(path, 0o640|fs.ModeSetgid))
	must(t, safefile.WriteFile(path, []byte("new")))
	wantOwner(t, path, 1234, 2345)
	wantMode(t, path, 0o640|fs.ModeSetgid)
}

func TestField09AnotherUsersFileIsRefusedUnderStrictAndReportedOtherwise(t *testing.T) {
	dir := open(t, 0o777)
	path := filepath.Join(dir, "file")
	write := func(safety safefile.Safety) report {
		put(t, path, "old")
		must(t, os.Chown(path, 1001, 1001))
		must(t, os.Chmod(path, 0o666))
		return task{Do: "write", Path: path, Data: "new", Safety: safety}.as(t, 1002, 1002)
	}
	if r := write(safefile.Strict); !r.is("ErrPermission") || !r.is("ErrWrite") || !strings.Contains(r.Err, "owner") {
		t.Errorf("strictly: %q, matches %v", r.Err, r.Matches)
	}
	wantContent(t, path, "old")
	wantNoTemps(t, dir)
	if r := write(safefile.BestEffort); r.Err != "" {
		t.Errorf("best effort: %s", r.Err)
	}
	wantContent(t, path, "new")
	wantOwner(t, path, 1002, 1002)
}

func TestField09AGroupThatCannotBeKeptAndLosesAccessIsRefusedUnderStrict(t *testing.T) {
	dir := open(t, 0o777)
	path := filepath.Join(dir, "file")
	write := func(mode fs.FileMode, safety safefile.Safety) report {
		put(t, path, "old")
		must(t, os.Chown(path, 1001, 2000)) // the owner is not in that group
		must(t, os.Chmod(path, mode))
		return task{Do: "write", Path: path, Data: "new", Safety: safety}.as(t, 1001, 1001)
	}
	if r := write(0o660, safefile.Strict); !r.is("ErrPermission") || !strings.Contains(r.Err, "group") {
		t.Errorf("strictly: %q, matches %v", r.Err, r.Matches)
	}
	wantContent(t, path, "old")
	wantOwner(t, path, 1001, 2000)
	wantMode(t, path, 0o660)
	wantNoTemps(t, dir)
	for _, c := range []struct {
		mode   fs.FileMode
		safety safefile.Safety
		want   fs.FileMode
	}{{0o644, safefile.Strict, 0o644}, {0o664, safefile.BestEffort, 0o644}, {0o660, safefile.BestEffort, 0o600}} {
		if r := write(c.mode, c.safety); r.Err != "" {
			t.Errorf("mode %v: %s", c.mode, r.Err)
		}
		wantContent(t, path, "new")
		wantOwner(t, path, 1001, 1001)
		wantMode(t, path, c.want)
	}
}

func TestField09AReadOnlyFileIsRefusedUnlessRoot(t *testing.T) {
	dir := open(t, 0o777)
	path := filepath.Join(dir, "file")
	for _, do := range []string{"write", "append", "os.WriteFile"} {
		put(t, path, "old")
		must(t, os.Chown(path, 1001, 1001))
		must(t, os.Chmod(path, 0o444))
		r := task{Do: do, Path: path, Data: "new"}.as(t, 1001, 1001)
		if !r.is("ErrPermission") {
			t.Errorf("%s: %q, matches %v", do, r.Err, r.Matches)
		}
		wantContent(t, path, "old")
		wantNoTemps(t, dir)
	}
	must(t, safefile.WriteFile(path, []byte("new"))) // as root
	wantContent(t, path, "new")
	wantMode(t, path, 0o444)
}

func TestField09AFileThatMayBeWrittenButNotReadIsReplacedOnlyWithoutItsAttributes(t *testing.T) {
	dir := open(t, 0o777)
	path := filepath.Join(dir, "file")
	put(t, path, "old")
	must(t, os.Chown(path, 1001, 1001))
	must(t, os.Chmod(path, 0o200))
	if r := (task{Do: "write", Path: path, Data: "new"}).as(t, 1001, 1001); !r.is("ErrPermission") {
		t.Errorf("strictly: %q", r.Err)
	}
	if r := (task{Do: "append", Path: path, Data: "new", Safety: safefile.BestEffort}).as(t, 1001, 1001); !r.is("ErrPermission") {
		t.Errorf("an append: %q", r.Err)
	}
	wantContent(t, path, "old")
	if r := (task{Do: "write", Path: path, Data: "new", Safety: safefile.BestEffort}).as(t, 1001, 1001); r.Err != "" {
		t.Error(r.Err)
	}
	wantContent(t, path, "new")
	wantMode(t, path, 0o200)
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

func TestField18AnACLIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old")
	setACL(t, "-m", "u:1234:rw,g:2345:r", path)
	before := getACL(t, path)
	must(t, safefile.WriteFile(path, []byte("new")))
	if after := getACL(t, path); after != before || !strings.Contains(before, "1234") {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
}

func TestField18ADefaultACLIsForNewFilesAndOpensNoOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put(t, path, "old")
	must(t, os.Chmod(path, 0o600))
	before := getACL(t, path)
	setACL(t, "-d", "-m", "u:1234:rw,m:rw", dir)
	must(t, safefile.WriteFile(path, []byte("new")))
	if after := getACL(t, path); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	fresh := filepath.Join(dir, "fresh")
	umask(t, 0o077) // a default ACL takes its place
	must(t, safefile.WriteFile(fresh, nil))
	byOS := filepath.Join(dir, "by os")
	must(t, os.WriteFile(byOS, nil, 0o666))
	if got, want := getACL(t, fresh), getACL(t, byOS); got != want || !strings.Contains(got, "1234") {
		t.Errorf("a new file has\n%s\nand one of os.WriteFile\n%s", got, want)
	}
}

func TestField18ExtendedAttributesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old")
	setXattr(t, path, "user.colour", "blue")
	setXattr(t, path, "user.empty", "")
	for _, change := range []func() error{
		func() error { return safefile.WriteFile(path, []byte("new")) },
		func() error { return safefile.New[string](path).Append("er") },
	} {
		must(t, change())
		for name, want := range map[string]string{"user.colour": "blue", "user.empty": ""} {
			if got, ok := getXattr(path, name); got != want || !ok {
				t.Errorf("%s is %q, %v", name, got, ok)
			}
		}
	}
	must(t, safefile.WriteFile(path, []byte("newest"), safefile.WithoutMetadata()))
	if got, ok := getXattr(path, "user.colour"); ok {
		t.Errorf("without metadata it is %q", got)
	}
}

func TestField15ALockFileServesThoseWhoMayWriteTheDataAndNobodyElse(t *testing.T) {
	for mode, want := range map[fs.FileMode]fs.FileMode{0o664: 0o660, 0o600: 0o600, 0o640: 0o600, 0o755: 0o600, 0o444: 0o600, 0o666: 0o666} {
		path := filepath.Join(memory(t), "file")
		put(t, path, "old")
		must(t, os.Chmod(path, mode))
		if os.Geteuid() == 0 {
			must(t, os.Chown(path, 1234, 2345))
		}
		umask(t, 0o077)
		if err := safefile.WriteFile(path, []byte("new")); err != nil && os.Geteuid() == 0 {
			t.Fatal(err)
		}
		wantMode(t, path+".lock", want)
		if os.Geteuid() == 0 {
			wantOwner(t, path+".lock", 1234, 2345)
		}
	}
}

func TestField15TwoUsersWhoShareAFileShareItsLock(t *testing.T) {
	dir := open(t, 0o777|fs.ModeSetgid)
	needRoot(t)
	must(t, os.Chown(dir, 0, 3000))
	path := filepath.Join(dir, "file")
	for i, uid := range []uint32{1001, 1002, 0, 1001} {
		r := task{Do: "append", Path: path, Data: fmt.Sprint(i), Perm: 0o660, Umask: 0o007, Safety: safefile.BestEffort}.as(t, uid, 3000)
		if r.Err != "" {
			t.Errorf("user %d: %s", uid, r.Err)
		}
	}
	wantContent(t, path, "0123")
}

func TestField15TheUmaskOfTheProcessIsNeverChanged(t *testing.T) {
	umask(t, 0o027)
	dir := memory(t)
	must(t, safefile.WriteFile(filepath.Join(dir, "a", "b"), nil, safefile.WithParents(0o777)))
	if now := syscall.Umask(0o027); now != 0o027 {
		t.Errorf("it is %o", now)
	}
	wantMode(t, filepath.Join(dir, "a"), fs.ModeDir|0o750)
}
